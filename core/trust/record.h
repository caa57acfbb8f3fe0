/*
 * Records, as trust.md 0.1 has them, on top of the CBOR cursor: an array
 * whose position i is field i; trailing optional fields may be left out, and
 * f6 stands for an absent one; more items than known are skipped.
 *
 *     struct pst_cbor_list fields = pst_cbor_array(r);
 *
 *     pst_record_need(r, &fields);
 *     x = pst_cbor_uint(r);
 *     if (pst_record_has(r, &fields))
 *             y = pst_cbor_uint(r);
 *     pst_cbor_leave(r, &fields);
 *
 * Everything that is signed travels as VersionedData, [version 1, data type,
 * body], inside a byte string: hashed and verified as received.
 */
#ifndef PST_TRUST_RECORD_H
#define PST_TRUST_RECORD_H

#include <errno.h>

#include <postern/cbor.h>

#define PST_HASH_LEN 32

/* The only version there is (trust.md 0.4). */
#define PST_VERSIONED_NOW 1

enum pst_versioned_type {
	PST_VERSIONED_CHANGE = 1,
	PST_VERSIONED_ATTESTATION = 2,
	PST_VERSIONED_CREDENTIAL = 3,
};

/* Longest that pst_versioned_write puts around a body. */
#define PST_VERSIONED_OVERHEAD 12

/* The next field must be there; the error sticks to r. */
static inline void
pst_record_need(struct pst_reader *r, struct pst_cbor_list *fields)
{
	if (!pst_cbor_more(r, fields))
		r->status = -EBADMSG;
}

/* True when the next field is there and not f6. */
static inline bool
pst_record_has(struct pst_reader *r, struct pst_cbor_list *fields)
{
	return pst_cbor_more(r, fields) && !pst_cbor_null(r);
}

/*
 * A reader for the body of the VersionedData in data; its status is -EBADMSG
 * unless version is 1 and the type as wanted. Bytes behind it are allowed.
 */
struct pst_reader pst_versioned_reader(const uint8_t *data, size_t len,
    enum pst_versioned_type type);
void pst_versioned_write(struct pst_writer *w, enum pst_versioned_type type,
    const uint8_t *body, size_t len);

#endif
