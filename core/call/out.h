/* A body on its way out, either way: piece by piece, as far as was granted. */
#ifndef PST_CALL_OUT_H
#define PST_CALL_OUT_H

#include "call/message.h"

/* What is left of a body of which `sent` bytes went with the head; borrowed. */
void pst_call_out_init(struct pst_call_out *out, const uint8_t *bytes, size_t left, size_t sent);
/* Something is left, and may go. */
bool pst_call_out_ready(const struct pst_call_out *out);
/* The other side takes more. Returns whether it is ready. */
bool pst_call_out_grant(struct pst_call_out *out, uint64_t bytes);
/* The next piece of one that is ready, as a message. -ENOMEM. */
PST_MUST_CHECK int pst_call_out_next(struct pst_call_out *out, struct pst_buf *piece,
    struct pst_env *env, const struct pst_call_id *id);

#endif
