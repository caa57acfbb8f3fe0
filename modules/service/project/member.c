/*
 * A node that joined by a ticket: it redeems the code, fetches a credential, and
 * fetches another at half of its life, from whichever authority answers.
 *
 * What is kept, under project/NAME in the store, is the ticket, its code zeros
 * once that was redeemed. So a node that dies between any two steps goes on
 * where it was; redeeming again is answered with "already a member".
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <postern/api.h>
#include <postern/path.h>

#include "project.h"

/* One authority gets so long to answer; then it is the next one's turn. */
#define TRY_MS 10000
/* All were tried in vain: again after so long, then twice that, up to the last. */
#define AGAIN_MS 2000
#define AGAIN_MAX_MS 60000

enum standing {
	STANDING_NONE,    /* no ticket yet */
	STANDING_JOINING, /* the code is to be redeemed */
	STANDING_MEMBER,
	STANDING_REFUSED, /* the code was: only another ticket helps */
};

struct member {
	struct project *project;
	void *store;
	const struct pst_store_ops *store_ops;
	unsigned pending; /* answers of the store we wait for */
	bool closing;
	enum standing standing;
	struct pst_ticket *ticket; /* NULL: none */
	bool accepted;             /* its authority, by our identity */
	bool ready;                /* others may use our routes: a credential is shown, or there is none to be had */
	struct pst_ask *joining;   /* who waits for it */
	char why[PST_ERR_TEXT];    /* the last thing that went wrong; empty: nothing */

	/* one conversation with an authority */
	struct pst_path *path;
	bool path_closing;
	size_t turn; /* which of the routes */
	size_t tried; /* of them, in vain, since the last success */
	uint64_t again_ms;
	struct pst_timer timer; /* the end of a try, or the next one */
	struct pst_api_ask ask;
	struct pst_route_buf at; /* the authority's channel listener, while the path is up */
	char route[2 * PST_MULTIADDR_VALUE];
	char authority[PST_IDENTIFIER_TEXT];
	const char *authority_item[2];
	struct pst_list authority_list, no_hops;
	char route_text[2 * PST_MULTIADDR_VALUE]; /* for who asks for ours */
};

static void try_begin(struct pst_timer *timer);

/* ---- what is kept ---- */

static void
key_of(const struct member *m, char key[PST_STORE_KEY_MAX])
{
	snprintf(key, PST_STORE_KEY_MAX, "project/%s", pst_section_name(m->project->senv));
}

static void
gone_if_done(struct member *m)
{
	struct project *project = m->project;
	struct pst_section_env *senv = project->senv;

	if (!m->closing || m->pending || m->path || m->path_closing)
		return;
	pst_ticket_free(&m->ticket);
	free(m);
	free(project);
	pst_section_closed(senv);
}

/* An answer of the store: false when the section closes and m may be gone. */
static bool
store_answered(struct member *m)
{
	m->pending--;
	if (!m->closing)
		return true;
	gone_if_done(m);
	return false;
}

static void
ticket_commit(struct member *m, void (*fn)(void *arg, int rc))
{
	char key[PST_STORE_KEY_MAX], *text = NULL;
	struct pst_err err = PST_ERR_INIT;
	struct pst_store_op op;
	int rc = pst_ticket_write(&text, m->ticket, PST_TICKET_PLAIN, &err);

	if (rc) {
		m->pending++;
		fn(m, rc);
		return;
	}
	key_of(m, key);
	op = (struct pst_store_op){ PST_STORE_PUT, { key, (uint8_t *)text, strlen(text) } };
	m->pending++;
	m->store_ops->commit(m->store, &op, 1, fn, m);
	pst_ticket_text_free(&text);
}

static void
forgotten(void *arg, int rc)
{
	struct member *m = arg;

	if (store_answered(m) && rc)
		pst_warn(m->project->log, "a ticket that is no good could not be forgotten", PST_RC(rc));
}

static void
record_forget(struct member *m)
{
	char key[PST_STORE_KEY_MAX];
	struct pst_store_op op = { PST_STORE_DELETE, { key, NULL, 0 } };

	key_of(m, key);
	m->pending++;
	m->store_ops->commit(m->store, &op, 1, forgotten, m);
}

/* ---- how it stands ---- */

static void
problem(struct member *m, int rc, const char *what)
{
	snprintf(m->why, sizeof m->why, "%s", what && *what ? what : pst_strerror(rc));
}

static void
joined(struct member *m, int rc)
{
	struct pst_ask *ask = m->joining;
	char id[PST_IDENTIFIER_TEXT];

	m->joining = NULL;
	if (!ask)
		return;
	pst_identifier_format(id, pst_identity_identifier(m->project->identity));
	if (!rc)
		pst_status_put(pst_ask_answer(ask), PST_FIELDS(PST_STR("identifier", id)));
	if (!rc)
		member_status(m->project, pst_ask_answer(ask));
	pst_ask_done(&ask, rc, m->why);
}

/* From now on others may use our routes. */
static void
ready(struct member *m)
{
	m->ready = true;
}

/* ---- one conversation ---- */

static void
path_closed(void *arg)
{
	struct member *m = arg;

	m->path_closing = false;
	gone_if_done(m);
}

static void
talk_end(struct member *m)
{
	pst_timer_stop(m->project->env, &m->timer);
	pst_api_cancel(&m->ask);
	pst_route_buf_init(&m->at);
	if (!m->path)
		return;
	m->path_closing = true;
	pst_path_close(&m->path, path_closed, m);
}

static void
try_later(struct member *m, uint64_t ms)
{
	talk_end(m);
	pst_timer_start(m->project->env, &m->timer, ms, try_begin);
}

/* This one has not answered, or not well: the next one, or all again later. */
static void
try_failed(struct member *m, int rc, const char *what)
{
	problem(m, rc, what);
	m->turn++;
	if (++m->tried < m->ticket->authority_routes) {
		try_later(m, 0);
		return;
	}
	if (m->tried == m->ticket->authority_routes)
		pst_warn(m->project->log, "no authority answers", PST_STR("why", m->why));
	ready(m);
	joined(m, rc); /* who waits need not; we go on */
	m->again_ms = m->again_ms ? m->again_ms * 2 : AGAIN_MS;
	if (m->again_ms > AGAIN_MAX_MS)
		m->again_ms = AGAIN_MAX_MS;
	try_later(m, pst_jitter(m->again_ms));
}

/* The code is no good: nothing helps but another ticket. */
static void
refused(struct member *m, const char *why)
{
	snprintf(m->why, sizeof m->why, "the authority refuses the ticket: %.200s", why);
	pst_error(m->project->log, "the authority refuses the ticket", PST_STR("why", why));
	m->standing = STANDING_REFUSED;
	talk_end(m);
	record_forget(m);
	joined(m, PST_E_REFUSED);
}

static int
ask_send(struct member *m, const char *service, const void *body, size_t len,
    void (*fn)(struct pst_api_ask *ask, int rc, const struct pst_api_response *response))
{
	struct pst_route_buf to = m->at;
	struct pst_route route;

	if (pst_route_add(&to, PST_ADDRESS_LOCAL, service, strlen(service)))
		return PST_E_LIMIT;
	route = pst_route_buf_view(&to);
	return pst_api_send(m->project->env, &m->ask, &route, PST_METHOD_POST, "/", body, len, TRY_MS, fn);
}

/* A second life begins at half of the first, so that an authority may be away for the other half. */
static void
credential_shown(struct member *m, uint64_t expires_at)
{
	uint64_t now = (uint64_t)time(NULL), left = expires_at > now ? expires_at - now : 0;
	bool first = !m->ready;

	m->tried = 0;
	m->again_ms = 0;
	*m->why = '\0';
	ready(m);
	if (first)
		pst_info(m->project->log, "member", PST_U64("credential_s", left));
	joined(m, PST_OK);
	/* no sooner than in a second; a wait of more than the timer holds is none of ours */
	try_later(m, pst_jitter(left * 500 > 1000 ? left * 500 : 1000));
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
		try_failed(m, PST_E_REFUSED, pst_api_error_text(response, text, sizeof text));
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

	if (!store_answered(m))
		return;
	if (rc) /* the code is used up, and that is not yet known after a restart: no harm */
		pst_warn(m->project->log, "that we are a member could not be kept", PST_RC(rc));
	if (m->path)
		credential_ask(m);
}

/* "already a member", in any case, is as good as redeemed (trust.md 5.5). */
static bool
is_member_already(const char *text)
{
	static const char words[] = "already a member";

	for (; *text; text++)
		if (!strncasecmp(text, words, sizeof words - 1))
			return true;
	return false;
}

static void
redeemed(struct pst_api_ask *ask, int rc, const struct pst_api_response *response)
{
	struct member *m = pst_container_of(ask, struct member, ask);
	char text[PST_API_TEXT_MAX];

	if (rc || response->status == PST_STATUS_INTERNAL) {
		try_failed(m, rc ? rc : PST_E_REFUSED, rc ? NULL : pst_api_error_text(response, text, sizeof text));
		return;
	}
	if (response->status != PST_STATUS_OK) {
		pst_api_error_text(response, text, sizeof text);
		if (!is_member_already(text)) {
			refused(m, text);
			return;
		}
	}
	m->standing = STANDING_MEMBER;
	sodium_memzero(m->ticket->code, sizeof m->ticket->code);
	pst_info(m->project->log, "joined", PST_STR("project", m->ticket->project_name));
	ticket_commit(m, redeemed_kept);
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

/* ---- beginning ---- */

/* The ticket is known, and what it says holds: who issues, and where to ask. */
static int
ticket_use(struct member *m, struct pst_err *err)
{
	struct pst_identifier authority;
	uint64_t expires_at;
	size_t len;
	int rc = pst_identity_accept(m->project->identity, &authority, m->ticket->authority.history,
	    m->ticket->authority.history_len, err);

	if (rc)
		return rc;
	m->accepted = true;
	m->standing = sodium_is_zero(m->ticket->code, sizeof m->ticket->code) ? STANDING_MEMBER : STANDING_JOINING;
	pst_identifier_format(m->authority, &authority);
	m->authority_item[0] = m->authority;
	m->authority_list = (struct pst_list){ 1, m->authority_item };
	m->tried = 0;
	m->again_ms = 0;
	m->turn = randombytes_uniform(1024); /* not all members ask the same one */
	if (m->standing == STANDING_MEMBER &&
	    pst_identity_presented(m->project->identity, &authority, &len, &expires_at)) {
		/* one that was kept is shown already; its life is half over when that is known no better */
		ready(m);
	}
	try_later(m, 0);
	return PST_OK;
}

static void
ticket_kept(void *arg, int rc)
{
	struct member *m = arg;
	struct pst_err err = PST_ERR_INIT;
	bool asked = m->joining != NULL;

	if (!store_answered(m))
		return;
	if (!rc)
		rc = ticket_use(m, &err);
	if (rc) {
		problem(m, rc, err.text);
		pst_ticket_free(&m->ticket);
		joined(m, rc);
	}
	if (asked)
		return;
	if (rc)
		pst_section_down(m->project->senv, rc, m->why);
	else
		pst_section_up(m->project->senv);
}

static int
file_read(char **out, size_t *len, const char *path, struct pst_err *err)
{
	FILE *file = fopen(path, "re");
	char *text = file ? malloc(PST_TICKET_MAX + 1) : NULL;

	if (!file)
		return pst_fail(err, -errno, "ticket_file: %s: %s", path, strerror(errno));
	if (text)
		*len = fread(text, 1, PST_TICKET_MAX + 1, file);
	fclose(file);
	*out = text;
	return text ? PST_OK : -ENOMEM;
}

static int
ticket_from_file(struct member *m, struct pst_err *err)
{
	const char *path = m->project->conf->ticket_file;
	char *text = NULL;
	size_t len = 0;
	int rc = file_read(&text, &len, path, err);

	if (!rc)
		rc = pst_ticket_read(&m->ticket, text, len, err);
	if (rc && text)
		pst_fail_in(err, rc, "ticket_file: %s", path);
	if (text)
		sodium_memzero(text, len);
	free(text);
	return rc;
}

static void
record_came(void *arg, int rc, const struct pst_store_item *item)
{
	struct member *m = arg;
	struct pst_section_env *senv = m->project->senv;
	struct pst_err err = PST_ERR_INIT;

	if (!store_answered(m))
		return;
	if (!rc) {
		rc = pst_ticket_read(&m->ticket, (const char *)item->value, item->len, &err);
		if (!rc)
			rc = ticket_use(m, &err);
	} else if (rc == -ENOENT && m->project->conf->ticket_file) {
		rc = ticket_from_file(m, &err);
		if (!rc) {
			ticket_commit(m, ticket_kept);
			return;
		}
	} else if (rc == -ENOENT) {
		rc = PST_OK; /* `postern join` will bring one */
	}
	if (rc)
		pst_section_down(senv, rc, err.text);
	else
		pst_section_up(senv);
}

int
member_open(struct project *project, struct pst_err *err)
{
	struct member *m = calloc(1, sizeof *m);
	char key[PST_STORE_KEY_MAX];
	const void *ops;

	(void)err;
	if (!m)
		return -ENOMEM;
	m->project = project;
	m->store = pst_section_ref(project->senv, "store", project->conf->store, &ops);
	m->store_ops = ops;
	pst_route_buf_init(&m->at);
	project->member = m;
	key_of(m, key);
	m->pending++;
	m->store_ops->get(m->store, key, record_came, m);
	return PST_OK;
}

void
member_close(struct project *project)
{
	struct member *m = project->member;

	m->closing = true;
	problem(m, PST_E_CLOSED, NULL);
	joined(m, PST_E_CLOSED);
	talk_end(m);
	if (m->accepted)
		pst_identity_unaccept(project->identity, &m->ticket->authority.identifier);
	gone_if_done(m);
}

/* ---- what commands ask ---- */

static void
join(struct member *m, struct pst_ask *ask)
{
	const char *text = pst_ask_value(ask, "ticket");
	struct pst_err err = PST_ERR_INIT;
	struct pst_ticket *ticket = NULL;
	int rc = PST_OK;

	if (!text)
		rc = pst_fail(&err, -EINVAL, "want a ticket");
	else if (m->joining)
		rc = pst_fail(&err, -EBUSY, "somebody is just joining");
	else
		rc = pst_ticket_read(&ticket, text, strlen(text), &err);
	if (!rc && m->accepted && !pst_identifier_equal(&ticket->authority.identifier, &m->ticket->authority.identifier))
		rc = pst_fail(&err, -EEXIST, "project %s is another one; give this one a name of its own (--name)",
		    pst_section_name(m->project->senv));
	if (rc) {
		pst_ticket_free(&ticket);
		pst_ask_done(&ask, rc, err.text);
		return;
	}
	m->joining = ask;
	if (m->accepted) {
		pst_identity_unaccept(m->project->identity, &m->ticket->authority.identifier);
		m->accepted = false;
	}
	talk_end(m);
	pst_ticket_free(&m->ticket);
	m->ticket = ticket;
	m->ready = false;
	ticket_commit(m, ticket_kept);
}

void
member_ask(struct project *project, struct pst_ask *ask)
{
	if (!strcmp(pst_ask_word(ask), "join"))
		join(project->member, ask);
	else
		pst_ask_done(&ask, PST_E_NOTHING, "this node is only a member: ask the project's own");
}

void
member_status(const struct project *project, struct pst_status *status)
{
	static const char *const texts[] = { "waiting for a ticket", "joining", "member", "refused" };
	const struct member *m = project->member;
	uint64_t expires_at = 0;
	size_t len;

	pst_status_put(status, PST_FIELDS(PST_STR("membership", texts[m->standing])));
	if (!m->ticket)
		return;
	pst_status_put(status, PST_FIELDS(PST_STR("project", m->ticket->project_name),
	    PST_STR("project_id", m->ticket->project_id), PST_STR("authority", m->authority)));
	if (pst_identity_presented(project->identity, &m->ticket->authority.identifier, &len, &expires_at))
		pst_status_put(status, PST_FIELDS(PST_U64("credential_expires_at", expires_at)));
	if (*m->why)
		pst_status_put(status, PST_FIELDS(PST_STR("problem", m->why)));
}

/* ---- what others see ---- */

const char *
member_route(struct project *project, size_t i)
{
	struct member *m = project->member;

	if (!m->ready || m->standing != STANDING_MEMBER || i >= m->ticket->project_routes)
		return NULL;
	route_to_channel(m->route_text, sizeof m->route_text, m->ticket->project_route[i]);
	return m->route_text;
}

const struct pst_identifier *
member_node(const struct project *project)
{
	return project->member->ticket ? &project->member->ticket->project.identifier : NULL;
}

const struct pst_identifier *
member_authority(const struct project *project)
{
	return project->member->ticket ? &project->member->ticket->authority.identifier : NULL;
}
