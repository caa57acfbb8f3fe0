/*
 * removable: a PKCS #11 library in front of another, whose tokens can be pulled out.
 *
 *   REMOVABLE_LIBRARY   the other one
 *   REMOVABLE_DIR       where it is told what to do, and tells what was done:
 *     removed           while this file is there, the tokens are not
 *     vague             and then the library says "general error"
 *     without           mechanisms that it hides, in hex, one a line
 *     refuse            while this file is there, every PIN is wrong
 *     busy              while this file is there, for at most 10 s, no secret is agreed on
 *     die               WHAT N: the process dies before the Nth make, sign or destroy from then on; or after, for "made"
 *     locked, final     while there, the token says that its PIN is locked, or that one try is left
 *     logins            it adds a line for each C_Login that reaches the token
 *     agreed            one for each secret that it was asked for
 *     keys              and one for each private key that was made, with what it may not
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST ours;

static void
path_of(char path[static 4096], const char *name)
{
	const char *dir = getenv("REMOVABLE_DIR");

	snprintf(path, 4096, "%s/%s", dir ? dir : ".", name);
}

static bool
there(const char *name)
{
	char path[4096];

	path_of(path, name);
	return access(path, F_OK) == 0;
}

static void
tell(const char *name, const char *line)
{
	char path[4096];
	FILE *out;

	path_of(path, name);
	out = fopen(path, "a");
	if (!out)
		return;
	fprintf(out, "%s\n", line);
	fclose(out);
}

/* Sessions end with the token. */
static CK_RV
gone(void)
{
	CK_SLOT_ID slots[64];
	CK_ULONG count = 64;

	if (!there("removed"))
		return CKR_OK;
	if (!real->C_GetSlotList(CK_TRUE, slots, &count))
		for (CK_ULONG i = 0; i < count; i++)
			real->C_CloseAllSessions(slots[i]);
	return there("vague") ? CKR_GENERAL_ERROR : CKR_DEVICE_REMOVED;
}

/* As a power cut does. The file is used up by it. */
static void
die_at(const char *what)
{
	char path[4096], wanted[32] = "";
	unsigned left = 0;
	FILE *file;

	path_of(path, "die");
	file = fopen(path, "r+");
	if (!file)
		return;
	if (fscanf(file, "%31s %u", wanted, &left) == 2 && !strcmp(wanted, what) && left-- == 1) {
		unlink(path);
		kill(getpid(), SIGKILL);
		pause();
	}
	rewind(file);
	if (!strcmp(wanted, what))
		fprintf(file, "%s %u\n", wanted, left);
	fclose(file);
}

static CK_RV
get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
	if (gone()) {
		*count = 0;
		return CKR_OK;
	}
	return real->C_GetSlotList(present, slots, count);
}

static CK_RV
get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv = gone() ? CKR_TOKEN_NOT_PRESENT : real->C_GetTokenInfo(slot, info);

	if (!rv && there("locked"))
		info->flags |= CKF_USER_PIN_LOCKED;
	if (!rv && there("final"))
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	return rv;
}

static bool
hidden(CK_MECHANISM_TYPE type)
{
	char path[4096], line[64];
	bool found = false;
	FILE *in;

	path_of(path, "without");
	in = fopen(path, "r");
	while (in && fgets(line, sizeof line, in))
		found |= strtoul(line, NULL, 16) == type;
	if (in)
		fclose(in);
	return found;
}

static CK_RV
get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	return hidden(type) ? CKR_MECHANISM_INVALID : real->C_GetMechanismInfo(slot, type, info);
}

static CK_RV
login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG len)
{
	CK_RV rv = gone();

	if (rv)
		return rv;
	rv = there("refuse") ? CKR_PIN_INCORRECT : real->C_Login(session, user, pin, len);
	if (rv != CKR_USER_ALREADY_LOGGED_IN)
		tell("logins", rv ? "refused" : "taken");
	return rv;
}

static CK_RV
get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
	CK_RV rv = gone();

	return rv ? rv : real->C_GetSessionInfo(session, info);
}

static CK_RV
find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
	CK_RV rv = gone();

	return rv ? rv : real->C_FindObjectsInit(session, template, count);
}

static CK_RV
sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	CK_RV rv = gone();

	die_at("sign");
	return rv ? rv : real->C_SignInit(session, mechanism, key);
}

static CK_RV
derive_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
    CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *out)
{
	CK_RV rv = gone();

	tell("agreed", "one");
	for (int i = 0; i < 1000 && there("busy"); i++)
		usleep(10000);
	return rv ? rv : real->C_DeriveKey(session, mechanism, base, template, count, out);
}

static CK_RV
destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	CK_RV rv = gone();

	die_at("destroy");
	return rv ? rv : real->C_DestroyObject(session, object);
}

static void
key_tell(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		const char *yes, *no;
	} says[] = {
		{ CKA_TOKEN, "in-token", "in-session" },
		{ CKA_PRIVATE, "private", "public" },
		{ CKA_SENSITIVE, "sensitive", "open" },
		{ CKA_EXTRACTABLE, "extractable", "not-extractable" },
		{ CKA_NEVER_EXTRACTABLE, "never-extractable", "once-extractable" },
	};
	char line[256] = "";

	for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
		CK_BBOOL value = CK_FALSE;
		CK_ATTRIBUTE attribute = { says[i].type, &value, sizeof value };
		CK_RV rv = real->C_GetAttributeValue(session, key, &attribute, 1);

		snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", i ? " " : "",
		    rv ? "unknown" : value ? says[i].yes : says[i].no);
	}
	tell("keys", line);
}

static CK_RV
generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_half,
    CK_ULONG public_count, CK_ATTRIBUTE *private_half, CK_ULONG private_count,
    CK_OBJECT_HANDLE *public_out, CK_OBJECT_HANDLE *private_out)
{
	CK_RV rv = gone();

	die_at("make");
	if (!rv)
		rv = real->C_GenerateKeyPair(session, mechanism, public_half, public_count, private_half,
		    private_count, public_out, private_out);
	if (!rv)
		key_tell(session, *private_out);
	die_at("made");
	return rv;
}

__attribute__((visibility("default"))) CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	const char *path = getenv("REMOVABLE_LIBRARY");
	/* it stays, so that a sanitizer can name it */
	void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) : NULL;
	CK_RV (*get)(CK_FUNCTION_LIST **list);

	if (!library)
		return CKR_GENERAL_ERROR;
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (!get || get(&real))
		return CKR_GENERAL_ERROR;
	ours = *real;
	ours.C_GetFunctionList = C_GetFunctionList;
	ours.C_GetSlotList = get_slot_list;
	ours.C_GetTokenInfo = get_token_info;
	ours.C_GetMechanismInfo = get_mechanism_info;
	ours.C_Login = login;
	ours.C_GetSessionInfo = get_session_info;
	ours.C_FindObjectsInit = find_objects_init;
	ours.C_SignInit = sign_init;
	ours.C_DeriveKey = derive_key;
	ours.C_DestroyObject = destroy_object;
	ours.C_GenerateKeyPair = generate_key_pair;
	*out = &ours;
	return CKR_OK;
}
