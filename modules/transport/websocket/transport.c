/*
 * transport/websocket: messages over WebSockets (spec routing.md 4), with TLS or
 * without. websocket.md is the page for operators.
 */
#include "transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <postern/coordinated.h>
#include <postern/look.h>

static const struct pst_opt transport_options[] = {
	PST_OPT(LIST, struct transport_conf, listen, NULL, "addresses to accept on, address:port"),
	PST_OPT(PATH, struct transport_conf, certificate, NULL, "TLS where it listens: a file with the certificate and its chain, PEM"),
	PST_OPT(PATH, struct transport_conf, key, NULL, "TLS where it listens: a file with its private key, PEM"),
	PST_OPT(STR, struct transport_conf, path, NULL, "the path to ask for, / without it; where it listens, the only one that is served"),
	PST_OPT(LIST, struct transport_conf, headers, NULL, "lines \"Name: value\" for the requests of who connects"),
	PST_OPT(PATH, struct transport_conf, ca, NULL,
	    "certificates of authorities, or of the servers themselves, instead of the system's, PEM"),
	PST_OPT(STR, struct transport_conf, server_name, NULL, "whom a server's certificate is to name, instead of its host"),
	PST_OPT(STR, struct transport_conf, proxy, NULL, "an HTTP proxy to connect by, host:port"),
	PST_OPT(LIST, struct transport_conf, expose, "api",
	    "workers that peers without a channel may reach; a last * matches any rest"),
	PST_OPT(SIZE, struct transport_conf, max_frame, "16M", "largest message of an admitted peer"),
	PST_OPT(SIZE, struct transport_conf, window, "4M", "bytes of an admitted peer not yet passed on"),
	PST_OPT(SIZE, struct transport_conf, unknown_max_frame, "256K", "largest message of any other peer"),
	PST_OPT(SIZE, struct transport_conf, unknown_window, "256K", "bytes of any other peer not yet passed on"),
	PST_OPT(TIME, struct transport_conf, connect_timeout, "15s", "for all addresses, the proxy, TLS and the upgrade together"),
	PST_OPT(TIME, struct transport_conf, handshake_timeout, "10s", "for TLS and the upgrade of who has connected"),
	PST_OPT(TIME, struct transport_conf, unknown_idle, "60s",
	    "a peer that is not admitted and sends nothing to a worker for so long is let go"),
	PST_OPT(TIME, struct transport_conf, ping, "30s", "a peer of whom nothing comes for so long is asked; after as long again it is lost"),
	PST_OPT(INT, struct transport_conf, links, "10000", "accepted connections at once; of those not admitted the quietest makes way"),
	PST_OPT(INT, struct transport_conf, unknown_links, "256",
	    "of them from one address (IPv6: one /64), while they are not admitted"),
	PST_OPT(INT, struct transport_conf, handshakes, "1000", "of them before their upgrade; the oldest makes way"),
	PST_OPT_END,
};

void
transport_gone(struct transport *transport)
{
	struct pst_section_env *senv = transport->senv;

	if (!transport->closing || transport->links.first || transport->listeners.first)
		return;
	certificate_close(&transport->certificate);
	SSL_CTX_free(transport->client);
	free(transport);
	pst_section_closed(senv);
}

static void
listeners_closed(struct pst_listeners *listeners)
{
	transport_gone(pst_container_of(listeners, struct transport, listeners));
}

static bool
connection_waits(struct pst_listeners *listeners, uv_stream_t *server)
{
	struct link *link = link_new(pst_container_of(listeners, struct transport, listeners), true);

	if (link)
		link_accept(link, server);
	return link != NULL;
}

/* ---- checking ---- */

/* A path with a query (RFC 3986): visible ASCII, and no fragment. */
static bool
is_target(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '#')
			return false;
	return *text == '/';
}

/* Those of the upgrade, which are there already, and those of a body, of which there is none. */
static bool
is_ours(const char *name, size_t len)
{
	static const char *const ours[] = { "Connection", "Content-Length", "Host", "Sec-WebSocket-Accept",
		"Sec-WebSocket-Extensions", "Sec-WebSocket-Key", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version",
		"Transfer-Encoding", "Upgrade" };

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (strlen(ours[i]) == len && !strncasecmp(ours[i], name, len))
			return true;
	return false;
}

static int
header_check(const char *line, struct pst_err *err)
{
	const char *colon = strchr(line, ':');

	if (!colon || !pst_header_is_name(line, (size_t)(colon - line)) || !pst_header_is_value(colon, strlen(colon)))
		return pst_fail(err, PST_E_CONF, "headers: \"%s\" is not of the form Name: value", line);
	if (is_ours(line, (size_t)(colon - line)))
		return pst_fail(err, PST_E_CONF, "headers: \"%s\": %.*s is the upgrade's own", line, (int)(colon - line),
		    line);
	return PST_OK;
}

/* To whatever host, a name of 253 bytes and a port, the request has to fit. */
static int
size_check(const struct transport_conf *c, struct pst_err *err)
{
	static const struct pst_list none;
	const char *path = c->path ? c->path : "/";
	char text[HEAD_MAX], key[HEAD_KEY], host[PST_HOST_TEXT + 8];

	memset(host, 'h', sizeof host - 1);
	host[sizeof host - 1] = '\0';
	if (head_ask(text, key, path, host, &none))
		return pst_fail(err, PST_E_CONF, "path: too long: a request is at most %d bytes", HEAD_MAX);
	if (head_ask(text, key, path, host, &c->headers))
		return pst_fail(err, PST_E_CONF, "headers: too long: a request is at most %d bytes", HEAD_MAX);
	return PST_OK;
}

static int
request_check(const struct transport_conf *c, struct pst_err *err)
{
	if (c->path && !is_target(c->path))
		return pst_fail(err, PST_E_CONF, "path: \"%s\" is no path, such as /ockam", c->path);
	if (c->path && c->listen.count && strchr(c->path, '?'))
		return pst_fail(err, PST_E_CONF, "path: \"%s\": where it listens, a query is not looked at", c->path);
	if (c->server_name && (!*c->server_name || strpbrk(c->server_name, " :/[]")))
		return pst_fail(err, PST_E_CONF, "server_name: \"%s\" is no name of a host", c->server_name);
	for (size_t i = 0; i < c->headers.count; i++) {
		int rc = header_check(c->headers.item[i], err);

		if (rc)
			return rc;
	}
	return size_check(c, err);
}

static int
times_check(const struct transport_conf *c, struct pst_err *err)
{
	const char *none = !c->connect_timeout ? "connect_timeout"
	    : !c->handshake_timeout ? "handshake_timeout"
	    : !c->unknown_idle ? "unknown_idle"
	    : !c->ping ? "ping" : NULL;

	return none ? pst_fail(err, PST_E_CONF, "%s: more than nothing", none) : PST_OK;
}

static int
files_check(const struct transport_conf *c, struct pst_err *err)
{
	SSL_CTX *server = NULL, *client = NULL;
	int rc = PST_OK, ca = PST_OK;

	if (c->certificate)
		rc = tls_server(&server, c->certificate, c->key, err);
	if (c->ca && (!rc || rc == -EACCES))
		ca = tls_client(&client, c->ca, err);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	return ca ? ca : rc;
}

static int
transport_check(const void *conf, struct pst_err *err)
{
	const struct transport_conf *c = conf;
	char host[PST_HOST_TEXT];
	uint16_t port;
	struct pst_err why = PST_ERR_INIT;
	int rc = request_check(c, err);

	for (size_t i = 0; !rc && i < c->listen.count; i++)
		rc = pst_listen_check(c->listen.item[i], err);
	if (!rc)
		rc = times_check(c, err);
	if (rc)
		return rc;
	if (!c->certificate != !c->key)
		return pst_fail(err, PST_E_CONF, "certificate: wants key, and key certificate");
	if (c->proxy && (pst_host_port(c->proxy, host, &port) || !port))
		return pst_fail(err, PST_E_CONF, "proxy: \"%s\" is no host:port", c->proxy);
	if (c->links < 1 || c->unknown_links < 1 || c->handshakes < 1 || !c->window || !c->unknown_window)
		return pst_fail(err, PST_E_CONF,
		    "want links, unknown_links, handshakes, window and unknown_window of at least 1");
	if (c->max_frame > PST_STREAM_FRAME_MAX)
		return pst_fail(err, PST_E_CONF, "max_frame: at most 16M");
	if (!c->unknown_max_frame || c->unknown_max_frame > c->max_frame)
		return pst_fail(err, PST_E_CONF, "unknown_max_frame: more than 0 and at most max_frame");
	rc = files_check(c, &why);
	/* who looks may not be who runs */
	return !rc || rc == -EACCES ? PST_OK : pst_fail(err, rc, "%s", why.text);
}

/* What is written for links that go out, or wants to be written; NULL: all is for those who come. */
static const char *
outgoing(const struct transport_conf *c)
{
	return c->proxy ? "proxy" : c->ca ? "ca" : c->server_name ? "server_name" : c->headers.count ? "headers"
	    : c->listen.count ? NULL : "listen";
}

static int
transport_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	const struct transport_conf *c = conf;
	const char *first = pst_look_first(look), *what = outgoing(c);
	struct pst_err why = PST_ERR_INIT;

	(void)kind, (void)err;
	for (size_t i = 0; i < c->listen.count; i++)
		pst_look_listens(look, "tcp", c->listen.item[i]);
	if (first && what)
		pst_look_warn(look, "%s: links that go out are made by transport %s, which comes first", what, first);
	if (files_check(c, &why) == -EACCES)
		pst_look_warn(look, "%s: whether it is right is seen by who may read it", why.text);
	return PST_OK;
}

static void
transport_status(void *self, struct pst_status *status)
{
	const struct transport *transport = self;
	uint64_t links = 0, unknown = 0;

	for (size_t i = 0; i < transport->conf->listen.count; i++)
		pst_status_item(status, "listening", PST_FIELDS(PST_STR("address", transport->conf->listen.item[i])));
	for (const struct pst_stream_link *link = transport->links.first; link; link = link->next) {
		links += link->up;
		unknown += link->up && link->link.gate.admit;
	}
	pst_status_put(status, PST_FIELDS(PST_U64("links", links), PST_U64("unknown", unknown),
	    PST_I64("accepted", transport->links.accepted), PST_I64("handshakes", transport->opening.count)));
}

static const struct pst_section_hooks transport_hooks = {
	.size = sizeof transport_hooks,
	.status = transport_status,
};

static int
transport_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct transport *transport = calloc(1, sizeof *transport);
	const struct transport_conf *c = conf;
	int rc;

	if (!transport)
		return -ENOMEM;
	transport->senv = senv;
	transport->env = pst_section_env(senv);
	transport->conf = c;
	transport->links = (struct pst_stream_links){
		.env = transport->env,
		.log = pst_section_log(senv),
		.expose = &c->expose,
		.max_frame = c->max_frame,
		.window = c->window,
		.unknown_max_frame = c->unknown_max_frame,
		.unknown_window = c->unknown_window,
		.unknown_links = c->unknown_links,
		.unknown_idle_ms = c->unknown_idle,
		.bare = true,
		.ending = link_ending,
		.gone = link_gone,
	};
	pst_stream_links_init(&transport->links);
	transport->listeners = (struct pst_listeners){
		.env = transport->env, .log = pst_section_log(senv), .waits = connection_waits, .closed = listeners_closed,
	};
	transport->opening = (struct pst_quiets){
		.env = transport->env, .limit_ms = c->handshake_timeout, .over = link_handshake_over,
	};
	pst_section_hook(senv, &transport_hooks);
	*self = transport;
	rc = tls_client(&transport->client, c->ca, err);
	if (!rc && c->certificate)
		rc = certificate_open(&transport->certificate, c->certificate, c->key, err);
	if (!rc)
		rc = pst_listen_all(&transport->listeners, c->listen.item, c->listen.count, err);
	if (rc) /* open all the same, so that close() ends what there is */
		pst_section_down(senv, rc, err->text);
	else
		pst_section_up(senv);
	return PST_OK;
}

static void
transport_close(void *self)
{
	struct transport *transport = self;

	transport->closing = true;
	pst_listen_no_more(&transport->listeners);
	if (!transport->links.first && !transport->listeners.first)
		transport_gone(transport);
	else
		pst_stream_links_end(&transport->links);
}

static const struct pst_transport_ops secure_ops = {
	.size = sizeof(struct pst_transport_ops),
	.protocol = "wss",
	.connect = link_connect_secure,
	.close = pst_stream_link_close,
	.stranded = link_stranded,
};

static const struct pst_transport_ops plain_ops = {
	.size = sizeof(struct pst_transport_ops),
	.protocol = "ws",
	.connect = link_connect,
	.close = pst_stream_link_close,
	.stranded = link_stranded,
	.also = &secure_ops,
};

static const struct pst_section transport_sections[] = {
	PST_SECTION("transport", struct transport_conf, transport_options, transport_check, transport_open, transport_close),
	PST_SECTION_END,
};

PST_MODULE(transport_websocket, .kind = PST_KIND_TRANSPORT, .version = "0.1.0",
    .summary = "messages over WebSockets, with TLS or without", .sections = transport_sections, .ops = &plain_ops,
    .look = transport_look);
