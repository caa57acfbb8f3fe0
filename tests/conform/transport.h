/* What the files of the kit for transports share: links, letters that come by them, and who reads those. */
#ifndef TESTS_CONFORM_TRANSPORT_H
#define TESTS_CONFORM_TRANSPORT_H

#include <postern/transport.h>

#include "conform.h"

#define KEPT_MAX 512

struct transport_kit {
	struct conform *c;
	const struct pst_transport_ops *ops; /* of WHERE's protocol */
	char host[256];
	uint16_t port;   /* 0: host is a path */
	bool unreliable; /* what only holds for what loses nothing is skipped */
};

/* A link that was connected, from the side of who did it. */
struct near {
	struct transport_kit *kit;
	struct pst_link *link;
	bool up, over; /* over: lost() came */
	bool settled;  /* one of them */
	int rc;
	unsigned events;
};

/* A worker that reads letters: each has its number and bytes that go by it. */
struct reader {
	struct pst_worker worker;
	struct transport_kit *kit;
	struct pst_gate *gate;   /* by which the last one came */
	uint32_t seen, wanted;
	bool all;                /* so many have come */
	bool wrong, disorder;
	bool keeps;              /* instead of letting them go */
	bool answers;            /* with the same letter */
	struct pst_buf kept[KEPT_MAX];
	size_t kept_count;
};

/* Connect; wait until the link is up. */
void near_begin(struct near *near, struct transport_kit *kit, const char *host, uint16_t port);
void near_open(struct near *near, struct transport_kit *kit);
void near_close(struct near *near);

void reader_start(struct reader *reader, struct transport_kit *kit, const char *name, enum pst_reach reach);
/* Forget what has come, and wait for so many. */
void reader_expect(struct reader *reader, uint32_t wanted);
void reader_let_go(struct reader *reader);
void reader_stop(struct reader *reader);

/* A letter by the link to the worker of that name, answers to `back` or to nobody. */
int letter_send(struct near *near, const char *name, struct reader *back, uint32_t number, size_t len);
/* Run the loop until nothing of it changes any more. */
void settle(struct transport_kit *kit, const uint32_t *count);

/* transport_hostile.c: peers that speak no such protocol, and those that do beside them. */
void ask_hostile(struct transport_kit *kit);

#endif
