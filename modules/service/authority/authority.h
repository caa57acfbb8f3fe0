/*
 * service/authority: members, one-time codes, and credentials, by the four
 * workers of trust.md 5.2.
 *
 * Every request is a job: a few steps, each of which asks the store, or the
 * identity, and ends in an answer. What a job changes it changes by one batch,
 * which expects what the job has read; when another authority on the same store
 * was faster, the job begins again. So it does not matter where one is
 * killed, nor how many there are.
 */
#ifndef AUTHORITY_AUTHORITY_H
#define AUTHORITY_AUTHORITY_H

#include <postern/api.h>
#include <postern/credential.h>
#include <postern/module.h>
#include <postern/store.h>

#include "message.h"
#include "record.h"

/* Times that a batch is tried while others change the same: each conflict means that
 * somebody else has succeeded. */
#define TRIES_MAX 100
/* Of a list of members: well within a routing message (16 MiB). */
#define LIST_MAX (8 * 1024 * 1024)
/* Codes hold no longer, whatever is asked for. */
#define CODE_TTL_MAX (UINT64_C(10) * 365 * 24 * 3600)

struct authority_conf {
	const char *identity;
	const char *store;
	const char *project;
	struct pst_list members;
	uint64_t credential_ttl;
};

struct job;

struct authority {
	struct pst_section_env *senv;
	bool away; /* the store, since we opened */
	struct pst_env *env;
	const struct authority_conf *conf;
	const struct pst_log *log;
	struct pst_identity *identity;
	void *store;
	const struct pst_store_ops *store_ops;
	char name[PST_IDENTIFIER_TEXT]; /* its own identifier */

	struct pst_api_server issuer, tokens, acceptor, direct;
	struct pst_doorman doorman;      /* names the pre-trusted */
	struct pst_admission *admission; /* of them */
	struct pst_timer sweep;

	size_t jobs; /* not ended yet */
	bool closing;
	/* Those that redeem: one does, the others wait. */
	struct job *redeeming, *first, **last;
	struct pst_task turn;
	uint64_t enrolled, issued; /* since it has been open */
	uint64_t (*now)(void);     /* seconds since 1970 */
};

/* A copy of a value of the store; bytes NULL: it has none of that key. */
struct value {
	uint8_t *bytes;
	size_t len;
};

struct job {
	struct authority *a;
	struct job *next; /* of those that redeem */
	struct pst_api_call *call;    /* who asks; NULL: nobody, the section itself */
	bool member, enroller, admin; /* what who asks is */
	bool ids_only;                /* of a list */
	unsigned tries;
	/* What is to be done besides when the store or the vault says no; may be NULL. */
	void (*failed)(struct job *job, int rc);
	void (*then)(struct job *job, int rc); /* the next step, after the store's answer */
	void (*then_member)(struct job *job, int rc);
	void (*then_class)(struct job *job);
	void (*then_items)(struct job *job, const struct pst_store_item *items, size_t count);
	struct value *into; /* what is being read */

	struct value caller_value, target_value, code_value;
	struct member caller, target_member;
	struct pst_identifier target;
	struct pst_identifier *targets; /* of several */
	size_t target_count;
	struct attributes attributes; /* asked for */
	struct code code;
	uint64_t ttl_s;
	uint8_t secret[CODE_LEN]; /* wiped */
	struct pst_issue_call issue;
};

/* ---- job.c: what all jobs do ---- */

/* call, which may be NULL, is taken. NULL when memory is out: it has been refused. */
struct job *job_new(struct authority *a, struct pst_api_call *call);
/* Each answers, and ends the job. */
void job_answer(struct job *job, const void *body, size_t len);
void job_refuse(struct job *job, unsigned status, const char *fmt, ...) PST_PRINTF(3, 4);
/* The store or the vault says no. */
void job_fail(struct job *job, const char *what, int rc);
void job_end(struct job *job);
/* Who asks, for a record and for the log; the authority itself for its operator. */
const struct pst_identifier *job_identifier(const struct job *job);
const char *job_who(const struct job *job);

/* Each calls then(job, rc) once, unless the section closes: then the job is ended. */
void job_get(struct job *job, struct value *into, const char *key,
    void (*then)(struct job *job, int rc));
void job_commit(struct job *job, const struct pst_store_op *ops, size_t count,
    void (*then)(struct job *job, int rc));
/* All items of a prefix, if rc allows; else the job has failed. */
void job_list(struct job *job, const char *prefix,
    void (*then)(struct job *job, const struct pst_store_item *items, size_t count));
/* Sets member, enroller, admin, and caller; or the job has failed. */
void job_classify(struct job *job, void (*then)(struct job *job));
/* Reads target_member, of target: then(job, PST_OK or -ENOENT), or the job has failed. */
void job_target(struct job *job, void (*then)(struct job *job, int rc));

/* ---- keys of the store ---- */

#define KEY_MAX 192
/* id or code NULL: the prefix of all. */
char *member_key(char out[KEY_MAX], const struct authority *a, const struct pst_identifier *id);
char *code_key(char out[KEY_MAX], const struct authority *a, const uint8_t code[CODE_LEN]);
char *revoked_key(char out[KEY_MAX], const struct authority *a, const struct pst_identifier *id);
/* The identifier at the end of a member's key. */
PST_MUST_CHECK int member_key_identifier(struct pst_identifier *out, const struct authority *a,
    const char *key);

/* ---- the workers ---- */

/* issuer.c: credential_issuer */
void issuer_serves(struct pst_api_server *server, struct pst_api_call *call);
/* tokens.c: enrollment_token_issuer */
void tokens_serves(struct pst_api_server *server, struct pst_api_call *call);
/* redeem.c: enrollment_token_acceptor */
void acceptor_serves(struct pst_api_server *server, struct pst_api_call *call);
/* Those that wait are refused. */
void redeem_drop(struct authority *a);
/* direct.c: direct_authenticator */
void direct_serves(struct pst_api_server *server, struct pst_api_call *call);

/* ---- revoked.c: who was a member until lately ---- */

/* For the batch that deletes it; the room lives until that is committed. */
struct revoked_room {
	char key[KEY_MAX];
	uint8_t value[REVOKED_LEN];
};
struct pst_store_op revoked_put(const struct authority *a, const struct pst_identifier *member,
    struct revoked_room *room);
/* The batch is done. */
void revoked_done(struct authority *a, const struct pst_identifier *member);
/* What the store has, of this node's deeds or another's. expired (NULL: no matter) gets what is
 * to be deleted, and has room for count; how many are returned. */
size_t revoked_hear(struct authority *a, const struct pst_store_item *items, size_t count,
    struct pst_store_op *expired);

/* ---- trusted.c: the members that the configuration names ---- */

/* One of the list: an identifier and NAME=VALUE words, apart by blanks. */
PST_MUST_CHECK int trusted_parse(struct pst_identifier *id, struct attributes *attributes,
    const char *text, struct pst_err *err);
/* Replace those in the store as a set, then report the section up or down. -ENOMEM. */
PST_MUST_CHECK int trusted_begin(struct authority *a);

/* ---- sweep.c: what has expired ---- */
void sweep_begin(struct authority *a);

/* authority.c: a job has ended, perhaps the last of a section that closes. */
void authority_job_ended(struct authority *a);

#endif
