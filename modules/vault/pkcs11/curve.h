/* The kinds of keys as a token names them: mechanisms, curves, points. */
#ifndef VAULT_PKCS11_CURVE_H
#define VAULT_PKCS11_CURVE_H

#include <p11-kit/pkcs11.h>

#include <postern/vault.h>

/* Not in p11-kit 0.24's header. */
#ifndef CKM_EC_MONTGOMERY_KEY_PAIR_GEN
#define CKM_EC_MONTGOMERY_KEY_PAIR_GEN 0x1056UL
#endif

/* Longest name of a curve, and point, that is ours, in DER. */
#define CURVE_PARAMS_MAX 16
#define CURVE_POINT_MAX 68

/* One way to have a key pair made; tokens differ in which they know. */
struct curve_way {
	CK_MECHANISM_TYPE mechanism;
	uint8_t params_len;
	uint8_t params[CURVE_PARAMS_MAX]; /* CKA_EC_PARAMS */
};

struct curve {
	uint8_t public_len;
	CK_MECHANISM_TYPE use; /* what the key is for, */
	CK_FLAGS use_flag;     /* as the token's information says it, */
	CK_ATTRIBUTE_TYPE use_attribute; /* and the key's */
	struct curve_way ways[4]; /* ended by one without parameters */
};

/* NULL: not a kind. */
const struct curve *curve_of(enum pst_key_kind kind);
/* A key from CKA_EC_PARAMS and CKA_EC_POINT (bare, or in an OCTET STRING). -EINVAL: none of ours. */
PST_MUST_CHECK int curve_read(struct pst_public_key *out, const uint8_t *params,
    size_t params_len, const uint8_t *point, size_t point_len);

#endif
