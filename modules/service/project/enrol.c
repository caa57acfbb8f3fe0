/*
 * A conversation with an authority: the code is redeemed, if it was not yet, and a
 * credential fetched; at half of its life another, from whichever authority answers.
 */
#include "member.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* One authority gets so long to answer; then it is the next one's turn. */
#define TRY_MS 10000
/* All were tried in vain: again after so long, then twice that, up to the last. */
#define AGAIN_MS 2000
#define AGAIN_MAX_MS 60000

static void try_begin(struct pst_timer *timer);

/* ---- its end ---- */

static void
path_closed(void *arg)
{
	struct member *m = arg;

	m->path_closing = false;
	member_gone(m);
}

void
enrol_end(struct member *m)
{
	pst_timer_stop(m->project->env, &m->timer);
	pst_api_cancel(&m->ask);
	pst_route_buf_init(&m->at);
	if (!m->path)
		return;
	m->path_closing = true;
	pst_path_close(&m->path, path_closed, m);
}

void
enrol_later(struct member *m, uint64_t ms)
{
	enrol_end(m);
	pst_timer_start(m->project->env, &m->timer, ms, try_begin);
}

/* ---- what may go wrong ---- */

/* This one has not answered, or not well: the next one, or all again later. */
static void
try_failed(struct member *m, int rc, const char *what)
{
	member_problem(m, rc, what);
	m->turn++;
	if (++m->tried < m->ticket->authority_routes) {
		enrol_later(m, 0);
		return;
	}
	if (m->tried == m->ticket->authority_routes && !m->refused_at)
		pst_warn(m->project->log, "no authority answers", PST_STR("why", m->why));
	m->ready = true;
	/* who waits need not; we go on. A member is one as far as anybody knows here */
	member_joined(m, m->other ? PST_OK : rc);
	pst_ticket_free(&m->other);
	m->again_ms = m->again_ms ? m->again_ms * 2 : AGAIN_MS;
	if (m->again_ms > AGAIN_MAX_MS)
		m->again_ms = AGAIN_MAX_MS;
	enrol_later(m, pst_jitter(m->again_ms));
}

/* The code is no good: nothing helps but another ticket. */
static void
refused(struct member *m, const char *why)
{
	snprintf(m->why, sizeof m->why, "the authority refuses the ticket: most likely it was used already, or has expired, "
	    "which it does not tell apart; ask who made it for another. Its words: %.200s", why);
	pst_error(m->project->log, "the authority refuses the ticket", PST_STR("why", why));
	m->standing = STANDING_REFUSED;
	m->refused_at = (uint64_t)time(NULL);
	enrol_end(m);
	member_forget(m);
	member_joined(m, PST_E_REFUSED);
}

/* ---- what is asked ---- */

static int
ask_send(struct member *m, const char *service, const void *body, size_t len,
    void (*fn)(struct pst_api_ask *ask, int rc, const struct pst_api_response *response))
{
	struct pst_route_buf to = m->at;
	struct pst_route route;

	if (pst_route_add(&to, PST_ADDRESS_LOCAL, service, strlen(service)))
		return PST_E_LIMIT;
	pst_api_cancel(&m->ask); /* the way was lost and found while the store kept us waiting */
	route = pst_route_buf_view(&to);
	return pst_api_send(m->project->env, &m->ask, &route, PST_METHOD_POST, "/", body, len, TRY_MS, fn);
}

/* A second life begins at half of the first, so that an authority may be away for the other half. */
static void
credential_shown(struct member *m, uint64_t expires_at)
{
	uint64_t now = (uint64_t)time(NULL), left = expires_at > now ? expires_at - now : 0;
	bool first = !m->ready || m->refused_at;

	m->tried = 0;
	m->again_ms = 0;
	m->refused_at = 0;
	*m->why = '\0';
	m->ready = true;
	pst_ticket_free(&m->other);
	if (first)
		pst_info(m->project->log, "member", PST_U64("credential_s", left));
	member_joined(m, PST_OK);
	/* no sooner than in a second; a wait of more than the timer holds is none of ours */
	enrol_later(m, pst_jitter(left * 500 > 1000 ? left * 500 : 1000));
}

/* We are a member no longer. That may be mended there, or by another ticket. */
static void
revoked(struct member *m, const char *text)
{
	if (!m->refused_at) {
		m->refused_at = (uint64_t)time(NULL);
		pst_warn(m->project->log, "the authority says that we are no member", PST_STR("why", text));
	}
	if (m->other)
		member_rejoin(m, &m->other);
	else
		try_failed(m, PST_E_REFUSED, text);
}

static void
credential_came(struct pst_api_ask *ask, int rc, const struct pst_api_response *response)
{
	struct member *m = pst_container_of(ask, struct member, ask);
	struct pst_err err = PST_ERR_INIT;
	char text[PST_API_TEXT_MAX];
	uint64_t expires_at;
	size_t len;

	if (rc) {
		try_failed(m, rc, NULL);
		return;
	}
	if (response->status != PST_STATUS_OK) {
		pst_api_error_text(response, text, sizeof text);
		if (response->status == PST_STATUS_FORBIDDEN)
			revoked(m, text);
		else
			try_failed(m, PST_E_REFUSED, text);
		return;
	}
	len = pst_reader_left(&response->body);
	rc = pst_identity_present(m->project->identity, response->body.p, len, &expires_at, &err);
	if (rc)
		try_failed(m, rc, err.text);
	else
		credential_shown(m, expires_at);
}

static void
credential_ask(struct member *m)
{
	int rc = ask_send(m, "credential_issuer", NULL, 0, credential_came);

	if (rc)
		try_failed(m, rc, NULL);
}

static void
redeemed_kept(void *arg, int rc)
{
	struct member *m = arg;

	if (!member_answered(m))
		return;
	if (rc) /* the code is used up, and that is not yet known after a restart: no harm */
		pst_warn(m->project->log, "that we are a member could not be kept", PST_RC(rc));
	if (m->at.hops) /* else when there is a way */
		credential_ask(m);
}

static bool
says(const char *text, const char *words)
{
	for (; *text; text++)
		if (!strncasecmp(text, words, strlen(words)))
			return true;
	return false;
}

static void
redeemed(struct pst_api_ask *ask, int rc, const struct pst_api_response *response)
{
	struct member *m = pst_container_of(ask, struct member, ask);
	char text[PST_API_TEXT_MAX] = "";

	if (!rc && response->status != PST_STATUS_OK)
		pst_api_error_text(response, text, sizeof text);
	/* it could not, which says nothing of the code (trust.md 5.5) */
	if (rc || response->status == PST_STATUS_INTERNAL || says(text, "error adding member")) {
		try_failed(m, rc ? rc : PST_E_REFUSED, text);
		return;
	}
	/* "already a member" is as good as redeemed */
	if (response->status != PST_STATUS_OK && !says(text, "already a member")) {
		refused(m, text);
		return;
	}
	m->standing = STANDING_MEMBER;
	sodium_memzero(m->ticket->code, sizeof m->ticket->code);
	pst_info(m->project->log, "joined", PST_STR("project", m->ticket->project_name));
	member_keep(m, redeemed_kept);
}

/* OneTimeCode: {1: bytes(32)} (trust.md 5.5). */
static void
code_redeem(struct member *m)
{
	uint8_t body[4 + PST_CODE_LEN];
	struct pst_writer w = pst_writer(body, sizeof body);
	int rc;

	pst_cbor_write_map(&w, 1);
	pst_cbor_write_uint(&w, 1);
	pst_cbor_write_bytes(&w, m->ticket->code, sizeof m->ticket->code);
	rc = ask_send(m, "enrollment_token_acceptor", body, pst_writer_len(&w), redeemed);
	sodium_memzero(body, sizeof body);
	if (rc)
		try_failed(m, rc, NULL);
}

/* ---- the way there ---- */

static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct member *m = arg;

	(void)gate;
	pst_route_buf_init(&m->at);
	if (pst_route_add_route(&m->at, route)) {
		try_failed(m, PST_E_LIMIT, NULL);
		return;
	}
	if (m->standing == STANDING_JOINING)
		code_redeem(m);
	else
		credential_ask(m);
}

static void
path_down(void *arg, int rc)
{
	struct member *m = arg;

	/* it begins again by itself, until our time is over */
	(void)rc;
	pst_api_cancel(&m->ask);
	pst_route_buf_init(&m->at);
}

static const struct pst_path_events path_events = {
	.up = path_up,
	.down = path_down,
};

static void
try_expired(struct pst_timer *timer)
{
	try_failed(pst_container_of(timer, struct member, timer), UV_ETIMEDOUT,
	    "the authority does not answer");
}

static void
try_begin(struct pst_timer *timer)
{
	struct member *m = pst_container_of(timer, struct member, timer);
	struct pst_err err = PST_ERR_INIT;
	struct pst_path_conf conf = {
		.to = m->route,
		.authorized = &m->authority_list,
		.hops = &m->no_hops,
		.channel = m->project->conf->channel,
	};
	int rc;

	if (m->path_closing) {
		pst_timer_start(m->project->env, timer, 10, try_begin);
		return;
	}
	route_to_channel(m->route, sizeof m->route,
	    m->ticket->authority_route[m->turn % m->ticket->authority_routes]);
	rc = pst_path_open(&m->path, m->project->senv, &conf, &path_events, m, &err);
	if (rc)
		try_failed(m, rc, err.text);
	else
		pst_timer_start(m->project->env, timer, TRY_MS, try_expired);
}
