#include "vector.h"

#include <sodium.h>

json_t *vectors;

json_t *
vectors_open(const char *file)
{
	const char *srcdir = getenv("top_srcdir");
	json_error_t why;
	char path[4096];
	json_t *open;

	snprintf(path, sizeof path, "%s/tests/vectors/%s", srcdir ? srcdir : ".", file);
	open = json_load_file(path, 0, &why);
	if (!open)
		fprintf(stderr, "%s: %s\n", path, why.text);
	return open;
}

int
vectors_load(const char *file)
{
	if (sodium_init() < 0)
		return 1;
	vectors = vectors_open(file);
	return !vectors;
}

const char *
vector_name(const json_t *v)
{
	return json_string_value(json_object_get(v, "name"));
}

bool
name_begins(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

const json_t *
vector(const char *name)
{
	size_t i;
	json_t *v;

	json_array_foreach(vectors, i, v)
		if (!strcmp(vector_name(v), name))
			return v;
	fail_msg("no vector %s", name);
	return NULL;
}

struct bytes
unhex(const char *hex)
{
	struct bytes b = { .len = 0 };

	assert_non_null(hex);
	assert_int_equal(sodium_hex2bin(b.data, sizeof b.data, hex, strlen(hex), NULL, &b.len, NULL), 0);
	assert_int_equal(b.len * 2, strlen(hex));
	return b;
}

struct bytes
bytes_of(const char *name)
{
	return member_bytes(vector(name), "hex");
}

const json_t *
decoded(const char *name, const char *member)
{
	return json_object_get(json_object_get(vector(name), "decoded"), member);
}

struct bytes
member_bytes(const json_t *object, const char *member)
{
	return unhex(json_string_value(json_object_get(object, member)));
}

void
same_bytes(const void *a, size_t a_len, const struct bytes *b)
{
	assert_int_equal(a_len, b->len);
	assert_memory_equal(a, b->data, b->len);
}
