/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c - the program mesos-fetcher: fetches the URIs of a task into its
 * sandbox.
 *
 * The agent starts one for each container that has URIs, as the user of the
 * task, with standard output and error in the sandbox.  A program of its own,
 * because curl and archive libraries, and what they may be made to do by a
 * server or an archive, have no place in the agent.
 *
 * Thread: one. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/version.h>

#include "agent/fetcher/fetch.h"
#include "proto/cmesos/fetcher.pb-c.h"

#define PROGRAM "mesos-fetcher"
#define VARIABLE "MESOS_FETCHER_INFO"

static struct error *
read_info(struct message **ret)
{
    const char *text = getenv(VARIABLE);
    struct error *error;

    if (!text) {
        return error_create(ERROR_INVALID, "Missing " VARIABLE
                            " environment variable");
    }
    log_info("Fetcher Info: %s", text);
    error = message_decode_json(&fetcher__fetcher_info__descriptor, text,
                                strlen(text), ret);
    return error_wrap(error, "Failed to parse " VARIABLE);
}

static struct error *
probe(const Fetcher__FetcherInfo *info)
{
    autofini(strbuf) sizes = STRBUF(STRBUF_UNLIMITED);

    fetch_sizes(info, &sizes);
    if (fputs(sizes.data, stdout) == EOF || fflush(stdout) == EOF) {
        return error_errno(errno, "Failed to write");
    }
    return NULL;
}

static struct error *
fetch(const Fetcher__FetcherInfo *info)
{
    const char *directory = info->sandbox_directory;
    struct error *error;

    if (info->mode == FETCHER__FETCHER_INFO__MODE__PROBE) {
        return probe(info);
    }
    if (!directory) {
        return error_create(ERROR_INVALID, "No sandbox directory");
    }
    if (chdir(directory) < 0) {
        return error_errno(errno, "Failed to enter '%s'", directory);
    }
    error = fetch_all(info);
    if (!error && info->mode != FETCHER__FETCHER_INFO__MODE__FILL_CACHE) {
        log_info("Successfully fetched all URIs into '%s'", directory);
    }
    return error;
}

int
main(int argc, char *argv[])
{
    const struct log_options log = { .program = PROGRAM };
    struct message *info = NULL;
    struct error *error;
    int status = EXIT_SUCCESS;

    if (argc > 1) {
        bool is_version = strcmp(argv[1], "--version") == 0;
        bool is_help = strcmp(argv[1], "--help") == 0;

        if (is_version) {
            printf("mesos %s (cmesos %s)\n", ACTOR_MESOS_VERSION, VERSION);
        } else {
            fprintf(is_help ? stdout : stderr, "Usage: " PROGRAM "\n\n"
                    "Fetches what the JSON text in the environment variable "
                    VARIABLE "\nsays.  Started by mesos-agent.\n");
        }
        return is_version || is_help ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    error_drop(log_init(&log));
    curl_global_init(CURL_GLOBAL_ALL);
    error = read_info(&info);
    if (!error) {
        error = fetch(message_root(info));
    }
    if (error) {
        log_error("EXIT with status 1: %s", error_text(error));
        status = EXIT_FAILURE;
    }
    error_destroy(error);
    message_unref(info);
    curl_global_cleanup();
    log_fini();
    return status;
}
