/*
 * One way through a cable: a thread that takes the frames that arrive at one
 * interface, draws what becomes of each, keeps them as long as they take, and
 * gives them out at another interface.
 *
 * Each frame costs four draws, whatever the conditions are: so the same frames
 * are lost with the same seed, delayed or not.
 */
#ifndef NETNS_WAY_H
#define NETNS_WAY_H

#include "conditions.h"

#include <pthread.h>
#include <stddef.h>

#define FRAMES_MAX 65536 /* on the way at once */
#define BATCH 64

struct frame;

struct way_counts {
	uint64_t came, went, lost, twice, overtaken;
	uint64_t full; /* lost since too many waited */
};

struct way {
	int in, out; /* packet sockets */
	int wake;    /* an eventfd: the conditions are others now */
	uint64_t salt; /* so that two ways with one seed differ */

	pthread_mutex_t lock; /* of what follows */
	struct conditions conditions;
	uint64_t chance;
	uint64_t number;         /* of the next frame that is put in */
	uint64_t free_ns;        /* when the rate lets the next frame begin */
	uint64_t last_ns;        /* when the last one arrives */
	struct frame *held;      /* to be overtaken; NULL: none */
	unsigned held_left;      /* by so many more */
	uint64_t held_until_ns;
	struct frame **waiting;  /* a heap: what arrives first is first */
	size_t waiting_count;
	struct way_counts counts;
};

/* A packet socket of an interface; -1 and errno. */
int way_socket(const char *interface);

/* Begins, with a cut cable. Returns 0 or an errno. It goes on until the process ends. */
int way_start(struct way *way, int in, int out, uint64_t salt);

/* When this returns, every frame that arrives is subject to these. */
void way_set(struct way *way, const struct conditions *conditions);

struct way_counts way_counts(struct way *way);

#endif
