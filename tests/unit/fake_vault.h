/* Ask a vault and wait for its answer. */
#ifndef FAKE_VAULT_H
#define FAKE_VAULT_H

#include <postern/vault.h>

#include "fake_section.h"

struct fake_answer {
	bool done;
	int rc;
};

static inline void
fake_answered(struct pst_vault_call *call, int rc)
{
	struct fake_answer *answer = call->arg;

	answer->rc = rc;
	answer->done = true;
}

/* Which operation, by its member in struct pst_vault_ops. */
#define fake_ask(vault, op, call) \
	fake_ask_(vault, ((const struct pst_vault_ops *)(vault)->ops)->op, call)

static inline int
fake_ask_(struct fake_section *vault, void (*op)(void *self, struct pst_vault_call *call),
    struct pst_vault_call *call)
{
	struct fake_answer answer = { false, 0 };

	call->fn = fake_answered;
	call->arg = &answer;
	op(vault->self, call);
	assert_false(answer.done); /* never within the operation */
	fake_wait(vault->node, &answer.done);
	return answer.rc;
}

#endif
