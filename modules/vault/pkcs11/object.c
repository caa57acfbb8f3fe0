/* Keys as objects of a token: looked up, listed, read. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "curve.h"
#include "token.h"

/* Asked for at once. */
#define OBJECTS 64

size_t
token_id(uint8_t id[static TOKEN_ID_MAX], const char *handle)
{
	size_t len = strnlen(handle, PST_HANDLE_TEXT), n = 0;

	if (!len || len == PST_HANDLE_TEXT || len % 2 ||
	    sodium_hex2bin(id, TOKEN_ID_MAX, handle, len, NULL, &n, NULL) || n != len / 2)
		return 0;
	return n;
}

/* ---- what was looked up ---- */

static int
keys_add(struct token *token, const struct token_key *key)
{
	if (token->count == token->room) {
		size_t room = token->room ? 2 * token->room : 8;
		struct token_key *more = realloc(token->keys, room * sizeof *more);

		if (!more)
			return -ENOMEM;
		token->keys = more;
		token->room = room;
	}
	token->keys[token->count++] = *key;
	return PST_OK;
}

static struct token_key *
keys_get(const struct token *token, const char *handle)
{
	for (size_t i = 0; i < token->count; i++)
		if (!strcmp(token->keys[i].handle, handle))
			return &token->keys[i];
	return NULL;
}

void
token_forget(struct token *token, const char *handle)
{
	struct token_key *key = keys_get(token, handle);

	if (key)
		*key = token->keys[--token->count];
}

/* ---- the token ---- */

/* Up to OBJECTS that fit the template, from `skip` on. */
static int
objects_find(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, size_t skip,
    CK_OBJECT_HANDLE objects[static OBJECTS], CK_ULONG *count, struct pst_err *err)
{
	CK_RV rv = token->lib->C_FindObjectsInit(token->session, template, attributes);
	CK_ULONG n = 0;

	*count = 0;
	if (rv)
		return token_fail(err, rv, "looking for keys");
	do {
		rv = token->lib->C_FindObjects(token->session, objects, OBJECTS, &n);
		if (!rv && n > skip) {
			*count = n - skip;
			memmove(objects, objects + skip, *count * sizeof *objects);
			break;
		}
		skip -= n;
	} while (!rv && n);
	token->lib->C_FindObjectsFinal(token->session);
	return rv ? token_fail(err, rv, "looking for keys") : PST_OK;
}

/* The private half of a CKA_ID; -ENOENT. */
static int
private_find(struct token *token, uint8_t *id, CK_ULONG id_len, CK_OBJECT_HANDLE *out,
    struct pst_err *err)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof class },
		{ CKA_ID, id, id_len },
	};
	CK_OBJECT_HANDLE found[OBJECTS];
	CK_ULONG count;
	int rc = objects_find(token, template, 2, 0, found, &count, err);

	if (!rc && !count)
		rc = -ENOENT;
	if (!rc)
		*out = found[0];
	return rc;
}

/* -EINVAL: not a key that we can use. */
static int
key_read(struct token *token, CK_OBJECT_HANDLE object, struct token_key *out,
    struct pst_err *err)
{
	uint8_t id[TOKEN_ID_MAX], params[CURVE_PARAMS_MAX], point[CURVE_POINT_MAX];
	CK_ATTRIBUTE got[] = {
		{ CKA_ID, id, sizeof id },
		{ CKA_EC_PARAMS, params, sizeof params },
		{ CKA_EC_POINT, point, sizeof point },
	};
	CK_RV rv = token->lib->C_GetAttributeValue(token->session, object, got, 3);
	int rc;

	/* a key without them, as RSA's, or with longer ones */
	if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_BUFFER_TOO_SMALL ||
	    rv == CKR_ATTRIBUTE_SENSITIVE)
		return -EINVAL;
	if (rv)
		return token_fail(err, rv, "reading a key");
	memset(out, 0, sizeof *out);
	if (!got[0].ulValueLen || curve_read(&out->key, params, got[1].ulValueLen, point,
				      got[2].ulValueLen))
		return -EINVAL;
	sodium_bin2hex(out->handle, sizeof out->handle, id, got[0].ulValueLen);
	out->public_half = object;
	rc = private_find(token, id, got[0].ulValueLen, &out->private_half, err);
	return rc == -ENOENT ? -EINVAL : rc;
}

/* Look the public halves over that fit, and keep those that are ours to use. */
static int
keys_look(struct token *token, CK_ATTRIBUTE *template, CK_ULONG attributes, struct pst_err *err)
{
	CK_OBJECT_HANDLE found[OBJECTS];
	CK_ULONG count;
	size_t seen = 0;
	int rc;

	do {
		rc = objects_find(token, template, attributes, seen, found, &count, err);
		for (CK_ULONG i = 0; !rc && i < count; i++) {
			struct token_key key;

			rc = key_read(token, found[i], &key, err);
			if (!rc && !keys_get(token, key.handle))
				rc = keys_add(token, &key);
			/* what is gone meanwhile is no more ours than what never was */
			if (rc == -EINVAL || rc == -ENOENT)
				rc = PST_OK;
		}
		seen += count;
	} while (!rc && count == OBJECTS);
	return rc;
}

int
token_find(struct token *token, const char *handle, const struct token_key **out,
    struct pst_err *err)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	uint8_t id[TOKEN_ID_MAX];
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof class },
		{ CKA_ID, id, token_id(id, handle) },
	};
	int rc = PST_OK;

	if (!template[1].ulValueLen)
		return -ENOENT;
	*out = keys_get(token, handle);
	if (!*out)
		rc = keys_look(token, template, 2, err);
	if (!rc && !*out)
		*out = keys_get(token, handle);
	return rc ? rc : *out ? PST_OK : -ENOENT;
}

int
token_list(struct token *token, struct pst_vault_call *call, struct pst_err *err)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof class } };

	(void)call;
	token->count = 0;
	return keys_look(token, template, 1, err);
}
