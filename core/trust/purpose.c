#include "trust/purpose.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "trust/opening.h"

/* Time enough for a vault or a store that is away. */
#define DUE_S 86400

/* ---- questions, and the end ---- */

static void
call_clear(struct pst_purpose_key *key, const char *handle)
{
	memset(&key->call, 0, sizeof key->call);
	memcpy(key->call.handle, handle, strlen(handle) + 1);
}

static void
ask(struct pst_purpose_key *key, struct pst_identity_vault *vault,
    void (*op)(void *vault, struct pst_vault_call *call),
    void (*next)(struct pst_vault_call *call, int rc))
{
	key->call.fn = next;
	key->call.arg = key;
	key->self->pending++;
	op(vault->self, &key->call);
}

static void
finish(struct pst_purpose_key *key)
{
	free(key->next_record);
	key->next_record = NULL;
	key->busy = false;
	key->done(key->self, key->rc);
}

static void
unused_removed(struct pst_vault_call *call, int rc)
{
	struct pst_purpose_key *key = call->arg;

	if (rc && rc != -ENOENT)
		pst_warn(pst_section_log(key->self->env), "a key without use stays in the vault",
		    PST_STR("vault", key->vault->name), PST_RC(rc));
	if (pst_identity_answered(key->self))
		finish(key);
}

/* The end, once the vault has forgotten what nothing refers to. */
static void
end(struct pst_purpose_key *key, int rc)
{
	key->rc = rc;
	if (!key->unused[0]) {
		finish(key);
		return;
	}
	call_clear(key, key->unused);
	ask(key, key->vault, key->vault->ops->remove, unused_removed);
}

static void PST_PRINTF(3, 4)
fail(struct pst_purpose_key *key, int rc, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(key->err.text, sizeof key->err.text, fmt, args);
	va_end(args);
	key->err.rc = rc;
	end(key, rc);
}

static void
begin(struct pst_purpose_key *key, void (*done)(struct pst_identity *self, int rc))
{
	key->busy = true;
	key->again = false;
	key->done = done;
	key->err = (struct pst_err)PST_ERR_INIT;
	key->unused[0] = '\0';
}

/* ---- its record ---- */

static void commit(struct pst_purpose_key *key);

static int
record_keep(struct pst_purpose_key *key, const struct pst_store_item *item)
{
	free(key->record);
	key->record = malloc(item->len + 1);
	if (!key->record)
		return -ENOMEM;
	memcpy(key->record, item->value, item->len);
	key->record_len = item->len;
	return PST_OK;
}

static void
got_again(void *arg, int rc, const struct pst_store_item *item)
{
	struct pst_purpose_key *key = arg;

	if (!pst_identity_answered(key->self))
		return;
	if (!rc)
		rc = record_keep(key, item);
	if (rc)
		fail(key, rc, "store %s: %s", key->self->conf->store, pst_strerror(rc));
	else
		commit(key);
}

static void
get(struct pst_purpose_key *key, void (*next)(void *arg, int rc, const struct pst_store_item *item))
{
	char name[PST_STORE_KEY_MAX];

	pst_purpose_key_name(key, name);
	key->self->pending++;
	key->self->store_ops->get(key->self->store, name, next, key);
}

static void
committed(void *arg, int rc)
{
	struct pst_purpose_key *key = arg;

	if (!pst_identity_answered(key->self))
		return;
	if (rc == PST_E_CONFLICT && !key->again) {
		key->again = true;
		get(key, got_again);
		return;
	}
	if (rc) {
		fail(key, rc, "store %s: the %s key cannot be recorded: %s", key->self->conf->store,
		    pst_purpose_name(key->purpose), pst_strerror(rc));
		return;
	}
	/* the new one is in use from here on; another one before it is not */
	memcpy(key->unused, key->handle, sizeof key->unused);
	if (!strcmp(key->handle, key->next_handle))
		key->unused[0] = '\0';
	pst_purpose_key_take(key);
	end(key, PST_OK);
}

static void
commit(struct pst_purpose_key *key)
{
	char name[PST_STORE_KEY_MAX];
	struct pst_store_op ops[PST_PURPOSE_OPS];

	if (pst_purpose_key_put(key, name, ops)) {
		fail(key, -ENOMEM, "out of memory");
		return;
	}
	key->self->pending++;
	key->self->store_ops->commit(key->self->store, ops, PST_PURPOSE_OPS, committed, key);
}

/* ---- a new attestation ---- */

static void
attested(struct pst_vault_call *call, int rc)
{
	struct pst_purpose_key *key = call->arg;
	const struct pst_identity *self = key->self;
	struct pst_signature *signature = &key->next.signature;

	if (!pst_identity_answered(key->self))
		return;
	if (rc) {
		fail(key, rc, "vault %s cannot sign for the %s key: %s", self->vault.name,
		    pst_purpose_name(key->purpose), pst_strerror(rc));
		return;
	}
	signature->kind = self->history->key.kind;
	memcpy(signature->bytes, call->result, sizeof signature->bytes);
	/* our own check finds an expired identity and a vault that signs wrongly */
	rc = pst_attestation_verify(&key->next, self->history, key->next.created_at, NULL);
	if (rc) {
		fail(key, rc, "the identity cannot vouch for a %s key: it has expired, or vault %s "
		    "signs wrongly", pst_purpose_name(key->purpose), self->vault.name);
		return;
	}
	commit(key);
}

/* Of next.key, which is next_handle of its vault. */
static void
attest(struct pst_purpose_key *key)
{
	struct pst_identity *self = key->self;

	pst_purpose_key_prepare(key, self->history);
	call_clear(key, self->handle);
	memcpy(key->call.message, key->next.hash, sizeof key->call.message);
	ask(key, &self->vault, self->vault.ops->sign, attested);
}

/* ---- a new key ---- */

static void make(struct pst_purpose_key *key, enum pst_key_kind kind);

static void
made(struct pst_vault_call *call, int rc)
{
	struct pst_purpose_key *key = call->arg;

	if (!pst_identity_answered(key->self))
		return;
	if (rc == -ENOTSUP && key->next.key.kind == PST_KEY_ED25519) {
		make(key, PST_KEY_P256);
		return;
	}
	if (rc == -ENOTSUP && key->purpose == PST_PURPOSE_CHANNEL) {
		fail(key, rc, "vault %s has no channel keys (X25519): name another as channel_vault",
		    key->vault->name);
		return;
	}
	if (rc) {
		fail(key, rc, "vault %s cannot make a %s key (%s): %s", key->vault->name,
		    pst_purpose_name(key->purpose),
		    key->purpose == PST_PURPOSE_CHANNEL ? "X25519" : "Ed25519 or P-256",
		    pst_strerror(rc));
		return;
	}
	memcpy(key->next_handle, call->handle, sizeof key->next_handle);
	memcpy(key->unused, call->handle, sizeof key->unused); /* until it is recorded */
	key->next.key = call->key;
	attest(key);
}

static void
make(struct pst_purpose_key *key, enum pst_key_kind kind)
{
	memset(&key->next, 0, sizeof key->next);
	key->next.key.kind = kind;
	call_clear(key, "");
	key->call.key.kind = kind;
	ask(key, key->vault, key->vault->ops->make, made);
}

static void
make_usual(struct pst_purpose_key *key)
{
	if (key->purpose == PST_PURPOSE_CHANNEL)
		make(key, PST_KEY_X25519);
	else
		make(key, key->self->conf->key == PST_IDENTITY_KEY_P256 ? PST_KEY_P256 : PST_KEY_ED25519);
}

/* ---- the one there was ---- */

static void
found(struct pst_vault_call *call, int rc)
{
	struct pst_purpose_key *key = call->arg;
	const struct pst_public_key *want = &key->attestation.key;

	if (!pst_identity_answered(key->self))
		return;
	if (rc && rc != -ENOENT) {
		key->len = 0; /* to be looked for again */
		fail(key, rc, "vault %s: %s", key->vault->name, pst_strerror(rc));
	} else if (!rc && call->key.kind == want->kind && call->key.len == want->len &&
	    !memcmp(call->key.bytes, want->bytes, want->len)) {
		end(key, PST_OK);
	} else { /* the vault is another one by now */
		key->handle[0] = '\0';
		key->len = 0;
		make_usual(key);
	}
}

static void
got(void *arg, int rc, const struct pst_store_item *item)
{
	struct pst_purpose_key *key = arg;

	if (!pst_identity_answered(key->self))
		return;
	if (rc == -ENOENT) {
		make_usual(key);
		return;
	}
	if (!rc)
		rc = record_keep(key, item);
	if (rc) {
		fail(key, rc, "store %s: %s", key->self->conf->store, pst_strerror(rc));
		return;
	}
	if (!pst_purpose_key_holds_in(key, item)) {
		key->len = 0;
		make_usual(key);
		return;
	}
	call_clear(key, key->handle);
	ask(key, key->vault, key->vault->ops->public_key, found);
}

/* ---- what may be done ---- */

void
pst_purpose_key_init(struct pst_purpose_key *key, struct pst_identity *self,
    enum pst_purpose purpose, struct pst_identity_vault *vault)
{
	key->self = self;
	key->purpose = purpose;
	key->vault = vault;
}

void
pst_purpose_key_fini(struct pst_purpose_key *key)
{
	free(key->record);
	free(key->next_record);
}

void
pst_purpose_key_open(struct pst_purpose_key *key, void (*done)(struct pst_identity *self, int rc))
{
	begin(key, done);
	free(key->record);
	key->record = NULL;
	get(key, got);
}

void
pst_purpose_key_replace(struct pst_purpose_key *key,
    void (*done)(struct pst_identity *self, int rc))
{
	begin(key, done);
	make_usual(key);
}

void
pst_purpose_key_renew(struct pst_purpose_key *key, void (*done)(struct pst_identity *self, int rc))
{
	begin(key, done);
	pst_purpose_key_same(key);
	attest(key);
}

bool
pst_purpose_key_holds(const struct pst_purpose_key *key)
{
	return key->len && !pst_attestation_check(&key->attestation, key->self->history,
		pst_clock_now(), NULL);
}

bool
pst_purpose_key_due(const struct pst_purpose_key *key)
{
	const struct pst_attestation *attestation = &key->attestation;

	return attestation->expires_at < key->self->history->valid_until &&
	    attestation->expires_at < pst_clock_now() + DUE_S;
}
