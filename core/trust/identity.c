#include "trust/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "trust/clock.h"
#include "trust/admission.h"
#include "trust/known.h"
#include "trust/presentation.h"
#include "trust/trust.h"

/* Credentials that are looked at in one presentation: who shows more cannot
 * make us verify them all. */
#define CREDENTIALS_MAX 8

/* ---- ours ---- */

const struct pst_identifier *
pst_identity_identifier(const struct pst_identity *self)
{
	return pst_history_identifier(self->history);
}

const uint8_t *
pst_identity_history(const struct pst_identity *self, size_t *len)
{
	*len = self->history->len;
	return self->history->bytes;
}

const uint8_t *
pst_identity_static_key(const struct pst_identity *self)
{
	return self->channel.attestation.key.bytes;
}

void
pst_identity_agree(struct pst_identity *self, struct pst_vault_call *call)
{
	memcpy(call->handle, self->channel.handle, sizeof call->handle);
	self->channel_vault.ops->agree(self->channel_vault.self, call);
}

/* ---- theirs ---- */

/*
 * What issuers that we accept say of the peer becomes its attributes. It does
 * nothing else: bad credentials never fail what brought them (4.3 step 6).
 */
static void
credentials_import(struct pst_identity *self, struct pst_peer *peer, struct pst_reader r)
{
	struct pst_cbor_list items = pst_cbor_array(&r);

	for (int i = 0; pst_cbor_more(&r, &items); i++) {
		struct pst_err err = PST_ERR_INIT;
		const uint8_t *item = r.p;
		int rc = PST_E_LIMIT;

		pst_cbor_skip(&r);
		if (i < CREDENTIALS_MAX)
			rc = pst_peer_attest(peer, item, (size_t)(r.p - item), pst_clock_now(), &err);
		if (rc)
			pst_log_rated(pst_section_log(self->env), PST_LOG_WARN, &self->refused,
			    "credential refused", PST_STR("peer", pst_peer_text(peer)),
			    PST_STR("reason", err.text), PST_RC(rc));
		if (i >= CREDENTIALS_MAX)
			break;
	}
}

int
pst_identity_admit(struct pst_identity *self, struct pst_peer **out,
    const uint8_t *presentation, size_t len, const uint8_t static_key[32], struct pst_err *err)
{
	struct pst_presentation shown;
	struct pst_history *history;
	char text[PST_IDENTIFIER_TEXT];
	int rc = pst_presentation_read(&shown, self->peers, presentation, len, err);

	*out = NULL;
	if (rc)
		return rc;
	rc = pst_peers_compare(self->peers, &history, shown.history, err);
	if (rc)
		goto out;
	rc = pst_peers_verify(self->peers, &shown.attestation, history, pst_clock_now(), err);
	if (rc)
		goto out;
	if (shown.attestation.purpose != PST_PURPOSE_CHANNEL ||
	    memcmp(shown.attestation.key.bytes, static_key, shown.attestation.key.len)) {
		rc = pst_fail(err, PST_E_AUTH,
		    "the attestation speaks of another key than the handshake");
		goto out;
	}
	rc = pst_peers_add(self->peers, out, history);
	if (!rc)
		pst_peers_verified(self->peers, &shown.attestation, history);
	if (!rc && self->accepts)
		credentials_import(self, *out, shown.credentials);
out:
	if (rc) {
		pst_identifier_format(text, pst_history_identifier(shown.history));
		pst_fail_in(err, rc, "%s", text);
	}
	pst_presentation_release(&shown);
	return rc;
}

int
pst_identity_refreshed(struct pst_identity *self, struct pst_peer *peer, const uint8_t *refresh,
    size_t len, struct pst_err *err)
{
	struct pst_reader r = pst_reader(refresh, len);
	struct pst_cbor_list fields = pst_cbor_array(&r);
	struct pst_history *history, *known;
	int rc;

	if (len > PST_PRESENTATION_MAX)
		return pst_fail(err, -EBADMSG, "a refresh of %zu bytes", len);
	pst_record_need(&r, &fields);
	rc = pst_peers_read(self->peers, &history, &r, err);
	if (rc)
		return rc;
	pst_record_need(&r, &fields);
	if (r.status)
		rc = pst_fail(err, r.status, "the refresh does not decode");
	else if (!pst_identifier_equal(pst_history_identifier(history), pst_peer_identifier(peer)))
		rc = pst_fail(err, PST_E_AUTH, "the refresh is another's");
	else
		rc = pst_peers_compare(self->peers, &known, history, err);
	if (!rc && self->accepts)
		credentials_import(self, peer, r);
	pst_history_unref(&history);
	return rc;
}

int
pst_identity_accept(struct pst_identity *self, struct pst_identifier *out,
    const uint8_t *bytes, size_t len, struct pst_err *err)
{
	struct pst_reader r = pst_reader(bytes, len);
	struct pst_history *history;
	int rc = pst_peers_read(self->peers, &history, &r, err);

	if (!rc)
		rc = pst_peers_accept(self->peers, history, err);
	if (!rc) {
		self->accepts++;
		pst_shown_accepted(self, pst_history_identifier(history));
		if (out)
			*out = *pst_history_identifier(history);
	}
	pst_history_unref(&history);
	return rc;
}

void
pst_identity_unaccept(struct pst_identity *self, const struct pst_identifier *issuer)
{
	if (!self->peers || !pst_peers_accepts(self->peers, issuer)) /* it closes, perhaps */
		return;
	self->accepts--;
	pst_peers_unaccept(self->peers, issuer);
	if (pst_shown_build(self))
		pst_warn(pst_section_log(self->env), "a credential of ours is still shown", PST_RC(-ENOMEM));
}

static void
kept(void *arg, int rc)
{
	struct pst_identity *self = arg;

	if (rc)
		pst_warn(pst_section_log(self->env),
		    "a peer's history could not be stored", PST_RC(rc));
	pst_identity_answered(self);
}

/* Its history is kept anew: it is another now. */
static void
tell_rekeyed(struct pst_identity *self, const struct pst_identifier *issuer)
{
	for (struct pst_identity_watch *watch = self->shown.watches; watch; watch = watch->next)
		if (watch->rekeyed)
			watch->rekeyed(watch, issuer);
}

static void
keep(void *arg, const struct pst_history *history)
{
	struct pst_identity *self = arg;
	char text[PST_IDENTIFIER_TEXT], key[PST_STORE_KEY_MAX];
	struct pst_store_op put = {
		PST_STORE_PUT, { key, history->bytes, history->len },
	};

	pst_identifier_format(text, pst_history_identifier(history));
	snprintf(key, sizeof key, "peer/%s/%s", pst_section_name(self->env), text);
	self->pending++;
	self->store_ops->commit(self->store, &put, 1, kept, self);
	if (pst_peers_accepts(self->peers, pst_history_identifier(history)))
		tell_rekeyed(self, pst_history_identifier(history));
}

const struct pst_standing *
pst_identity_standing(const struct pst_identity *self, const struct pst_identifier *id)
{
	const struct pst_known *known = self->peers ? *pst_known_find(self->peers, id) : NULL;

	return known ? &known->standing : NULL;
}

/* ---- the section ---- */

static const struct pst_opt identity_options[] = {
	PST_OPT(REF, struct pst_identity_conf, vault, NULL,
	    "vault that holds the identity's key, unless `vault move` took it elsewhere", .of = "vault"),
	PST_OPT(REF, struct pst_identity_conf, channel_vault, "",
	    "vault that holds the key of its channels; left out: the same", .of = "vault"),
	PST_OPT(ENUM, struct pst_identity_conf, key, "any",
	    "kind of the keys that sign, when they are made: any is ed25519, or p256 in a vault without",
	    .of = "any ed25519 p256"),
	/* not whichever there is: another that is written may be one that nodes share */
	PST_OPT(REF, struct pst_identity_conf, store, "default",
	    "store for its history and what it knows of others", .of = "store"),
	PST_OPT_END,
};

static void
identity_free(struct pst_identity *self)
{
	pst_peers_close(&self->peers);
	pst_history_unref(&self->history);
	pst_shown_fini(self);
	pst_move_fini(self);
	for (size_t i = 0; i < self->formers; i++)
		pst_history_unref(&self->former[i]);
	free(self->former);
	pst_purpose_key_fini(&self->channel);
	pst_purpose_key_fini(&self->credential);
	free(self);
}

static void
settle(struct pst_identity *self)
{
	struct pst_section_env *env = self->env;

	if (!self->closing || self->pending)
		return;
	identity_free(self);
	pst_section_closed(env);
}

bool
pst_identity_answered(struct pst_identity *self)
{
	bool goes_on = !self->closing;

	self->pending--;
	settle(self);
	return goes_on;
}

int
pst_identity_vault_get(struct pst_identity_vault *out, struct pst_section_env *env, const char *name,
    struct pst_err *err)
{
	const void *ops;

	out->name = name;
	out->self = pst_section_ref(env, "vault", name, &ops);
	out->ops = ops;
	if (!out->self || !ops)
		return pst_fail(err, PST_E_CONF, "vault %s is not there", name);
	return PST_OK;
}

static void
identity_status(void *arg, struct pst_status *status)
{
	const struct pst_identity *self = arg;
	char text[PST_IDENTIFIER_TEXT];

	pst_identifier_format(text, pst_identity_identifier(self));
	pst_status_put(status, PST_FIELDS(PST_STR("identifier", text), PST_STR("vault", self->vault.name)));
}

static void
identity_ask(void *arg, struct pst_ask *ask)
{
	if (!strcmp(pst_ask_word(ask), "move"))
		pst_move_begin(arg, &ask);
	else
		pst_ask_done(&ask, PST_E_NOTHING, "an identity can be asked to move");
}

/* Where its key was moved to. */
static bool
identity_uses(void *arg, const char *kind, const char *name)
{
	const struct pst_identity *self = arg;

	return !strcmp(kind, "vault") && (!strcmp(name, self->moved_to) ||
	    (self->move.busy && !strcmp(name, self->move.note.to)));
}

static const struct pst_section_hooks identity_hooks = {
	.size = sizeof identity_hooks,
	.status = identity_status,
	.ask = identity_ask,
	.uses = identity_uses,
};

static int
identity_open(void **out, struct pst_section_env *env, const void *conf, struct pst_err *err)
{
	struct pst_identity *self = calloc(1, sizeof *self);
	const char *channel_vault;
	const void *ops;
	int rc;

	if (!self)
		return pst_fail(err, -ENOMEM, "out of memory");
	self->env = env;
	self->conf = conf;
	pst_purpose_key_init(&self->channel, self, PST_PURPOSE_CHANNEL, &self->channel_vault);
	pst_purpose_key_init(&self->credential, self, PST_PURPOSE_CREDENTIAL, &self->vault);
	pst_issuing_init(self);
	rc = PST_E_CONF;
	if (strlen(pst_section_name(env)) > PST_IDENTITY_NAME_MAX) {
		pst_fail(err, rc, "the name is longer than %d", PST_IDENTITY_NAME_MAX);
		goto out;
	}
	channel_vault = self->conf->channel_vault;
	if (!channel_vault || !*channel_vault)
		channel_vault = self->conf->vault;
	rc = pst_identity_vault_get(&self->vault, env, self->conf->vault, err);
	if (!rc)
		rc = pst_identity_vault_get(&self->channel_vault, env, channel_vault, err);
	if (rc)
		goto out;
	self->store = pst_section_ref(env, "store", self->conf->store, &ops);
	self->store_ops = ops;
	if (!self->store || !ops) {
		rc = pst_fail(err, PST_E_CONF, "store %s is not there", self->conf->store);
		goto out;
	}
	rc = pst_peers_new(&self->peers, pst_section_env(env), keep, self);
	if (rc)
		goto out;
	pst_section_hook(env, &identity_hooks);
	*out = self;
	pst_identity_open_begin(self);
	self = NULL; /* the section's from here on */
out:
	if (self)
		identity_free(self);
	return rc;
}

static void
identity_close(void *arg)
{
	struct pst_identity *self = arg;

	self->closing = true;
	pst_timer_stop(pst_section_env(self->env), &self->renewal);
	pst_task_cancel(pst_section_env(self->env), &self->shown.task);
	pst_issuing_close(self);
	pst_peers_close(&self->peers); /* nothing is kept any more */
	settle(self);
}

const struct pst_section pst_trust_sections[] = {
	PST_SECTION("identity", struct pst_identity_conf, identity_options, NULL,
	    identity_open, identity_close),
	PST_SECTION("policy", struct pst_rule_conf, pst_rule_options, pst_rule_check, pst_rule_open,
	    pst_rule_close),
	PST_SECTION_END,
};
