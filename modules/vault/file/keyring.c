#include "keyring.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "p256.h"

_Static_assert(SECRET_LEN == crypto_sign_SEEDBYTES, "Ed25519 seed");
_Static_assert(SECRET_LEN == crypto_scalarmult_SCALARBYTES, "X25519 scalar");
_Static_assert(PST_SHARED_LEN == crypto_scalarmult_BYTES, "X25519 result");
_Static_assert(PST_PUBLIC_MAX == P256_POINT_LEN, "longest public key");

/* ---- keys ---- */

/* The public key that belongs to the secret. */
static int
key_derive(struct key *key)
{
	struct pst_public_key *public_key = &key->public_key;
	uint8_t pair[crypto_sign_SECRETKEYBYTES];
	int rc = PST_OK;

	switch (public_key->kind) {
	case PST_KEY_ED25519:
		public_key->len = crypto_sign_PUBLICKEYBYTES;
		crypto_sign_seed_keypair(public_key->bytes, pair, key->secret);
		sodium_memzero(pair, sizeof pair);
		return PST_OK;
	case PST_KEY_P256:
		public_key->len = P256_POINT_LEN;
		return p256_public(public_key->bytes, key->secret);
	case PST_KEY_X25519:
		public_key->len = crypto_scalarmult_BYTES;
		rc = crypto_scalarmult_base(public_key->bytes, key->secret);
		return rc ? -EINVAL : PST_OK;
	}
	return -EINVAL;
}

int
key_new(struct key **out, enum pst_key_kind kind, const uint8_t secret[static SECRET_LEN])
{
	struct key *key = calloc(1, sizeof *key);
	uint8_t hash[crypto_hash_sha256_BYTES];
	int rc = -ENOMEM;

	*out = NULL;
	if (key)
		key->secret = sodium_malloc(SECRET_LEN);
	if (!key || !key->secret)
		goto out;
	memcpy(key->secret, secret, SECRET_LEN);
	key->public_key.kind = kind;
	rc = key_derive(key);
	if (rc)
		goto out;
	crypto_hash_sha256(hash, key->public_key.bytes, key->public_key.len);
	sodium_bin2hex(key->handle, sizeof key->handle, hash, sizeof hash);
	*out = key;
	key = NULL; /* given to the caller */
out:
	key_free(&key);
	return rc;
}

int
key_make(struct key **out, enum pst_key_kind kind)
{
	uint8_t secret[SECRET_LEN];
	int rc;

	/* a random P-256 scalar is out of range once in 2^32 */
	for (int tries = 0; tries < 3; tries++) {
		randombytes_buf(secret, sizeof secret);
		rc = key_new(out, kind, secret);
		if (rc != -EINVAL || kind != PST_KEY_P256)
			break;
	}
	sodium_memzero(secret, sizeof secret);
	return rc;
}

void
key_free(struct key **key)
{
	if (*key)
		sodium_free((*key)->secret); /* wipes it */
	free(*key);
	*key = NULL;
}

int
key_sign(const struct key *key, uint8_t out[static PST_SIGNATURE_LEN],
    const uint8_t message[static 32])
{
	uint8_t pair[crypto_sign_SECRETKEYBYTES];
	int rc;

	if (key->public_key.kind == PST_KEY_P256)
		return p256_sign(out, key->secret, key->public_key.bytes, message);
	if (key->public_key.kind != PST_KEY_ED25519)
		return -EINVAL;
	/* libsodium's secret key: the seed, then the public key */
	memcpy(pair, key->secret, SECRET_LEN);
	memcpy(pair + SECRET_LEN, key->public_key.bytes, sizeof pair - SECRET_LEN);
	rc = crypto_sign_detached(out, NULL, message, 32, pair);
	sodium_memzero(pair, sizeof pair);
	return rc ? -EIO : PST_OK;
}

int
key_agree(const struct key *key, uint8_t out[static PST_SHARED_LEN],
    const struct pst_public_key *peer)
{
	if (key->public_key.kind != PST_KEY_X25519 || peer->len != crypto_scalarmult_BYTES)
		return -EINVAL;
	/* refuses a result of zeros */
	return crypto_scalarmult(out, key->secret, peer->bytes) ? -EINVAL : PST_OK;
}

/* ---- the ring ---- */

struct key *
keyring_find(const struct keyring *ring, const char *handle)
{
	struct key *key = ring->first;

	while (key && strcmp(key->handle, handle))
		key = key->next;
	return key;
}

void
keyring_add(struct keyring *ring, struct key **key)
{
	struct key **at = &ring->first;

	while (*at)
		at = &(*at)->next;
	*at = *key;
	*key = NULL;
	ring->count++;
}

void
keyring_remove(struct keyring *ring, struct key *key)
{
	struct key **at = &ring->first;

	while (*at && *at != key)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = key->next;
	ring->count--;
	key_free(&key);
}

void
keyring_clear(struct keyring *ring)
{
	while (ring->first)
		keyring_remove(ring, ring->first);
}
