#include "trust/signature.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium.h>

#define ED25519_LEN 32
#define P256_LEN 65
#define P256_UNCOMPRESSED 0x04
/* SEQUENCE of two INTEGERs of at most 33 bytes: 2 + 2 * (2 + 33) */
#define P256_DER_MAX 72

_Static_assert(ED25519_LEN == crypto_sign_PUBLICKEYBYTES, "Ed25519 key");
_Static_assert(PST_SIGNATURE_LEN == crypto_sign_BYTES, "Ed25519 signature");
_Static_assert(PST_HASH_LEN == crypto_hash_sha256_BYTES, "SHA-256");

/* ---- as they travel ---- */

/* [kind, [bytes]]: the numbers of the choice are those of enum pst_key_kind. */
_Static_assert(PST_KEY_ED25519 == 0 && PST_KEY_P256 == 1, "numbers on the wire");

void
pst_verifying_key_read(struct pst_reader *r, struct pst_public_key *out)
{
	struct pst_cbor_list outer, fields;
	uint64_t kind = pst_cbor_choice(r, &outer, &fields);

	memset(out, 0, sizeof *out);
	pst_record_need(r, &fields);
	if (kind == PST_KEY_ED25519) {
		out->len = ED25519_LEN;
	} else if (kind == PST_KEY_P256) {
		out->kind = PST_KEY_P256;
		out->len = P256_LEN;
	} else {
		r->status = -EBADMSG;
	}
	pst_cbor_fixed(r, out->bytes, out->len);
	if (out->kind == PST_KEY_P256 && out->bytes[0] != P256_UNCOMPRESSED)
		r->status = -EBADMSG;
	pst_cbor_leave(r, &fields);
	pst_cbor_leave(r, &outer);
}

static void
choice_write(struct pst_writer *w, enum pst_key_kind kind, const uint8_t *bytes, size_t len)
{
	pst_cbor_write_array(w, 2);
	pst_cbor_write_uint(w, kind);
	pst_cbor_write_array(w, 1);
	pst_cbor_write_bytes(w, bytes, len);
}

void
pst_verifying_key_write(struct pst_writer *w, const struct pst_public_key *key)
{
	choice_write(w, key->kind, key->bytes, key->len);
}

void
pst_signature_read(struct pst_reader *r, struct pst_signature *out)
{
	struct pst_cbor_list outer, fields;
	uint64_t kind = pst_cbor_choice(r, &outer, &fields);

	if (kind != PST_KEY_ED25519 && kind != PST_KEY_P256)
		r->status = -EBADMSG;
	out->kind = kind == PST_KEY_P256 ? PST_KEY_P256 : PST_KEY_ED25519;
	pst_record_need(r, &fields);
	pst_cbor_fixed(r, out->bytes, sizeof out->bytes);
	pst_cbor_leave(r, &fields);
	pst_cbor_leave(r, &outer);
}

void
pst_signature_write(struct pst_writer *w, const struct pst_signature *signature)
{
	choice_write(w, signature->kind, signature->bytes, sizeof signature->bytes);
}

/* ---- as they are checked ---- */

static EVP_PKEY *
p256_key(const struct pst_public_key *key)
{
	/* libcrypto only reads these, but wants them writable */
	uint8_t point[P256_LEN];
	char group[] = "prime256v1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	memcpy(point, key->bytes, sizeof point);
	/* a point that is not on the curve is refused here */
	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* r then s to DER, which libcrypto wants; 0 when it cannot. */
static int
p256_der(uint8_t out[static P256_DER_MAX], const uint8_t bytes[static PST_SIGNATURE_LEN])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(bytes, PST_SIGNATURE_LEN / 2, NULL);
	BIGNUM *s = BN_bin2bn(bytes + PST_SIGNATURE_LEN / 2, PST_SIGNATURE_LEN / 2, NULL);
	int len = 0;

	if (!sig || !r || !s || !ECDSA_SIG_set0(sig, r, s)) {
		BN_free(r);
		BN_free(s);
	} else if (i2d_ECDSA_SIG(sig, NULL) <= P256_DER_MAX) {
		len = i2d_ECDSA_SIG(sig, &out);
	}
	ECDSA_SIG_free(sig);
	return len > 0 ? len : 0;
}

static bool
p256_verify(const struct pst_signature *signature, const struct pst_public_key *key,
    const uint8_t hash[static PST_HASH_LEN])
{
	uint8_t der[P256_DER_MAX];
	int len = p256_der(der, signature->bytes);
	EVP_PKEY *pkey = p256_key(key);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = len && pkey && ctx &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 &&
	    EVP_DigestVerify(ctx, der, (size_t)len, hash, PST_HASH_LEN) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	if (!good)
		ERR_clear_error(); /* else TLS code on this thread would find it */
	return good;
}

bool
pst_signature_verify(const struct pst_signature *signature, const struct pst_public_key *key,
    const uint8_t hash[static PST_HASH_LEN])
{
	if (signature->kind != key->kind)
		return false;
	if (key->kind == PST_KEY_ED25519)
		return crypto_sign_verify_detached(signature->bytes, hash, PST_HASH_LEN,
			   key->bytes) == 0;
	return key->kind == PST_KEY_P256 && p256_verify(signature, key, hash);
}
