/* SPDX-License-Identifier: Apache-2.0
 *
 * format.h - how the files under <work_dir>/meta look inside.
 *
 * A file is one line of text and its content, to the byte:
 *
 *     cmesos-checkpoint 1 1 executor.info 280 8c736521
 *
 * are the format's version, the least version that can read it, what kind of
 * file it is, the size of the content, and the CRC-32 of it.  A log begins
 * with such a line, of a content that is empty, and has records after it:
 *
 *     u32 size    of the payload; little-endian, as the rest
 *     u32 crc     CRC-32 of the record's offset in the file (u64), the size
 *                 and the payload
 *     payload
 *
 * One record is written at a time, and the next one when it is durable.  So
 * what cannot be read is a torn tail, which nobody was promised anything of,
 * if nothing that can be read comes after it; and damage otherwise.
 * docs/agent-checkpoints.md is the whole story.
 *
 * Thread-safety: pure functions. */
#ifndef AGENT_CHECKPOINT_FORMAT_H
#define AGENT_CHECKPOINT_FORMAT_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;
struct strbuf;

#define CHECKPOINT_VERSION 1

/* Longest name of a kind, without its NUL. */
#define CHECKPOINT_KIND_MAX 63

/* Longest content of a file, and longest payload of a record. */
#define CHECKPOINT_SIZE_MAX ((size_t) 64 << 20)

/* Appends a whole file. */
void checkpoint_encode(struct strbuf *out, const char *kind, const void *data,
                       size_t size);

/* Finds the content of a file of this kind; '*ret_content' points into 'file'.
 * An error (ERROR_PARSE; ERROR_UNSUPPORTED if only a newer version can read
 * it) says at which offset it is wrong. */
struct error *checkpoint_decode(const void *file, size_t file_size,
                                const char *kind, const void **ret_content,
                                size_t *ret_size) MUST_CHECK;

/* Appends what a log begins with. */
void checkpoint_log_begin(struct strbuf *out, const char *kind);

/* Appends a record that will stand at 'offset' in its file. */
void checkpoint_log_record(struct strbuf *out, uint64_t offset,
                           const void *payload, size_t size);

/* Bytes of a record around its payload. */
#define CHECKPOINT_RECORD_HEADER 8

typedef struct error *checkpoint_record_fn(void *aux, uint64_t offset,
                                           const void *payload, size_t size);

/* Calls 'fn' with each record of a log; what it returns ends that.
 * '*ret_good' is how many bytes can be read: less than 'file_size' if there is
 * a torn tail, 0 if not even the first line was written whole.  Damage is an
 * error and says at which offset; '*ret_good' is then what comes before it. */
struct error *checkpoint_log_read(const void *file, size_t file_size,
                                  const char *kind, checkpoint_record_fn *fn,
                                  void *aux, size_t *ret_good) MUST_CHECK;

#endif /* AGENT_CHECKPOINT_FORMAT_H */
