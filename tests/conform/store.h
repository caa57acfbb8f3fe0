/* What the kits of stores share. */
#ifndef TESTS_CONFORM_STORE_H
#define TESTS_CONFORM_STORE_H

#include <postern/store.h>

#include "conform.h"

/* All that is done, is done to keys that begin so. */
#define PREFIX "pst-conform/"

struct store_answer {
	bool done;
	int rc;
	unsigned times;
	size_t count;
	char text[256]; /* of what was found: key=value;… without PREFIX */
	bool ascending;
	const uint8_t *wanted; /* is what was found `same`? */
	size_t wanted_len;
	bool same;
	size_t *order, place; /* which answer it was */
	struct conform *conform;
};

struct pst_store_op store_op(enum pst_store_verb verb, const char *key, const char *value);
/* Callbacks; arg is a struct store_answer. */
void store_item(void *arg, int rc, const struct pst_store_item *item);
void store_done(void *arg, int rc);

/* store_race.c: against the section `store again`, if there is one. */
void conform_store_race(struct conform *c);

#endif
