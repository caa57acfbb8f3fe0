/*
 * impair: a cable of which one can say how bad it is.
 *
 *   impair INTERFACE INTERFACE CONTROL [WORD…]
 *
 * Frames that arrive at one interface leave at the other, both ways, under
 * the conditions that the words say (conditions.h). CONTROL is a fifo: each
 * line in it is other conditions, as a whole; an empty one is a good cable.
 * "count" says what has become of the frames so far. Both ways are alike, but
 * chance is drawn for each.
 *
 * Says "now WORDS" when conditions hold, "wrong WORD" for those that it does
 * not understand, which change nothing. SIGTERM ends it; so does its parent's end.
 *
 * A frame is what the interface gives at once. Where a sender leaves it to
 * the interface to cut segments (gso_max_segs), it is all of them.
 */
#include "conditions.h"
#include "way.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define WORDS_MAX 32

static struct way there, back;

static int
fail(const char *what)
{
	fprintf(stderr, "impair: %s: %s\n", what, strerror(errno));
	return 1;
}

static void
on_term(int number)
{
	(void)number;
	_exit(0);
}

static int
say(int count, char **words)
{
	struct conditions conditions;
	const char *why = "";

	if (conditions_parse(&conditions, count, words, &why)) {
		printf("wrong %s\n", why);
		return -1;
	}
	way_set(&there, &conditions);
	way_set(&back, &conditions);
	printf("now");
	for (int i = 0; i < count; i++)
		printf(" %s", words[i]);
	printf("\n");
	return 0;
}

static void
tell(const char *name, struct way *way)
{
	struct way_counts c = way_counts(way);

	printf("%s: came %" PRIu64 " went %" PRIu64 " lost %" PRIu64 " twice %" PRIu64 " overtaken %" PRIu64
	       " full %" PRIu64 "\n",
	    name, c.came, c.went, c.lost, c.twice, c.overtaken, c.full);
}

static void
obey(char *line)
{
	char *words[WORDS_MAX];
	int count = 0;

	for (char *word = strtok(line, " \t\n"); word && count < WORDS_MAX; word = strtok(NULL, " \t\n"))
		words[count++] = word;
	if (count == 1 && !strcmp(words[0], "count")) {
		tell("there", &there);
		tell("back", &back);
	} else {
		say(count, words);
	}
}

int
main(int argc, char **argv)
{
	char *line = NULL;
	size_t room = 0;
	FILE *control;
	int a, b, fifo;

	if (argc < 4) {
		fprintf(stderr, "usage: see the top of impair.c\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGTERM, on_term);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if ((a = way_socket(argv[1])) < 0)
		return fail(argv[1]);
	if ((b = way_socket(argv[2])) < 0)
		return fail(argv[2]);
	/* for writing too: so it has no end when those who write close it */
	fifo = open(argv[3], O_RDWR | O_CLOEXEC);
	control = fifo < 0 ? NULL : fdopen(fifo, "r");
	if (!control)
		return fail(argv[3]);
	if ((errno = way_start(&there, a, b, 1)) || (errno = way_start(&back, b, a, UINT64_C(1) << 32)))
		return fail("starting");
	if (say(argc - 4, argv + 4))
		return 2;
	while (getline(&line, &room, control) >= 0)
		obey(line);
	return fail(argv[3]);
}
