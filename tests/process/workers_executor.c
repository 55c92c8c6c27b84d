/* SPDX-License-Identifier: Apache-2.0
 *
 * workers_executor.c - an executor that runs each of its tasks in a thread,
 * and takes words from the framework to them.
 *
 * Tasks that name the same executor go to the same process.  A message "ID
 * WORD" of the framework is for task ID, which answers "ID heard WORD".  Three
 * words mean something: with "done" the task finishes, with "fail" it fails,
 * with "crash" the whole executor ends at once.  The next word has to wait for
 * the answer to the one before.
 *
 * Callbacks run one at a time; threads of tasks may call the driver, too. */
#include <config.h>

#include <mesos/executor.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORD_MAX 63

/* A task.  Callbacks write 'word' and 'is_killed', under the mutex. */
struct worker {
    struct worker *next;
    struct mesos_executor_driver *driver;
    char *id;
    bool has_thread;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    char word[WORD_MAX + 1];    /* empty: none */
    bool is_killed;
    bool is_over;
};

struct workers {
    struct worker *first;
};

static void
send_state(struct worker *w, V1__TaskState state, const char *text)
{
    V1__TaskID id = V1__TASK_ID__INIT;
    V1__TaskStatus status = V1__TASK_STATUS__INIT;

    id.value = w->id;
    status.task_id = &id;
    status.state = state;
    status.message = (char *) text;
    mesos_executor_driver_send_status_update(w->driver, &status);
}

/* Answers a word.  False if it was the last one. */
static bool
answer(struct worker *w, const char *word)
{
    char text[512];

    if (!strcmp(word, "done")) {
        send_state(w, V1__TASK_STATE__TASK_FINISHED, "was told so");
        return false;
    }
    if (!strcmp(word, "fail")) {
        send_state(w, V1__TASK_STATE__TASK_FAILED, "was told so");
        return false;
    }
    if (!strcmp(word, "crash")) {
        _exit(3);
    }
    snprintf(text, sizeof text, "%s heard %s", w->id, word);
    mesos_executor_driver_send_framework_message(w->driver, text,
                                                 strlen(text));
    return true;
}

static void *
work(void *arg)
{
    struct worker *w = arg;
    char word[WORD_MAX + 1];
    bool goes_on = true;

    send_state(w, V1__TASK_STATE__TASK_RUNNING, NULL);
    while (goes_on) {
        pthread_mutex_lock(&w->mutex);
        while (w->word[0] == '\0' && !w->is_killed) {
            pthread_cond_wait(&w->changed, &w->mutex);
        }
        bool is_killed = w->is_killed;

        memcpy(word, w->word, sizeof word);
        w->word[0] = '\0';
        pthread_mutex_unlock(&w->mutex);
        if (is_killed) {
            send_state(w, V1__TASK_STATE__TASK_KILLED, "was killed");
        }
        goes_on = !is_killed && answer(w, word);
    }
    pthread_mutex_lock(&w->mutex);
    w->is_over = true;
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

/* --- callbacks --- */

/* The one that works on task 'id'; NULL: nobody does any more. */
static struct worker *
find(struct workers *workers, const char *id, size_t len)
{
    for (struct worker *w = workers->first; w; w = w->next) {
        if (strlen(w->id) == len && !memcmp(w->id, id, len)) {
            pthread_mutex_lock(&w->mutex);
            bool is_over = w->is_over;

            pthread_mutex_unlock(&w->mutex);
            return is_over ? NULL : w;
        }
    }
    return NULL;
}

static void
on_launch_task(struct mesos_executor_driver *driver, void *user,
               const V1__TaskInfo *task)
{
    struct workers *workers = user;
    struct worker *w = calloc(1, sizeof *w);

    if (!w || !(w->id = strdup(task->task_id->value))) {
        abort();
    }
    w->driver = driver;
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->changed, NULL);
    w->next = workers->first;
    workers->first = w;
    w->has_thread = pthread_create(&w->thread, NULL, work, w) == 0;
    if (!w->has_thread) {
        w->is_over = true;
        send_state(w, V1__TASK_STATE__TASK_FAILED, "no thread for it");
    }
}

static void
stop(struct worker *w)
{
    pthread_mutex_lock(&w->mutex);
    w->is_killed = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->mutex);
}

static void
on_kill_task(struct mesos_executor_driver *driver, void *user,
             const V1__TaskID *id, const V1__KillPolicy *policy)
{
    struct worker *w = find(user, id->value, strlen(id->value));

    (void) driver;
    (void) policy;
    if (w) {
        stop(w);
    }
}

static void
on_framework_message(struct mesos_executor_driver *driver, void *user,
                     const void *data, size_t size)
{
    const char *text = data;
    const char *blank = memchr(data, ' ', size);
    struct worker *w = blank ? find(user, text, (size_t) (blank - text))
                             : NULL;
    size_t len = blank ? size - (size_t) (blank + 1 - text) : 0;

    (void) driver;
    if (w && len > 0 && len <= WORD_MAX) {
        pthread_mutex_lock(&w->mutex);
        memcpy(w->word, blank + 1, len);
        w->word[len] = '\0';
        pthread_cond_signal(&w->changed);
        pthread_mutex_unlock(&w->mutex);
    }
}

/* The driver stops when this returns, so the tasks have to be over. */
static void
on_shutdown(struct mesos_executor_driver *driver, void *user)
{
    struct workers *workers = user;

    (void) driver;
    for (struct worker *w = workers->first; w; w = w->next) {
        stop(w);
    }
    while (workers->first) {
        struct worker *w = workers->first;

        if (w->has_thread) {
            pthread_join(w->thread, NULL);
        }
        workers->first = w->next;
        pthread_cond_destroy(&w->changed);
        pthread_mutex_destroy(&w->mutex);
        free(w->id);
        free(w);
    }
}

static void
on_error(struct mesos_executor_driver *driver, void *user,
         const char *message)
{
    (void) driver;
    (void) user;
    fprintf(stderr, "%s\n", message);
}

int
main(void)
{
    static const struct mesos_executor_callbacks callbacks = {
        .size = sizeof callbacks,
        .launch_task = on_launch_task,
        .kill_task = on_kill_task,
        .framework_message = on_framework_message,
        .shutdown = on_shutdown,
        .error = on_error,
    };
    struct workers workers = { .first = NULL };
    struct mesos_executor_options options = {
        .size = sizeof options, .callbacks = &callbacks, .user = &workers,
    };
    struct mesos_executor_driver *driver =
        mesos_executor_driver_create(&options);
    enum mesos_status status = mesos_executor_driver_run(driver);

    mesos_executor_driver_destroy(driver);
    return status == MESOS_DRIVER_STOPPED ? 0 : 1;
}
