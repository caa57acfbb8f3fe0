/* Issuing credentials: calls wait for the key, then for the vault's signature. */
#ifndef PST_TRUST_ISSUE_H
#define PST_TRUST_ISSUE_H

#include <postern/credential.h>

struct pst_issuing {
	struct pst_issue_call *first; /* they wait for the key */
	struct pst_issue_call **end;
	struct pst_task task;
};

void pst_issuing_init(struct pst_identity *self);
/* The key may be used again. */
void pst_issuing_go_on(struct pst_identity *self);
/* Who waits for the key is told that it closes; who waits for the vault, when it answers. */
void pst_issuing_close(struct pst_identity *self);

#endif
