#include <postern/aead.h>

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include <postern/buf.h>

struct pst_aead {
	EVP_CIPHER_CTX *ctx;
	bool seals;
};

int
pst_aead_new(struct pst_aead **out, bool seals)
{
	struct pst_aead *aead = calloc(1, sizeof *aead);

	if (!aead)
		return -ENOMEM;
	aead->seals = seals;
	aead->ctx = EVP_CIPHER_CTX_new();
	if (!aead->ctx || !EVP_CipherInit_ex(aead->ctx, EVP_aes_256_gcm(), NULL, NULL, NULL, seals)) {
		pst_aead_free(&aead);
		return -ENOMEM;
	}
	*out = aead;
	return PST_OK;
}

void
pst_aead_free(struct pst_aead **aead)
{
	if (*aead)
		EVP_CIPHER_CTX_free((*aead)->ctx); /* wipes the key schedule */
	free(*aead);
	*aead = NULL;
}

int
pst_aead_set_key(struct pst_aead *aead, const uint8_t key[PST_KEY_LEN])
{
	return EVP_CipherInit_ex(aead->ctx, NULL, NULL, key, NULL, aead->seals) ? PST_OK : PST_E_AUTH;
}

void
pst_aead_nonce(uint64_t n, uint8_t nonce[PST_NONCE_LEN])
{
	struct pst_writer w = pst_writer(nonce, PST_NONCE_LEN);

	pst_write_be32(&w, 0);
	pst_write_be64(&w, n);
}

/* What both directions do before the tag. */
static bool
crypt(EVP_CIPHER_CTX *ctx, const uint8_t *nonce, const uint8_t *aad, size_t aad_len,
    uint8_t *data, size_t len)
{
	int n;

	if (len > INT_MAX || aad_len > INT_MAX)
		return false;
	if (!EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, -1))
		return false;
	if (aad_len && !EVP_CipherUpdate(ctx, NULL, &n, aad, (int)aad_len))
		return false;
	return !len || EVP_CipherUpdate(ctx, data, &n, data, (int)len);
}

int
pst_aead_seal(struct pst_aead *aead, const uint8_t nonce[PST_NONCE_LEN], const uint8_t *aad,
    size_t aad_len, uint8_t *data, size_t len, uint8_t tag[PST_TAG_LEN])
{
	int n;

	if (!crypt(aead->ctx, nonce, aad, aad_len, data, len) ||
	    !EVP_CipherFinal_ex(aead->ctx, tag, &n) ||
	    !EVP_CIPHER_CTX_ctrl(aead->ctx, EVP_CTRL_AEAD_GET_TAG, PST_TAG_LEN, tag))
		return PST_E_AUTH;
	return PST_OK;
}

int
pst_aead_open(struct pst_aead *aead, const uint8_t nonce[PST_NONCE_LEN], const uint8_t *aad,
    size_t aad_len, uint8_t *data, size_t len, const uint8_t tag[PST_TAG_LEN])
{
	uint8_t none[PST_TAG_LEN];
	int n;

	if (!crypt(aead->ctx, nonce, aad, aad_len, data, len) ||
	    !EVP_CIPHER_CTX_ctrl(aead->ctx, EVP_CTRL_AEAD_SET_TAG, PST_TAG_LEN, (void *)tag) ||
	    !EVP_CipherFinal_ex(aead->ctx, none, &n))
		return PST_E_AUTH;
	return PST_OK;
}
