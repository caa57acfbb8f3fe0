/*
 * Conformance kits: what a kind's header promises, asked of any module of
 * that kind. `pst-conform KIND FILE [NAME]` reads FILE as `postern run` does
 * and opens the section KIND NAME of it; conform_KIND() then asks, and prints
 * a line of TAP for each answer. It leaves the section as it was: what it
 * makes it takes away.
 *
 * A kit is one function in a file of its own and a row in main.c.
 */
#ifndef TESTS_CONFORM_H
#define TESTS_CONFORM_H

#include <postern/module.h>

#include "node/node.h"

/* For one answer; a token over a network may take its time. */
#define CONFORM_DEADLINE_MS 60000

struct conform {
	/* the open section, as another that refers to it has it */
	void *self;
	const void *ops;
	struct pst_env *env;

	/* main.c's */
	const char *file, *kind, *name;
	size_t keys; /* that rivals are after */
	const char *const *rest; /* what else was said, `count` of them */
	size_t count;
	uv_loop_t loop;
	struct pst_loader *loader;
	struct pst_logbook book;
	struct pst_node *node;
	bool up, closed;
	int rc; /* why it is not up */
	unsigned cases, failures;
};

/* Open the section, on a node of its own. The kit ends here if that fails. */
void conform_open(struct conform *c);
/* Close it, and wait: everything asked before has been answered, and nothing is left on the loop. */
void conform_close(struct conform *c);
/* Run the loop until *flag. The kit ends here when the deadline has passed. */
void conform_wait(struct conform *c, const bool *flag, const char *what);

/* It could not be asked: the kit ends here. */
void conform_bail(const char *why, ...) PST_PRINTF(1, 2) __attribute__((noreturn));

/* A case: the sentence says what is so. Returns ok. */
bool conform_ok(struct conform *c, bool ok, const char *sentence, ...) PST_PRINTF(3, 4);
/* A case that passes when rc is `wanted`; else both are named. */
bool conform_rc(struct conform *c, int rc, int wanted, const char *sentence, ...)
    PST_PRINTF(4, 5);
/* A case that this module is free not to have. */
void conform_skip(struct conform *c, const char *why, const char *sentence, ...) PST_PRINTF(3, 4);

/* The kits. The section is closed at their begin, and at their end. */
void conform_alike(struct conform *c);
void conform_runtime(struct conform *c);
void conform_store(struct conform *c);
void conform_store_rival(struct conform *c);
void conform_transport(struct conform *c);
void conform_vault(struct conform *c);

#endif
