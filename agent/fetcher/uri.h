/* SPDX-License-Identifier: Apache-2.0
 *
 * uri.h - what the URIs of a task name, and what becomes of them in the
 * sandbox.
 *
 * Not URIs of RFC 3986: the texts are taken apart as Mesos does it
 * (src/slave/containerizer/fetcher.cpp), since frameworks count on the names
 * that come of it.
 *
 * Thread-safety: pure functions. */
#ifndef AGENT_FETCHER_URI_H
#define AGENT_FETCHER_URI_H 1

#include <stdbool.h>

#include <actor/compiler.h>

struct error;
struct V1__CommandInfo__URI;

enum uri_kind {
    URI_NET,                    /* http, https, ftp, ftps */
    URI_LOCAL,                  /* file://, absolute and relative paths */
    URI_HADOOP,                 /* anything else */
};

enum uri_archive {
    URI_NO_ARCHIVE,
    URI_ARCHIVE,                /* tar, compressed or not, and zip */
    URI_GZIP,                   /* one compressed file */
};

enum uri_kind uri_kind(const char *uri);

/* Whether it may be fetched at all: no '\', "'" or control characters, a name
 * at its end, and an output_file that stays in the sandbox.  Errors name the
 * URI. */
struct error *uri_validate(const struct V1__CommandInfo__URI *) MUST_CHECK;

/* What is behind the last slash, query included; "f.tgz?x=1".  The caller
 * frees it. */
struct error *uri_base_name(const char *uri, char **ret) MUST_CHECK;

/* The name that the file gets in the sandbox; of one that uri_validate()
 * accepts.  The caller frees it. */
char *uri_output_name(const struct V1__CommandInfo__URI *);

/* The path of a local one; a relative path lies below 'frameworks_home' (NULL
 * or "": that is an error).  The caller frees it. */
struct error *uri_local_path(const char *uri, const char *frameworks_home,
                             char **ret) MUST_CHECK;

/* What its name says; a query does not count. */
enum uri_archive uri_archive(const char *name);

/* Whether 'path' stays below where it begins: it is not absolute, and no part
 * of it is "..".  Names in archives are held to that. */
bool uri_has_no_way_out(const char *path);

/* The name of the 'serial'-th file of a cache: "c<serial>-<base name>", long
 * names shortened.  The caller frees it. */
char *uri_cache_name(unsigned long serial, const char *base_name);

#endif /* AGENT_FETCHER_URI_H */
