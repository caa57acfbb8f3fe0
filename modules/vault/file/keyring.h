/*
 * The keys of a file vault, in memory: a list of them, and what one does.
 * A secret is a seed (Ed25519) or a scalar (P-256 big-endian, X25519) of 32
 * bytes, in guarded memory; the public key and the handle follow from it.
 */
#ifndef VAULT_FILE_KEYRING_H
#define VAULT_FILE_KEYRING_H

#include <postern/vault.h>

#define SECRET_LEN 32
/* SHA-256 of the public key in lower-case hex, NUL. */
#define HANDLE_TEXT 65

struct key {
	struct key *next;
	struct pst_public_key public_key;
	char handle[HANDLE_TEXT];
	uint8_t *secret; /* SECRET_LEN, sodium_malloc */
};

struct keyring {
	struct key *first;
	size_t count;
};

/*
 * A key of this kind and secret, or a random one when secret is NULL.
 * -EINVAL for a kind that is none and a scalar out of range; -ENOMEM.
 */
PST_MUST_CHECK int key_new(struct key **out, enum pst_key_kind kind,
    const uint8_t secret[static SECRET_LEN]);
PST_MUST_CHECK int key_make(struct key **out, enum pst_key_kind kind);
void key_free(struct key **key);
/* -EINVAL for a key that does not sign. */
PST_MUST_CHECK int key_sign(const struct key *key, uint8_t out[static PST_SIGNATURE_LEN],
    const uint8_t message[static 32]);
/* -EINVAL for a key that does not agree, and for a result of zeros. */
PST_MUST_CHECK int key_agree(const struct key *key, uint8_t out[static PST_SHARED_LEN],
    const struct pst_public_key *peer);

struct key *keyring_find(const struct keyring *ring, const char *handle);
/* Takes the key. */
void keyring_add(struct keyring *ring, struct key **key);
void keyring_remove(struct keyring *ring, struct key *key);
void keyring_clear(struct keyring *ring);

#endif
