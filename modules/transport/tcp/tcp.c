/*
 * transport/tcp: messages over TCP connections (spec routing.md 2).
 * tcp.md is the page for operators.
 */
#include "tcp.h"

#include <errno.h>
#include <stdlib.h>

#include <postern/descriptors.h>
#include <postern/look.h>

static const struct pst_opt tcp_options[] = {
	PST_OPT(LIST, struct tcp_conf, listen, NULL, "addresses to accept on, address:port"),
	PST_OPT(LIST, struct tcp_conf, expose, "api",
	    "workers that peers without a channel may reach; a last * matches any rest"),
	PST_OPT(SIZE, struct tcp_conf, max_frame, "16M", "largest frame of an admitted peer"),
	PST_OPT(SIZE, struct tcp_conf, window, "4M", "bytes of an admitted peer not yet passed on"),
	PST_OPT(SIZE, struct tcp_conf, unknown_max_frame, "256K", "largest frame of any other peer"),
	PST_OPT(SIZE, struct tcp_conf, unknown_window, "256K", "bytes of any other peer not yet passed on"),
	PST_OPT(TIME, struct tcp_conf, connect_timeout, "15s", "for all addresses of a name together"),
	PST_OPT(TIME, struct tcp_conf, unknown_idle, "60s",
	    "a peer that is not admitted and sends nothing to a worker for so long is let go"),
	PST_OPT(INT, struct tcp_conf, links, "10000", "accepted connections at once; of those not admitted the quietest makes way"),
	PST_OPT(INT, struct tcp_conf, unknown_links, "256",
	    "of them from one address (IPv6: one /64), while they are not admitted"),
	PST_OPT_END,
};

void
tcp_gone(struct tcp *tcp)
{
	struct pst_section_env *senv = tcp->senv;

	if (!tcp->closing || tcp->links.first || tcp->listeners.first)
		return;
	free(tcp);
	pst_section_closed(senv);
}

static void
listeners_closed(struct pst_listeners *listeners)
{
	tcp_gone(pst_container_of(listeners, struct tcp, listeners));
}

static bool
connection_waits(struct pst_listeners *listeners, uv_stream_t *server)
{
	struct link *link = link_new(pst_container_of(listeners, struct tcp, listeners), true);

	if (link)
		link_accept(link, server);
	return link != NULL;
}

static int
tcp_check(const void *conf, struct pst_err *err)
{
	const struct tcp_conf *c = conf;
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < c->listen.count; i++)
		rc = pst_listen_check(c->listen.item[i], err);
	if (rc)
		return rc;
	if (c->links < 1 || c->unknown_links < 1 || !c->window || !c->unknown_window)
		return pst_fail(err, PST_E_CONF,
		    "want links, unknown_links, window and unknown_window of at least 1");
	if (c->max_frame > PST_STREAM_FRAME_MAX)
		return pst_fail(err, PST_E_CONF, "max_frame: at most 16M");
	if (!c->unknown_max_frame || c->unknown_max_frame > c->max_frame)
		return pst_fail(err, PST_E_CONF, "unknown_max_frame: more than 0 and at most max_frame");
	return PST_OK;
}

/* As many as the process has descriptors for, some kept back for all else. */
static int64_t
links_possible(struct tcp *tcp)
{
	int64_t most = pst_descriptors(tcp->conf->links);

	if (tcp->conf->listen.count && most < tcp->conf->links)
		pst_warn(pst_section_log(tcp->senv), "fewer descriptors than links",
		    PST_I64("links", most));
	return most;
}

static void
tcp_status(void *self, struct pst_status *status)
{
	const struct tcp *tcp = self;
	uint64_t links = 0, unknown = 0;

	for (size_t i = 0; i < tcp->conf->listen.count; i++)
		pst_status_item(status, "listening", PST_FIELDS(PST_STR("address", tcp->conf->listen.item[i])));
	for (const struct pst_stream_link *link = tcp->links.first; link; link = link->next) {
		links += link->up;
		unknown += link->up && link->link.gate.admit;
	}
	pst_status_put(status, PST_FIELDS(PST_U64("links", links), PST_U64("unknown", unknown),
	    PST_I64("accepted", tcp->links.accepted)));
}

static const struct pst_section_hooks tcp_hooks = {
	.size = sizeof tcp_hooks,
	.status = tcp_status,
};

static void tcp_close(void *self);

static int
tcp_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct tcp *tcp = calloc(1, sizeof *tcp);
	int rc;

	if (!tcp)
		return -ENOMEM;
	tcp->senv = senv;
	tcp->env = pst_section_env(senv);
	tcp->conf = conf;
	tcp->max_links = links_possible(tcp);
	tcp->links = (struct pst_stream_links){
		.env = tcp->env,
		.log = pst_section_log(senv),
		.expose = &tcp->conf->expose,
		.max_frame = tcp->conf->max_frame,
		.window = tcp->conf->window,
		.unknown_max_frame = tcp->conf->unknown_max_frame,
		.unknown_window = tcp->conf->unknown_window,
		.unknown_links = tcp->conf->unknown_links,
		.unknown_idle_ms = tcp->conf->unknown_idle,
		.ending = link_ending,
		.gone = link_gone,
	};
	pst_stream_links_init(&tcp->links);
	tcp->listeners = (struct pst_listeners){
		.env = tcp->env, .log = pst_section_log(senv), .waits = connection_waits, .closed = listeners_closed,
	};
	pst_section_hook(senv, &tcp_hooks);
	*self = tcp;
	rc = pst_listen_all(&tcp->listeners, tcp->conf->listen.item, tcp->conf->listen.count, err);
	if (rc) /* open all the same, so that close() ends what there is */
		pst_section_down(senv, rc, err->text);
	else
		pst_section_up(senv);
	return PST_OK;
}

static void
tcp_close(void *self)
{
	struct tcp *tcp = self;

	tcp->closing = true;
	pst_listen_no_more(&tcp->listeners);
	if (!tcp->links.first && !tcp->listeners.first)
		tcp_gone(tcp);
	else
		pst_stream_links_end(&tcp->links);
}

static const struct pst_transport_ops tcp_ops = {
	.size = sizeof(struct pst_transport_ops),
	.protocol = "tcp",
	.connect = link_connect,
	.close = pst_stream_link_close,
	.stranded = link_stranded,
};

static const struct pst_section tcp_sections[] = {
	PST_SECTION("transport", struct tcp_conf, tcp_options, tcp_check, tcp_open, tcp_close),
	PST_SECTION_END,
};

static int
tcp_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err)
{
	const struct tcp_conf *c = conf;

	(void)kind;
	(void)err;
	for (size_t i = 0; i < c->listen.count; i++)
		pst_look_listens(look, "tcp", c->listen.item[i]);
	return PST_OK;
}

PST_MODULE(transport_tcp, .kind = PST_KIND_TRANSPORT, .version = "0.1.0",
    .summary = "messages over TCP connections", .sections = tcp_sections, .ops = &tcp_ops,
    .look = tcp_look);
