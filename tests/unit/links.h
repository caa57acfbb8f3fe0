/*
 * Sections of modules from their text, on a fake node with a router; links
 * between them, and workers that answer: for tests over real sockets.
 */
#ifndef TESTS_LINKS_H
#define TESTS_LINKS_H

#include <postern/transport.h>

#include "conf/conf.h"
#include "fake_section.h"

struct links_section {
	struct fake_section section;
	struct pst_values *values;
	char name[64];
};

/* A link that was connected, from the side of who did it. */
struct near {
	struct pst_link *link;
	bool up, lost;
	int rc;
};

/* A worker that counts and answers "yes". */
struct desk {
	struct pst_worker worker;
	struct fake_node *node;
	unsigned count;
	size_t len; /* of the last one */
	bool admits; /* whoever comes */
};

/* A fake node with a router; and the opposite, which asserts that no worker is left. */
void links_setup(struct fake_node *node);
void links_teardown(struct fake_node *node);

/* Open the section that `text` is, by a row of its module's; or why not, with
 * the sentence in s->section.sentence. Close it in either case. */
int links_open(struct links_section *s, struct fake_node *node, const struct pst_section *row,
    const void *ops, const char *text);
void links_close(struct links_section *s);

/* Connect, and wait until the link is up. */
void near_open(struct near *near, struct links_section *transport, const char *host, uint16_t port);
/* The same without waiting. */
int near_begin(struct near *near, struct links_section *transport, const char *host, uint16_t port);
void near_close(struct near *near, struct links_section *transport);

void desk_start(struct desk *desk, struct fake_node *node, const char *name, enum pst_reach reach);
void desk_stop(struct desk *desk);
/* Send len bytes through a gate to a name behind it, and wait for an answer. */
void gate_ask(struct fake_node *node, struct pst_gate *gate, const char *name, size_t len);
/* Does a message through the gate reach the desk at `name`? `fence` is a worker
 * that is reached: its answer shows that the message before it was dropped. */
bool gate_reaches(struct fake_node *node, struct pst_gate *gate, struct desk *desk,
    const char *name, const char *fence);

#endif
