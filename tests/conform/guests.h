/* The guests that the kit for runtimes carries: Wasm modules, by name. guests.wat says what they do. */
#ifndef TESTS_CONFORM_GUESTS_H
#define TESTS_CONFORM_GUESTS_H

#include <stddef.h>
#include <stdint.h>

struct guest {
	const char *name;
	const uint8_t *bytes;
	size_t len;
};

/* Ended by a NULL name. */
extern const struct guest guests[];

#endif
