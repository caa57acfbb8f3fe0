/* Getting at the vectors of a JSON file; whatever is missing fails the test. */
#ifndef TESTS_VECTOR_H
#define TESTS_VECTOR_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define BYTES_MAX 4096

struct bytes {
	uint8_t data[BYTES_MAX];
	size_t len;
};

/* All vectors of the file, once vectors_load("routing.json") has returned 0. */
extern json_t *vectors;
int vectors_load(const char *file);
/* Another file beside these; NULL after a message. */
json_t *vectors_open(const char *file);

const char *vector_name(const json_t *vector);
bool name_begins(const char *name, const char *prefix);
const json_t *vector(const char *name);
struct bytes unhex(const char *hex);
struct bytes bytes_of(const char *name);
/* A member of `decoded`, and the bytes of one that is hex. */
const json_t *decoded(const char *name, const char *member);
struct bytes member_bytes(const json_t *object, const char *member);
void same_bytes(const void *a, size_t a_len, const struct bytes *b);

#endif
