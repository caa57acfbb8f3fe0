/* Coming to a server, losing it, and coming to it again: until the section closes. */
#include "postgresql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MIN_MS 100
#define AGAIN_MAX_MS 5000

static void connect_begin(struct store *store);

struct pst_env *
env_of(struct store *store)
{
	return pst_section_env(store->env);
}

/* ---- the end ---- */

static void
store_gone(void *arg)
{
	struct store *store = arg;
	struct pst_section_env *env = store->env;

	session_fail(&store->session, PST_E_CLOSED);
	pst_task_cancel(pst_section_env(env), &store->refuse);
	free(store);
	pst_section_closed(env);
}

/* The next step: what the server has been asked is awaited, what it has not is not. */
static void
close_step(struct store *store)
{
	struct pst_env *env = env_of(store);

	if (store->connecting || (store->session.ready && store->session.first))
		return;
	if (store->session.open) {
		session_drop(&store->session, "closing");
		return;
	}
	pst_timer_stop(env, &store->again);
	pst_timer_stop(env, &store->patience);
	if (store->lane)
		pst_lane_close(&store->lane, store_gone, store);
}

/* ---- up and down ---- */

static void
refuse(struct pst_task *task)
{
	struct store *store = pst_container_of(task, struct store, refuse);

	if (store->down)
		session_fail(&store->session, store->why.rc);
}

/* There is no server, or none that answers. */
static void
go_down(struct store *store, int rc, const char *sentence)
{
	pst_timer_stop(env_of(store), &store->patience);
	/* a section whose opening fails ends a node that starts; this one goes on trying */
	if (!store->opened)
		pst_section_up(store->env);
	store->opened = true;
	if (!store->down || strcmp(store->why.text, sentence)) {
		pst_fail(&store->why, rc, "%s", sentence);
		pst_section_down(store->env, rc, store->why.text);
	}
	store->down = true;
	pst_task_post(env_of(store), &store->refuse, refuse);
}

static void
patience_over(struct pst_timer *timer)
{
	struct store *store = pst_container_of(timer, struct store, patience);

	if (store->session.ready)
		session_drop(&store->session, "the server does not answer");
	go_down(store, -ETIMEDOUT,
	    store->session.err.text[0] ? store->session.err.text : "the server does not answer");
	if (store->closing)
		close_step(store);
}

/* Something is awaited from now on, or still is; or nothing is any more. */
static void
patience_renew(struct store *store)
{
	if (store->session.first || !store->session.ready)
		pst_timer_start(env_of(store), &store->patience, store->conf->timeout, patience_over);
	else
		pst_timer_stop(env_of(store), &store->patience);
}

static void
answered(struct session *session)
{
	struct store *store = pst_container_of(session, struct store, session);

	patience_renew(store);
	if (store->closing)
		close_step(store);
}

/* ---- connecting ---- */

static void
again(struct pst_timer *timer)
{
	connect_begin(pst_container_of(timer, struct store, again));
}

static void
connect_later(struct store *store)
{
	pst_timer_start(env_of(store), &store->again, pst_jitter(store->again_ms), again);
	store->again_ms = store->again_ms * 2 < AGAIN_MAX_MS ? store->again_ms * 2 : AGAIN_MAX_MS;
}

static void
lost(struct session *session)
{
	struct store *store = pst_container_of(session, struct store, session);

	if (store->closing) {
		close_step(store);
		return;
	}
	pst_warn(pst_section_log(store->env), "connection lost",
	    PST_STR("reason", session->err.text));
	if (!store->down)
		patience_renew(store);
	connect_later(store);
}

/* rc is not one that another attempt changes: a node that starts has been told to use the wrong schema. */
static bool
is_refused(const struct store *store, int rc)
{
	return rc == -EBADMSG && !store->opened;
}

static void
connect_failed(struct store *store, int rc)
{
	const char *sentence = store->err.text[0] ? store->err.text : pst_strerror(rc);

	if (is_refused(store, rc)) {
		pst_section_down(store->env, rc, sentence);
		return;
	}
	if (!store->opened || store->down)
		go_down(store, rc, sentence);
	else
		pst_fail(&store->session.err, rc, "%s", sentence);
	connect_later(store);
}

static void
connect_done(void *arg, int rc)
{
	struct store *store = arg;

	store->connecting = false;
	if (store->closing) {
		if (!rc)
			PQfinish(store->db.conn);
		close_step(store);
		return;
	}
	if (!rc)
		rc = session_begin(&store->session);
	if (rc) {
		connect_failed(store, rc);
		return;
	}
	store->again_ms = AGAIN_MIN_MS;
	patience_renew(store);
	pst_info(pst_section_log(store->env), "connected", PST_STR("server", PQhost(store->db.conn)));
	if (!store->opened || store->down)
		pst_section_up(store->env);
	store->opened = true;
	store->down = false;
}

static int
connect_work(void *arg)
{
	struct store *store = arg;

	store->err = (struct pst_err)PST_ERR_INIT;
	return db_open(&store->db, &store->err);
}

static void
connect_begin(struct store *store)
{
	if (pst_lane_run(store->lane, connect_work, connect_done, store))
		connect_later(store); /* no memory for it */
	else
		store->connecting = true;
}

/* ---- for the section ---- */

int
server_begin(struct store *store)
{
	int rc = pst_lane_new(&store->lane, env_of(store), "postgresql");

	if (rc)
		return rc;
	store->again_ms = AGAIN_MIN_MS;
	db_init(&store->db, store->conf->conninfo, store->conf->schema, store->conf->timeout);
	session_init(&store->session, &store->db, pst_env_loop(env_of(store)),
	    pst_section_log(store->env));
	store->session.on_answer = answered;
	store->session.on_lost = lost;
	connect_begin(store);
	return PST_OK;
}

void
server_ask(struct store *store, struct call **call)
{
	session_add(&store->session, call);
	if (store->down)
		pst_task_post(env_of(store), &store->refuse, refuse);
	else if (!store->patience.armed)
		patience_renew(store);
}

void
server_close(struct store *store)
{
	store->closing = true;
	atomic_store(&store->db.stop, true);
	close_step(store);
}
