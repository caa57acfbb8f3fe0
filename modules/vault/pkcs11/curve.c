#include "curve.h"

#include <errno.h>
#include <string.h>

/* Object identifiers, and the names that PKCS #11 3.0 prefers for the two others. */
#define OID_P256 10, { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 }
#define OID_ED25519 5, { 0x06, 0x03, 0x2b, 0x65, 0x70 }
#define OID_X25519 5, { 0x06, 0x03, 0x2b, 0x65, 0x6e }
#define NAME_ED25519 14, "\x13\x0c" "edwards25519"
#define NAME_X25519 12, "\x13\x0a" "curve25519"

static const struct curve curves[] = {
	[PST_KEY_ED25519] = { 32, CKM_EDDSA, CKF_SIGN, CKA_SIGN, {
		{ CKM_EC_EDWARDS_KEY_PAIR_GEN, OID_ED25519 },
		{ CKM_EC_EDWARDS_KEY_PAIR_GEN, NAME_ED25519 },
	} },
	[PST_KEY_P256] = { 65, CKM_ECDSA, CKF_SIGN, CKA_SIGN, {
		{ CKM_EC_KEY_PAIR_GEN, OID_P256 },
	} },
	[PST_KEY_X25519] = { 32, CKM_ECDH1_DERIVE, CKF_DERIVE, CKA_DERIVE, {
		{ CKM_EC_MONTGOMERY_KEY_PAIR_GEN, OID_X25519 },
		{ CKM_EC_MONTGOMERY_KEY_PAIR_GEN, NAME_X25519 },
		{ CKM_EC_EDWARDS_KEY_PAIR_GEN, OID_X25519 }, /* SoftHSM 2.6 */
	} },
};

const struct curve *
curve_of(enum pst_key_kind kind)
{
	return (size_t)kind < sizeof curves / sizeof *curves ? &curves[kind] : NULL;
}

static bool
params_are(const struct curve *curve, const uint8_t *params, size_t len)
{
	for (const struct curve_way *way = curve->ways; way->params_len; way++)
		if (way->params_len == len && !memcmp(way->params, params, len))
			return true;
	return false;
}

int
curve_read(struct pst_public_key *out, const uint8_t *params, size_t params_len,
    const uint8_t *point, size_t point_len)
{
	for (size_t kind = 0; kind < sizeof curves / sizeof *curves; kind++) {
		const struct curve *curve = &curves[kind];

		if (!params_are(curve, params, params_len))
			continue;
		if (point_len == curve->public_len + 2u && point[0] == 0x04 &&
		    point[1] == curve->public_len) {
			point += 2;
			point_len -= 2;
		}
		if (point_len != curve->public_len || (kind == PST_KEY_P256 && point[0] != 0x04))
			return -EINVAL;
		out->kind = (enum pst_key_kind)kind;
		out->len = curve->public_len;
		memcpy(out->bytes, point, point_len);
		return PST_OK;
	}
	return -EINVAL;
}
