/*
 * The inside of an env. Made by core/node for the daemon and by tests; the
 * router is put in by whoever makes both (base knows nothing of messages).
 */
#ifndef PST_BASE_ENV_H
#define PST_BASE_ENV_H

#include <postern/env.h>

struct pst_admission;
struct pst_crew;
struct pst_passed;
struct pst_rule;

struct pst_env {
	uv_loop_t *loop;
	struct pst_pool *pool;
	struct pst_account *own; /* of short messages made here */
	struct pst_router *router; /* core/route's; NULL in base's own tests */
	struct pst_log log;
	bool extensions;
	/* core/trust's: what policies there are, and who goes by them */
	struct pst_rule *rules;
	struct pst_admission *admissions;
	bool rules_changed; /* since the node settled */
	struct pst_passed *passed; /* sockets from who started the process; NULL: none */

	uv_timer_t alarm; /* rings for the first of `timers` */
	struct pst_timer *timers; /* a heap: the one that is due first */
	uint64_t timer_seq;

	uv_idle_t idle; /* active while tasks wait */
	struct pst_task *tasks;
	struct pst_task **tasks_end;

	struct pst_crew *crew; /* NULL before its first job */

	unsigned open_handles;
	void (*on_closed)(void *arg);
	void *on_closed_arg;
};

/* memory: bytes of blocks above which nothing new is let in. */
PST_API PST_MUST_CHECK int pst_env_init(struct pst_env *env, uv_loop_t *loop,
    struct pst_logger *logger, size_t memory);
/* Closes the env's handles, then calls on_closed; pst_env_fini() after that. */
PST_API void pst_env_close(struct pst_env *env, void (*on_closed)(void *arg), void *arg);
/* crew.c: of a crew that is there. on_closed is called on the loop when its threads are gone. */
void pst_crew_close(struct pst_env *env, void (*on_closed)(struct pst_env *env));
/* All blocks must be back. */
PST_API void pst_env_fini(struct pst_env *env);

#endif
