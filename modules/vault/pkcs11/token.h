/*
 * A token, found by its label behind a PKCS #11 library, with a session that
 * is logged in; and the keys in it. Everything here blocks: it is the lane's.
 *
 * A handle is the key's CKA_ID in lower-case hex. Keys that others have put
 * into the token are keys like any, if they have a CKA_ID and both halves.
 */
#ifndef VAULT_PKCS11_TOKEN_H
#define VAULT_PKCS11_TOKEN_H

#include <p11-kit/p11-kit.h>

#include <postern/vault.h>

#include "pin.h"

struct token_key {
	char handle[PST_HANDLE_TEXT];
	struct pst_public_key key;
	CK_OBJECT_HANDLE public_half, private_half;
};

struct token {
	const char *library; /* absolute path */
	const char *label;
	CK_FUNCTION_LIST *lib; /* NULL: not loaded */
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session; /* 0: none */
	bool bare_peer; /* agree: the token wants the peer's key without DER */
	/* keys that were looked up; objects of this session's time */
	struct token_key *keys;
	size_t count, room;
};

/*
 * Load the library, find the token, log in. A session that others of this
 * process have logged in is taken as it is. Fails with a sentence:
 *
 *   -ENODEV     it is not there: may be tried again
 *   -EPERM      its PIN is locked; that was not found out by trying. May be tried again
 *   PST_E_AUTH  it refuses the PIN, or would lock after one more wrong one:
 *               must not be tried again with this PIN
 *   PST_E_CONF  the library cannot be used, or two tokens have this name
 */
PST_MUST_CHECK int token_open(struct token *token, const struct pin *pin, struct pst_err *err);
/* Lets go of all; one that is closed, too. */
void token_close(struct token *token);
/* Is it there, and the session one that is logged in? */
bool token_there(const struct token *token);

/* The sentence for a call that failed, and its rc: -ENODEV when token or session are gone. */
int token_fail(struct pst_err *err, CK_RV rv, const char *doing);

/*
 * What a vault is asked (postern/vault.h), each with the call that asks.
 * -ENODEV: the token or the session is gone; token_open() it again.
 */
int token_make(struct token *token, struct pst_vault_call *call, struct pst_err *err);
int token_public_key(struct token *token, struct pst_vault_call *call, struct pst_err *err);
int token_sign(struct token *token, struct pst_vault_call *call, struct pst_err *err);
int token_agree(struct token *token, struct pst_vault_call *call, struct pst_err *err);
int token_remove(struct token *token, struct pst_vault_call *call, struct pst_err *err);
/* Fill token->keys with all there are. */
int token_list(struct token *token, struct pst_vault_call *call, struct pst_err *err);

/* object.c, for key.c: */
/* Look the key up: PST_OK and *out, which lives until the next look-up; -ENOENT. */
int token_find(struct token *token, const char *handle, const struct token_key **out,
    struct pst_err *err);
/* Forget what was looked up of that one: it may be gone. */
void token_forget(struct token *token, const char *handle);
/* The CKA_ID of a handle; 0 when it is none. */
#define TOKEN_ID_MAX ((PST_HANDLE_TEXT - 1) / 2)
size_t token_id(uint8_t id[static TOKEN_ID_MAX], const char *handle);

#endif
