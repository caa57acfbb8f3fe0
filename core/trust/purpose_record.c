/* A purpose key's attestation and its record: prepared, put into the store, read back. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "trust/opening.h"

/* trust.md 3.1: 5 years of 365 days, in seconds. */
#define LIFE_S 157680000

const char *
pst_purpose_name(enum pst_purpose purpose)
{
	static const char *const names[] = {
		[PST_PURPOSE_CHANNEL] = "channel",
		[PST_PURPOSE_CREDENTIAL] = "credential",
	};

	return names[purpose];
}

void
pst_purpose_key_name(const struct pst_purpose_key *key, char name[PST_STORE_KEY_MAX])
{
	char tail[32];

	snprintf(tail, sizeof tail, "/%s", pst_purpose_name(key->purpose));
	pst_opening_key(name, "purpose", key->self, tail);
}

void
pst_purpose_key_same(struct pst_purpose_key *key)
{
	memset(&key->next, 0, sizeof key->next);
	key->next.key = key->attestation.key;
	memcpy(key->next_handle, key->handle, sizeof key->next_handle);
}

void
pst_purpose_key_prepare(struct pst_purpose_key *key, const struct pst_history *history)
{
	struct pst_attestation *next = &key->next;
	struct pst_writer w = pst_writer(key->data, sizeof key->data);

	next->subject = *pst_history_identifier(history);
	memcpy(next->change, pst_history_latest_hash(history), PST_HASH_LEN);
	next->purpose = key->purpose;
	/* never before its identity: a machine without a battery comes up in 1970 */
	next->created_at = pst_clock_now();
	if (next->created_at < history->valid_from)
		next->created_at = history->valid_from;
	next->expires_at = next->created_at + LIFE_S;
	if (next->expires_at > history->valid_until)
		next->expires_at = history->valid_until;
	pst_attestation_write_data(&w, next);
	key->data_len = pst_writer_len(&w);
	crypto_hash_sha256(next->hash, key->data, key->data_len);
}

int
pst_purpose_key_put(struct pst_purpose_key *key, char name[PST_STORE_KEY_MAX],
    struct pst_store_op ops[PST_PURPOSE_OPS])
{
	size_t room = PST_ATTESTATION_MAX + PST_HANDLE_TEXT + 8;
	uint8_t bytes[PST_ATTESTATION_MAX];
	struct pst_writer a = pst_writer(bytes, sizeof bytes), w;

	free(key->next_record);
	key->next_record = malloc(room);
	if (!key->next_record)
		return -ENOMEM;
	w = pst_writer(key->next_record, room);
	pst_attestation_write(&a, key->data, key->data_len, &key->next.signature);
	pst_cbor_write_array(&w, 2);
	pst_cbor_write_bytes(&w, bytes, pst_writer_len(&a));
	pst_cbor_write_text(&w, key->next_handle, strlen(key->next_handle));
	key->next_record_len = pst_writer_len(&w);
	pst_purpose_key_name(key, name);
	ops[0] = (struct pst_store_op){ key->record ? PST_STORE_EXPECT : PST_STORE_EXPECT_ABSENT,
		{ name, key->record, key->record_len } };
	ops[1] = (struct pst_store_op){ PST_STORE_PUT,
		{ name, key->next_record, key->next_record_len } };
	return PST_OK;
}

void
pst_purpose_key_take(struct pst_purpose_key *key)
{
	struct pst_writer w = pst_writer(key->bytes, sizeof key->bytes);

	memcpy(key->handle, key->next_handle, sizeof key->handle);
	key->attestation = key->next;
	pst_attestation_write(&w, key->data, key->data_len, &key->attestation.signature);
	key->len = pst_writer_len(&w);
	free(key->record);
	key->record = key->next_record;
	key->record_len = key->next_record_len;
	key->next_record = NULL;
}

bool
pst_purpose_key_holds_in(struct pst_purpose_key *key, const struct pst_store_item *item)
{
	struct pst_attestation *attestation = &key->attestation;
	struct pst_reader r;
	uint64_t now = pst_clock_now();

	if (pst_key_record_read(item, &r, key->handle)) {
		key->handle[0] = '\0';
		return false;
	}
	if (pst_reader_left(&r) > sizeof key->bytes)
		return false;
	key->len = pst_reader_left(&r);
	memcpy(key->bytes, r.p, key->len);
	pst_attestation_read(&r, attestation);
	if (r.status || attestation->purpose != key->purpose)
		return false;
	/* our own is not of the future: then the clock is not set yet */
	if (now < attestation->created_at)
		now = attestation->created_at;
	return pst_attestation_verify(attestation, key->self->history, now, NULL) == PST_OK;
}
