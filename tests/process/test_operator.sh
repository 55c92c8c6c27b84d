#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_operator.sh - the operator API with curl: what is refused and how, and
# what becomes of what is not.
. "$top_srcdir/tests/process/cluster.sh"

if ! command -v curl >/dev/null; then
    echo "1..0 # SKIP there is no curl"
    exit 0
fi

json='Content-Type: application/json'
content_type=$json

# post BODY [CURL-ARGUMENT...]: the answer, and its status on a line of its own.
post()
{
    post_body=$1
    shift
    curl -s --max-time "$WAIT_SECONDS" -w '\n%{http_code}\n' \
        -X POST -H "$content_type" "$@" \
        --data-binary "$post_body" "http://$master/api/v1"
}

# answers NAME STATUS TEXT BODY [CURL-ARGUMENT...]: TEXT is in the answer.
answers()
{
    answers_name=$1 answers_status=$2 answers_text=$3
    shift 3
    post "$@" >"$tmp/answer" 2>&1
    [ "$(tail -n 1 "$tmp/answer")" = "$answers_status" ] &&
        grep -qF -- "$answers_text" "$tmp/answer"
    result $? "$answers_name" "$tmp/answer"
}

# call TYPE MEMBER-CONTENT: a body.
call()
{
    printf '{"type":"%s","%s":{%s}}' "$1" \
        "$(echo "$1" | tr '[:upper:]' '[:lower:]')" "$2"
}

start_master
start_agent agent --no-switch_user \
    --resources='cpus:4;mem:1024;disk:1024'
know_agent agent
agent="\"agent_id\":{\"value\":\"$id\"}"

# --- what is refused, in this order ---
curl -s -i "http://$master/api/v1" >"$tmp/answer"
expect "other methods are not allowed" grep -q '^HTTP/1.1 405 ' "$tmp/answer"
expect "and the right one is named" grep -q '^Allow: POST' "$tmp/answer"
content_type='Content-Type:'
answers "a content type has to be there" 400 \
    "Expecting 'Content-Type' to be present" '{}'
content_type='Content-Type: text/plain'
answers "and be one of two" 415 \
    "Expecting 'Content-Type' of application/json or application/x-protobuf" \
    '{}'
content_type=$json
answers "what is no JSON is told so" 400 \
    'Failed to parse body into JSON: syntax error at line 1' '{"type": '
answers "what is no call is told where" 400 \
    'Failed to convert JSON into Call protobuf: Missing required fields' \
    '{"type":"TEARDOWN","teardown":{}}'
answers "a wrong type of a field is told" 400 'Failed to convert JSON' \
    '{"type":"REMOVE_QUOTA","remove_quota":{"role":7}}'
answers "a call has a type" 400 \
    "Failed to validate master::Call: Expecting 'type' to be present" '{}'
answers "that exists" 400 "Expecting 'type' to be present" '{"type":"NOPE"}'
answers "and its member" 400 \
    "Failed to validate master::Call: Expecting 'drain_agent' to be present" \
    '{"type":"DRAIN_AGENT"}'
answers "an answer has to be wanted in a form that there is" 406 \
    "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'" \
    '{"type":"GET_HEALTH"}' -H 'Accept: text/html'
answers "what does not exist here is told so" 501 'GET_STATE' \
    '{"type":"GET_STATE"}'
content_type="$json; charset=utf-8"
answers "parameters of the content type do no harm" 200 '"healthy":true' \
    '{"type":"GET_HEALTH"}'
content_type=$json

# --- the other form ---
# type = GET_HEALTH, and its answer: type GET_HEALTH, get_health.healthy.
printf '\010\001' >"$tmp/body"
curl -s -X POST -H 'Content-Type: application/x-protobuf' \
    -H 'Accept: application/x-protobuf' --data-binary @"$tmp/body" \
    "http://$master/api/v1" >"$tmp/answer"
printf '\010\001\022\002\010\001' >"$tmp/expected"
expect "protobuf is answered with protobuf" cmp "$tmp/answer" "$tmp/expected"
printf '\010' >"$tmp/body"
curl -s -o "$tmp/answer" -w '%{http_code}' -X POST \
    -H 'Content-Type: application/x-protobuf' --data-binary @"$tmp/body" \
    "http://$master/api/v1" >"$tmp/status"
expect "protobuf that is none is refused" grep -qx 400 "$tmp/status"

# --- facts ---
answers "the version is told" 200 '"version":"1.12.0"' '{"type":"GET_VERSION"}'
answers "so is the master" 200 '"master_info":{' '{"type":"GET_MASTER"}'

# --- reservations and volumes ---
cpus='"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.5},
    "reservations":[{"type":"DYNAMIC","role":"ops"}]}]'
disk='{"name":"disk","type":"SCALAR","scalar":{"value":64},
    "reservations":[{"type":"DYNAMIC","role":"ops"}]'
volume="$disk,\"disk\":{\"persistence\":{\"id\":\"v\"},
    \"volume\":{\"mode\":\"RW\",\"container_path\":\"data\"}}}"
answers "an agent has to be there" 400 'No agent found with specified ID' \
    "$(call RESERVE_RESOURCES '"agent_id":{"value":"x"},"resources":[]')"
answers "resources are reserved" 202 '' \
    "$(call RESERVE_RESOURCES "$agent,$cpus")"
answers "and given back" 202 '' "$(call UNRESERVE_RESOURCES "$agent,$cpus")"
answers "which is only possible once" 409 '' \
    "$(call UNRESERVE_RESOURCES "$agent,$cpus")"
answers "what cannot be reserved is told why" 400 \
    "Invalid RESERVE operation on agent $id" \
    "$(call RESERVE_RESOURCES "$agent,\"resources\":[{\"name\":\"cpus\",
        \"type\":\"SCALAR\",\"scalar\":{\"value\":1}}]")"
answers "disk is reserved" 202 '' \
    "$(call RESERVE_RESOURCES "$agent,\"resources\":[$disk}]")"
answers "a volume is made of it" 202 '' \
    "$(call CREATE_VOLUMES "$agent,\"volumes\":[$volume]")"
wait_until test -d "$tmp/agent/volumes/roles/ops/v"
result $? "the agent makes its directory" "$tmp/agent.log"
answers "a volume has an agent" 400 \
    "Expecting 'agent_id' to be present; only agent default resources" \
    "$(call SHRINK_VOLUME "\"volume\":$volume,\"subtract\":{\"value\":32}")"
answers "it becomes smaller" 202 '' \
    "$(call SHRINK_VOLUME "$agent,\"volume\":$volume,
        \"subtract\":{\"value\":32}")"
half=$(echo "$volume" | sed 's/64/32/')
answers "and larger again" 202 '' \
    "$(call GROW_VOLUME "$agent,\"volume\":$half,
        \"addition\":$(echo "$disk}" | sed 's/64/32/')")"
answers "a volume is destroyed" 202 '' \
    "$(call DESTROY_VOLUMES "$agent,\"volumes\":[$volume]")"
wait_until test ! -e "$tmp/agent/volumes/roles/ops/v"
result $? "the agent removes its directory" "$tmp/agent.log"
answers "its disk is given back" 202 '' \
    "$(call UNRESERVE_RESOURCES "$agent,\"resources\":[$disk}]")"

# --- what is offered ---
"$build/tests/process/volume" "$master" make >"$tmp/out" 2>&1
result $? "a framework holds something" "$tmp/out"
"$build/cli/mesos-execute" --master="$master" --name=waits --command=true \
    --resources='cpus:64;mem:32' >"$tmp/waits.log" 2>&1 &
pids="$pids $!"
wait_until grep -q 'Sending offers .*mesos-execute' "$tmp/master.log" ||
    give_up "nothing is offered"
answers "what is offered and not taken is reserved" 202 '' \
    "$(call RESERVE_RESOURCES "$agent,$cpus")"

# --- frameworks ---
framework=$(sed -n 's/^Subscribed with ID //p' "$tmp/waits.log")
answers "a framework has to be there" 400 \
    'No framework found with specified ID' \
    "$(call TEARDOWN '"framework_id":{"value":"x"}')"
answers "a framework is ended" 200 '' \
    "$(call TEARDOWN "\"framework_id\":{\"value\":\"$framework\"}")"
wait_until grep -q "Removing framework $framework" "$tmp/master.log"
result $? "and it is" "$tmp/master.log"

# --- what is laid down ---
answers "a quota is made" 200 '' "$(call UPDATE_QUOTA '"quota_configs":[
    {"role":"ops","limits":{"cpus":{"value":2}}}]')"
answers "and told" 200 '"limits":{"cpus":{"value":2.0}}' '{"type":"GET_QUOTA"}'
answers "one that the cluster cannot keep is refused" 400 'cluster capacity' \
    "$(call UPDATE_QUOTA '"quota_configs":[{"role":"ops",
        "guarantees":{"cpus":{"value":1000}}}]')"
answers "a weight is given" 200 '' "$(call UPDATE_WEIGHTS \
    '"weight_infos":[{"role":"ops","weight":2.5}]')"
answers "and told" 200 '"weight":2.5,"role":"ops"' '{"type":"GET_WEIGHTS"}'
answers "one that is none is refused" 400 'Weights must be positive' \
    "$(call UPDATE_WEIGHTS '"weight_infos":[{"role":"ops","weight":-1}]')"
answers "maintenance is planned" 200 '' "$(call UPDATE_MAINTENANCE_SCHEDULE '
    "schedule":{"windows":[{"machine_ids":[{"hostname":"elsewhere"}],
    "unavailability":{"start":{"nanoseconds":1}}}]}')"
answers "and told" 200 '"hostname":"elsewhere"' \
    '{"type":"GET_MAINTENANCE_SCHEDULE"}'
answers "a machine goes down" 200 '' "$(call START_MAINTENANCE \
    '"machines":[{"hostname":"elsewhere"}]')"
answers "which is told" 200 '"down_machines":[{"hostname":"elsewhere"' \
    '{"type":"GET_MAINTENANCE_STATUS"}'
answers "it is back" 200 '' "$(call STOP_MAINTENANCE \
    '"machines":[{"hostname":"elsewhere"}]')"

# --- agents ---
for type in DRAIN_AGENT DEACTIVATE_AGENT REACTIVATE_AGENT; do
    answers "$type wants one that is known" 400 'Unknown agent' \
        "$(call $type '"agent_id":{"value":"x"}')"
done
answers "MARK_AGENT_GONE too" 404 "Agent 'x' not found" \
    "$(call MARK_AGENT_GONE '"agent_id":{"value":"x"}')"
answers "what is not deactivated cannot be reactivated" 400 \
    'Agent is not deactivated' "$(call REACTIVATE_AGENT "$agent")"
answers "an agent is deactivated" 200 '' "$(call DEACTIVATE_AGENT "$agent")"
answers "and reactivated" 200 '' "$(call REACTIVATE_AGENT "$agent")"
answers "an agent is gone" 200 '' "$(call MARK_AGENT_GONE "$agent")"
wait "$agent_pid"
expect "and ends" grep -q 'Agent has been marked gone' "$tmp/agent.log"
finish
