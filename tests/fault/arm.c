/*
 * arm: the controller of an injector's file (inject.c).
 *
 *   arm points                    every "POINT FAULT" there is, a line each
 *   arm FILE clean                nothing more is to fail; counting begins anew
 *   arm FILE POINT FAULT N        the Nth call at POINT from now on fails so; FAULT may be kill: the program
 *                                 ends before it
 *   arm FILE counts               "POINT CALLS" for each point that was called
 *   arm FILE hit                  exit code 0: it was hit; 1: not
 *   arm FILE where                the calls that led there, innermost first, "OBJECT 0xOFFSET" a line
 *   arm FILE died                 the same of the signal that ended the program; exit code 1: none did
 *
 * Exit code 2: usage, or no such file.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inject.h"

static int
points(void)
{
	for (int p = 0; p < POINTS; p++)
		for (int f = 0; point_kinds[p].faults[f].name; f++)
			printf("%s %s\n", point_kinds[p].name, point_kinds[p].faults[f].name);
	return 0;
}

/* The file, made if need be. */
static struct inject *
map(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at;

	if (fd < 0 || ftruncate(fd, sizeof(struct inject)) < 0)
		return NULL;
	at = mmap(NULL, sizeof(struct inject), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return at == MAP_FAILED ? NULL : at;
}

static int
clean(struct inject *state)
{
	__atomic_store_n(&state->countdown, 0, __ATOMIC_SEQ_CST);
	for (int p = 0; p < POINTS; p++)
		__atomic_store_n(&state->calls[p], 0, __ATOMIC_SEQ_CST);
	return 0;
}

/* 0 when the point has no such fault. */
static int32_t
fault_named(const struct point_kind *point, const char *fault)
{
	if (!strcmp(fault, "kill"))
		return FAULT_KILL;
	for (int f = 0; point->faults[f].name; f++)
		if (!strcmp(point->faults[f].name, fault))
			return point->faults[f].fault;
	return 0;
}

/* The countdown last: the daemon may be running. */
static int
set(struct inject *state, const char *point, const char *fault, int64_t n)
{
	int p = 0;

	while (p < POINTS && strcmp(point_kinds[p].name, point))
		p++;
	if (p == POINTS || !fault_named(&point_kinds[p], fault)) {
		fprintf(stderr, "arm: there is no %s %s\n", point, fault);
		return 2;
	}
	clean(state);
	state->hit = 0;
	state->signal = 0;
	state->hit_at.count = state->died_at.count = 0;
	state->point = p;
	state->fault = fault_named(&point_kinds[p], fault);
	__atomic_store_n(&state->countdown, n, __ATOMIC_SEQ_CST);
	return 0;
}

static int
counts(const struct inject *state)
{
	for (int p = 0; p < POINTS; p++)
		if (state->calls[p])
			printf("%s %" PRIu64 "\n", point_kinds[p].name, state->calls[p]);
	return 0;
}

static int
show(const struct stack *stack)
{
	for (uint32_t i = 0; i < stack->count; i++)
		printf("%s 0x%" PRIx64 "\n", stack->frame[i].object, stack->frame[i].offset);
	return stack->count == 0;
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[2] : "";
	struct inject *state;

	if (argc == 2 && !strcmp(argv[1], "points"))
		return points();
	state = argc > 2 ? map(argv[1]) : NULL;
	if (!state) {
		fprintf(stderr, "arm: usage: see the top of arm.c\n");
		return 2;
	}
	if (!strcmp(verb, "clean"))
		return clean(state);
	if (!strcmp(verb, "counts"))
		return counts(state);
	if (!strcmp(verb, "hit"))
		return !__atomic_load_n(&state->hit, __ATOMIC_ACQUIRE);
	if (!strcmp(verb, "where"))
		return show(&state->hit_at);
	if (!strcmp(verb, "died"))
		return show(&state->died_at);
	return argc == 5 ? set(state, verb, argv[3], atoll(argv[4])) : 2;
}
