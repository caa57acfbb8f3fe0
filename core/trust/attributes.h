/* What becomes of a credential that holds: its attributes. */
#ifndef PST_TRUST_ATTRIBUTES_H
#define PST_TRUST_ATTRIBUTES_H

#include <postern/credential.h>

#include "trust/credential.h"

/*
 * In ascending order, with a copy of the credential's bytes behind them.
 * Returns PST_OK; -EBADMSG for a name that is there twice; -ENOMEM.
 */
PST_MUST_CHECK int pst_attributes_new(struct pst_attributes **out,
    const struct pst_credential *credential, struct pst_err *err);
/* That copy: as received. */
const uint8_t *pst_attributes_bytes(const struct pst_attributes *attributes);
/* Put them into the order of names; false when one is there twice. */
bool pst_attributes_sort(struct pst_attribute *item, size_t count);

#endif
