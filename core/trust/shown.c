#include "trust/shown.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern/linked.h>

#include "trust/credential.h"
#include "trust/opening.h"
#include "trust/presentation.h"

/* ---- the list, one an issuer ---- */

static struct pst_shown_credential **
find(const struct pst_identity *self, const struct pst_identifier *issuer)
{
	struct pst_shown_credential **at = (struct pst_shown_credential **)&self->shown.credentials;

	while (*at && !pst_identifier_equal(&(*at)->issuer, issuer))
		at = &(*at)->next;
	return at;
}

static void
drop(struct pst_shown_credential **at)
{
	struct pst_shown_credential *gone = *at;

	*at = gone->next;
	free(gone);
}

/* In place of what the issuer said before. */
static int
put(struct pst_identity *self, const struct pst_credential *credential)
{
	const struct pst_identifier *issuer = &credential->attestation.subject;
	struct pst_shown_credential *made = malloc(sizeof *made + credential->len), **at;

	if (!made)
		return -ENOMEM;
	made->issuer = *issuer;
	made->expires_at = credential->expires_at;
	made->len = credential->len;
	memcpy(made->bytes, credential->bytes, credential->len);
	at = find(self, issuer);
	if (*at)
		drop(at);
	made->next = self->shown.credentials;
	self->shown.credentials = made;
	return PST_OK;
}

void
pst_shown_fini(struct pst_identity *self)
{
	while (self->shown.credentials)
		drop(&self->shown.credentials);
	free(self->shown.presentation);
	pst_task_cancel(pst_section_env(self->env), &self->shown.task);
}

/* ---- what is shown ---- */

/* Those to be shown: how many, how long, and when the first of them ends. */
static size_t
choose(struct pst_identity *self, size_t room, size_t *len, uint64_t *until)
{
	uint64_t now = pst_clock_now();
	size_t count = 0;

	*len = 0;
	*until = UINT64_MAX;
	for (struct pst_shown_credential *c = self->shown.credentials; c; c = c->next) {
		c->shown = c->expires_at > now && pst_peers_accepts(self->peers, &c->issuer) &&
		    c->len <= room - *len;
		if (!c->shown)
			continue;
		*len += c->len;
		*until = c->expires_at < *until ? c->expires_at : *until;
		count++;
	}
	return count;
}

static void
credentials_write(struct pst_writer *w, const struct pst_identity *self, size_t count)
{
	pst_cbor_write_array(w, count);
	for (const struct pst_shown_credential *c = self->shown.credentials; c; c = c->next)
		if (c->shown)
			pst_write_bytes(w, c->bytes, c->len);
}

int
pst_shown_build(struct pst_identity *self)
{
	struct pst_shown *shown = &self->shown;
	const struct pst_history *history = self->history;
	/* 83, and the head of the credentials' array */
	size_t fixed = 1 + history->len + self->channel.len + 9, len, count;
	struct pst_writer w;
	uint8_t *made;

	if (fixed > PST_SHOWN_MAX)
		return PST_E_LIMIT;
	count = choose(self, PST_SHOWN_MAX - fixed, &len, &shown->until);
	made = malloc(2 * (fixed + len));
	if (!made)
		return -ENOMEM;
	w = pst_writer(made, 2 * (fixed + len));
	pst_presentation_write(&w, history->bytes, history->len, self->channel.bytes,
	    self->channel.len);
	credentials_write(&w, self, count);
	shown->presentation_len = pst_writer_len(&w);
	/* behind it what RefreshCredentials carries: the same without the key */
	pst_cbor_write_array(&w, 2);
	pst_write_bytes(&w, history->bytes, history->len);
	credentials_write(&w, self, count);
	shown->refresh_len = pst_writer_len(&w) - shown->presentation_len;
	free(shown->presentation);
	shown->presentation = made;
	return PST_OK;
}

/* Without memory it stays as it was: an expired credential harms nobody. */
static const struct pst_shown *
shown_now(struct pst_identity *self)
{
	if (pst_clock_now() >= self->shown.until && pst_shown_build(self) == -ENOMEM)
		pst_warn_rated(pst_section_log(self->env), &self->refused,
		    "an expired credential is still shown", PST_RC(-ENOMEM));
	return &self->shown;
}

const uint8_t *
pst_identity_presentation(struct pst_identity *self, size_t *len)
{
	const struct pst_shown *shown = shown_now(self);

	*len = shown->presentation_len;
	return shown->presentation;
}

const uint8_t *
pst_identity_refresh(struct pst_identity *self, size_t *len)
{
	const struct pst_shown *shown = shown_now(self);

	*len = shown->refresh_len;
	return shown->presentation + shown->presentation_len;
}

uint64_t
pst_identity_edition(const struct pst_identity *self)
{
	return self->shown.edition;
}

const uint8_t *
pst_identity_presented(const struct pst_identity *self, const struct pst_identifier *issuer,
    size_t *len, uint64_t *expires_at)
{
	const struct pst_shown_credential *c = *find(self, issuer);

	if (!c || !c->shown || c->expires_at <= pst_clock_now())
		return NULL;
	*len = c->len;
	if (expires_at)
		*expires_at = c->expires_at;
	return c->bytes;
}

/* ---- who is told ---- */

void
pst_identity_watch(struct pst_identity *self, struct pst_identity_watch *watch,
    void (*fn)(struct pst_identity_watch *watch))
{
	pst_identity_unwatch(watch);
	watch->fn = fn;
	pst_linked_enter(&self->shown.watches, watch);
}

void
pst_identity_unwatch(struct pst_identity_watch *watch)
{
	pst_linked_leave(watch);
}

static void
tell(struct pst_task *task)
{
	struct pst_shown *shown = pst_container_of(task, struct pst_shown, task);

	/* who watches is a section of this node: none comes or goes by this */
	for (struct pst_identity_watch *watch = shown->watches; watch; watch = watch->next)
		if (watch->fn)
			watch->fn(watch);
}

int
pst_shown_publish(struct pst_identity *self)
{
	int rc = pst_shown_build(self);

	if (rc)
		return rc;
	self->shown.edition++;
	pst_task_post(pst_section_env(self->env), &self->shown.task, tell);
	return PST_OK;
}

/* ---- the store ---- */

static void
stored(void *arg, int rc)
{
	struct pst_identity *self = arg;

	if (rc)
		pst_warn(pst_section_log(self->env), "our credential could not be stored", PST_RC(rc));
	pst_identity_answered(self);
}

/* Put, or delete (NULL), what this issuer says of us. */
static void
store(struct pst_identity *self, const struct pst_identifier *issuer,
    const struct pst_shown_credential *credential)
{
	char text[PST_IDENTIFIER_TEXT], key[PST_STORE_KEY_MAX], tail[PST_IDENTIFIER_TEXT + 1];
	struct pst_store_op op = { PST_STORE_DELETE, { key, NULL, 0 } };

	pst_identifier_format(text, issuer);
	snprintf(tail, sizeof tail, "/%s", text);
	pst_opening_key(key, "credential", self, tail);
	if (credential) {
		op.verb = PST_STORE_PUT;
		op.item.value = credential->bytes;
		op.item.len = credential->len;
	}
	self->pending++;
	self->store_ops->commit(self->store, &op, 1, stored, self);
}

static void
loaded(void *arg, int rc, const struct pst_store_item *items, size_t count)
{
	struct pst_identity *self = arg;

	if (!pst_identity_answered(self))
		return;
	for (size_t i = 0; i < count && !rc; i++) {
		struct pst_reader r = pst_reader(items[i].value, items[i].len);
		struct pst_credential credential;

		pst_credential_read(&r, &credential);
		if (r.status)
			pst_warn(pst_section_log(self->env), "a credential of ours is not used",
			    PST_STR("key", items[i].key), PST_RC(r.status));
		else
			rc = put(self, &credential);
	}
	self->shown.loaded(self, rc);
}

void
pst_shown_load(struct pst_identity *self, void (*done)(struct pst_identity *self, int rc))
{
	char key[PST_STORE_KEY_MAX];

	self->shown.loaded = done;
	pst_opening_key(key, "credential", self, "/");
	self->pending++;
	self->store_ops->list(self->store, key, loaded, self);
}

/* ---- what is new ---- */

void
pst_shown_accepted(struct pst_identity *self, const struct pst_identifier *issuer)
{
	struct pst_shown_credential **at = find(self, issuer);
	struct pst_credential credential;
	struct pst_err err = PST_ERR_INIT;
	struct pst_reader r;
	int rc;

	if (!*at || (*at)->shown)
		return;
	r = pst_reader((*at)->bytes, (*at)->len);
	pst_credential_read(&r, &credential); /* as it did before */
	rc = pst_peers_check(self->peers, &credential, pst_identity_identifier(self),
	    pst_clock_now(), &err);
	if (rc) {
		pst_info(pst_section_log(self->env), "a credential of ours holds no longer",
		    PST_STR("reason", err.text));
		store(self, issuer, NULL);
		drop(at);
	} else if (pst_shown_publish(self)) {
		pst_warn(pst_section_log(self->env), "a credential of ours is not shown", PST_RC(-ENOMEM));
	}
}

/* Beside what is shown of others, would it have room? */
static bool
has_room(struct pst_identity *self, const struct pst_credential *credential)
{
	const struct pst_shown_credential *before = *find(self, &credential->attestation.subject);
	size_t len;

	(void)pst_identity_presentation(self, &len);
	/* 8: the array's head may grow */
	return len + 8 + credential->len - (before && before->shown ? before->len : 0) <= PST_SHOWN_MAX;
}

int
pst_identity_present(struct pst_identity *self, const uint8_t *bytes, size_t len,
    uint64_t *expires_at, struct pst_err *err)
{
	struct pst_reader r = pst_reader(bytes, len);
	struct pst_shown_credential *before;
	struct pst_credential credential;
	int rc;

	pst_credential_read(&r, &credential);
	if (r.status)
		return pst_fail(err, r.status, "the credential does not decode");
	rc = pst_peers_check(self->peers, &credential, pst_identity_identifier(self),
	    pst_clock_now(), err);
	if (rc)
		return rc;
	if (expires_at)
		*expires_at = credential.expires_at;
	before = *find(self, &credential.attestation.subject);
	if (before && before->shown && before->len == credential.len &&
	    !memcmp(before->bytes, credential.bytes, credential.len))
		return PST_OK;
	if (!has_room(self, &credential))
		return pst_fail(err, PST_E_LIMIT, "a handshake has no room for the credential");
	rc = put(self, &credential);
	if (!rc)
		rc = pst_shown_publish(self);
	if (rc)
		return pst_fail(err, rc, "the credential cannot be shown: %s", pst_strerror(rc));
	store(self, &credential.attestation.subject, self->shown.credentials);
	return PST_OK;
}
