/*
 * The file of a vault: a ring that is read, made into a file again, reads the same.
 * A sealed one is opened with "passphrase" when that asks for little memory.
 * Covers: modules/vault/file/image.c
 * Needs: modules/vault/file/disk.c modules/vault/file/keyring.c modules/vault/file/p256.c
 */
#include <stdlib.h>
#include <string.h>

#include "image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define CHEAP_OPS 2
#define CHEAP_MEM (64 * 1024)

static void
check(bool right)
{
	if (!right)
		abort();
}

static bool
same(const struct keyring *a, const struct keyring *b)
{
	const struct key *x = a->first, *y = b->first;

	while (x && y && x->public_key.kind == y->public_key.kind && !strcmp(x->handle, y->handle) &&
	    !memcmp(x->secret, y->secret, SECRET_LEN)) {
		x = x->next;
		y = y->next;
	}
	return !x && !y && a->count == b->count;
}

/* Made anew, and with another key instead of its first. */
static void
check_again(const struct keyring *ring, const struct seal *seal, const struct secret *passphrase)
{
	struct keyring again = { NULL, 0 };
	struct seal again_seal = { .key = NULL };
	struct pst_err err = PST_ERR_INIT;
	struct secret image, other;
	struct key *key;

	check(!image_make(&image, ring, NULL, NULL, seal));
	check(!image_read(&again, &again_seal, &image, passphrase, &err) && same(ring, &again));
	keyring_clear(&again);
	seal_free(&again_seal);

	check(!key_make(&key, PST_KEY_X25519));
	check(!image_make(&other, ring, key, ring->first, seal));
	check(!image_read(&again, &again_seal, &other, passphrase, &err));
	check(keyring_find(&again, key->handle) && again.count == ring->count + !ring->first);
	keyring_clear(&again);
	seal_free(&again_seal);
	key_free(&key);
	secret_free(&image);
	secret_free(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct secret image = { (uint8_t *)data, len }; /* reading only reads */
	const struct secret passphrase = { (uint8_t *)"passphrase", 10 }, *given = NULL;
	struct keyring ring = { NULL, 0 };
	struct seal seal = { .ops = 0 };
	struct pst_err err = PST_ERR_INIT;
	int rc;

	if (sodium_init() < 0)
		return 0;
	rc = image_read(&ring, &seal, &image, given, &err);
	if (rc == PST_E_AUTH && seal.ops <= CHEAP_OPS && seal.mem <= CHEAP_MEM) {
		given = &passphrase;
		rc = image_read(&ring, &seal, &image, given, &err);
	}
	if (rc)
		check(err.text[0]);
	else
		check_again(&ring, &seal, given);
	keyring_clear(&ring);
	seal_free(&seal);
	return 0;
}
