#include "handshake.h"

#include <errno.h>
#include <sodium.h>

/* Exactly 32 bytes, so the hash of the name is not needed for ck. */
static const char suite[] = "OCKAM_XX_25519_AES256_GCM_SHA256";

_Static_assert(sizeof suite - 1 == HS_KEY, "name of the suite");
_Static_assert(crypto_hash_sha256_BYTES == HS_KEY, "SHA-256");
_Static_assert(crypto_scalarmult_BYTES == HS_KEY, "X25519");

/* ---- the symmetric state ---- */

static void
mix_hash(struct handshake *hs, const uint8_t *data, size_t len)
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, hs->h, sizeof hs->h);
	crypto_hash_sha256_update(&state, data, len);
	crypto_hash_sha256_final(&state, hs->h);
}

/* HKDF-SHA-256 (RFC 5869) with empty info, two outputs. */
static void
hkdf2(const uint8_t salt[HS_KEY], const uint8_t *ikm, size_t len, uint8_t out1[HS_KEY],
    uint8_t out2[HS_KEY])
{
	crypto_auth_hmacsha256_state state;
	uint8_t prk[HS_KEY], first[HS_KEY];
	const uint8_t one = 1, two = 2;

	crypto_auth_hmacsha256_init(&state, salt, HS_KEY);
	crypto_auth_hmacsha256_update(&state, ikm, len);
	crypto_auth_hmacsha256_final(&state, prk);
	crypto_auth_hmacsha256(first, &one, 1, prk);
	crypto_auth_hmacsha256_init(&state, prk, HS_KEY);
	crypto_auth_hmacsha256_update(&state, first, HS_KEY);
	crypto_auth_hmacsha256_update(&state, &two, 1);
	crypto_auth_hmacsha256_final(&state, out2);
	memcpy(out1, first, HS_KEY);
	sodium_memzero(prk, sizeof prk);
	sodium_memzero(first, sizeof first);
	sodium_memzero(&state, sizeof state);
}

static int
mix_key(struct handshake *hs, const uint8_t dh[HS_KEY])
{
	uint8_t k[HS_KEY];
	int rc;

	hkdf2(hs->ck, dh, HS_KEY, hs->ck, k);
	hs->n = 0;
	rc = pst_aead_set_key(hs->seal, k);
	if (!rc)
		rc = pst_aead_set_key(hs->open, k);
	sodium_memzero(k, sizeof k);
	return rc;
}

/* The DH of our ephemeral key and a public one of theirs. */
static int
mix_dh(struct handshake *hs, const uint8_t theirs[HS_KEY])
{
	uint8_t dh[HS_KEY];
	int rc = crypto_scalarmult(dh, hs->e, theirs) ? PST_E_AUTH : mix_key(hs, dh);

	sodium_memzero(dh, sizeof dh);
	return rc;
}

static int
encrypt_and_hash(struct handshake *hs, const uint8_t *data, size_t len, struct pst_writer *w)
{
	uint8_t nonce[PST_NONCE_LEN];
	uint8_t *out = pst_write_space(w, len + PST_TAG_LEN);
	int rc;

	if (!out)
		return w->status;
	memcpy(out, data, len);
	pst_aead_nonce(hs->n++, nonce);
	rc = pst_aead_seal(hs->seal, nonce, hs->h, sizeof hs->h, out, len, out + len);
	mix_hash(hs, out, len + PST_TAG_LEN);
	return rc;
}

/* data: len bytes and their tag, in place. */
static int
decrypt_and_hash(struct handshake *hs, uint8_t *data, size_t len)
{
	uint8_t nonce[PST_NONCE_LEN], before[HS_KEY];

	memcpy(before, hs->h, sizeof before);
	pst_aead_nonce(hs->n++, nonce);
	mix_hash(hs, data, len + PST_TAG_LEN);
	return pst_aead_open(hs->open, nonce, before, sizeof before, data, len, data + len);
}

/* ---- life ---- */

void
hs_set_ephemeral(struct handshake *hs, const uint8_t secret[HS_KEY])
{
	memcpy(hs->e, secret, HS_KEY);
	crypto_scalarmult_base(hs->e_pub, hs->e);
}

void
hs_init(struct handshake *hs, struct pst_aead *seal, struct pst_aead *open)
{
	uint8_t secret[HS_KEY];

	memset(hs, 0, sizeof *hs);
	hs->seal = seal;
	hs->open = open;
	memcpy(hs->ck, suite, HS_KEY);
	/* h = the name, then the empty prologue is mixed in */
	memcpy(hs->h, suite, HS_KEY);
	mix_hash(hs, NULL, 0);
	randombytes_buf(secret, sizeof secret);
	hs_set_ephemeral(hs, secret);
	sodium_memzero(secret, sizeof secret);
}

void
hs_fini(struct handshake *hs)
{
	sodium_memzero(hs, sizeof *hs);
}

void
hs_split(const struct handshake *hs, bool initiator, uint8_t seal[HS_KEY], uint8_t open[HS_KEY])
{
	/* the reverse of Noise's Split: the initiator seals with the second key */
	if (initiator)
		hkdf2(hs->ck, NULL, 0, open, seal);
	else
		hkdf2(hs->ck, NULL, 0, seal, open);
}

/* ---- -> e ---- */

int
hs_write1(struct handshake *hs, struct pst_writer *w)
{
	pst_write_bytes(w, hs->e_pub, HS_KEY);
	mix_hash(hs, hs->e_pub, HS_KEY);
	mix_hash(hs, NULL, 0); /* an empty payload is mixed too */
	return w->status;
}

int
hs_read1(struct handshake *hs, const uint8_t *msg, size_t len)
{
	if (len < HS_KEY || len > HS_MESSAGE_MAX)
		return -EBADMSG;
	memcpy(hs->re, msg, HS_KEY);
	mix_hash(hs, hs->re, HS_KEY);
	mix_hash(hs, msg + HS_KEY, len - HS_KEY);
	return PST_OK;
}

/* ---- <- e, ee, s, es ---- */

int
hs_write2_begin(struct handshake *hs, const uint8_t static_pub[HS_KEY], struct pst_writer *w)
{
	int rc;

	pst_write_bytes(w, hs->e_pub, HS_KEY);
	mix_hash(hs, hs->e_pub, HS_KEY);
	rc = mix_dh(hs, hs->re);
	if (!rc)
		rc = encrypt_and_hash(hs, static_pub, HS_KEY, w);
	return rc ? rc : w->status;
}

int
hs_write2_end(struct handshake *hs, const uint8_t es[HS_KEY], const uint8_t *payload, size_t len,
    struct pst_writer *w)
{
	int rc = mix_key(hs, es);

	return rc ? rc : encrypt_and_hash(hs, payload, len, w);
}

int
hs_read2(struct handshake *hs, uint8_t *msg, size_t len, const uint8_t **payload,
    size_t *payload_len)
{
	uint8_t *s = msg + HS_KEY;
	int rc;

	if (len < HS_OVERHEAD2 || len > HS_MESSAGE_MAX)
		return -EBADMSG;
	memcpy(hs->re, msg, HS_KEY);
	mix_hash(hs, hs->re, HS_KEY);
	rc = mix_dh(hs, hs->re);
	if (!rc)
		rc = decrypt_and_hash(hs, s, HS_KEY);
	if (rc)
		return rc;
	memcpy(hs->rs, s, HS_KEY);
	rc = mix_dh(hs, hs->rs); /* es: their static, our ephemeral key */
	if (rc)
		return rc;
	*payload = msg + HS_KEY + HS_KEY + PST_TAG_LEN;
	*payload_len = len - HS_OVERHEAD2;
	return decrypt_and_hash(hs, (uint8_t *)*payload, *payload_len);
}

/* ---- -> s, se ---- */

int
hs_write3_begin(struct handshake *hs, const uint8_t static_pub[HS_KEY], struct pst_writer *w)
{
	return encrypt_and_hash(hs, static_pub, HS_KEY, w); /* key of es, n = 1 */
}

int
hs_write3_end(struct handshake *hs, const uint8_t se[HS_KEY], const uint8_t *payload, size_t len,
    struct pst_writer *w)
{
	int rc = mix_key(hs, se);

	return rc ? rc : encrypt_and_hash(hs, payload, len, w);
}

int
hs_read3(struct handshake *hs, uint8_t *msg, size_t len, const uint8_t **payload,
    size_t *payload_len)
{
	int rc;

	if (len < HS_OVERHEAD3 || len > HS_MESSAGE_MAX)
		return -EBADMSG;
	rc = decrypt_and_hash(hs, msg, HS_KEY);
	if (rc)
		return rc;
	memcpy(hs->rs, msg, HS_KEY);
	rc = mix_dh(hs, hs->rs); /* se: their static, our ephemeral key */
	if (rc)
		return rc;
	*payload = msg + HS_KEY + PST_TAG_LEN;
	*payload_len = len - HS_OVERHEAD3;
	return decrypt_and_hash(hs, (uint8_t *)*payload, *payload_len);
}
