/*
 * A callee "f", a caller, and a bridge: two gates of one router, where what
 * leaves by the one comes in by the other, as by a link to another node.
 */
#ifndef TESTS_CALLS_H
#define TESTS_CALLS_H

#include "sink.h"

#include <postern/call.h>

#define BODY_MAX (2 * 1024 * 1024)
#define CALLS_MAX 4

/* Begins with its call: what has become of it. */
struct asked {
	struct pst_call call;
	unsigned status;
	char header[64]; /* "x-answer" of the answer */
	uint8_t *body;
	size_t len;
	unsigned pieces;
	bool answered, done, failed;
	enum pst_call_code code;
	char text[512];
	uint32_t retry_after_ms;
	bool started;
	void (*then)(struct asked *asked); /* in each event */
};

struct bridge {
	struct pst_gate near, far; /* what is sent to near comes in by far */
	unsigned to_far, to_near;  /* messages that passed */
	size_t largest;
	bool cut;
};

extern struct pst_callee callee;
extern struct pst_caller caller;
extern struct bridge bridge;
/* The last call that came, while it has not been ended. */
extern struct pst_called *held;
extern struct heard {
	unsigned calls, cancelled;
	char method[16], resource[64], header[64]; /* "x-ask" */
	uint64_t deadline_ms;
	unsigned flags;
} heard;
/* What the callee does with a call: NULL holds it. */
extern void (*serve)(struct pst_called *call);
extern bool admitting;

int calls_setup(void **state);
int calls_teardown(void **state);

/* Answer 200 with what came. */
void echo(struct pst_called *call);
/* The route to "f" of this node; and over the bridge. */
struct pst_route near_route(void);
struct pst_route far_route(void);
/* Len bytes that are told apart by where they stand, on the heap. */
uint8_t *pattern(size_t len);
/* Begin; PST_OK. */
void ask(struct asked *asked, struct pst_route route, size_t body_len);
int ask_head(struct asked *asked, struct pst_route route, const struct pst_call_head *head,
    const void *body, size_t len);
void asked_fini(struct asked *asked);

#endif
