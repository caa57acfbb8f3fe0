#include "conditions.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_NS UINT64_C(100000000)
#define NS_A_MS 1e6
#define MS_MAX 3600e3

/* A number from 0 to `max` with nothing but `units` behind it; -1: it is none. Each unit is a thousand of the one before. */
static double
number(const char *word, double max, const char *units)
{
	char *end;
	const char *unit;
	double value;

	if (!isdigit((unsigned char)*word))
		return -1;
	value = strtod(word, &end);
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return -1;
		for (ptrdiff_t n = unit - units; n >= 0; n--)
			value *= 1000;
	}
	return value <= max ? value : -1;
}

static int
take(struct conditions *c, const char *name, const char *value)
{
	const struct {
		const char *name;
		double *share;
		uint64_t *ns;
	} rows[] = {
		{ "loss", &c->loss, NULL },
		{ "duplicate", &c->duplicate, NULL },
		{ "reorder", &c->reorder, NULL },
		{ "delay", NULL, &c->delay_ns },
		{ "jitter", NULL, &c->jitter_ns },
		{ "queue", NULL, &c->queue_ns },
	};
	double n;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].name, name))
			continue;
		n = number(value, rows[i].share ? 100 : MS_MAX, "");
		if (n < 0)
			return -1;
		if (rows[i].share)
			*rows[i].share = n / 100;
		else
			*rows[i].ns = (uint64_t)(n * NS_A_MS);
		return 0;
	}
	n = number(value, 1e12, strcmp(name, "rate") ? "" : "KMG");
	if (n < 1)
		return -1;
	if (!strcmp(name, "rate"))
		c->rate = (uint64_t)n;
	else if (!strcmp(name, "seed"))
		c->seed = (uint64_t)n;
	else
		return -1;
	return 0;
}

int
conditions_parse(struct conditions *c, int count, char *const *words, const char **why)
{
	*c = (struct conditions){ .queue_ns = QUEUE_NS };
	for (int i = 0; i < count; i++) {
		*why = words[i];
		if (!strcmp(words[i], "cut")) {
			c->cut = true;
			continue;
		}
		if (i + 1 == count || take(c, words[i], words[i + 1]))
			return -1;
		i++;
	}
	return 0;
}
