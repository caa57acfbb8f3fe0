#include "trust/credential.h"

#include <sodium.h>

/* That of a project; no verifier asks (3.3). */
#define SCHEMA 1

/* ---- reading ---- */

/* [schema, {name: value}]: all of it is looked at, the map is kept. */
static struct pst_reader
attributes_read(struct pst_reader *r)
{
	struct pst_cbor_list fields = pst_cbor_array(r), map;
	struct pst_reader whole;
	size_t len;

	pst_record_need(r, &fields);
	(void)pst_cbor_uint(r);
	pst_record_need(r, &fields);
	whole = *r;
	map = pst_cbor_map(r);
	while (pst_cbor_more(r, &map)) {
		(void)pst_cbor_bytes(r, &len);
		(void)pst_cbor_bytes(r, &len);
	}
	whole.end = r->p;
	pst_cbor_leave(r, &fields);
	return whole;
}

static int
credential_read_data(struct pst_credential *out, const uint8_t *data, size_t len)
{
	struct pst_reader r = pst_versioned_reader(data, len, PST_VERSIONED_CREDENTIAL);
	struct pst_cbor_list fields = pst_cbor_array(&r);
	uint8_t change[PST_HASH_LEN];

	out->has_subject = pst_record_has(&r, &fields);
	if (out->has_subject)
		pst_cbor_fixed(&r, out->subject.bytes, sizeof out->subject.bytes);
	if (pst_record_has(&r, &fields))
		pst_cbor_fixed(&r, change, sizeof change);
	pst_record_need(&r, &fields);
	out->attributes = attributes_read(&r);
	pst_record_need(&r, &fields);
	out->created_at = pst_cbor_uint(&r);
	pst_record_need(&r, &fields);
	out->expires_at = pst_cbor_uint(&r);
	pst_cbor_leave(&r, &fields);
	return r.status;
}

/* The inner array: data where it lies, and signature. */
static const uint8_t *
signed_read(struct pst_reader *r, size_t *len, struct pst_signature *signature)
{
	struct pst_cbor_list fields = pst_cbor_array(r);
	const uint8_t *data;

	pst_record_need(r, &fields);
	data = pst_cbor_bytes(r, len);
	pst_record_need(r, &fields);
	pst_signature_read(r, signature);
	pst_cbor_leave(r, &fields);
	return data;
}

void
pst_credential_read(struct pst_reader *r, struct pst_credential *out)
{
	const uint8_t *start = r->p, *data;
	struct pst_cbor_list fields = pst_cbor_array(r);
	size_t len;

	memset(out, 0, sizeof *out);
	pst_record_need(r, &fields);
	data = signed_read(r, &len, &out->signature);
	pst_record_need(r, &fields);
	pst_attestation_read(r, &out->attestation);
	pst_cbor_leave(r, &fields);
	if (r->status)
		return;
	out->bytes = start;
	out->len = (size_t)(r->p - start);
	crypto_hash_sha256(out->hash, data, len);
	r->status = credential_read_data(out, data, len);
}

/* ---- verifying, in the order of 3.4 ---- */

int
pst_credential_check(const struct pst_credential *credential,
    const struct pst_identifier *subject, uint64_t now, struct pst_err *err)
{
	const struct pst_attestation *attestation = &credential->attestation;

	if (attestation->purpose != PST_PURPOSE_CREDENTIAL)
		return pst_fail(err, PST_E_AUTH, "the issuer's key is not one for credentials");
	if (!pst_signature_verify(&credential->signature, &attestation->key, credential->hash))
		return pst_fail(err, PST_E_AUTH, "the credential is not signed by the issuer's key");
	if (!credential->has_subject)
		return pst_fail(err, PST_E_AUTH, "the credential names no subject");
	if (subject && !pst_identifier_equal(&credential->subject, subject))
		return pst_fail(err, PST_E_AUTH, "the credential is of another identity");
	if (credential->created_at < attestation->created_at ||
	    credential->expires_at > attestation->expires_at)
		return pst_fail(err, PST_E_AUTH, "the credential outlives the issuer's key");
	return pst_lifetime_check("credential", credential->created_at, credential->expires_at, now, err);
}

/* ---- writing ---- */

static size_t
bytes_len(size_t n)
{
	return pst_cbor_head_len(n) + n;
}

static size_t
body_len(const struct pst_credential_data *data)
{
	/* 85, two hashes, [schema, the head of the map …], two times */
	size_t len = 1 + 2 * bytes_len(PST_HASH_LEN) + 1 + pst_cbor_head_len(SCHEMA) +
	    pst_cbor_head_len(data->count) + pst_cbor_head_len(data->created_at) +
	    pst_cbor_head_len(data->expires_at);

	for (size_t i = 0; i < data->count; i++)
		len += bytes_len(data->attributes[i].name_len) + bytes_len(data->attributes[i].value_len);
	return len;
}

size_t
pst_credential_data_len(const struct pst_credential_data *data)
{
	return 3 + bytes_len(body_len(data)); /* 83 01 03 */
}

void
pst_credential_write_data(struct pst_writer *w, const struct pst_credential_data *data)
{
	/* VersionedData, whose body is written in place: it may be long */
	pst_cbor_write_array(w, 3);
	pst_cbor_write_uint(w, PST_VERSIONED_NOW);
	pst_cbor_write_uint(w, PST_VERSIONED_CREDENTIAL);
	pst_cbor_write_bytes_head(w, body_len(data));
	pst_cbor_write_array(w, 5);
	pst_cbor_write_bytes(w, data->subject.bytes, sizeof data->subject.bytes);
	pst_cbor_write_bytes(w, data->change, PST_HASH_LEN);
	pst_cbor_write_array(w, 2);
	pst_cbor_write_uint(w, SCHEMA);
	pst_cbor_write_map(w, data->count);
	for (size_t i = 0; i < data->count; i++) {
		const struct pst_attribute *a = &data->attributes[i];

		pst_cbor_write_bytes(w, a->name, a->name_len);
		pst_cbor_write_bytes(w, a->value, a->value_len);
	}
	pst_cbor_write_uint(w, data->created_at);
	pst_cbor_write_uint(w, data->expires_at);
}

void
pst_credential_write(struct pst_writer *w, const struct pst_credential_data *data,
    const struct pst_signature *signature, const uint8_t *attestation, size_t attestation_len)
{
	pst_cbor_write_array(w, 2);
	pst_cbor_write_array(w, 2);
	pst_cbor_write_bytes_head(w, pst_credential_data_len(data));
	pst_credential_write_data(w, data);
	pst_signature_write(w, signature);
	pst_write_bytes(w, attestation, attestation_len);
}
