/* What callee.c and called.c know of each other: a callee, and a call that came to it. */
#ifndef PST_CALL_CALLEE_H
#define PST_CALL_CALLEE_H

#include "call/message.h"

static inline bool
pst_callee_open_still(const struct pst_callee *callee)
{
	return callee->worker.address != NULL;
}

void pst_callee_fini(struct pst_callee *callee);

/* ---- called.c ---- */

/* Short messages along a return route. */
void pst_callee_send(struct pst_callee *callee, const struct pst_route *back,
    const struct pst_writer *w);
void pst_callee_send_failure(struct pst_callee *callee, const struct pst_route *back,
    const struct pst_call_id *id, const struct pst_call_failure *failure);

/* The first or a further piece of its body; the last gives the call to the callee's owner. */
void pst_called_body(struct pst_called *call, const struct pst_call_message *msg);
/* The caller takes more of the answer. */
void pst_called_grant(struct pst_called *call, uint64_t bytes);
/* End one that is not its owner's, yet or any more. */
void pst_called_give_up(struct pst_called *call, enum pst_call_code code, const char *text);
/* Nobody waits for it any more. */
void pst_called_gone(struct pst_called *call);
void pst_called_gate_closed(struct pst_gate_watch *watch);
void pst_called_free(struct pst_called *call);

#endif
