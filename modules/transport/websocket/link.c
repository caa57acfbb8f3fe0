#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/tcp.h>

#include "transport.h"

/* ---- life ---- */

void
link_opening_over(struct link *link)
{
	pst_quiet_leave(&link->transport->opening, &link->opening);
	pst_timer_stop(link->transport->env, &link->timer);
}

void
link_ending(struct pst_stream_link *base)
{
	struct link *link = link_of(base);

	link_opening_over(link);
	if (link->dial)
		pst_dial_cancel(link->dial);
}

void
link_gone(struct pst_stream_link *base)
{
	struct link *link = link_of(base);
	struct transport *transport = link->transport;

	head_fini(&link->head);
	free(link);
	transport_gone(transport);
}

struct link *
link_new(struct transport *transport, bool accepted)
{
	struct link *link = calloc(1, sizeof *link);

	if (!link)
		return NULL;
	link->transport = transport;
	pst_uv_pipe_init(&link->tcp, (uv_stream_t *)&link->handle);
	pst_stream_link_init(&link->base, &transport->links, link->name, accepted);
	return link;
}

bool
link_stranded(const struct pst_link *base)
{
	return pst_tcp_stranded(&pst_container_of(base, struct link, base.link)->handle);
}

/* ---- both sides ---- */

/* Who was asked does not speak what the route says; NULL: it is something else. */
static const char *
unlike(const struct link *link, int rc)
{
	if (rc != PST_E_PROTOCOL && rc != UV_EOF && rc != UV_ECONNRESET)
		return NULL;
	if (link->tls.ssl && !link->tls.open)
		return "it speaks no TLS: /ws in place of /wss may be the way there, or /tcp";
	if (!link->secure && link->asked)
		return "it speaks no WebSocket: perhaps TLS, for which the route says /wss, or what /tcp is for";
	return NULL;
}

static bool
told_lately(struct transport *transport, const char *at, int rc)
{
	return pst_told_lately(&transport->links.told, at, rc, pst_now_ms(transport->env));
}

static void
refusal_tell(struct link *link)
{
	const struct transport_conf *conf = link->transport->conf;
	uint64_t status = head_status(link->head.text, link->head.head);
	const char *path = conf->path ? conf->path : "/";
	char asked[PATH_TOLD];

	if (link->asked) {
		head_path(asked, path);
		pst_warn(&link->base.log, "not let through", PST_U64("status", status), PST_STR("path", asked));
	} else {
		pst_warn(&link->base.log, "not let through by the proxy", PST_U64("status", status),
		    PST_STR("proxy", conf->proxy));
	}
}

/* The route that does not open is told with where it leads, which nobody can reach but by the proxy. */
static void
proxy_tell(struct link *link, int rc)
{
	const char *proxy = link->transport->conf->proxy;

	if (!told_lately(link->transport, proxy, rc))
		pst_warn(&link->base.log, "the proxy is not reached", PST_STR("proxy", proxy), PST_RC(rc));
}

static void
mistake_tell(struct link *link, int rc)
{
	const char *what = unlike(link, rc);

	if (!link->base.pipe && link->transport->conf->proxy)
		proxy_tell(link, rc);
	if (!what && rc != PST_E_CERTIFICATE && rc != PST_E_REFUSED)
		return;
	if (told_lately(link->transport, link->at, rc))
		return;
	if (what)
		pst_warn(&link->base.log, "not what the route says", PST_STR("why", what));
	else if (rc == PST_E_CERTIFICATE)
		pst_warn(&link->base.log, "certificate refused", PST_STR("why", tls_why(&link->tls)));
	else
		refusal_tell(link);
}

void
link_failed(struct link *link, int rc)
{
	if (!link->base.accepted)
		mistake_tell(link, rc);
	pst_stream_link_end(&link->base, rc);
}

static void
too_slow(struct pst_timer *timer)
{
	link_failed(pst_container_of(timer, struct link, timer), UV_ETIMEDOUT);
}

void
link_stand_on(struct link *link, struct pst_pipe *pipe)
{
	link->base.pipe = pipe;
}

int
link_messages_begin(struct link *link)
{
	struct head *head = &link->head;
	int rc = messages_open(&link->messages, link->transport->env, link->base.pipe, link->base.accepted,
	    &link->base.stream.max_frame, link->transport->conf->ping, head->text + head->head, head->len - head->head);

	if (!rc)
		link_stand_on(link, &link->messages.pipe);
	return rc;
}

/* ---- connecting ---- */

static void
answered(void *arg, int rc)
{
	struct link *link = arg;

	if (!rc)
		rc = head_answered(link->head.text, link->head.head, link->key);
	if (!rc)
		rc = link_messages_begin(link);
	if (rc) {
		link_failed(link, rc);
		return;
	}
	head_fini(&link->head);
	link_opening_over(link);
	pst_stream_link_connected(&link->base, PST_OK);
}

static void
ask(void *arg, int rc)
{
	struct link *link = arg;
	const struct transport_conf *conf = link->transport->conf;
	char text[HEAD_MAX];

	if (!rc)
		rc = head_ask(text, link->key, conf->path ? conf->path : "/", link->at, &conf->headers);
	link->asked = !rc;
	if (!rc)
		rc = head_exchange(&link->head, link->base.pipe, text, answered, link);
	if (rc)
		link_failed(link, rc);
}

/* There is a way to the host, by a proxy or without. */
static void
reached(struct link *link)
{
	const char *name = link->transport->conf->server_name;
	int rc;

	if (!link->secure) {
		ask(link, PST_OK);
		return;
	}
	rc = tls_open(&link->tls, link->transport->env, link->base.pipe, link->transport->client,
	    name ? name : link->host, ask, link);
	if (rc)
		link_failed(link, rc);
	else
		link_stand_on(link, &link->tls.pipe);
}

static void
proxied(void *arg, int rc)
{
	struct link *link = arg;
	unsigned status = rc ? 0 : head_status(link->head.text, link->head.head);

	if (!rc && (status < 200 || status > 299))
		rc = status ? PST_E_REFUSED : PST_E_PROTOCOL;
	if (!rc && link->head.len != link->head.head) /* whoever is there waits for us to speak */
		rc = PST_E_PROTOCOL;
	if (rc) {
		link_failed(link, rc);
		return;
	}
	head_fini(&link->head);
	reached(link);
}

static void
by_proxy(struct link *link)
{
	char text[HEAD_MAX];
	int rc = head_connect(text, link->at);

	if (!rc)
		rc = head_exchange(&link->head, link->base.pipe, text, proxied, link);
	if (rc)
		link_failed(link, rc);
}

static void
dialled(void *arg, int rc)
{
	struct link *link = arg;

	link->dial = NULL;
	if (!rc) {
		pst_tcp_tune(&link->handle);
		pst_stream_link_take(&link->base, &link->tcp.pipe);
	}
	if (rc && !link->base.ended)
		link_failed(link, rc);
	else if (!link->base.ended && link->transport->conf->proxy)
		by_proxy(link);
	else if (!link->base.ended)
		reached(link);
	pst_stream_link_release(&link->base);
}

static int
connect_to(struct pst_link **out, struct transport *transport, bool secure, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg)
{
	const struct transport_conf *conf = transport->conf;
	struct link *link = link_new(transport, false);
	char via[PST_HOST_TEXT];
	int rc = PST_OK;

	if (!link)
		return -ENOMEM;
	link->secure = secure;
	snprintf(link->host, sizeof link->host, "%s", host);
	snprintf(link->at, sizeof link->at, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
	snprintf(link->name, sizeof link->name, "%.50s:%u", host, port);
	if (conf->proxy)
		rc = pst_host_port(conf->proxy, via, &port);
	if (!rc)
		rc = pst_dial(&link->dial, transport->env, &link->handle, conf->proxy ? via : host, port,
		    conf->connect_timeout, dialled, link);
	if (rc) {
		pst_stream_link_end(&link->base, rc);
		return rc;
	}
	pst_timer_start(transport->env, &link->timer, conf->connect_timeout, too_slow);
	pst_stream_link_hold(&link->base); /* the dial does */
	link->base.events = events;
	link->base.arg = arg;
	*out = &link->base.link;
	return PST_OK;
}

int
link_connect(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg)
{
	return connect_to(out, transport, false, host, port, events, arg);
}

int
link_connect_secure(struct pst_link **out, void *transport, const char *host, uint16_t port,
    const struct pst_link_events *events, void *arg)
{
	return connect_to(out, transport, true, host, port, events, arg);
}
