/* What is done with keys in a token. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "curve.h"
#include "token.h"

/* CKA_ID of a key that is made here. */
#define ID_LEN 16
#define LABEL "postern"
#define COUNT(attributes) (sizeof(attributes) / sizeof *(attributes))

/* A key that the token does not know any more: what was looked up is old. */
static int
used(struct token *token, const char *handle, int rc)
{
	if (rc == -ENOENT)
		token_forget(token, handle);
	return rc;
}

static int
find_for(struct token *token, struct pst_vault_call *call, CK_ATTRIBUTE_TYPE use,
    const struct token_key **out, struct pst_err *err)
{
	int rc = token_find(token, call->handle, out, err);

	return !rc && curve_of((*out)->key.kind)->use_attribute != use ? -EINVAL : rc;
}

int
token_public_key(struct token *token, struct pst_vault_call *call, struct pst_err *err)
{
	const struct token_key *key;
	int rc;

	/* asked for when something begins: not from what was looked up before */
	token_forget(token, call->handle);
	rc = token_find(token, call->handle, &key, err);
	if (!rc)
		call->key = key->key;
	return rc;
}

/* ---- signing ---- */

int
token_sign(struct token *token, struct pst_vault_call *call, struct pst_err *err)
{
	const struct token_key *key;
	int rc = find_for(token, call, CKA_SIGN, &key, err);
	CK_MECHANISM mechanism = { 0 };
	CK_ULONG len = sizeof call->result;
	uint8_t input[32];
	CK_RV rv;

	if (rc)
		return rc;
	mechanism.mechanism = curve_of(key->key.kind)->use;
	/* trust.md 0.4: ECDSA's digest is that of the message once more */
	if (key->key.kind == PST_KEY_P256)
		crypto_hash_sha256(input, call->message, sizeof call->message);
	else
		memcpy(input, call->message, sizeof input);
	rv = token->lib->C_SignInit(token->session, &mechanism, key->private_half);
	if (!rv)
		rv = token->lib->C_Sign(token->session, input, sizeof input, call->result, &len);
	if (rv)
		return used(token, call->handle, token_fail(err, rv, "signing"));
	return len == PST_SIGNATURE_LEN ? PST_OK
					: pst_fail(err, -EIO, "a signature has %lu bytes", len);
}

/* ---- agreeing ---- */

/* The secret as an object of this session; read, and gone. */
static CK_RV
derive(struct token *token, CK_OBJECT_HANDLE key, uint8_t *peer, CK_ULONG peer_len,
    uint8_t out[static PST_SHARED_LEN])
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG len = PST_SHARED_LEN;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof class },
		{ CKA_KEY_TYPE, &type, sizeof type },
		{ CKA_VALUE_LEN, &len, sizeof len },
		{ CKA_TOKEN, &no, sizeof no },
		{ CKA_SENSITIVE, &no, sizeof no },
		{ CKA_EXTRACTABLE, &yes, sizeof yes },
	};
	CK_ECDH1_DERIVE_PARAMS params = {
		.kdf = CKD_NULL, .public_data = peer, .public_data_len = peer_len,
	};
	CK_MECHANISM mechanism = { CKM_ECDH1_DERIVE, &params, sizeof params };
	CK_ATTRIBUTE value = { CKA_VALUE, out, PST_SHARED_LEN };
	CK_OBJECT_HANDLE secret;
	CK_RV rv = token->lib->C_DeriveKey(token->session, &mechanism, key, template,
	    COUNT(template), &secret);

	if (rv)
		return rv;
	rv = token->lib->C_GetAttributeValue(token->session, secret, &value, 1);
	token->lib->C_DestroyObject(token->session, secret);
	return !rv && value.ulValueLen != PST_SHARED_LEN ? CKR_DATA_LEN_RANGE : rv;
}

/* A token takes the peer's key in an OCTET STRING, or bare: which, is found out once. SoftHSM
 * takes both, and one bare key in 65536 for an OCTET STRING. */
static CK_RV
derive_either(struct token *token, CK_OBJECT_HANDLE key, const uint8_t peer[static 32],
    uint8_t out[static PST_SHARED_LEN])
{
	uint8_t der[34] = { 0x04, 32 };
	CK_RV rv = CKR_OK;

	memcpy(der + 2, peer, 32);
	if (!token->bare_peer)
		rv = derive(token, key, der, sizeof der, out);
	if (token->bare_peer || (rv && token_there(token))) {
		rv = derive(token, key, der + 2, 32, out);
		token->bare_peer |= !rv;
	}
	return rv;
}

int
token_agree(struct token *token, struct pst_vault_call *call, struct pst_err *err)
{
	/* any scalar: with a point of low order all make zeros, and a token is not asked */
	static const uint8_t scalar[32] = { 1 };
	const struct token_key *key;
	int rc = find_for(token, call, CKA_DERIVE, &key, err);
	CK_RV rv;

	if (rc)
		return rc;
	if (call->key.kind != PST_KEY_X25519 || call->key.len != 32 ||
	    crypto_scalarmult(call->result, scalar, call->key.bytes))
		return -EINVAL;
	rv = derive_either(token, key->private_half, call->key.bytes, call->result);
	if (rv)
		return used(token, call->handle, token_fail(err, rv, "agreeing"));
	return PST_OK;
}

/* ---- making ---- */

/* Both halves of a new pair: the private one never to be read, each for one use. */
static CK_RV
generate(struct token *token, const struct curve *curve, const struct curve_way *way,
    uint8_t id[static ID_LEN], struct token_key *out)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_MECHANISM mechanism = { way->mechanism, NULL, 0 };
	CK_ATTRIBUTE public_half[] = {
		{ CKA_EC_PARAMS, (void *)way->params, way->params_len },
		{ CKA_TOKEN, &yes, sizeof yes },
		{ CKA_PRIVATE, &no, sizeof no },
		{ CKA_ID, id, ID_LEN },
		{ CKA_LABEL, LABEL, sizeof LABEL - 1 },
		{ CKA_VERIFY, &yes, sizeof yes },
	};
	CK_ULONG public_count = COUNT(public_half);
	CK_ATTRIBUTE private_half[] = {
		{ CKA_TOKEN, &yes, sizeof yes },
		{ CKA_PRIVATE, &yes, sizeof yes },
		{ CKA_SENSITIVE, &yes, sizeof yes },
		{ CKA_EXTRACTABLE, &no, sizeof no },
		{ CKA_ID, id, ID_LEN },
		{ CKA_LABEL, LABEL, sizeof LABEL - 1 },
		{ curve->use_attribute, &yes, sizeof yes },
	};

	if (curve->use_attribute != CKA_SIGN)
		public_count--; /* what agrees does not verify */
	return token->lib->C_GenerateKeyPair(token->session, &mechanism, public_half, public_count,
	    private_half, COUNT(private_half), &out->public_half, &out->private_half);
}

static bool
knows(const struct token *token, CK_MECHANISM_TYPE type, CK_FLAGS flag)
{
	CK_MECHANISM_INFO info;

	return !token->lib->C_GetMechanismInfo(token->slot, type, &info) && (info.flags & flag);
}

static void
destroy(struct token *token, const struct token_key *key)
{
	token->lib->C_DestroyObject(token->session, key->private_half);
	token->lib->C_DestroyObject(token->session, key->public_half);
}

/* A pair by the first way that the token takes; -ENOTSUP. */
static int
pair_make(struct token *token, const struct curve *curve, uint8_t id[static ID_LEN],
    struct token_key *out, struct pst_err *err)
{
	bool usable = knows(token, curve->use, curve->use_flag);

	for (const struct curve_way *way = curve->ways; usable && way->params_len; way++) {
		CK_RV rv;
		int rc;

		if (!knows(token, way->mechanism, CKF_GENERATE_KEY_PAIR))
			continue;
		rv = generate(token, curve, way, id, out);
		rc = rv ? token_fail(err, rv, "making a key") : PST_OK;
		if (rc != -EIO || !token_there(token))
			return rc;
		/* this token has another name for the curve, or none */
	}
	return -ENOTSUP;
}

/* Not every token that makes such a key lets out what it agrees on. */
static int
agrees(struct token *token, const char *handle, struct pst_err *err)
{
	struct pst_vault_call trial = { .key = { PST_KEY_X25519, 32, { 9 } } };
	int rc;

	memcpy(trial.handle, handle, sizeof trial.handle);
	rc = token_agree(token, &trial, err);
	sodium_memzero(trial.result, sizeof trial.result);
	return rc == -EIO ? -ENOTSUP : rc;
}

int
token_make(struct token *token, struct pst_vault_call *call, struct pst_err *err)
{
	const struct curve *curve = curve_of(call->key.kind);
	struct token_key pair;
	const struct token_key *key;
	uint8_t id[ID_LEN];
	int rc;

	if (!curve)
		return -EINVAL;
	randombytes_buf(id, sizeof id);
	rc = pair_make(token, curve, id, &pair, err);
	if (rc)
		return rc;
	sodium_bin2hex(call->handle, sizeof call->handle, id, sizeof id);
	rc = token_find(token, call->handle, &key, err);
	if (!rc && (key->key.kind != call->key.kind || key->private_half != pair.private_half))
		rc = -EIO;
	if (rc == -ENOENT)
		rc = pst_fail(err, -EIO, "a key that was made is not found");
	if (!rc)
		call->key = key->key;
	if (!rc && curve->use_attribute == CKA_DERIVE)
		rc = agrees(token, call->handle, err);
	if (rc) {
		token_forget(token, call->handle);
		destroy(token, &pair);
	}
	return rc;
}

int
token_remove(struct token *token, struct pst_vault_call *call, struct pst_err *err)
{
	const struct token_key *key;
	int rc;
	CK_RV rv;

	token_forget(token, call->handle);
	rc = token_find(token, call->handle, &key, err);
	if (rc)
		return rc;
	rv = token->lib->C_DestroyObject(token->session, key->private_half);
	if (!rv)
		rv = token->lib->C_DestroyObject(token->session, key->public_half);
	token_forget(token, call->handle);
	return rv ? token_fail(err, rv, "removing a key") : PST_OK;
}
