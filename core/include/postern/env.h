/*
 * The env: one loop, and what everything on it shares.
 *
 * An env belongs to one uv_loop_t and one thread. A module does not assume
 * that two of its objects share an env. Nothing here may be called from
 * another thread, except inside the work callbacks, which get no env.
 */
#ifndef POSTERN_ENV_H
#define POSTERN_ENV_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include <postern/buf.h>
#include <postern/err.h>
#include <postern/log.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_env;
struct pst_router;
struct pst_lane;

PST_API uv_loop_t *pst_env_loop(struct pst_env *env);
PST_API struct pst_pool *pst_env_pool(struct pst_env *env);
PST_API struct pst_router *pst_env_router(struct pst_env *env);
PST_API const struct pst_log *pst_env_log(struct pst_env *env);
/*
 * A short message of the node's own (a probe, a handshake, a Ping): len bytes
 * copied into a new buf with front and back bytes of room, charged to an
 * account that nobody waits for. -ENOMEM.
 */
PST_API PST_MUST_CHECK int pst_env_buf(struct pst_buf *out, struct pst_env *env, const void *data,
    size_t len, size_t front, size_t back);
/* False where `node { extensions = no }`: speak as Ockam 0.150 and no more. */
PST_API bool pst_env_extensions(const struct pst_env *env);

/*
 * Short work that would block the loop (under a second): work(arg) runs in
 * libuv's pool, then done(arg, rc) on the loop, always, with work's result or
 * UV_ECANCELED. Returns PST_OK or -ENOMEM (done is not called then).
 */
PST_API PST_MUST_CHECK int pst_work(struct pst_env *env, int (*work)(void *arg),
    void (*done)(void *arg, int rc), void *arg);

/*
 * A lane: one thread that does its work in order (a token, an SQLite file).
 * pst_lane_run() is as pst_work(). pst_lane_close() lets everything queued
 * finish, and calls on_closed(arg) on the loop when the thread is gone.
 */
PST_API PST_MUST_CHECK int pst_lane_new(struct pst_lane **out, struct pst_env *env,
    const char *name);
PST_API PST_MUST_CHECK int pst_lane_run(struct pst_lane *lane, int (*work)(void *arg),
    void (*done)(void *arg, int rc), void *arg);
PST_API void pst_lane_close(struct pst_lane **lane, void (*on_closed)(void *arg), void *arg);

/*
 * The crew: the threads that functions run on, as many as the machine has
 * cores, of all functions of the env together. They start with the first job,
 * and none is made when nothing runs. work(job) runs on one of them, then
 * done(job) on the loop, always. Jobs begin in the order they are given. A job
 * is its owner's again when done() runs, and may be given again from there.
 * -ENOMEM, -EAGAIN: no thread could be started; neither is called then.
 */
struct pst_job {
	struct pst_job *next; /* the crew's */
	void (*work)(struct pst_job *job);
	void (*done)(struct pst_job *job);
	void *waits; /* the crew's */
};
PST_API PST_MUST_CHECK int pst_crew_run(struct pst_env *env, struct pst_job *job);
/*
 * From within work(): have the loop run ask(job), and stay here until
 * somebody calls pst_crew_go_on(job) on the loop (within ask is fine). Another
 * thread takes this one's place meanwhile: whoever lets jobs wait bounds how many do.
 */
PST_API void pst_crew_wait(struct pst_env *env, struct pst_job *job,
    void (*ask)(struct pst_job *job));
PST_API void pst_crew_go_on(struct pst_env *env, struct pst_job *job);

/*
 * A timer that needs no close callback: embed it, start, stop, start again.
 * Many timers share one libuv handle. Stop it before its memory goes.
 * Milliseconds; expiry is never early and at most a few ms late.
 */
struct pst_timer {
	void *node[3]; /* the heap's */
	uint64_t due_ms;
	uint64_t seq;
	void (*fn)(struct pst_timer *timer);
	bool armed;
};
PST_API void pst_timer_start(struct pst_env *env, struct pst_timer *timer, uint64_t ms,
    void (*fn)(struct pst_timer *timer));
PST_API void pst_timer_stop(struct pst_env *env, struct pst_timer *timer);

/* Call fn(task) once, from the loop, soon and never within this call. */
struct pst_task {
	struct pst_task *next;
	struct pst_task **link; /* NULL while not queued */
	void (*fn)(struct pst_task *task);
};
PST_API void pst_task_post(struct pst_env *env, struct pst_task *task,
    void (*fn)(struct pst_task *task));
PST_API void pst_task_cancel(struct pst_env *env, struct pst_task *task);

#define pst_container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* Milliseconds of the loop's clock (monotonic). */
PST_API uint64_t pst_now_ms(struct pst_env *env);
/* A random delay between 3/4 and 5/4 of ms. */
PST_API uint64_t pst_jitter(uint64_t ms);

#ifdef __cplusplus
}
#endif
#endif
