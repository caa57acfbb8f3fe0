/*
 * AES-256-GCM by libcrypto, in place, one reused context a direction.
 *
 * A context is expensive to make and cheap to give a new key. It counts
 * nothing: the protocol that owns it owns the nonces, and sees to it that
 * none is used twice under one key.
 */
#ifndef POSTERN_AEAD_H
#define POSTERN_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PST_KEY_LEN 32
#define PST_NONCE_LEN 12
#define PST_TAG_LEN 16

struct pst_aead;

/* A context that seals, or one that opens. -ENOMEM. */
PST_API PST_MUST_CHECK int pst_aead_new(struct pst_aead **out, bool seals);
PST_API void pst_aead_free(struct pst_aead **aead);
PST_API PST_MUST_CHECK int pst_aead_set_key(struct pst_aead *aead,
    const uint8_t key[PST_KEY_LEN]);

/* The nonce of a counter: 4 zero bytes, then n, big-endian (Noise rev. 34, 12.4). */
PST_API void pst_aead_nonce(uint64_t n, uint8_t nonce[PST_NONCE_LEN]);
/* Encrypt data in place and write the tag. PST_OK or PST_E_AUTH (libcrypto failed). */
PST_API PST_MUST_CHECK int pst_aead_seal(struct pst_aead *aead,
    const uint8_t nonce[PST_NONCE_LEN], const uint8_t *aad, size_t aad_len,
    uint8_t *data, size_t len, uint8_t tag[PST_TAG_LEN]);
/* Check the tag and decrypt in place. PST_E_AUTH: data is not to be read. */
PST_API PST_MUST_CHECK int pst_aead_open(struct pst_aead *aead,
    const uint8_t nonce[PST_NONCE_LEN], const uint8_t *aad, size_t aad_len,
    uint8_t *data, size_t len, const uint8_t tag[PST_TAG_LEN]);

#ifdef __cplusplus
}
#endif
#endif
