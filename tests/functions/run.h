/*
 * A node of its own in this process, from a configuration's text, and calls of its functions.
 * Any failure to run one ends the program.
 */
#ifndef TESTS_FUNCTIONS_RUN_H
#define TESTS_FUNCTIONS_RUN_H

#include <uv.h>

#include <postern/call.h>

struct reply {
	bool answered; /* else failure says why not */
	unsigned status;
	struct pst_map headers;
	uint8_t *body; /* a NUL stands behind it */
	size_t len;
	struct pst_call_failure failure; /* its text is `text` */
	char text[256];
};

/* The directory of this run: fresh, gone at run_end(). */
const char *run_dir(void);
void run_begin(void);
void run_end(void);

/* The loop that all of it runs on, and a wait on it, until the flag is set. */
uv_loop_t *run_loop(void);
void run_until(const bool *flag);

/* Start a node; its state is below run_dir(), and its log is kept. NULL, or why it does not start. */
const char *run_node(const char *conf);
/* Have it go by another text; NULL, or why not. */
const char *run_reload(const char *conf);
/* Stop it; what it leaves on the loop is a failure. */
void run_stop(void);
/* The log since the node began, whole lines of JSON; to be freed. */
char *run_log(void);
/* Wait until the log has that text so many times; false: it does not come. */
bool run_logged(const char *text, unsigned times);

/* One call, waited for. method "": bare bytes. headers may be NULL. */
void run_call(struct reply *reply, const char *function, const char *method, const char *resource,
    const struct pst_map *headers, const void *body, size_t len, uint64_t deadline_ms);
/* Several at once: begin, and wait for all that were begun. */
struct running;
struct running *run_begin_call(struct reply *reply, const char *function, const char *method,
    const char *resource, const struct pst_map *headers, const void *body, size_t len,
    uint64_t deadline_ms);
void run_cancel(struct running *running);
void run_wait(void);
/* For one of them. */
void run_wait_for(const struct running *running);
/* Forget those that the node took along when it stopped. */
void run_wait_no_more(void);
void reply_fini(struct reply *reply);

/* How busy a function says it is. */
void run_probe(struct pst_call_load *load, const char *function);

#endif
