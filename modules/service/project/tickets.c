/* Tickets: `postern ticket` at the project's own node. */
#include "own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/dial.h>

#define EXPIRES_DEFAULT_S 600
#define ATTRIBUTES_MAX 64

/* ---- what it says ---- */

int
own_address(char *out, size_t size, const char *at, struct pst_err *err)
{
	char host[PST_HOST_TEXT];
	struct sockaddr_storage sa;
	const char *protocol = "dnsaddr";
	uint16_t port;

	if (pst_host_port(at, host, &port) || !port)
		return pst_fail(err, PST_E_CONF, "at: \"%s\" is no host:port", at);
	if (!pst_sockaddr_parse(at, &sa))
		protocol = sa.ss_family == AF_INET6 ? "ip6" : "ip4";
	snprintf(out, size, "/%s/%s/tcp/%u", protocol, host, port);
	return PST_OK;
}

static int
ticket_routes(const struct own *own, struct pst_ticket *ticket, char text[][2][2 * PST_MULTIADDR_VALUE])
{
	const struct project_conf *conf = own->project->conf;
	size_t count = conf->at.count < PST_TICKET_ROUTES_MAX ? conf->at.count : PST_TICKET_ROUTES_MAX;

	for (size_t i = 0; i < count; i++) {
		char address[PST_MULTIADDR_VALUE + 32];
		int rc = own_address(address, sizeof address, conf->at.item[i], NULL);

		if (rc)
			return rc;
		snprintf(text[i][0], sizeof text[i][0], "%s/service/%s/service/%s", address, own->id, conf->channel);
		snprintf(text[i][1], sizeof text[i][1], "%s/service/%s", address, conf->channel);
		ticket->project_route[i] = text[i][0];
		ticket->authority_route[i] = text[i][1];
	}
	ticket->project_routes = ticket->authority_routes = count;
	return PST_OK;
}

static enum pst_ticket_form
form_wanted(const struct pst_ask *ask)
{
	const char *form = pst_ask_value(ask, "form");

	if (form && !strcmp(form, "json"))
		return PST_TICKET_JSON;
	return form && !strcmp(form, "hex") ? PST_TICKET_HEX : PST_TICKET_PLAIN;
}

static void
ticket_answer(struct question *q, const uint8_t code[PST_CODE_LEN])
{
	struct own *own = q->own;
	char routes[PST_TICKET_ROUTES_MAX][2][2 * PST_MULTIADDR_VALUE];
	struct pst_err err = PST_ERR_INIT;
	struct pst_ticket ticket = {
		.project_name = pst_section_name(own->project->senv),
		.project_id = own->id,
	};
	char *text = NULL;
	int rc = ticket_routes(own, &ticket, routes);

	memcpy(ticket.code, code, sizeof ticket.code);
	ticket.project.identifier = *pst_identity_identifier(own->project->identity);
	ticket.project.history = pst_identity_history(own->project->identity, &ticket.project.history_len);
	ticket.authority = ticket.project;
	if (!rc)
		rc = pst_ticket_write(&text, &ticket, form_wanted(q->ask), &err);
	if (!rc)
		pst_status_put(pst_ask_answer(q->ask), PST_FIELDS(PST_STR("ticket", text)));
	pst_ticket_text_free(&text);
	own_question_done(q, rc, err.text);
}

/* OneTimeCode (trust.md 5.5): {1: bytes(32)}. */
static void
code_came(struct pst_api_ask *api, int rc, const struct pst_api_response *response)
{
	struct question *q = pst_container_of(api, struct question, api);
	uint8_t code[PST_CODE_LEN] = { 0 };
	struct pst_cbor_list map;
	struct pst_reader r;

	if (!own_answered(q, rc, response))
		return;
	r = response->body;
	map = pst_cbor_map(&r);
	while (pst_cbor_more(&r, &map))
		if (pst_cbor_uint(&r) == 1)
			pst_cbor_fixed(&r, code, sizeof code);
		else
			pst_cbor_skip(&r);
	if (r.status)
		own_question_done(q, PST_E_PROTOCOL, "the authority's code is none");
	else
		ticket_answer(q, code);
}

/* What members are to be: "name=value"; a relay's name, and the right to hand out tickets, are attributes too. */
static int
attributes_write(struct pst_writer *w, struct pst_ask *ask, struct pst_err *err)
{
	struct pst_list given = pst_ask_values(ask, "attribute");
	const char *relay = pst_ask_value(ask, "relay");
	bool enroller = pst_ask_value(ask, "enroller") != NULL;

	if (given.count > ATTRIBUTES_MAX)
		return pst_fail(err, PST_E_LIMIT, "attribute: at most %d", ATTRIBUTES_MAX);
	pst_cbor_write_map(w, given.count + (relay ? 1 : 0) + enroller);
	for (size_t i = 0; i < given.count; i++) {
		const char *name = given.item[i], *equals = strchr(name, '=');

		if (!equals || equals == name)
			return pst_fail(err, PST_E_CONF, "attribute: \"%.80s\": want NAME=VALUE", name);
		pst_cbor_write_text(w, name, (size_t)(equals - name));
		pst_cbor_write_text(w, equals + 1, strlen(equals + 1));
	}
	if (relay) {
		pst_cbor_write_text(w, "ockam-relay", 11);
		pst_cbor_write_text(w, relay, strlen(relay));
	}
	if (enroller) {
		pst_cbor_write_text(w, "ockam-role", 10);
		pst_cbor_write_text(w, "enroller", 8);
	}
	return w->status ? pst_fail(err, PST_E_LIMIT, "attribute: too long") : PST_OK;
}

static int
number_of(struct pst_ask *ask, const char *name, uint64_t fallback, uint64_t *out, struct pst_err *err)
{
	const char *text = pst_ask_value(ask, name);
	char *end;

	*out = fallback;
	if (!text)
		return PST_OK;
	*out = strtoull(text, &end, 10);
	if (*end || end == text || !*out || *text == '-' || *out > UINT32_MAX)
		return pst_fail(err, PST_E_CONF, "%s: \"%.40s\": want a number from 1 on", name, text);
	return PST_OK;
}

/* CreateToken (trust.md 5.5): {1: attributes, 2: seconds, 3: uses}. */
void
own_ticket(struct own *own, struct pst_ask *ask)
{
	uint8_t body[8192];
	struct pst_writer w = pst_writer(body, sizeof body);
	struct pst_err err = PST_ERR_INIT;
	uint64_t expires_s, uses;
	int rc = number_of(ask, "expires_s", EXPIRES_DEFAULT_S, &expires_s, &err);

	if (!own->project->conf->at.count)
		rc = pst_fail(&err, PST_E_CONF,
		    "project %s does not say `at` which host:port members reach it", pst_section_name(own->project->senv));
	if (!rc)
		rc = number_of(ask, "uses", 1, &uses, &err);
	if (!rc) {
		pst_cbor_write_map(&w, 3);
		pst_cbor_write_uint(&w, 1);
		rc = attributes_write(&w, ask, &err);
	}
	if (rc) {
		pst_ask_done(&ask, rc, err.text);
		return;
	}
	pst_cbor_write_uint(&w, 2);
	pst_cbor_write_uint(&w, expires_s);
	pst_cbor_write_uint(&w, 3);
	pst_cbor_write_uint(&w, uses);
	own_question(own, ask, "enrollment_token_issuer", PST_METHOD_POST, "/tokens", &w, code_came);
}
