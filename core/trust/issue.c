#include "trust/issue.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "trust/attributes.h"
#include "trust/clock.h"
#include "trust/identity.h"
#include "trust/known.h"

/* ---- one credential ---- */

static void
answer(struct pst_issue_call *call, int rc)
{
	uint8_t *memory = call->memory;

	call->memory = NULL;
	call->credential = rc ? NULL : memory;
	call->len = rc ? 0 : call->len;
	call->fn(call, rc); /* it may be gone after that */
	free(memory);
}

static void
signed_by_vault(struct pst_vault_call *vault, int rc)
{
	struct pst_issue_call *call = pst_container_of(vault, struct pst_issue_call, vault);
	struct pst_identity *self = call->identity;

	if (!rc && self->closing)
		rc = PST_E_CLOSED;
	if (!rc)
		memcpy(call->signature, vault->result, PST_SIGNATURE_LEN);
	answer(call, rc);
	pst_identity_answered(self);
}

/* The credential is written whole, but for the signature's bytes. */
static int
write_unsigned(struct pst_issue_call *call, const struct pst_credential_data *data)
{
	const struct pst_purpose_key *key = &call->identity->credential;
	struct pst_signature none = { key->attestation.key.kind, { 0 } };
	size_t data_len = pst_credential_data_len(data);
	size_t room = PST_CREDENTIAL_OVERHEAD + data_len + key->len;
	struct pst_writer w;

	if (room > PST_CREDENTIAL_MAX)
		return PST_E_LIMIT;
	call->memory = malloc(room);
	if (!call->memory)
		return -ENOMEM;
	w = pst_writer(call->memory, room);
	pst_credential_write(&w, data, &none, key->bytes, key->len);
	call->len = pst_writer_len(&w);
	call->expires_at = data->expires_at;
	call->signature = w.p - key->len - PST_SIGNATURE_LEN;
	call->vault = (struct pst_vault_call){ .fn = signed_by_vault };
	memcpy(call->vault.handle, key->handle, sizeof call->vault.handle);
	/* what is signed lies between 82 82, its own head, and the signature */
	crypto_hash_sha256(call->vault.message, call->memory + 2 + pst_cbor_head_len(data_len), data_len);
	return w.status;
}

static int
prepare(struct pst_issue_call *call)
{
	const struct pst_attestation *attestation = &call->identity->credential.attestation;
	struct pst_attribute *sorted = malloc((call->count + 1) * sizeof *sorted);
	struct pst_credential_data data = {
		.subject = *pst_peer_identifier(call->subject),
		.change = pst_peer_change(call->subject),
		.attributes = sorted,
		.count = call->count,
		.created_at = call->created_at,
	};
	int rc = -EINVAL;

	if (!sorted)
		return -ENOMEM;
	if (data.created_at < attestation->created_at)
		data.created_at = attestation->created_at;
	data.expires_at = attestation->expires_at;
	if (call->ttl_s < data.expires_at - data.created_at)
		data.expires_at = data.created_at + call->ttl_s;
	if (call->count)
		memcpy(sorted, call->attributes, call->count * sizeof *sorted);
	if (pst_attributes_sort(sorted, call->count))
		rc = write_unsigned(call, &data);
	free(sorted);
	return rc;
}

static void
issue(struct pst_issue_call *call)
{
	struct pst_identity *self = call->identity;
	int rc = prepare(call);

	if (rc) {
		answer(call, rc);
		return;
	}
	self->pending++;
	self->vault.ops->sign(self->vault.self, &call->vault);
}

/* ---- those who wait for the key ---- */

static struct pst_issue_call *
take_all(struct pst_issuing *issuing)
{
	struct pst_issue_call *first = issuing->first;

	issuing->first = NULL;
	issuing->end = &issuing->first;
	return first;
}

static void
key_ready(struct pst_identity *self, int rc)
{
	struct pst_issue_call *call = take_all(&self->issuing);

	if (rc)
		pst_log_rated(pst_section_log(self->env), PST_LOG_ERROR, &self->refused,
		    "no credentials are issued", PST_STR("reason", self->credential.err.text), PST_RC(rc));
	while (call) {
		struct pst_issue_call *next = call->next;

		if (rc)
			answer(call, rc);
		else
			issue(call);
		call = next;
	}
}

static void
serve(struct pst_task *task)
{
	struct pst_identity *self = pst_container_of(task, struct pst_identity, issuing.task);
	struct pst_purpose_key *key = &self->credential;

	if (key->busy || !self->issuing.first)
		return;
	if (!key->len)
		pst_purpose_key_open(key, key_ready);
	else if (!pst_purpose_key_holds(key) || pst_purpose_key_due(key))
		pst_purpose_key_replace(key, key_ready);
	else
		key_ready(self, PST_OK);
}

void
pst_issuing_init(struct pst_identity *self)
{
	take_all(&self->issuing);
}

void
pst_issuing_close(struct pst_identity *self)
{
	struct pst_issue_call *call = take_all(&self->issuing);

	pst_task_cancel(pst_section_env(self->env), &self->issuing.task);
	while (call) {
		struct pst_issue_call *next = call->next;

		answer(call, PST_E_CLOSED);
		call = next;
	}
}

void
pst_issuing_go_on(struct pst_identity *self)
{
	pst_task_post(pst_section_env(self->env), &self->issuing.task, serve);
}

/* When it was asked for: who is revoked while the key is made is so. Who was in this very second,
 * and is a member again, has one of the next, which nobody's clock minds. */
static uint64_t
created_at(const struct pst_identity *self, const struct pst_issue_call *call)
{
	uint64_t now = pst_clock_now(), from = 0;

	if (self->peers)
		from = pst_peers_counts_from(self->peers, pst_peer_identifier(call->subject),
		    pst_identity_identifier(self));
	return now < from ? from : now;
}

void
pst_identity_issue(struct pst_identity *self, struct pst_issue_call *call)
{
	call->identity = self;
	call->created_at = created_at(self, call);
	call->memory = NULL;
	call->next = NULL;
	*self->issuing.end = call;
	self->issuing.end = &call->next;
	pst_issuing_go_on(self);
}
