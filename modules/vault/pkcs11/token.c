/* From a library's path to a session that is logged in. */
#include "token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* No machine has more readers. */
#define SLOTS_MAX 256

/* ---- errors ---- */

static int
rc_of(CK_RV rv)
{
	switch (rv) {
	case CKR_OK:
		return PST_OK;
	case CKR_DEVICE_REMOVED:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_TOKEN_NOT_RECOGNIZED:
	case CKR_SLOT_ID_INVALID:
	case CKR_SESSION_CLOSED:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_USER_NOT_LOGGED_IN:
	case CKR_CRYPTOKI_NOT_INITIALIZED:
		return -ENODEV;
	case CKR_OBJECT_HANDLE_INVALID:
	case CKR_KEY_HANDLE_INVALID:
		return -ENOENT;
	case CKR_HOST_MEMORY:
		return -ENOMEM;
	case CKR_DEVICE_MEMORY:
		return -ENOSPC;
	default:
		return -EIO;
	}
}

int
token_fail(struct pst_err *err, CK_RV rv, const char *doing)
{
	return pst_fail(err, rc_of(rv), "%s: %s", doing, p11_kit_strerror(rv));
}

/* ---- the library ---- */

static int
library_open(struct token *token, struct pst_err *err)
{
	const char *why;
	CK_RV rv;

	/* managed: several sections may use one library, and a fork harms none */
	token->lib = p11_kit_module_load(token->library, 0);
	if (!token->lib) {
		why = p11_kit_message();
		return pst_fail(err, PST_E_CONF, "library: %s cannot be loaded: %s", token->library,
		    why ? why : "no PKCS #11 module");
	}
	rv = p11_kit_module_initialize(token->lib);
	if (rv == CKR_OK)
		return PST_OK;
	p11_kit_module_release(token->lib);
	token->lib = NULL;
	return pst_fail(err, -ENODEV, "library %s does not begin: %s", token->library,
	    p11_kit_strerror(rv));
}

/* ---- the token ---- */

static int
slot_find(struct token *token, CK_TOKEN_INFO *info, struct pst_err *err)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX;
	CK_RV rv = token->lib->C_GetSlotList(CK_TRUE, slots, &count);
	unsigned found = 0;

	if (rv)
		return pst_fail(err, -ENODEV, "the library does not list its tokens: %s",
		    p11_kit_strerror(rv));
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO one;
		size_t len;

		if (token->lib->C_GetTokenInfo(slots[i], &one))
			continue;
		len = p11_kit_space_strlen(one.label, sizeof one.label);
		if (!(one.flags & CKF_TOKEN_INITIALIZED) || len != strlen(token->label) ||
		    memcmp(one.label, token->label, len))
			continue;
		found++;
		token->slot = slots[i];
		*info = one;
	}
	if (found > 1)
		return pst_fail(err, PST_E_CONF, "token: %u of them are called %s", found, token->label);
	return found ? PST_OK : pst_fail(err, -ENODEV, "token %s is not there", token->label);
}

static int
session_login(struct token *token, const CK_TOKEN_INFO *info, const struct pin *pin,
    struct pst_err *err)
{
	CK_RV rv;

	/* what can be seen is not found out by trying */
	if (info->flags & CKF_USER_PIN_LOCKED)
		return pst_fail(err, -EPERM, "token %s: its PIN is locked", token->label);
	if (info->flags & CKF_USER_PIN_FINAL_TRY)
		return pst_fail(err, PST_E_AUTH, "token %s would lock after one more wrong PIN: "
		    "log in to it once by other means", token->label);
	rv = token->lib->C_Login(token->session, CKU_USER, (unsigned char *)pin->text,
	    (CK_ULONG)pin->len);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return PST_OK;
	if (rc_of(rv) == -ENODEV)
		return pst_fail(err, -ENODEV, "token %s: %s", token->label, p11_kit_strerror(rv));
	/* whatever it is: a PIN is not tried twice */
	return pst_fail(err, PST_E_AUTH, "token %s refuses the PIN (%s); it is not tried again",
	    token->label, p11_kit_strerror(rv));
}

static int
session_open(struct token *token, const struct pin *pin, struct pst_err *err)
{
	CK_TOKEN_INFO info;
	int rc = slot_find(token, &info, err);
	CK_RV rv;

	if (rc)
		return rc;
	rv = token->lib->C_OpenSession(token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
	    &token->session);
	if (rv) {
		token->session = 0;
		return pst_fail(err, -ENODEV, "token %s: %s", token->label, p11_kit_strerror(rv));
	}
	return session_login(token, &info, pin, err);
}

int
token_open(struct token *token, const struct pin *pin, struct pst_err *err)
{
	int rc = library_open(token, err);

	if (!rc)
		rc = session_open(token, pin, err);
	if (rc)
		token_close(token);
	return rc;
}

void
token_close(struct token *token)
{
	free(token->keys);
	token->keys = NULL;
	token->count = token->room = 0;
	if (!token->lib)
		return;
	/* not logged out: another section may have a session with this token */
	if (token->session)
		token->lib->C_CloseSession(token->session);
	token->session = 0;
	p11_kit_module_finalize(token->lib);
	p11_kit_module_release(token->lib);
	token->lib = NULL;
}

bool
token_there(const struct token *token)
{
	CK_SESSION_INFO session;
	CK_TOKEN_INFO info;

	return token->session && !token->lib->C_GetSessionInfo(token->session, &session) &&
	    session.state == CKS_RW_USER_FUNCTIONS &&
	    !token->lib->C_GetTokenInfo(token->slot, &info);
}
