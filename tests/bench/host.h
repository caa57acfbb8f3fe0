/* A node in a program of the bench: its configuration, its state in a directory that goes with it, its loop. */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include <limits.h>
#include <stdio.h>

#include "node/node.h"

struct host {
	struct pst_node *node;
	uv_loop_t loop;
	struct pst_loader *loader;
	struct pst_logbook book;
	char dir[PATH_MAX / 2];
	void (*up)(void *arg);
	void *arg;
	bool failed;
};

/*
 * Run a node until it closes. conf writes the configuration, but for the section
 * `node`; up is called when the node is. Returns 0, or 1 after a message.
 */
int host_run(struct host *host, void (*conf)(FILE *file, void *arg), void (*up)(void *arg), void *arg);

/* Seconds of a clock. */
double host_clock_s(clockid_t id);

#endif
