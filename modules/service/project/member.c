/*
 * A node that joined by a ticket.
 *
 * What is kept, under project/NAME in the store, is the ticket, its code zeros
 * once that was redeemed. So a node that dies between any two steps goes on
 * where it was; redeeming again is answered with "already a member".
 */
#include "member.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not all members ask an authority with a new key at the same moment. */
#define REKEYED_MS 1000

/* ---- what is kept ---- */

static void
key_of(const struct member *m, char key[PST_STORE_KEY_MAX])
{
	snprintf(key, PST_STORE_KEY_MAX, "project/%s", pst_section_name(m->project->senv));
}

void
member_gone(struct member *m)
{
	struct project *project = m->project;
	struct pst_section_env *senv = project->senv;

	if (!m->closing || m->pending || m->path || m->path_closing)
		return;
	pst_ticket_free(&m->ticket);
	pst_ticket_free(&m->other);
	free(m);
	free(project);
	pst_section_closed(senv);
}

/* An answer of the store: false when the section closes and m may be gone. */
bool
member_answered(struct member *m)
{
	m->pending--;
	if (!m->closing)
		return true;
	member_gone(m);
	return false;
}

void
member_keep(struct member *m, void (*fn)(void *arg, int rc))
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

	if (member_answered(m) && rc)
		pst_warn(m->project->log, "a ticket that is no good could not be forgotten", PST_RC(rc));
}

void
member_forget(struct member *m)
{
	char key[PST_STORE_KEY_MAX];
	struct pst_store_op op = { PST_STORE_DELETE, { key, NULL, 0 } };

	key_of(m, key);
	m->pending++;
	m->store_ops->commit(m->store, &op, 1, forgotten, m);
}

/* ---- how it stands ---- */

void
member_problem(struct member *m, int rc, const char *what)
{
	snprintf(m->why, sizeof m->why, "%s", what && *what ? what : pst_strerror(rc));
}

void
member_joined(struct member *m, int rc)
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
	if (m->accepted) /* already, by the ticket before, of the same */
		pst_identity_unaccept(m->project->identity, &authority);
	m->accepted = true;
	m->standing = sodium_is_zero(m->ticket->code, sizeof m->ticket->code) ? STANDING_MEMBER : STANDING_JOINING;
	pst_identifier_format(m->authority, &authority);
	m->authority_item[0] = m->authority;
	m->authority_list = (struct pst_list){ 1, m->authority_item };
	m->tried = 0;
	m->again_ms = 0;
	m->turn = randombytes_uniform(1024); /* not all members ask the same one */
	if (m->standing == STANDING_MEMBER &&
	    pst_identity_presented(m->project->identity, &authority, &len, &expires_at))
		m->ready = true; /* one that was kept is shown already */
	enrol_later(m, 0);
	return PST_OK;
}

static void
authority_drop(struct member *m)
{
	if (m->accepted)
		pst_identity_unaccept(m->project->identity, &m->ticket->authority.identifier);
	m->accepted = false;
}

/* A new ticket was kept, if rc allows: use it, or there is none, and m->why says why. */
static int
ticket_begin(struct member *m, int rc)
{
	struct pst_err err = PST_ERR_INIT;

	if (!rc)
		rc = ticket_use(m, &err);
	if (rc) {
		member_problem(m, rc, err.text);
		authority_drop(m);
		pst_ticket_free(&m->ticket);
	}
	return rc;
}

/* That of a command, which waits until we are a member. */
static void
joining_kept(void *arg, int rc)
{
	struct member *m = arg;

	if (!member_answered(m))
		return;
	rc = ticket_begin(m, rc);
	if (rc)
		member_joined(m, rc);
}

/* That of the section's file, which opens by it. */
static void
file_kept(void *arg, int rc)
{
	struct member *m = arg;

	if (!member_answered(m))
		return;
	rc = ticket_begin(m, rc);
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
	int rc = PST_OK;

	if (!file)
		return pst_fail(err, -errno, "ticket_file: %s: %s", path, strerror(errno));
	if (text)
		*len = fread(text, 1, PST_TICKET_MAX + 1, file);
	if (ferror(file))
		rc = pst_fail(err, -errno, "%s", strerror(errno));
	fclose(file);
	*out = text;
	return text ? rc : -ENOMEM;
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

	if (!member_answered(m))
		return;
	if (!rc) {
		rc = pst_ticket_read(&m->ticket, (const char *)item->value, item->len, &err);
		if (!rc)
			rc = ticket_use(m, &err);
	} else if (rc == -ENOENT && m->project->conf->ticket_file) {
		rc = ticket_from_file(m, &err);
		if (!rc) {
			member_keep(m, file_kept);
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

/* A credential by its former key is nothing to who did not see it before. If we are just asking
 * for another, that brought the news. */
static void
rekeyed(struct pst_identity_watch *watch, const struct pst_identifier *issuer)
{
	struct member *m = pst_container_of(watch, struct member, rekeyed);

	if (m->standing == STANDING_MEMBER && !m->path &&
	    pst_identifier_equal(issuer, &m->ticket->authority.identifier))
		enrol_later(m, pst_jitter(REKEYED_MS));
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
	pst_identity_watch(project->identity, &m->rekeyed, NULL);
	m->rekeyed.rekeyed = rekeyed;
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
	pst_identity_unwatch(&m->rekeyed);
	member_problem(m, PST_E_CLOSED, NULL);
	member_joined(m, PST_E_CLOSED);
	enrol_end(m);
	authority_drop(m);
	member_gone(m);
}

/* ---- what commands ask ---- */

void
member_rejoin(struct member *m, struct pst_ticket **ticket)
{
	enrol_end(m);
	pst_ticket_free(&m->ticket);
	m->ticket = *ticket;
	*ticket = NULL;
	m->standing = STANDING_NONE;
	m->ready = false;
	m->refused_at = 0;
	member_keep(m, joining_kept);
}

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
	if (m->standing != STANDING_MEMBER || m->refused_at) {
		member_rejoin(m, &ticket);
		return;
	}
	/* what we have is not given away for what may fail, unless it is none any more */
	m->other = ticket;
	m->tried = 0;
	enrol_later(m, 0);
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

	pst_status_put(status, PST_FIELDS(PST_STR("membership", m->standing == STANDING_MEMBER &&
	    m->refused_at ? "revoked" : texts[m->standing])));
	if (m->refused_at)
		pst_status_put(status, PST_FIELDS(PST_U64("refused_at", m->refused_at)));
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
