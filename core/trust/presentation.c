#include "trust/presentation.h"

int
pst_presentation_read(struct pst_presentation *out, const struct pst_peers *peers,
    const uint8_t *bytes, size_t len, struct pst_err *err)
{
	struct pst_reader r = pst_reader(bytes, len);
	struct pst_cbor_list fields;
	const uint8_t *credentials;
	int rc;

	memset(out, 0, sizeof *out);
	if (len > PST_PRESENTATION_MAX)
		return pst_fail(err, -EBADMSG, "a presentation of %zu bytes", len);
	fields = pst_cbor_array(&r);
	pst_record_need(&r, &fields);
	rc = peers ? pst_peers_read(peers, &out->history, &r, err) : pst_history_read(&out->history, &r, err);
	if (rc)
		return rc;
	pst_record_need(&r, &fields);
	pst_attestation_read(&r, &out->attestation);
	pst_record_need(&r, &fields);
	credentials = r.p;
	/* the room of the credentials has to be an array; what is in it is for
	 * who understands it, and never fails a handshake (4.3) */
	if (!r.status && (!pst_reader_left(&r) || *r.p >> 5 != 4))
		r.status = -EBADMSG;
	pst_cbor_skip(&r);
	pst_cbor_leave(&r, &fields);
	if (r.status) {
		pst_presentation_release(out);
		return pst_fail(err, -EBADMSG, "the presentation does not decode");
	}
	out->credentials = pst_reader(credentials, (size_t)(r.p - credentials));
	return PST_OK;
}

void
pst_presentation_release(struct pst_presentation *presentation)
{
	pst_history_unref(&presentation->history);
}

void
pst_presentation_write(struct pst_writer *w, const uint8_t *history, size_t history_len,
    const uint8_t *attestation, size_t attestation_len)
{
	pst_cbor_write_array(w, 3);
	pst_write_bytes(w, history, history_len);
	pst_write_bytes(w, attestation, attestation_len);
}
