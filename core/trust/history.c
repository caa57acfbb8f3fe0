#include "trust/history.h"

#include <sodium.h>
#include <stdlib.h>

/*
 * Less than any change that can be verified has: a key (37), a signature
 * (69). So `length / CHANGE_MIN + 1` hashes are enough for any history,
 * whatever count it claims.
 */
#define CHANGE_MIN 100

/* One change while it is looked at; `hash` is what is signed. */
struct change {
	uint8_t hash[PST_HASH_LEN];
	uint8_t previous_hash[PST_HASH_LEN];
	bool has_previous_hash, has_previous_signature;
	struct pst_public_key key;
	uint64_t valid_from, valid_until;
	struct pst_signature signature, previous_signature;
};

/* ---- reading ---- */

static int
change_read_data(struct change *change, const uint8_t *data, size_t len)
{
	struct pst_reader r = pst_versioned_reader(data, len, PST_VERSIONED_CHANGE);
	struct pst_cbor_list fields = pst_cbor_array(&r);

	change->has_previous_hash = pst_record_has(&r, &fields);
	if (change->has_previous_hash)
		pst_cbor_fixed(&r, change->previous_hash, PST_HASH_LEN);
	pst_record_need(&r, &fields);
	pst_verifying_key_read(&r, &change->key);
	pst_record_need(&r, &fields);
	/* revoke_all_purpose_keys: a change of key revokes them anyway (2.2) */
	(void)pst_cbor_bool(&r);
	pst_record_need(&r, &fields);
	change->valid_from = pst_cbor_uint(&r);
	pst_record_need(&r, &fields);
	change->valid_until = pst_cbor_uint(&r);
	pst_cbor_leave(&r, &fields);
	return r.status;
}

static void
change_read(struct pst_reader *r, struct change *change)
{
	struct pst_cbor_list fields = pst_cbor_array(r);
	const uint8_t *data;
	size_t len;

	memset(change, 0, sizeof *change);
	pst_record_need(r, &fields);
	data = pst_cbor_bytes(r, &len);
	pst_record_need(r, &fields);
	pst_signature_read(r, &change->signature);
	change->has_previous_signature = pst_record_has(r, &fields);
	if (change->has_previous_signature)
		pst_signature_read(r, &change->previous_signature);
	pst_cbor_leave(r, &fields);
	if (r->status)
		return;
	crypto_hash_sha256(change->hash, data, len);
	r->status = change_read_data(change, data, len);
}

/* ---- verifying: cheap checks first ---- */

static int
change_check_first(const struct change *change, struct pst_err *err)
{
	/* its previous_signature, if any, says nothing and is not looked at */
	if (change->has_previous_hash)
		return pst_fail(err, PST_E_AUTH, "the first change names a previous one");
	return PST_OK;
}

static int
change_check_next(const struct change *change, const struct pst_history *history,
    struct pst_err *err)
{
	if (!change->has_previous_hash ||
	    memcmp(change->previous_hash, pst_history_latest_hash(history), PST_HASH_LEN))
		return pst_fail(err, PST_E_AUTH, "change %u does not follow the one before",
		    history->count + 1);
	if (change->valid_from < history->valid_from)
		return pst_fail(err, PST_E_AUTH, "change %u begins before the one before",
		    history->count + 1);
	if (!change->has_previous_signature ||
	    !pst_signature_verify(&change->previous_signature, &history->key, change->hash))
		return pst_fail(err, PST_E_AUTH, "change %u is not signed by the key before",
		    history->count + 1);
	return PST_OK;
}

static int
history_append(struct pst_history *history, const struct change *change, struct pst_err *err)
{
	int rc = history->count ? change_check_next(change, history, err) :
				  change_check_first(change, err);

	if (rc)
		return rc;
	if (!pst_signature_verify(&change->signature, &change->key, change->hash))
		return pst_fail(err, PST_E_AUTH, "change %u is not signed by its own key",
		    history->count + 1);
	memcpy(history->hash[history->count++], change->hash, PST_HASH_LEN);
	history->key = change->key;
	history->valid_from = change->valid_from;
	history->valid_until = change->valid_until;
	return PST_OK;
}

static struct pst_history *
history_new(const uint8_t *bytes, size_t len)
{
	size_t hashes = (len / CHANGE_MIN + 1) * PST_HASH_LEN;
	struct pst_history *history = malloc(sizeof *history + hashes + len);
	uint8_t *copy;

	if (!history)
		return NULL;
	memset(history, 0, sizeof *history);
	history->refs = 1;
	copy = (uint8_t *)history->hash + hashes;
	memcpy(copy, bytes, len);
	history->bytes = copy;
	history->len = len;
	return history;
}

int
pst_history_read(struct pst_history **out, struct pst_reader *r, struct pst_err *err)
{
	const uint8_t *start = r->p;
	struct pst_history *history = NULL;
	struct pst_cbor_list changes;
	struct change change;
	struct pst_reader again;
	int rc;

	*out = NULL;
	/* where it ends, before anything is allocated */
	pst_cbor_skip(r);
	if (r->status)
		return pst_fail(err, r->status, "the history does not decode");
	if (r->p - start > PST_HISTORY_MAX)
		return pst_fail(err, PST_E_LIMIT, "a history of %zu bytes, at most %d are allowed",
		    (size_t)(r->p - start), PST_HISTORY_MAX);
	history = history_new(start, (size_t)(r->p - start));
	if (!history)
		return -ENOMEM;

	again = pst_reader(history->bytes, history->len);
	changes = pst_cbor_array(&again);
	while (pst_cbor_more(&again, &changes)) {
		change_read(&again, &change);
		if (again.status)
			break;
		rc = history_append(history, &change, err);
		if (rc)
			goto out;
	}
	rc = again.status;
	if (rc)
		pst_fail(err, rc, "change %u does not decode", history->count + 1);
	else if (!history->count)
		rc = pst_fail(err, PST_E_AUTH, "the history is empty");
	if (rc)
		goto out;
	*out = history;
	history = NULL; /* given to the caller */
out:
	pst_history_unref(&history);
	return rc;
}

int
pst_history_peek(struct pst_identifier *out, struct pst_reader r)
{
	struct pst_cbor_list changes = pst_cbor_array(&r), fields;
	const uint8_t *data;
	size_t len;

	pst_record_need(&r, &changes);
	fields = pst_cbor_array(&r);
	pst_record_need(&r, &fields);
	data = pst_cbor_bytes(&r, &len);
	if (!r.status)
		crypto_hash_sha256(out->bytes, data, len);
	return r.status;
}

/* ---- the object ---- */

struct pst_history *
pst_history_ref(struct pst_history *history)
{
	history->refs++;
	return history;
}

void
pst_history_unref(struct pst_history **history)
{
	struct pst_history *gone = *history;

	*history = NULL;
	if (gone && --gone->refs == 0)
		free(gone);
}

const struct pst_identifier *
pst_history_identifier(const struct pst_history *history)
{
	_Static_assert(sizeof(struct pst_identifier) == PST_HASH_LEN, "an identifier is a hash");

	return (const struct pst_identifier *)history->hash[0];
}

const uint8_t *
pst_history_latest_hash(const struct pst_history *history)
{
	return history->hash[history->count - 1];
}

enum pst_history_order
pst_history_compare(const struct pst_history *received, const struct pst_history *known)
{
	uint32_t common = received->count < known->count ? received->count : known->count;

	if (memcmp(received->hash, known->hash, common * sizeof received->hash[0]))
		return PST_HISTORY_CONFLICT;
	if (received->count == known->count)
		return PST_HISTORY_EQUAL;
	return received->count > known->count ? PST_HISTORY_NEWER : PST_HISTORY_OLDER;
}

/* ---- writing ---- */

/* previous: a hash, or NULL. */
static void
change_write(struct pst_writer *w, const uint8_t *previous, const struct pst_public_key *key,
    uint64_t valid_from, uint64_t valid_until)
{
	uint8_t body[PST_CHANGE_DATA_MAX];
	struct pst_writer inner = pst_writer(body, sizeof body);

	pst_cbor_write_array(&inner, 5);
	if (previous)
		pst_cbor_write_bytes(&inner, previous, PST_HASH_LEN);
	else
		pst_cbor_write_null(&inner);
	pst_verifying_key_write(&inner, key);
	pst_cbor_write_bool(&inner, false);
	pst_cbor_write_uint(&inner, valid_from);
	pst_cbor_write_uint(&inner, valid_until);
	if (inner.status)
		w->status = inner.status;
	pst_versioned_write(w, PST_VERSIONED_CHANGE, body, pst_writer_len(&inner));
}

void
pst_change_write_data(struct pst_writer *w, const struct pst_public_key *key,
    uint64_t valid_from, uint64_t valid_until)
{
	change_write(w, NULL, key, valid_from, valid_until);
}

void
pst_change_write_next(struct pst_writer *w, const struct pst_history *history,
    const struct pst_public_key *key, uint64_t valid_from, uint64_t valid_until)
{
	change_write(w, pst_history_latest_hash(history), key, valid_from, valid_until);
}

void
pst_history_write_next(struct pst_writer *w, const struct pst_history *history,
    const uint8_t *data, size_t len, const struct pst_signature *signature,
    const struct pst_signature *previous)
{
	struct pst_reader r = pst_reader(history->bytes, history->len);
	struct pst_cbor_list changes = pst_cbor_array(&r);

	pst_cbor_write_array(w, history->count + 1);
	while (pst_cbor_more(&r, &changes)) {
		const uint8_t *change = r.p;

		pst_cbor_skip(&r);
		pst_write_bytes(w, change, (size_t)(r.p - change)); /* never encoded anew */
	}
	pst_cbor_write_array(w, 3);
	pst_cbor_write_bytes(w, data, len);
	pst_signature_write(w, signature);
	pst_signature_write(w, previous);
}

void
pst_history_write_first(struct pst_writer *w, const uint8_t *data, size_t len,
    const struct pst_signature *signature)
{
	pst_cbor_write_array(w, 1);
	pst_cbor_write_array(w, 2);
	pst_cbor_write_bytes(w, data, len);
	pst_signature_write(w, signature);
}
