/*
 * transport/udp: messages over UDP, as Ockam has them (spec routing.md 3).
 * udp.md is the page for operators.
 */
#include "quic.h"
#include "udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <postern/listen.h>
#include <postern/look.h>

static const struct pst_opt udp_options[] = {
	PST_OPT(LIST, struct udp_conf, listen, NULL, "addresses to hear on, address:port"),
	PST_OPT(LIST, struct udp_conf, expose, "api",
	    "workers that peers without a channel may reach; a last * matches any rest"),
	PST_OPT(SIZE, struct udp_conf, max_message, "16M", "longest message of an admitted peer"),
	PST_OPT(SIZE, struct udp_conf, window, "4M",
	    "bytes of an admitted peer not yet passed on; what comes beyond them is lost"),
	PST_OPT(SIZE, struct udp_conf, unknown_max_message, "256K", "longest message of any other peer"),
	PST_OPT(SIZE, struct udp_conf, unknown_window, "256K", "bytes of any other peer not yet passed on"),
	PST_OPT(SIZE, struct udp_conf, unfinished, "32M",
	    "bytes of messages of which parts are missing, per socket"),
	PST_OPT(TIME, struct udp_conf, idle, "5m", "an admitted peer that sends nothing for so long is let go"),
	PST_OPT(TIME, struct udp_conf, unknown_idle, "60s", "any other peer that sends nothing to a worker for so long"),
	PST_OPT(INT, struct udp_conf, links, "10000", "peers that have spoken first, at once"),
	PST_OPT(INT, struct udp_conf, unknown_links, "1000",
	    "of them not admitted; the quietest makes way for who comes next"),
	PST_OPT(TIME, struct udp_conf, handshake_timeout, "10s", "by QUIC: for opening a link"),
	PST_OPT(INT, struct udp_conf, handshakes, "1000",
	    "by QUIC: links that are being opened to us, at once; the oldest makes way"),
	PST_OPT(STR, struct udp_conf, rendezvous, NULL,
	    "a rendezvous service, host:port: for routes with /puncture/udp, and peers with a channel may have a puncture made"),
	PST_OPT(INT, struct udp_conf, punctures, "100", "punctures that peers have asked for, at once"),
	PST_OPT_END,
};

struct peers
udp_peers(const struct udp *udp, size_t most)
{
	return (struct peers){ .most = most, .store.limit = udp->conf->unfinished };
}

void
udp_address(struct sockaddr_storage *out, const struct addrinfo *a, uint16_t port)
{
	memcpy(out, a->ai_addr, a->ai_addrlen);
	((struct sockaddr_in *)out)->sin_port = htons(port); /* it stands at the same place in both kinds */
}

int
udp_reach(struct udp *udp, struct socket *out, const struct socket_events *events, const struct addrinfo **list,
    uint16_t port, struct sockaddr_storage *peer)
{
	int rc = UV_EAI_NONAME;

	for (const struct addrinfo *a = *list; rc && a; a = a->ai_next) {
		*list = a;
		udp_address(peer, a, port);
		*out = (struct socket){
			.env = udp->env,
			.scratch = &udp->scratch,
			.events = events,
			.peers = udp_peers(udp, 1),
		};
		rc = socket_open(out, NULL, peer);
	}
	return rc;
}

/* ---- listening ---- */

void
udp_gone(struct udp *udp)
{
	struct pst_section_env *senv = udp->senv;

	if (!udp->closing || udp->first || udp->quic.first || udp->puncture_count)
		return;
	for (struct listener *l = udp->listeners; l; l = l->next) /* links have had their last words on them */
		if (!l->socket.closing)
			socket_close(&l->socket);
	if (udp->open_listeners)
		return;
	while (udp->listeners) {
		struct listener *listener = udp->listeners;

		udp->listeners = listener->next;
		free(listener);
	}
	quic_fini(udp);
	free(udp);
	pst_section_closed(senv);
}

void
udp_listener_closed(struct socket *socket)
{
	struct udp *udp = pst_container_of(socket, struct listener, socket)->udp;

	udp->open_listeners--;
	udp_gone(udp);
}

/* Where it is: who has asked for port 0 wants to know which he has got. */
static void
listener_tell(const struct listener *listener)
{
	struct sockaddr_storage sa;
	char text[PST_ADDRESS_TEXT];
	socklen_t len = sizeof sa;

	if (!getsockname(listener->socket.fd, (struct sockaddr *)&sa, &len))
		pst_info(pst_section_log(listener->udp->senv), "listening",
		    PST_STR("address", pst_sockaddr_format(&sa, text)));
}

static int
listener_open(struct udp *udp, const char *address, struct pst_err *err)
{
	struct listener *listener = calloc(1, sizeof *listener);
	struct sockaddr_storage sa;
	int rc;

	if (!listener)
		return -ENOMEM;
	listener->udp = udp;
	listener->socket = (struct socket){
		.env = udp->env,
		.scratch = &udp->scratch,
		.events = &link_listener_events,
		.peers = udp_peers(udp, (size_t)udp->conf->links),
	};
	rc = pst_sockaddr_parse(address, &sa);
	if (!rc)
		rc = socket_open(&listener->socket, &sa, NULL);
	if (rc) {
		free(listener);
		return pst_fail(err, rc, "cannot listen on %s: %s", address, pst_strerror(rc));
	}
	listener->next = udp->listeners;
	udp->listeners = listener;
	udp->open_listeners++;
	listener_tell(listener);
	return PST_OK;
}

/* ---- the section ---- */

static int
udp_check(const void *conf, struct pst_err *err)
{
	const struct udp_conf *c = conf;
	char host[PST_HOST_TEXT];
	uint16_t port;
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < c->listen.count; i++)
		rc = pst_listen_check(c->listen.item[i], err);
	if (rc)
		return rc;
	if (c->links < 1 || c->unknown_links < 1 || c->handshakes < 1 || !c->window || !c->unknown_window)
		return pst_fail(err, PST_E_CONF,
		    "want links, unknown_links, handshakes, window and unknown_window of at least 1");
	if (c->rendezvous && (pst_host_port(c->rendezvous, host, &port) || !port))
		return pst_fail(err, PST_E_CONF, "rendezvous: \"%s\" is no host:port", c->rendezvous);
	if (c->punctures < 1)
		return pst_fail(err, PST_E_CONF, "punctures: at least 1");
	if (!c->idle || !c->unknown_idle)
		return pst_fail(err, PST_E_CONF, "%s: more than nothing", c->idle ? "unknown_idle" : "idle");
	if (c->max_message > DATAGRAM_MESSAGE_MAX)
		return pst_fail(err, PST_E_CONF, "max_message: at most 16M");
	if (c->unfinished < c->max_message)
		return pst_fail(err, PST_E_CONF, "unfinished: at least max_message, of which all but the last part wait");
	if (!c->unknown_max_message || c->unknown_max_message > c->max_message)
		return pst_fail(err, PST_E_CONF, "unknown_max_message: more than 0 and at most max_message");
	return PST_OK;
}

static void
udp_status(void *self, struct pst_status *status)
{
	const struct udp *udp = self;
	int64_t unknown = udp->strangers.count + udp->quic.quiet.count;
	uint64_t links = 0, dropped = 0, quic = 0;

	for (size_t i = 0; i < udp->conf->listen.count; i++)
		pst_status_item(status, "listening", PST_FIELDS(PST_STR("address", udp->conf->listen.item[i])));
	for (const struct listener *l = udp->listeners; l; l = l->next)
		dropped += l->socket.dropped;
	for (const struct link *link = udp->first; link; link = link->earlier)
		links += link->up && !link->ended;
	for (const struct pst_stream_link *link = udp->quic.first; link; link = link->next)
		quic += link->up && !link->ended;
	pst_status_put(status, PST_FIELDS(PST_U64("links", links + quic), PST_I64("unknown", unknown),
	    PST_I64("accepted", udp->accepted + udp->quic.accepted), PST_U64("quic", quic),
	    PST_I64("handshakes", udp->opening.count), PST_I64("punctures", udp->puncture_count),
	    PST_U64("dropped", dropped)));
}

static const struct pst_section_hooks udp_hooks = {
	.size = sizeof udp_hooks,
	.status = udp_status,
};

static int
udp_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct udp *udp = calloc(1, sizeof *udp);
	int rc;

	if (!udp)
		return -ENOMEM;
	udp->senv = senv;
	udp->env = pst_section_env(senv);
	udp->conf = conf;
	udp->strangers = (struct pst_quiets){ .env = udp->env, .limit_ms = PST_QUIET_FOREVER };
	randombytes_buf(udp->allowance.key, sizeof udp->allowance.key);
	pst_section_hook(senv, &udp_hooks);
	*self = udp;
	rc = quic_open(udp, err);
	for (size_t i = 0; !rc && i < udp->conf->listen.count; i++)
		rc = listener_open(udp, udp->conf->listen.item[i], err);
	if (!rc)
		rc = negotiator_open(udp, err);
	if (rc) /* open all the same, so that close() ends what there is */
		pst_section_down(senv, rc, err->text);
	else
		pst_section_up(senv);
	return PST_OK;
}

static void
udp_close(void *self)
{
	struct udp *udp = self;

	negotiator_close(udp);
	link_end_all(udp); /* their last words still go out */
	udp->closing = true;
	if (udp->quic.first)
		pst_stream_links_end(&udp->quic); /* the last of them calls udp_gone() */
	else
		udp_gone(udp);
}

const struct pst_transport_ops puncture_ops = {
	.size = sizeof(struct pst_transport_ops),
	.protocol = "puncture",
	.close = puncture_close,
	.puncture = puncture_connect,
};

static const struct pst_transport_ops udp_ops = {
	.size = sizeof(struct pst_transport_ops),
	.protocol = "udp",
	.connect = link_connect,
	.close = link_close,
	.also = &quic_ops,
};

static const struct pst_section udp_sections[] = {
	PST_SECTION("transport", struct udp_conf, udp_options, udp_check, udp_open, udp_close),
	PST_SECTION_END,
};

static int
udp_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	const struct udp_conf *c = conf;

	(void)kind;
	(void)err;
	for (size_t i = 0; i < c->listen.count; i++)
		pst_look_listens(look, "udp", c->listen.item[i]);
	if (c->rendezvous)
		pst_look_worker(look, "udp");
	return PST_OK;
}

PST_MODULE(transport_udp, .kind = PST_KIND_TRANSPORT, .version = "0.1.0",
    .summary = quic_summary, .sections = udp_sections, .ops = &udp_ops,
    .look = udp_look);
