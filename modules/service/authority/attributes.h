/*
 * Attributes of a member, or of whoever will redeem a code: names and values,
 * in ascending order of names, no name twice. They lie in what they were read
 * from.
 */
#ifndef AUTHORITY_ATTRIBUTES_H
#define AUTHORITY_ATTRIBUTES_H

#include <postern/cbor.h>
#include <postern/credential.h>

/* Ours. What a handshake has room for is 65 439 bytes, histories and all. */
#define ATTRIBUTES_MAX 64
#define ATTRIBUTES_BYTES 8192 /* of names and values together */
/* Longest encoding as a map of strings: heads of at most 3 bytes. */
#define ATTRIBUTES_ENCODED (ATTRIBUTES_BYTES + 6 * ATTRIBUTES_MAX + 3)
/* As arrays of integers, two bytes each. */
#define ATTRIBUTES_ARRAYS (2 * ATTRIBUTES_BYTES + 6 * ATTRIBUTES_MAX + 3)

struct attributes {
	size_t count;
	struct pst_attribute item[ATTRIBUTES_MAX];
};

/* A map of texts, as requests have it; errors stick to r: a name twice, too many, too long,
 * control characters. */
void attributes_read_texts(struct attributes *out, struct pst_reader *r);
/* A map of byte strings, as it is stored. */
void attributes_read(struct attributes *out, struct pst_reader *r);
void attributes_write(struct pst_writer *w, const struct attributes *attributes);
/* As AttributesEntry has them: every byte an integer (trust.md 5.4). */
void attributes_write_arrays(struct pst_writer *w, const struct attributes *attributes);

/* Add NAME=VALUE, borrowed: -EINVAL unless it is one of plain text, -EEXIST, PST_E_LIMIT. */
PST_MUST_CHECK int attributes_add_word(struct attributes *attributes, const char *word, size_t len);
/* Add one that is not there yet; false when it is, or there is no room. */
bool attributes_add(struct attributes *attributes, const struct pst_attribute *one);

/* ockam-role = enroller */
bool attributes_enroller(const struct attributes *attributes);
/* "name=value name=value" for a person, cut to fit. Returns out. */
char *attributes_format(const struct attributes *attributes, char *out, size_t size);

#endif
