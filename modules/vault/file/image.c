#include "image.h"

#include <errno.h>
#include <string.h>

#include <postern/cbor.h>

#define MAGIC "postern vault"
#define VERSION 1
#define BODY_CLEAR 0
#define BODY_SEALED 1
/* [kind, 32 bytes]: 1 + 1 + 2 + 32 */
#define KEY_ITEM_LEN 36
/* magic, version, choice, salt, two numbers, nonce, tag and all heads */
#define IMAGE_OVERHEAD 256
/* argon2id, "moderate" of libsodium 1.0.18: 3 passes over 256 MiB */
#define SEAL_OPS crypto_pwhash_OPSLIMIT_MODERATE
#define SEAL_MEM crypto_pwhash_MEMLIMIT_MODERATE
/* What a file may ask of us. */
#define SEAL_OPS_MAX 64
#define SEAL_MEM_MAX (2048ull * 1024 * 1024)

/* ---- seals ---- */

/* The key of salt, ops and mem. */
static int
seal_derive(struct seal *seal, const struct secret *passphrase)
{
	seal->key = sodium_malloc(crypto_secretbox_KEYBYTES);
	if (!seal->key)
		return -ENOMEM;
	/* fails for want of memory only */
	if (crypto_pwhash(seal->key, crypto_secretbox_KEYBYTES, (const char *)passphrase->bytes,
		passphrase->len, seal->salt, seal->ops, (size_t)seal->mem,
		crypto_pwhash_ALG_ARGON2ID13)) {
		seal_free(seal);
		return -ENOMEM;
	}
	return PST_OK;
}

int
seal_new(struct seal *out, const struct secret *passphrase)
{
	randombytes_buf(out->salt, sizeof out->salt);
	out->ops = SEAL_OPS;
	out->mem = SEAL_MEM;
	return seal_derive(out, passphrase);
}

void
seal_free(struct seal *seal)
{
	sodium_free(seal->key);
	seal->key = NULL;
}

/* ---- making ---- */

static int
keys_write(struct secret *out, const struct keyring *ring, const struct key *added,
    const struct key *left_out)
{
	size_t count = ring->count + (added ? 1 : 0) - (left_out ? 1 : 0);
	int rc = secret_new(out, count * KEY_ITEM_LEN + pst_cbor_head_len(count));
	struct pst_writer w;

	if (rc)
		return rc;
	w = pst_writer(out->bytes, out->len);
	pst_cbor_write_array(&w, count);
	for (const struct key *key = ring->first; count; key = key ? key->next : NULL) {
		const struct key *this = key ? key : added;

		if (this == left_out)
			continue;
		pst_cbor_write_array(&w, 2);
		pst_cbor_write_uint(&w, this->public_key.kind);
		pst_cbor_write_bytes(&w, this->secret, SECRET_LEN);
		count--;
	}
	out->len = pst_writer_len(&w);
	return w.status;
}

static void
body_write_sealed(struct pst_writer *w, const struct secret *keys, const struct seal *seal)
{
	uint8_t nonce[crypto_secretbox_NONCEBYTES];
	uint8_t *box;

	randombytes_buf(nonce, sizeof nonce);
	pst_cbor_write_array(w, 5);
	pst_cbor_write_bytes(w, seal->salt, sizeof seal->salt);
	pst_cbor_write_uint(w, seal->ops);
	pst_cbor_write_uint(w, seal->mem);
	pst_cbor_write_bytes(w, nonce, sizeof nonce);
	pst_cbor_write_bytes_head(w, keys->len + crypto_secretbox_MACBYTES);
	box = pst_write_space(w, keys->len + crypto_secretbox_MACBYTES);
	if (box)
		crypto_secretbox_easy(box, keys->bytes, keys->len, nonce, seal->key);
}

int
image_make(struct secret *out, const struct keyring *ring, const struct key *added,
    const struct key *left_out, const struct seal *seal)
{
	struct secret keys = { NULL, 0 };
	struct pst_writer w;
	int rc = keys_write(&keys, ring, added, left_out);

	memset(out, 0, sizeof *out);
	if (!rc && keys.len + IMAGE_OVERHEAD > IMAGE_MAX)
		rc = PST_E_LIMIT;
	if (!rc)
		rc = secret_new(out, keys.len + IMAGE_OVERHEAD);
	if (rc)
		goto out;
	w = pst_writer(out->bytes, out->len);
	pst_cbor_write_array(&w, 3);
	pst_cbor_write_text(&w, MAGIC, strlen(MAGIC));
	pst_cbor_write_uint(&w, VERSION);
	pst_cbor_write_array(&w, 2);
	pst_cbor_write_uint(&w, seal->key ? BODY_SEALED : BODY_CLEAR);
	if (seal->key) {
		body_write_sealed(&w, &keys, seal);
	} else {
		pst_cbor_write_array(&w, 1);
		pst_cbor_write_bytes(&w, keys.bytes, keys.len);
	}
	out->len = pst_writer_len(&w);
	rc = w.status;
out:
	secret_free(&keys);
	if (rc)
		secret_free(out);
	return rc;
}

/* ---- reading ---- */

static int
keys_read(struct keyring *ring, const uint8_t *bytes, size_t len)
{
	struct pst_reader r = pst_reader(bytes, len);
	struct pst_cbor_list keys = pst_cbor_array(&r);

	while (pst_cbor_more(&r, &keys)) {
		struct pst_cbor_list fields = pst_cbor_array(&r);
		uint64_t kind = UINT64_MAX;
		const uint8_t *secret = NULL;
		struct key *key;
		size_t n = 0;
		int rc;

		if (pst_cbor_more(&r, &fields))
			kind = pst_cbor_uint(&r);
		if (pst_cbor_more(&r, &fields))
			secret = pst_cbor_bytes(&r, &n);
		pst_cbor_leave(&r, &fields);
		if (r.status || !secret || n != SECRET_LEN || kind > PST_KEY_X25519)
			return -EBADMSG;
		rc = key_new(&key, (enum pst_key_kind)kind, secret);
		if (rc)
			return rc;
		keyring_add(ring, &key);
	}
	return r.status;
}

static int
body_read_clear(struct keyring *ring, struct pst_reader *r, struct pst_cbor_list *fields,
    struct pst_err *err)
{
	const uint8_t *keys = NULL;
	size_t len = 0;
	int rc = -EBADMSG;

	if (pst_cbor_more(r, fields))
		keys = pst_cbor_bytes(r, &len);
	if (keys)
		rc = keys_read(ring, keys, len);
	return rc ? pst_fail(err, rc, "its keys: %s", pst_strerror(rc)) : PST_OK;
}

static int
box_open(struct keyring *ring, const struct seal *seal, const uint8_t *nonce,
    const uint8_t *box, size_t len, struct pst_err *err)
{
	struct secret keys;
	int rc = secret_new(&keys, len - crypto_secretbox_MACBYTES);

	if (rc)
		return rc;
	if (crypto_secretbox_open_easy(keys.bytes, box, len, nonce, seal->key))
		rc = pst_fail(err, PST_E_AUTH, "wrong passphrase, or the file is damaged");
	else
		rc = keys_read(ring, keys.bytes, keys.len);
	secret_free(&keys);
	return rc;
}

static int
body_read_sealed(struct keyring *ring, struct seal *seal, struct pst_reader *r,
    struct pst_cbor_list *fields, const struct secret *passphrase, struct pst_err *err)
{
	uint8_t nonce[crypto_secretbox_NONCEBYTES];
	const uint8_t *box;
	size_t len;
	int rc;

	/* five fields that we wrote: what is missing is found by r */
	pst_cbor_fixed(r, seal->salt, sizeof seal->salt);
	seal->ops = pst_cbor_uint(r);
	seal->mem = pst_cbor_uint(r);
	pst_cbor_fixed(r, nonce, sizeof nonce);
	box = pst_cbor_bytes(r, &len);
	if (r->status || fields->left != 5 || len < crypto_secretbox_MACBYTES)
		return pst_fail(err, -EBADMSG, "the file is damaged");
	fields->left = 0;
	if (seal->ops < crypto_pwhash_OPSLIMIT_MIN || seal->ops > SEAL_OPS_MAX ||
	    seal->mem < crypto_pwhash_MEMLIMIT_MIN || seal->mem > SEAL_MEM_MAX)
		return pst_fail(err, PST_E_LIMIT, "it asks for too much to be opened");
	if (!passphrase)
		return pst_fail(err, PST_E_AUTH, "it is sealed, and there is no passphrase_file");
	rc = seal_derive(seal, passphrase);
	if (rc)
		return pst_fail(err, rc, "opening it takes %llu MiB of memory",
		    (unsigned long long)seal->mem >> 20);
	return box_open(ring, seal, nonce, box, len, err);
}

int
image_read(struct keyring *ring, struct seal *seal, const struct secret *image,
    const struct secret *passphrase, struct pst_err *err)
{
	struct pst_reader r = pst_reader(image->bytes, image->len);
	struct pst_cbor_list file = pst_cbor_array(&r), choice, fields;
	size_t len = 0;
	const char *magic = pst_cbor_more(&r, &file) ? pst_cbor_text(&r, &len) : NULL;
	uint64_t version, body;

	if (!magic || len != strlen(MAGIC) || memcmp(magic, MAGIC, len))
		return pst_fail(err, -EBADMSG, "it is not a vault of Postern");
	version = pst_cbor_more(&r, &file) ? pst_cbor_uint(&r) : 0;
	if (!r.status && version > VERSION)
		return pst_fail(err, -EBADMSG, "it was made by a newer Postern (version %llu)",
		    (unsigned long long)version);
	if (!pst_cbor_more(&r, &file))
		r.status = -EBADMSG;
	body = pst_cbor_choice(&r, &choice, &fields);
	if (r.status || version != VERSION || body > BODY_SEALED)
		return pst_fail(err, -EBADMSG, "the file is damaged");
	if (body == BODY_SEALED)
		return body_read_sealed(ring, seal, &r, &fields, passphrase, err);
	return body_read_clear(ring, &r, &fields, err);
}
