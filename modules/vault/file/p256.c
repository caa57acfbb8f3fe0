#include "p256.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#define SCALAR_LEN 32
/* SEQUENCE of two INTEGERs of at most 33 bytes */
#define DER_MAX 72

int
p256_public(uint8_t out[static P256_POINT_LEN], const uint8_t scalar[static SCALAR_LEN])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	BIGNUM *d = BN_secure_new();
	int rc = -ENOMEM;

	if (!point || !d || !BN_bin2bn(scalar, SCALAR_LEN, d))
		goto out;
	BN_set_flags(d, BN_FLG_CONSTTIME);
	rc = -EINVAL;
	if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(group)) >= 0)
		goto out;
	if (!EC_POINT_mul(group, point, d, NULL, NULL, NULL) ||
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out,
		P256_POINT_LEN, NULL) != P256_POINT_LEN)
		goto out;
	rc = PST_OK;
out:
	BN_clear_free(d);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	if (rc)
		ERR_clear_error();
	return rc;
}

static EVP_PKEY *
pair_new(const uint8_t scalar[static SCALAR_LEN], const uint8_t point[static P256_POINT_LEN])
{
	BIGNUM *d = BN_secure_new();
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pair = NULL;

	if (!d || !bld || !ctx || !BN_bin2bn(scalar, SCALAR_LEN, d))
		goto out;
	if (!OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ||
	    !OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point,
		P256_POINT_LEN) ||
	    !OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, d, SCALAR_LEN))
		goto out;
	params = OSSL_PARAM_BLD_to_param(bld);
	if (!params || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &pair, EVP_PKEY_KEYPAIR, params) <= 0)
		pair = NULL;
out:
	OSSL_PARAM_free(params); /* clears what came from a secure number */
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_BLD_free(bld);
	BN_clear_free(d);
	return pair;
}

/* DER, as libcrypto signs, to r then s. */
static int
der_to_raw(uint8_t out[static 2 * SCALAR_LEN], const uint8_t *der, size_t len)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	int rc = -EIO;

	if (sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, SCALAR_LEN) == SCALAR_LEN &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + SCALAR_LEN, SCALAR_LEN) == SCALAR_LEN)
		rc = PST_OK;
	ECDSA_SIG_free(sig);
	return rc;
}

int
p256_sign(uint8_t out[static 64], const uint8_t scalar[static SCALAR_LEN],
    const uint8_t point[static P256_POINT_LEN], const uint8_t message[static 32])
{
	EVP_PKEY *pair = pair_new(scalar, point);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[DER_MAX];
	size_t len = sizeof der;
	int rc = -EIO;

	if (pair && ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pair) == 1 &&
	    EVP_DigestSign(ctx, der, &len, message, 32) == 1)
		rc = der_to_raw(out, der, len);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pair);
	if (rc)
		ERR_clear_error();
	return rc;
}
