/*
 * Presentations: what one side of a handshake shows the other, CBOR
 * [history, attestation of the static key, credentials] (trust.md 4.2).
 */
#ifndef PST_TRUST_PRESENTATION_H
#define PST_TRUST_PRESENTATION_H

#include "trust/attestation.h"
#include "trust/peers.h"

/* The most a handshake message 3 has room for (trust.md 8.1). */
#define PST_PRESENTATION_MAX 65471

struct pst_presentation {
	struct pst_history *history; /* verified; counted */
	struct pst_attestation attestation; /* decoded, not verified */
	/* Credentials, not decoded: items of an array, borrowed. */
	struct pst_reader credentials;
};

/*
 * Decode one, verifying the history unless peers (may be NULL) know it.
 * Returns PST_OK; else what pst_history_read returns, or -EBADMSG. Release it
 * after PST_OK only.
 */
PST_MUST_CHECK int pst_presentation_read(struct pst_presentation *out,
    const struct pst_peers *peers, const uint8_t *bytes, size_t len, struct pst_err *err);
void pst_presentation_release(struct pst_presentation *presentation);

/* The array of credentials is to follow. */
void pst_presentation_write(struct pst_writer *w, const uint8_t *history, size_t history_len,
    const uint8_t *attestation, size_t attestation_len);

#endif
