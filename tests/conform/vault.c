/*
 * What <postern/vault.h> promises of every vault.
 *
 * A vault need not have every kind of key, nor take keys from outside: it
 * says -ENOTSUP then. It must have one that signs, or X25519.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/vault.h>

#include "conform.h"
#include "trust/signature.h"

#define KINDS 3
#define TOGETHER 24

static const struct {
	const char *name;
	uint8_t len;
	bool signs;
} kinds[KINDS] = {
	[PST_KEY_ED25519] = { "Ed25519", 32, true },
	[PST_KEY_P256] = { "P-256", 65, true },
	[PST_KEY_X25519] = { "X25519", 32, false },
};

/* A key that the kit has made and not yet taken away. */
struct made {
	bool there;
	char handle[PST_HANDLE_TEXT];
	struct pst_public_key key;
};

/* ---- asking ---- */

struct answer {
	unsigned times;
	bool done;
	int rc;
};

static void
answered(struct pst_vault_call *call, int rc)
{
	struct answer *answer = call->arg;

	answer->times++;
	answer->rc = rc;
	answer->done = true;
}

typedef void vault_op(void *vault, struct pst_vault_call *call);

static const struct pst_vault_ops *
ops_of(const struct conform *c)
{
	return c->ops;
}

static int
ask(struct conform *c, vault_op *op, struct pst_vault_call *call)
{
	struct answer answer = { 0 };

	call->fn = answered;
	call->arg = &answer;
	op(c->self, call);
	if (answer.done)
		conform_ok(c, false, "no answer comes within its call");
	conform_wait(c, &answer.done, "a call is not answered");
	if (answer.times != 1)
		conform_ok(c, false, "an answer comes once");
	return answer.rc;
}

static int
ask_handle(struct conform *c, vault_op *op, struct pst_vault_call *call, const char *handle)
{
	snprintf(call->handle, sizeof call->handle, "%s", handle);
	return ask(c, op, call);
}

/* ---- keys ---- */

static bool
key_same(const struct pst_public_key *a, const struct pst_public_key *b)
{
	return a->kind == b->kind && a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

static int
key_make(struct conform *c, struct made *made, enum pst_key_kind kind)
{
	struct pst_vault_call call = { .key.kind = kind };
	int rc = ask(c, ops_of(c)->make, &call);

	made->there = rc == PST_OK;
	made->key = call.key;
	memcpy(made->handle, call.handle, sizeof made->handle);
	return rc;
}

static void
key_remove(struct conform *c, struct made *made)
{
	struct pst_vault_call call = { 0 };

	if (made->there)
		conform_rc(c, ask_handle(c, ops_of(c)->remove, &call, made->handle), PST_OK,
		    "a key of kind %s is removed", kinds[made->key.kind].name);
	made->there = false;
}

static bool
key_signs(struct conform *c, const struct made *made)
{
	struct pst_vault_call call = { 0 };
	struct pst_signature signature = { made->key.kind, { 0 } };
	bool holds;

	randombytes_buf(call.message, sizeof call.message);
	if (ask_handle(c, ops_of(c)->sign, &call, made->handle))
		return false;
	memcpy(signature.bytes, call.result, sizeof signature.bytes);
	holds = pst_signature_verify(&signature, &made->key, call.message);
	call.message[0] ^= 1;
	return holds && !pst_signature_verify(&signature, &made->key, call.message);
}

/* X25519 with a key of our own: both sides come to the same. */
static bool
key_agrees(struct conform *c, const struct made *made)
{
	struct pst_vault_call call = { .key = { PST_KEY_X25519, 32, { 0 } } };
	uint8_t secret[32], shared[32];

	randombytes_buf(secret, sizeof secret);
	crypto_scalarmult_base(call.key.bytes, secret);
	return crypto_scalarmult(shared, secret, made->key.bytes) == 0 &&
	    ask_handle(c, ops_of(c)->agree, &call, made->handle) == PST_OK &&
	    !memcmp(shared, call.result, sizeof shared);
}

static bool
key_works(struct conform *c, const struct made *made)
{
	return kinds[made->key.kind].signs ? key_signs(c, made) : key_agrees(c, made);
}

/* ---- lists ---- */

struct listing {
	bool done;
	const struct made *sought;
	size_t count, found;
};

static void
listed(void *arg, int rc, const struct pst_vault_key *keys, size_t count)
{
	struct listing *listing = arg;

	for (size_t i = 0; i < count; i++)
		listing->found += listing->sought && !strcmp(keys[i].handle, listing->sought->handle) &&
		    key_same(&keys[i].key, &listing->sought->key);
	listing->count = rc ? 0 : count;
	listing->done = true;
}

static struct listing
list(struct conform *c, const struct made *sought)
{
	struct listing listing = { .sought = sought };

	ops_of(c)->list(c->self, listed, &listing);
	if (listing.done)
		conform_ok(c, false, "no list comes within its call");
	conform_wait(c, &listing.done, "a list is not answered");
	return listing;
}

/* ---- what is promised ---- */

static void
kind_is_made(struct conform *c, struct made *made, enum pst_key_kind kind)
{
	const char *name = kinds[kind].name;
	struct pst_vault_call call = { 0 };
	struct made second;
	int rc = key_make(c, made, kind);

	if (rc == -ENOTSUP) {
		conform_skip(c, "it says that it has no such keys", "a key of kind %s is made", name);
		return;
	}
	if (!conform_rc(c, rc, PST_OK, "a key of kind %s is made", name))
		return;
	conform_ok(c, made->key.kind == kind && made->key.len == kinds[kind].len,
	    "%s: its public key is of that kind, of %u bytes", name, kinds[kind].len);
	conform_ok(c, *made->handle && memchr(made->handle, 0, sizeof made->handle),
	    "%s: its handle is a text", name);
	rc = ask_handle(c, ops_of(c)->public_key, &call, made->handle);
	conform_ok(c, rc == PST_OK && key_same(&call.key, &made->key),
	    "%s: the handle gives the public key", name);
	conform_ok(c, list(c, made).found == 1, "%s: the list has it once", name);
	conform_ok(c, key_works(c, made), kinds[kind].signs ?
	    "%s: it signs, and the signature holds for nothing else" :
	    "%s: it comes to what the other side does", name);
	rc = key_make(c, &second, kind);
	conform_ok(c, rc == PST_OK && strcmp(second.handle, made->handle) &&
	    !key_same(&second.key, &made->key), "%s: a second one is another", name);
	key_remove(c, &second);
}

/* What a key is not for, and peers that nobody may agree with. */
static void
kind_refuses(struct conform *c, const struct made *made)
{
	const char *name = kinds[made->key.kind].name;
	/* of order 2 and 4: RFC 7748, 6.1 */
	static const uint8_t low[][32] = { { 0 }, { 1 } };
	struct pst_vault_call call = { .key = { PST_KEY_X25519, 32, { 9 } } };

	if (kinds[made->key.kind].signs) {
		conform_rc(c, ask_handle(c, ops_of(c)->agree, &call, made->handle), -EINVAL,
		    "%s: it does not agree", name);
		return;
	}
	conform_rc(c, ask_handle(c, ops_of(c)->sign, &call, made->handle), -EINVAL,
	    "%s: it does not sign", name);
	for (size_t i = 0; i < sizeof low / sizeof *low; i++) {
		memcpy(call.key.bytes, low[i], sizeof low[i]);
		conform_rc(c, ask_handle(c, ops_of(c)->agree, &call, made->handle), -EINVAL,
		    "%s: a peer's key that makes zeros is refused (%zu)", name, i);
	}
}

static void
strangers_are_not_there(struct conform *c)
{
	static const char *const handles[] = { "", "no such key", "../../etc/passwd",
		"0000000000000000000000000000000000000000000000000000000000000000" };
	struct pst_vault_call call = { .key = { PST_KEY_X25519, 32, { 9 } } };

	for (size_t i = 0; i < sizeof handles / sizeof *handles; i++) {
		const char *h = handles[i];

		conform_ok(c, ask_handle(c, ops_of(c)->public_key, &call, h) == -ENOENT &&
		    ask_handle(c, ops_of(c)->sign, &call, h) == -ENOENT &&
		    ask_handle(c, ops_of(c)->agree, &call, h) == -ENOENT &&
		    ask_handle(c, ops_of(c)->remove, &call, h) == -ENOENT,
		    "there is no key called \"%s\"", h);
	}
	memset(call.handle, 'a', sizeof call.handle); /* without an end */
	conform_rc(c, ask(c, ops_of(c)->public_key, &call), -ENOENT, "nor one whose name has no end");
	call.key.kind = (enum pst_key_kind)7;
	conform_rc(c, ask(c, ops_of(c)->make, &call), -EINVAL, "a kind that is none is not made");
}

static void
import(struct conform *c, enum pst_key_kind kind)
{
	const char *name = kinds[kind].name;
	static const uint8_t zeros[32];
	struct pst_vault_call call = { .key.kind = kind };
	struct made made;
	int rc;

	memset(call.secret, 1 + (int)kind, sizeof call.secret);
	rc = ask(c, ops_of(c)->import, &call);
	conform_ok(c, !memcmp(call.secret, zeros, sizeof zeros), "%s: a secret from outside is wiped",
	    name);
	if (rc == -ENOTSUP) {
		conform_skip(c, "it says that it takes none", "%s: a key is imported", name);
		return;
	}
	if (!conform_rc(c, rc, PST_OK, "%s: a key is imported", name))
		return;
	made = (struct made){ .there = true, .key = call.key };
	memcpy(made.handle, call.handle, sizeof made.handle);
	conform_ok(c, key_works(c, &made), "%s: it works", name);
	memset(call.secret, 1 + (int)kind, sizeof call.secret);
	rc = ask(c, ops_of(c)->import, &call);
	conform_ok(c, rc == PST_OK && !strcmp(call.handle, made.handle) && list(c, &made).found == 1,
	    "%s: importing what is there is fine, and makes no second", name);
	key_remove(c, &made);
}

static void
removed_is_gone(struct conform *c, enum pst_key_kind kind)
{
	struct pst_vault_call call = { 0 };
	struct made made;

	if (key_make(c, &made, kind))
		return;
	key_remove(c, &made);
	conform_ok(c, ask_handle(c, ops_of(c)->public_key, &call, made.handle) == -ENOENT &&
	    ask_handle(c, ops_of(c)->remove, &call, made.handle) == -ENOENT && !list(c, &made).found,
	    "%s: what was removed is gone", kinds[kind].name);
}

/* Many questions and changes at once; with `closing`, the section closes over them. */
static void
together(struct conform *c, const struct made *signer, enum pst_key_kind kind, bool closing)
{
	static struct pst_vault_call calls[TOGETHER];
	struct answer answers[TOGETHER] = { { 0 } };
	unsigned once = 0, right = 0, made = 0, removed = 0;

	for (size_t i = 0; i < TOGETHER; i++) {
		struct pst_vault_call *call = &calls[i];

		*call = (struct pst_vault_call){ .fn = answered, .arg = &answers[i], .key.kind = kind };
		if (i % 4 == 3) {
			ops_of(c)->make(c->self, call);
			continue;
		}
		memcpy(call->handle, signer->handle, sizeof call->handle);
		memset(call->message, (int)i, sizeof call->message);
		call->key = (struct pst_public_key){ PST_KEY_X25519, 32, { 9 } };
		(kinds[signer->key.kind].signs ? ops_of(c)->sign : ops_of(c)->agree)(c->self, call);
	}
	if (closing)
		conform_close(c);
	for (size_t i = 0; i < TOGETHER; i++) {
		conform_wait(c, &answers[i].done, "one of many calls is not answered");
		once += answers[i].times == 1;
	}
	conform_ok(c, once == TOGETHER, closing ?
	    "calls under way when it closes are all answered, once, before it has closed" :
	    "%u calls at once are all answered, once", TOGETHER);
	if (closing)
		conform_open(c);
	for (size_t i = 0; i < TOGETHER; i++) {
		struct pst_vault_call call = { 0 };

		right += answers[i].rc == PST_OK || (closing && answers[i].rc == PST_E_CLOSED);
		if (i % 4 != 3 || answers[i].rc)
			continue;
		made++;
		removed += !ask_handle(c, ops_of(c)->remove, &call, calls[i].handle);
	}
	conform_ok(c, right == TOGETHER, closing ? "each with what came of it, or that it closes" :
	    "each rightly");
	conform_ok(c, made == removed, "the keys that were made are there (%u)", made);
}

static void
reopened(struct conform *c, const struct made made[KINDS])
{
	conform_close(c);
	conform_open(c);
	for (int kind = 0; kind < KINDS; kind++) {
		struct pst_vault_call call = { 0 };

		if (!made[kind].there)
			continue;
		conform_ok(c, !ask_handle(c, ops_of(c)->public_key, &call, made[kind].handle) &&
		    key_same(&call.key, &made[kind].key) && key_works(c, &made[kind]),
		    "%s: it is there, and works, when the vault was closed and opened", kinds[kind].name);
	}
}

void
conform_vault(struct conform *c)
{
	struct made made[KINDS];
	const struct made *any = NULL;
	size_t before;

	if (sodium_init() < 0)
		return;
	conform_open(c);
	before = list(c, NULL).count;
	conform_ok(c, *ops_of(c)->protection(c->self), "it says how its keys are protected");
	for (int kind = 0; kind < KINDS; kind++) {
		kind_is_made(c, &made[kind], kind);
		if (made[kind].there)
			kind_refuses(c, &made[kind]);
		if (made[kind].there && !any)
			any = &made[kind];
		import(c, kind);
		removed_is_gone(c, kind);
	}
	strangers_are_not_there(c);
	if (conform_ok(c, any != NULL, "it has keys of some kind")) {
		together(c, any, any->key.kind, false);
		reopened(c, made);
		together(c, any, any->key.kind, true);
	}
	for (int kind = 0; kind < KINDS; kind++)
		key_remove(c, &made[kind]);
	conform_ok(c, list(c, NULL).count == before, "it has as many keys as before");
	conform_close(c);
}
