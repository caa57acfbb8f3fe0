/* A router on the test's loop, and workers that remember what reached them. */
#ifndef TESTS_SINK_H
#define TESTS_SINK_H

#include "loop.h"

#include <postern/router.h>

#define SINK_TEXT 200

struct sink {
	struct pst_worker worker;
	unsigned count;
	char onward[SINK_TEXT], back[SINK_TEXT]; /* of the last one */
	struct pst_gate *from;
	void (*then)(struct sink *sink, struct pst_message *message);
};

/* A gate whose `leaves` are the messages that go out by it. */
struct door {
	struct pst_gate gate; /* first */
	unsigned leaves;
	char onward[SINK_TEXT];
};

int sink_setup(void **state);
int sink_teardown(void **state);

/* name NULL: a random address. */
void sink_start(struct sink *sink, const char *name, enum pst_reach reach);
void sink_stop(struct sink *sink);
void door_open(struct door *door);
void door_close(struct door *door);
/* Send five bytes from here (door NULL) or as if they had come in by a door. */
int sink_send(struct door *door, const struct pst_route *onward);
int sink_send_to(struct door *door, const struct sink *sink);

#endif
