#include "trust/attestation.h"

#include <sodium.h>

#define X25519_LEN 32

static void
purpose_key_read(struct pst_reader *r, struct pst_attestation *out)
{
	struct pst_cbor_list outer, fields;
	uint64_t purpose = pst_cbor_choice(r, &outer, &fields);

	pst_record_need(r, &fields);
	if (purpose == PST_PURPOSE_CHANNEL) {
		out->key.kind = PST_KEY_X25519;
		out->key.len = X25519_LEN;
		pst_cbor_fixed(r, out->key.bytes, X25519_LEN);
	} else if (purpose == PST_PURPOSE_CREDENTIAL) {
		out->purpose = PST_PURPOSE_CREDENTIAL;
		pst_verifying_key_read(r, &out->key);
	} else {
		r->status = -EBADMSG;
	}
	pst_cbor_leave(r, &fields);
	pst_cbor_leave(r, &outer);
}

static int
attestation_read_data(struct pst_attestation *out, const uint8_t *data, size_t len)
{
	struct pst_reader r = pst_versioned_reader(data, len, PST_VERSIONED_ATTESTATION);
	struct pst_cbor_list fields = pst_cbor_array(&r);

	pst_record_need(&r, &fields);
	pst_cbor_fixed(&r, out->subject.bytes, sizeof out->subject.bytes);
	pst_record_need(&r, &fields);
	pst_cbor_fixed(&r, out->change, sizeof out->change);
	pst_record_need(&r, &fields);
	purpose_key_read(&r, out);
	pst_record_need(&r, &fields);
	out->created_at = pst_cbor_uint(&r);
	pst_record_need(&r, &fields);
	out->expires_at = pst_cbor_uint(&r);
	pst_cbor_leave(&r, &fields);
	return r.status;
}

void
pst_attestation_read(struct pst_reader *r, struct pst_attestation *out)
{
	struct pst_cbor_list fields = pst_cbor_array(r);
	const uint8_t *data;
	size_t len;

	memset(out, 0, sizeof *out);
	pst_record_need(r, &fields);
	data = pst_cbor_bytes(r, &len);
	pst_record_need(r, &fields);
	pst_signature_read(r, &out->signature);
	pst_cbor_leave(r, &fields);
	if (r->status)
		return;
	crypto_hash_sha256(out->hash, data, len);
	r->status = attestation_read_data(out, data, len);
}

int
pst_lifetime_check(const char *what, uint64_t created_at, uint64_t expires_at, uint64_t now,
    struct pst_err *err)
{
	/* the difference, since created_at may be any number */
	if (created_at > now && created_at - now > PST_CLOCK_SKEW_S)
		return pst_fail(err, PST_E_AUTH, "the %s is of the future; one of the two clocks is wrong", what);
	if (expires_at < now)
		return pst_fail(err, PST_E_AUTH, "the %s has expired", what);
	return PST_OK;
}

int
pst_attestation_check(const struct pst_attestation *attestation,
    const struct pst_history *subject, uint64_t now, struct pst_err *err)
{
	if (!pst_identifier_equal(&attestation->subject, pst_history_identifier(subject)))
		return pst_fail(err, PST_E_AUTH, "the attestation is of another identity");
	if (memcmp(attestation->change, pst_history_latest_hash(subject), PST_HASH_LEN))
		return pst_fail(err, PST_E_AUTH,
		    "the attestation is not of the identity's latest change");
	if (attestation->expires_at > subject->valid_until ||
	    attestation->created_at < subject->valid_from)
		return pst_fail(err, PST_E_AUTH, "the attestation outlives its key");
	return pst_lifetime_check("attestation", attestation->created_at, attestation->expires_at, now, err);
}

int
pst_attestation_verify(const struct pst_attestation *attestation,
    const struct pst_history *subject, uint64_t now, struct pst_err *err)
{
	int rc = pst_attestation_check(attestation, subject, now, err);

	if (rc)
		return rc;
	if (!pst_signature_verify(&attestation->signature, &subject->key, attestation->hash))
		return pst_fail(err, PST_E_AUTH,
		    "the attestation is not signed by the identity's key");
	return PST_OK;
}

/* ---- writing ---- */

static void
purpose_key_write(struct pst_writer *w, const struct pst_attestation *attestation)
{
	pst_cbor_write_array(w, 2);
	pst_cbor_write_uint(w, attestation->purpose);
	pst_cbor_write_array(w, 1);
	if (attestation->purpose == PST_PURPOSE_CREDENTIAL)
		pst_verifying_key_write(w, &attestation->key);
	else
		pst_cbor_write_bytes(w, attestation->key.bytes, X25519_LEN);
}

void
pst_attestation_write_data(struct pst_writer *w, const struct pst_attestation *attestation)
{
	uint8_t body[PST_ATTESTATION_DATA_MAX];
	struct pst_writer inner = pst_writer(body, sizeof body);

	pst_cbor_write_array(&inner, 5);
	pst_cbor_write_bytes(&inner, attestation->subject.bytes, PST_HASH_LEN);
	pst_cbor_write_bytes(&inner, attestation->change, PST_HASH_LEN);
	purpose_key_write(&inner, attestation);
	pst_cbor_write_uint(&inner, attestation->created_at);
	pst_cbor_write_uint(&inner, attestation->expires_at);
	if (inner.status)
		w->status = inner.status;
	pst_versioned_write(w, PST_VERSIONED_ATTESTATION, body, pst_writer_len(&inner));
}

void
pst_attestation_write(struct pst_writer *w, const uint8_t *data, size_t len,
    const struct pst_signature *signature)
{
	pst_cbor_write_array(w, 2);
	pst_cbor_write_bytes(w, data, len);
	pst_signature_write(w, signature);
}
