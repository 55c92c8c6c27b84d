#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# test_fetcher.sh - tasks with URIs: from a real HTTP server, from files,
# through the cache, unpacked; and limits and users of tasks.
: "${top_builddir:=.}" "${top_srcdir:=.}"
. "$top_srcdir/tests/process/cluster.sh"

if ! command -v python3 >/dev/null; then
    echo "1..0 # SKIP there is no python3"
    exit 0
fi

# An agent finds all its programs in one directory.
here=$(cd "$build" && pwd)
mkdir -p "$tmp/libexec" "$tmp/www" "$tmp/home"
ln -s "$here/executor/mesos-executor" "$here/agent/fetcher/mesos-fetcher" \
    "$tmp/libexec"

(
    cd "$tmp/www" || exit 1
    echo 'plain text' >plain.txt
    printf '#!/bin/sh\necho "ran: $1"\n' >script
    mkdir -p tree/sub
    echo 'in the tree' >tree/sub/file
    tar czf tree.tar.gz tree
    tar cjf tree.tbz2 tree 2>/dev/null || tar czf tree.tbz2 tree
    echo 'in gzip' >one && gzip -c one >one.gz
    python3 - <<'PYTHON'
import io, tarfile, zipfile

with zipfile.ZipFile("tree.zip", "w") as z:
    z.writestr("zipped/file", "in the zip\n")

def evil(name, members):
    with tarfile.open(name, "w") as t:
        for info, data in members:
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))

def link(name, kind, target):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info

evil("dots.tar", [(tarfile.TarInfo("../escaped"), b"x")])
evil("absolute.tar", [(tarfile.TarInfo("/tmp/cmesos-escaped"), b"x")])
evil("through.tar", [(link("way", tarfile.SYMTYPE, ".."), b""),
                     (tarfile.TarInfo("way/escaped"), b"x")])
evil("hard.tar", [(link("hard", tarfile.LNKTYPE, "../../latest"), b"")])
PYTHON
)
cp "$tmp/www/plain.txt" "$tmp/home/relative.txt"
python3 -u -m http.server --bind 127.0.0.1 --directory "$tmp/www" 0 \
    >"$tmp/http.out" 2>"$tmp/http.log" &
pids="$pids $!"

http_port()
{
    sed -n 's/.* port \([0-9]*\) .*/\1/p' "$tmp/http.out"
}

has_http_port()
{
    [ "$(http_port)" ]
}

wait_until has_http_port || give_up "no HTTP server"
http=http://127.0.0.1:$(http_port)

start_master
user=$(id -un)
launcher_dir=$tmp/libexec
start_agent agent --resources='cpus:8;mem:4096' \
    --frameworks_home="$tmp/home" --fetcher_cache_dir="$tmp/cache" \
    --fetcher_cache_size=1MB --fetcher_stall_timeout=2secs \
    $([ "$(id -u)" -eq 0 ] || echo --no-switch_user)

# run NAME COMMAND URIS [MEMBER]: a task with these URIs, in JSON; MEMBER goes
# into its TaskInfo.
run()
{
    cat >"$tmp/$1.json" <<JSON
{"name": "$1", "task_id": {"value": "$1"}, "agent_id": {"value": ""},
 "resources": [
  {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
  {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}}],
 ${4:-} "command": {"value": "$2", "user": "$user", "uris": [$3]}}
JSON
    timeout -k 5 "$WAIT_SECONDS" "$build/cli/mesos-execute" --master="$master" \
        --task="file://$tmp/$1.json" >"$tmp/$1.said" 2>&1
}

# said NAME FILE TEXT: the sandbox of the task has it.
said()
{
    sandbox_has agent "$1" "$2" "$3"
}

# uri NAME [MORE]: one of the HTTP server's.
uri()
{
    printf '{"value": "%s/%s"%s}' "$http" "$1" "${2:+, $2}"
}

n_gets()
{
    grep -c "\"GET /$1 " "$tmp/http.log"
}

expect "a task reads what was fetched" \
    run plain 'cat plain.txt' "$(uri plain.txt)"
expect "it is in the sandbox" said plain stdout '^plain text$'
expect "the steps are told in its stderr" said plain stderr \
    "Fetching '$http/plain.txt' directly into the sandbox directory"
expect "so is the end" said plain stderr 'Successfully fetched all URIs into'
expect "a file that is no archive is said to be none" said plain stderr \
    'does not seem to be an archive'

run archives 'cat tree/sub/file zipped/file one' \
    "$(uri tree.tar.gz), $(uri tree.zip), $(uri one.gz)"
expect "archives are unpacked: tar" said archives stdout 'in the tree'
expect "zip" said archives stdout 'in the zip'
expect "gzip" said archives stdout 'in gzip'
run packed 'test -f tree.tar.gz && ! test -e tree && echo packed' \
    "$(uri tree.tar.gz '"extract": false')"
expect "and are not if that is not wanted" said packed stdout '^packed$'

run executable './script well' "$(uri script '"executable": true')"
expect "a program is made executable" said executable stdout 'ran: well'
run output 'cat a/b/c.txt' "$(uri plain.txt '"output_file": "a/b/c.txt"')"
expect "a file gets the name that is asked for" said output stdout 'plain text'
run local 'cat relative.txt copy' \
    "{\"value\": \"relative.txt\"}, {\"value\": \"file://$tmp/www/one\",
      \"output_file\": \"copy\"}"
expect "relative paths are below --frameworks_home" said local stdout \
    'plain text'
expect "file:// is a path" said local stdout 'in gzip'

run first 'cat plain.txt' "$(uri plain.txt '"cache": true')"
before=$(n_gets plain.txt)
run second 'cat plain.txt' "$(uri plain.txt '"cache": true')"
expect "the first who wants it cached gets it" said first stdout 'plain text'
expect "the second as well" said second stdout 'plain text'
expect "from the cache" said second stderr 'Fetching URI .* from cache'
expect "without asking the server" [ "$(n_gets plain.txt)" -eq "$before" ]
run cached 'cat tree/sub/file' "$(uri tree.tar.gz '"cache": true')"
expect "archives are unpacked from there" said cached stdout 'in the tree'
rm -f "$tmp"/cache/*/c* "$tmp"/cache/c*
run gone 'cat plain.txt' "$(uri plain.txt '"cache": true')"
expect "a cache that somebody emptied does no harm" said gone stdout \
    'plain text'
head -c 2000000 /dev/zero >"$tmp/www/large"
run large 'wc -c <large' "$(uri large '"cache": true')"
expect "what is larger than the cache is fetched past it" said large stdout \
    '^2000000$'

# fails NAME URI TEXT: the task does not run, and its stderr says why.
fails()
{
    run "$1" 'echo must not run' "$2"
    expect "$1: the task fails" grep -q 'Failed to fetch all URIs for container' \
        "$tmp/$1.said"
    [ -z "$3" ] || expect "$1: its stderr says why" said "$1" stderr "$3"
    ! said "$1" stdout 'must not run'
    result $? "$1: it does not run"
}

fails missing "$(uri missing)" 'received HTTP/FTP return code 404'
expect "the reason is in its status" grep -q REASON_CONTAINER_LAUNCH_FAILED \
    "$tmp/missing.said"
expect "and its stderr in the agent's log" grep -q 'Begin fetcher log' \
    "$tmp/agent.log"
fails dots "$(uri dots.tar)" 'not a path below the sandbox'
fails absolute "$(uri absolute.tar)" 'not a path below the sandbox'
fails through "$(uri through.tar)" 'Failed to extract'
fails hard "$(uri hard.tar)" 'not a path below the sandbox'
fails output_up "$(uri plain.txt '"output_file": "../x"')" ''
expect "nothing got out of a sandbox" [ -z "$(find "$tmp/agent" /tmp/cmesos-escaped \
    -name '*escaped*' 2>/dev/null)" ]

# A server that accepts and says nothing.
python3 -u - >"$tmp/silent.out" <<'PYTHON' &
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(5)
print(s.getsockname()[1])
taken = []
while True:
    taken.append(s.accept())
PYTHON
pids="$pids $!"
wait_until [ -s "$tmp/silent.out" ] || give_up "no silent server"
fails silent "{\"value\": \"http://127.0.0.1:$(cat "$tmp/silent.out")/x\"}" \
    'Operation too slow'

container='"container": {"type": "MESOS", "rlimit_info": {"rlimits": [
  {"type": "RLMT_NOFILE", "soft": 123, "hard": 456},
  {"type": "RLMT_CORE", "soft": 0, "hard": 0}]}},'
run limits 'ulimit -Sn; ulimit -Hn; ulimit -c' '' "$container"
expect "a task gets its soft limit" said limits stdout '^123$'
expect "its hard limit" said limits stdout '^456$'
expect "and the other ones" said limits stdout '^0$'
run half_limit 'echo must not run' '' \
    '"container": {"type": "MESOS", "rlimit_info": {"rlimits": [
      {"type": "RLMT_NOFILE", "soft": 123}]}},'
expect "half a limit is refused" grep -q 'Invalid rlimit values' \
    "$tmp/half_limit.said"

if [ "$(id -u)" -eq 0 ]; then
    user=nobody
    chmod 755 "$tmp"
    run other 'id -un; cat plain.txt; ls -l plain.txt' \
        "$(uri plain.txt '"cache": true')"
    expect "files belong to the user of the task" said other stdout \
        '^-r.* nobody '
fi
finish
