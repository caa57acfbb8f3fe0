/* One vault section: the loop's half, the lane's half, and the jobs between them. */
#ifndef VAULT_PKCS11_VAULT_H
#define VAULT_PKCS11_VAULT_H

#include "token.h"

struct pkcs11_conf {
	const char *library;
	const char *token;
	const char *pin_file;
	const char *pin_env;
};

struct vault {
	struct pst_section_env *env;
	const struct pkcs11_conf *conf;
	struct pst_lane *lane;
	struct pst_timer timer;
	bool opened; /* the token was there once */
	bool closing;
	int shown; /* why the section is down; PST_OK: it is up */
	atomic_bool stop; /* nobody waits for the PIN any more */

	/* the lane's: */
	struct token token;
	struct pin pin;
	int away; /* why the token is not open, as of token_open(); PST_OK: it is */
	struct pst_err why;
};

typedef int token_op(struct token *token, struct pst_vault_call *call, struct pst_err *err);

struct job {
	struct vault *vault;
	token_op *op;
	struct pst_vault_call *call;
	/* of `list`, instead of a call */
	void (*on_list)(void *arg, int rc, const struct pst_vault_key *keys, size_t count);
	void *arg;
	struct token_key *keys;
	size_t count;
	struct pst_task task;
	struct pst_err err; /* of what was asked */
	/* how the token was after it */
	int away;
	struct pst_err why;
};

/* lane.c, all with a job: do what is asked, */
int job_work(void *arg);
/* begin, or look whether the token is there again, */
int look_work(void *arg);
/* look whether there is another PIN than the one that was refused. */
int renew_work(void *arg);
/* With the vault: let go of the token. */
int leave_work(void *arg);

/* pkcs11.c: what the lane has found of the token; on the loop. */
void token_show(struct vault *vault, const struct job *job);

/* call.c */
extern const struct pst_vault_ops pkcs11_ops;

#endif
