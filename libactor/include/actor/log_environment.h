/* SPDX-License-Identifier: Apache-2.0
 *
 * log_environment.h - a log that the environment describes, for libraries.
 *
 * A library has no flags.  Who runs the program says by variables what
 * '--quiet', '--logging_level', '--log_dir' and '--logbufsecs' say to a daemon:
 *
 *     <PREFIX>QUIET                       nothing on standard error
 *     <PREFIX>LOGGING_LEVEL               INFO, WARNING or ERROR
 *     <PREFIX>LOG_DIR                     directory of log files
 *     <PREFIX>LOGBUFSECS                  seconds that lines may wait
 *     <PREFIX>INITIALIZE_DRIVER_LOGGING   false: the program's log is its own
 *
 * and GLOG_v as always. */
#ifndef ACTOR_LOG_ENVIRONMENT_H
#define ACTOR_LOG_ENVIRONMENT_H 1

#include <actor/compiler.h>

struct error;

/* Starts the log, unless it runs already.  'program' is what files are named
 * after: its first 64 bytes, of which those that are no letter, digit, '.',
 * '-' or '_' become '_'.  Errors name the flag.  Any thread. */
struct error *log_init_from_environment(const char *program,
                                        const char *prefix) MUST_CHECK;

#endif /* ACTOR_LOG_ENVIRONMENT_H */
