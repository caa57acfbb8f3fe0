/* What a peer shows in a handshake: history, attestation, credentials. */
#include <sodium.h>

#include "trust/presentation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pst_presentation shown;
	struct pst_err err = PST_ERR_INIT;

	if (sodium_init() < 0 || pst_presentation_read(&shown, data, len, &err))
		return 0;
	/* a time at which the corpus holds */
	if (!pst_attestation_verify(&shown.attestation, shown.history, 1700002000, &err))
		while (!shown.credentials.status && pst_reader_left(&shown.credentials))
			pst_cbor_skip(&shown.credentials);
	pst_presentation_release(&shown);
	return 0;
}
