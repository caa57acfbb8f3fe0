/*
 * workers: what an idle worker costs. Starts COUNT of them (a million), and
 * prints the bytes each takes of the process's resident memory, and the
 * nanoseconds of one look-up among them all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include <postern/router.h>

#define LOOKUPS 1000000

static size_t
resident(void)
{
	unsigned long size, pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file || fscanf(file, "%lu %lu", &size, &pages) != 2)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void
receive(struct pst_worker *worker, struct pst_message *message)
{
	(void)worker;
	(void)message;
}

int
main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	struct pst_worker *workers;
	struct pst_router *router;
	struct pst_env env;
	uv_loop_t loop;
	size_t before, found = 0;
	uint64_t began;

	if (!count || uv_loop_init(&loop) || pst_env_init(&env, &loop, NULL, SIZE_MAX) ||
	    pst_router_new(&router, &env))
		return 1;
	before = resident();
	workers = calloc(count, sizeof *workers);
	if (!workers)
		return 1;
	for (size_t i = 0; i < count; i++)
		if (pst_worker_start(router, &workers[i], PST_REACH_ANY, receive))
			return 1;
	printf("workers.bytes %.1f\n", (double)(resident() - before) / (double)count);
	began = uv_hrtime();
	for (size_t i = 0; i < LOOKUPS; i++) {
		struct pst_route route = pst_worker_route(&workers[i * 7919 % count]);

		found += pst_router_find(router, &route) != NULL;
	}
	printf("workers.lookup_ns %.0f\n", (double)(uv_hrtime() - began) / LOOKUPS);
	return found != LOOKUPS;
}
