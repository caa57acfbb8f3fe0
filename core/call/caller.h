/* What caller.c and call.c know of each other. */
#ifndef PST_CALL_CALLER_H
#define PST_CALL_CALLER_H

#include "call/message.h"

/* The id as it travels: the number, big-endian. */
struct pst_call_id_bytes {
	uint8_t bytes[sizeof(uint64_t)];
};
struct pst_call_id pst_call_id_of(const struct pst_call *call, struct pst_call_id_bytes *bytes);

/* A short message. */
void pst_call_send(struct pst_call *call, const struct pst_writer *w);
/* The callee takes more of the body. */
void pst_call_granted(struct pst_call *call, uint64_t bytes);
/* It is the owner's again, before the owner hears so. */
void pst_call_detach(struct pst_call *call);
/* It has failed there; or here, and the callee is told. */
void pst_call_fail(struct pst_call *call, const struct pst_call_failure *failure);
void pst_call_give_up(struct pst_call *call, enum pst_call_code code, const char *text);

#endif
