/*
 * One of the project's own nodes: it says in tickets where the project is, and
 * asks the authority beside it, as this machine's operator, for what commands want.
 *
 * An Ockam client reaches a project by /service/ID/service/api, ID being the project's
 * identifier, which in its world chooses among many. So there is a worker ID, which
 * lets messages pass to the next address and is no way around any rule: the
 * message still comes from where it came from.
 */
#include "own.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/linked.h>

/* The authority is in this node. */
#define ANSWER_MS 10000

/* ---- questions to the authority ---- */

void
own_question_done(struct question *q, int rc, const char *sentence)
{
	pst_api_cancel(&q->api);
	pst_linked_leave(q);
	pst_ask_done(&q->ask, rc, sentence);
	free(q);
}

/* False after the question was ended, because the authority does not do it. */
bool
own_answered(struct question *q, int rc, const struct pst_api_response *response)
{
	char text[PST_API_TEXT_MAX];

	if (!rc && response->status == PST_STATUS_OK)
		return true;
	if (rc == PST_E_NO_ROUTE)
		own_question_done(q, rc, "this node has no `service authority`");
	else if (rc)
		own_question_done(q, rc, "the authority does not answer");
	else
		own_question_done(q, response->status == PST_STATUS_NOT_FOUND ? PST_E_NOTHING :
		    response->status == PST_STATUS_FORBIDDEN ? PST_E_REFUSED : PST_E_PROTOCOL,
		    pst_api_error_text(response, text, sizeof text));
	return false;
}

void
own_question(struct own *own, struct pst_ask *ask, const char *service, enum pst_method method,
    const char *path, const struct pst_writer *body,
    void (*fn)(struct pst_api_ask *api, int rc, const struct pst_api_response *response))
{
	struct question *q = calloc(1, sizeof *q);
	struct pst_route_buf to;
	struct pst_route route;
	int rc;

	if (!q) {
		pst_ask_done(&ask, -ENOMEM, NULL);
		return;
	}
	*q = (struct question){ .own = own, .ask = ask };
	pst_linked_enter(&own->questions, q);
	pst_route_buf_init(&to);
	(void)!pst_route_add(&to, PST_ADDRESS_LOCAL, service, strlen(service)); /* one short address fits */
	route = pst_route_buf_view(&to);
	rc = pst_api_send(own->project->env, &q->api, &route, method, path, body ? body->start : NULL,
	    body ? pst_writer_len(body) : 0, ANSWER_MS, fn);
	if (rc)
		own_answered(q, rc, NULL);
}

/* ---- what commands ask ---- */

void
own_ask(struct project *project, struct pst_ask *ask)
{
	const char *word = pst_ask_word(ask);

	if (!strcmp(word, "ticket"))
		own_ticket(project->own, ask);
	else if (!strcmp(word, "members"))
		own_members(project->own, ask);
	else if (!strcmp(word, "revoke"))
		own_revoke(project->own, ask);
	else if (!strcmp(word, "join"))
		pst_ask_done(&ask, -EEXIST, "this node is the project's own");
	else
		pst_ask_done(&ask, PST_E_NOTHING, NULL);
}

/* ---- the section ---- */

static void
passes(struct pst_worker *worker, struct pst_message *m)
{
	struct own *own = pst_container_of(worker, struct own, passage);
	struct pst_message on = {
		.onward = pst_route_rest(&m->onward),
		.back = m->back,
		.payload = pst_buf_take(&m->payload),
		.from = m->from,
	};

	pst_router_send(pst_env_router(own->project->env), &on);
}

static void
id_make(struct own *own)
{
	const uint8_t *b = pst_identity_identifier(own->project->identity)->bytes;

	if (own->project->conf->id)
		snprintf(own->id, sizeof own->id, "%s", own->project->conf->id);
	else /* in the shape that identifiers of projects have elsewhere */
		snprintf(own->id, sizeof own->id, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

int
own_open(struct project *project, struct pst_err *err)
{
	struct own *own = calloc(1, sizeof *own);
	const uint8_t *history;
	size_t len;
	int rc;

	if (!own)
		return -ENOMEM;
	own->project = project;
	project->own = own;
	id_make(own);
	history = pst_identity_history(project->identity, &len);
	rc = pst_identity_accept(project->identity, NULL, history, len, err);
	if (rc) {
		free(own);
		return rc;
	}
	rc = pst_worker_start_named(pst_env_router(project->env), &own->passage, own->id, PST_REACH_ANY, passes);
	if (rc) {
		pst_fail(err, rc, "id: there is a worker %s already", own->id);
		pst_identity_unaccept(project->identity, pst_identity_identifier(project->identity));
		free(own);
		return rc;
	}
	pst_section_up(project->senv);
	return PST_OK;
}

void
own_close(struct project *project)
{
	struct own *own = project->own;
	struct pst_section_env *senv = project->senv;

	while (own->questions)
		own_question_done(own->questions, PST_E_CLOSED, NULL);
	pst_worker_stop(pst_env_router(project->env), &own->passage);
	pst_identity_unaccept(project->identity, pst_identity_identifier(project->identity));
	free(own);
	free(project);
	pst_section_closed(senv);
}

void
own_status(const struct project *project, struct pst_status *status)
{
	char id[PST_IDENTIFIER_TEXT];

	pst_identifier_format(id, pst_identity_identifier(project->identity));
	pst_status_put(status, PST_FIELDS(PST_STR("membership", "authority"), PST_STR("project_id", project->own->id),
	    PST_STR("authority", id)));
}

const char *
own_route(struct project *project, size_t i)
{
	struct own *own = project->own;
	char address[PST_MULTIADDR_VALUE + 32];

	if (i >= project->conf->at.count || own_address(address, sizeof address, project->conf->at.item[i], NULL))
		return NULL;
	snprintf(own->route, sizeof own->route, "%s/secure/%s", address, project->conf->channel);
	return own->route;
}
