/*
 * service/asks: a client of services that speak api.h, for scenarios. It asks
 * one thing after the other along a path, again until there is an answer, and
 * prints each answer on a line, and first who it is itself:
 *
 *     NAME history HEX        of its identity
 *     NAME STATUS BODY        the body in hex; a refusal's text as it is
 *     NAME done
 *
 * With `shows` it first has an identity of its node, which may be its own, sign
 * a credential for it, and shows that in its handshake, as anybody can.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern/api.h>
#include <postern/credential.h>
#include <postern/path.h>

#define PATIENCE_MS 5000
#define BODY_MAX 4096
#define SHOWS_MAX 60000 /* what fits a handshake */

struct asks_conf {
	const char *to;
	const char *identity;
	const char *channel;
	const char *issuer;
	uint64_t shows;
	struct pst_list authorized;
	struct pst_list ask;
};

struct asks {
	struct pst_section_env *senv;
	struct pst_env *env;
	const struct asks_conf *conf;
	struct pst_issue_call issue; /* its subject: us, as the issuer sees us */
	struct pst_peer *subject;
	bool issuing, closing;
	struct pst_path *path;
	struct pst_route_buf route; /* empty while down */
	struct pst_api_ask asked;
	size_t next;
};

static const struct pst_opt asks_options[] = {
	PST_OPT(STR, struct asks_conf, to, NULL, "multiaddr of the services' node; left out: nothing is asked"),
	PST_OPT(REF, struct asks_conf, identity, NULL, "whose history is printed", .of = "identity"),
	PST_OPT(REF, struct asks_conf, channel, NULL, "whose channels", .of = "channel"),
	PST_OPT(REF, struct asks_conf, issuer, NULL, "who signs what it shows", .of = "identity"),
	PST_OPT(SIZE, struct asks_conf, shows, "0", "bytes of an attribute to show; 0: nothing"),
	PST_OPT(LIST, struct asks_conf, authorized, "*", "who that node is"),
	PST_OPT(LIST, struct asks_conf, ask, NULL, "SERVICE METHOD PATH [BODY IN HEX]"),
	PST_OPT_END,
};

/* The words of a question. */
struct words {
	char service[64], method[16], path[PST_API_PATH_MAX + 1];
	uint8_t body[BODY_MAX];
	size_t len;
};

static bool
words_read(struct words *w, const char *text)
{
	char hex[2 * BODY_MAX + 1] = "";

	w->len = 0;
	if (sscanf(text, "%63s %15s %255s %8192s", w->service, w->method, w->path, hex) < 3)
		return false;
	return !*hex || !sodium_hex2bin(w->body, sizeof w->body, hex, strlen(hex), NULL, &w->len, NULL);
}

static enum pst_method
method_of(const char *word)
{
	static const char *const names[] = { "GET", "POST", "PUT", "DELETE", "PATCH" };
	int i = 0;

	while (i < PST_METHOD_OTHER && strcmp(names[i], word))
		i++;
	return (enum pst_method)i;
}

static int
asks_check(const void *conf, struct pst_err *err)
{
	const struct asks_conf *c = conf;
	static struct words w;

	for (size_t i = 0; i < c->ask.count; i++)
		if (!words_read(&w, c->ask.item[i]))
			return pst_fail(err, PST_E_CONF, "ask: \"%s\"", c->ask.item[i]);
	if (c->shows > SHOWS_MAX)
		return pst_fail(err, PST_E_CONF, "shows: at most %d", SHOWS_MAX);
	return PST_OK;
}

/* ---- asking ---- */

static void ask_next(struct asks *a);

static void
print_hex(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
}

static struct pst_identity *
identity_of(struct asks *a)
{
	return pst_section_ref(a->senv, "identity", a->conf->identity, NULL);
}

static void
print_history(struct asks *a)
{
	size_t len;
	const uint8_t *history = pst_identity_history(identity_of(a), &len);

	printf("%s history ", pst_section_name(a->senv));
	print_hex(history, len);
	printf("\n");
	fflush(stdout);
}

static void
print(struct asks *a, const struct pst_api_response *response)
{
	char text[PST_API_TEXT_MAX];

	printf("%s %u ", pst_section_name(a->senv), response->status);
	if (response->status == PST_STATUS_OK)
		print_hex(response->body.p, pst_reader_left(&response->body));
	else
		printf("%s", pst_api_error_text(response, text, sizeof text));
	printf("\n");
	fflush(stdout);
}

static void
answered(struct pst_api_ask *ask, int rc, const struct pst_api_response *response)
{
	struct asks *a = pst_container_of(ask, struct asks, asked);

	if (rc) {
		pst_path_suspect(a->path);
	} else {
		print(a, response);
		a->next++;
	}
	ask_next(a);
}

static void
ask_next(struct asks *a)
{
	static struct words w;
	struct pst_route_buf rb = a->route;
	struct pst_route route;

	if (a->next == a->conf->ask.count) {
		printf("%s done\n", pst_section_name(a->senv));
		fflush(stdout);
		a->next++;
	}
	if (!a->route.hops || a->next > a->conf->ask.count)
		return;
	words_read(&w, a->conf->ask.item[a->next]);
	if (pst_route_add(&rb, PST_ADDRESS_LOCAL, w.service, strlen(w.service)))
		return;
	route = pst_route_buf_view(&rb);
	/* what could not be sent times out */
	(void)!pst_api_send(a->env, &a->asked, &route, method_of(w.method), w.path, w.body, w.len,
	    PATIENCE_MS, answered);
}

static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct asks *a = arg;

	pst_route_buf_init(&a->route);
	if (!pst_route_add_route(&a->route, route))
		ask_next(a);
}

static void
path_down(void *arg, int rc)
{
	struct asks *a = arg;

	pst_api_cancel(&a->asked);
	pst_route_buf_init(&a->route);
}

static const struct pst_path_events path_events = { .up = path_up, .down = path_down };

static int
ask_begin(struct asks *a, struct pst_err *err)
{
	static const struct pst_list none = { 0, NULL };
	struct pst_path_conf path = {
		.to = a->conf->to,
		.authorized = &a->conf->authorized,
		.hops = &none,
		.channel = a->conf->channel,
	};

	return a->conf->to ? pst_path_open(&a->path, a->senv, &path, &path_events, a, err) : PST_OK;
}

/* ---- what it shows ---- */

static void asks_settle(struct asks *a);

static void
issued(struct pst_issue_call *call, int rc)
{
	struct asks *a = pst_container_of(call, struct asks, issue);
	struct pst_err err = PST_ERR_INIT;

	a->issuing = false;
	pst_peer_unref(&a->subject);
	if (a->closing) {
		asks_settle(a);
		return;
	}
	if (!rc)
		rc = pst_identity_present(identity_of(a), call->credential, call->len, NULL, &err);
	if (!rc)
		rc = ask_begin(a, &err);
	if (rc)
		pst_section_down(a->senv, rc, *err.text ? err.text : pst_strerror(rc));
	else
		pst_section_up(a->senv);
}

/* The issuer meets its subject as in a handshake, and the subject accepts the issuer. */
static int
issue_begin(struct asks *a, struct pst_err *err)
{
	static uint8_t value[SHOWS_MAX];
	static struct pst_attribute attribute = { (const uint8_t *)"app", value, 3, 0 };
	struct pst_identity *self = identity_of(a);
	struct pst_identity *issuer = pst_section_ref(a->senv, "identity", a->conf->issuer, NULL);
	size_t len;
	const uint8_t *bytes = pst_identity_presentation(self, &len);
	int rc = pst_identity_admit(issuer, &a->subject, bytes, len, pst_identity_static_key(self), err);

	if (rc)
		return rc;
	bytes = pst_identity_history(issuer, &len);
	rc = pst_identity_accept(self, NULL, bytes, len, err);
	if (rc) {
		pst_peer_unref(&a->subject);
		return rc;
	}
	memset(value, 'x', sizeof value);
	attribute.value_len = (uint32_t)a->conf->shows;
	a->issue = (struct pst_issue_call){
		.fn = issued, .subject = a->subject, .attributes = &attribute, .count = 1, .ttl_s = 3600,
	};
	a->issuing = true;
	pst_identity_issue(issuer, &a->issue);
	return PST_OK;
}

/* ---- the section ---- */

static int
asks_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	const struct asks_conf *c = conf;
	struct asks *a = calloc(1, sizeof *a);
	int rc;

	if (!a)
		return -ENOMEM;
	a->senv = senv;
	a->env = pst_section_env(senv);
	a->conf = c;
	print_history(a);
	rc = c->shows ? issue_begin(a, err) : ask_begin(a, err);
	if (rc) {
		free(a);
		return rc;
	}
	*self = a;
	if (!a->issuing)
		pst_section_up(senv);
	return PST_OK;
}

static void
path_closed(void *arg)
{
	asks_settle(arg);
}

static void
asks_settle(struct asks *a)
{
	struct pst_section_env *senv = a->senv;

	if (a->issuing)
		return;
	free(a);
	pst_section_closed(senv);
}

static void
asks_close(void *self)
{
	struct asks *a = self;

	a->closing = true;
	pst_api_cancel(&a->asked);
	if (a->path)
		pst_path_close(&a->path, path_closed, a);
	else
		asks_settle(a);
}

static const struct pst_section asks_sections[] = {
	PST_SECTION("service", struct asks_conf, asks_options, asks_check, asks_open, asks_close),
	PST_SECTION_END,
};

PST_MODULE(service_asks, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "asks services of other nodes", .sections = asks_sections);
