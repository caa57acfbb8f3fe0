/*
 * A keyring as the bytes of its file, CBOR:
 *
 *     ["postern vault", 1, body]
 *     body   [0, [keys bytes]]                             in clear
 *            [1, [salt, ops, mem, nonce, box bytes]]       sealed
 *     keys   array of [kind, secret]; kind as enum pst_key_kind
 *
 * The box is crypto_secretbox of keys, its key argon2id of the passphrase
 * with this salt and these limits.
 */
#ifndef VAULT_FILE_IMAGE_H
#define VAULT_FILE_IMAGE_H

#include <sodium.h>

#include "disk.h"
#include "keyring.h"

/* About 25 000 keys; keeps a wrong file from being read whole. */
#define IMAGE_MAX (1024 * 1024)

/* How images are sealed; `key` NULL: they are not. */
struct seal {
	uint8_t salt[crypto_pwhash_SALTBYTES];
	uint64_t ops;
	uint64_t mem;
	uint8_t *key; /* sodium_malloc */
};

/* A new seal from a passphrase; takes about a second and 256 MiB. */
PST_MUST_CHECK int seal_new(struct seal *out, const struct secret *passphrase);
void seal_free(struct seal *seal);

/* The ring with `added` (may be NULL) and without `left_out` (may be NULL). */
PST_MUST_CHECK int image_make(struct secret *out, const struct keyring *ring,
    const struct key *added, const struct key *left_out, const struct seal *seal);
/*
 * Read one into an empty ring; for a sealed one passphrase (NULL: there is
 * none) makes the seal. Failures have a sentence in err; PST_E_AUTH for a
 * wrong passphrase.
 */
PST_MUST_CHECK int image_read(struct keyring *ring, struct seal *seal,
    const struct secret *image, const struct secret *passphrase, struct pst_err *err);

#endif
