/* One request: its hops, each asked about and looked up, and its end. */
#include "transfer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <netdb.h>

#include <postern/linked.h>

#define REDIRECTS_MAX 10 /* spec functions.md 3.2 */
#define ADDRESSES_MAX 16 /* ours: of a name */

/* ---- the end ---- */

static void
hop_fini(struct transfer *t)
{
	if (t->easy) {
		curl_multi_remove_handle(t->web->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	t->easy = NULL;
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->addresses);
	t->headers = t->addresses = NULL;
	free(t->host);
	free(t->target);
	t->host = t->target = NULL;
	t->reply.len = t->head_len = 0;
}

/* A look-up that cannot be stopped keeps it. */
static void
transfer_end(struct transfer *t)
{
	if (t->call) {
		pst_linked_leave(t);
		pst_timer_stop(pst_section_env(t->web->senv), &t->timer);
		hop_fini(t);
		if (t->request.ended)
			t->request.ended(t->request.arg);
	}
	t->call = NULL;
	if (t->looking) {
		uv_cancel((uv_req_t *)&t->lookup);
		return;
	}
	curl_slist_free_all(t->request.headers);
	curl_url_cleanup(t->url);
	free(t->first);
	pst_bytes_fini(&t->reply);
	free(t);
}

void
transfer_fail(struct transfer *t, const char *fmt, ...)
{
	struct pst_host_call *call = t->call;
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	transfer_end(t);
	pst_host_error(call, "%s", text);
}

static void
transfer_refuse(struct transfer *t, const char *why)
{
	t->web->refused++;
	pst_info(t->call->execution->log, "a request was refused", PST_STR("host", t->host), PST_STR("reason", why));
	transfer_fail(t, "failed to requestIsAllowed: %s", why);
}

static void
transfer_cancel(struct pst_host_call *call)
{
	transfer_fail(call->arg, "the request was cancelled");
}

static void
too_late(struct pst_timer *timer)
{
	struct transfer *t = pst_container_of(timer, struct transfer, timer);

	transfer_fail(t, "no reply within %llu ms", (unsigned long long)t->web->conf->timeout);
}

void
transfer_end_all(struct web *web)
{
	while (web->transfers)
		transfer_fail(web->transfers, "the capability is closed");
}

/* ---- the host ---- */

/* One more address for libcurl: "NAME:PORT:ADDRESS,…". */
static void
address_add(char *text, size_t size, const struct sockaddr *address)
{
	char number[INET6_ADDRSTRLEN];
	size_t at = strlen(text);
	bool six = address->sa_family == AF_INET6;

	if (getnameinfo(address, six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in), number, sizeof number,
	    NULL, 0, NI_NUMERICHOST))
		return;
	snprintf(text + at, size - at, "%s%s%s%s", at && text[at - 1] != ':' ? "," : "", six ? "[" : "", number,
	    six ? "]" : "");
}

/* The rules, for each name that it has; then it goes on with these addresses. */
static void
host_known(struct transfer *t, const struct addrinfo *found)
{
	const char *names[] = { t->target, found && found->ai_canonname ? found->ai_canonname : t->target };
	char text[512 + ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3)];
	const char *why = NULL;
	bool private_ = false, sure = false;
	size_t count = 0;

	snprintf(text, sizeof text, "+%.500s:%u:", t->target, t->port);
	for (const struct addrinfo *one = found; one; one = one->ai_next) {
		private_ = private_ || address_is_private(one->ai_addr);
		if (count++ < ADDRESSES_MAX)
			address_add(text, sizeof text, one->ai_addr);
	}
	for (size_t i = 0; i < 2 && !why && !sure; i++)
		if (!i || strcasecmp(names[0], names[1]))
			why = rules_check_name(&t->web->rules, names[i], private_, &sure);
	if (why) {
		transfer_refuse(t, why);
		return;
	}
	if (!count) {
		transfer_fail(t, "%s: no such host", t->target);
		return;
	}
	if (!t->is_ip)
		t->addresses = curl_slist_append(NULL, text);
	transfer_send(t);
}

static void
looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
	struct transfer *t = lookup->data;
	struct web *web = t->web;

	t->looking = false;
	if (t->call)
		host_known(t, status ? NULL : found);
	else
		transfer_end(t);
	uv_freeaddrinfo(found);
	web_release(web);
}

/* An address that needs no look-up. */
static void
host_is_address(struct transfer *t, const char *number)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address;
	struct addrinfo one = { .ai_addr = &address.any };

	if (uv_ip4_addr(number, t->port, &address.in) && uv_ip6_addr(number, t->port, &address.in6))
		transfer_fail(t, "%s: no such host", t->target);
	else
		host_known(t, &one);
}

static void
host_find(struct transfer *t)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME };
	const char *given = t->is_ip ? t->target : web_resolve(t->web, t->target, t->port);

	if (given) {
		host_is_address(t, given);
		return;
	}
	t->lookup.data = t;
	if (uv_getaddrinfo(pst_env_loop(pst_section_env(t->web->senv)), &t->lookup, looked_up, t->target, NULL, &hints)) {
		host_known(t, NULL); /* what is no name is nobody's */
		return;
	}
	t->looking = true;
	t->web->pending++;
}

/* ---- hops ---- */

static bool
url_read(struct transfer *t)
{
	char *scheme = NULL, *name = NULL, *port = NULL, *written = NULL, *end;
	struct in_addr in;
	bool ok = !curl_url_get(t->url, CURLUPART_SCHEME, &scheme, 0) && !curl_url_get(t->url, CURLUPART_HOST, &name, 0) &&
	    !curl_url_get(t->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);

	if (ok) {
		curl_url_get(t->url, CURLUPART_PORT, &written, 0);
		t->https = !strcmp(scheme, "https");
		t->port = (uint16_t)strtoul(port, NULL, 10);
		t->is_ip = *name == '[' || inet_pton(AF_INET, name, &in) == 1;
		if (asprintf(&t->host, "%s%s%s", name, written ? ":" : "", written ? written : "") < 0)
			t->host = NULL;
		t->target = strdup(*name == '[' ? name + 1 : name);
		end = t->target ? strchr(t->target, ']') : NULL;
		if (end)
			*end = '\0';
		if (!t->hops && t->host)
			t->first = transfer_origin(t);
		ok = (t->https || !strcmp(scheme, "http")) && t->host && t->target && t->first;
	}
	curl_free(scheme);
	curl_free(name);
	curl_free(port);
	curl_free(written);
	return ok;
}

static void
hop(struct transfer *t, const char *url)
{
	const char *why;
	CURLUcode bad = curl_url_set(t->url, CURLUPART_URL, url, CURLU_URLENCODE);

	if (bad) {
		transfer_fail(t, "the URL cannot be read: %s", curl_url_strerror(bad));
		return;
	}
	if (!url_read(t)) {
		transfer_fail(t, "the URL is neither http: nor https:");
		return;
	}
	why = rules_check_url(&t->web->rules, t->https, t->port, t->is_ip);
	if (why)
		transfer_refuse(t, why);
	else
		host_find(t);
}

/* As browsers do it, and the originals: only 307 and 308 keep what is not GET or HEAD. */
static void
redirect(struct transfer *t, long status, const char *to)
{
	char *url = strdup(to); /* the handle's */

	hop_fini(t);
	if (!url) {
		transfer_fail(t, "out of memory");
		return;
	}
	if (status != 307 && status != 308) {
		t->request.method = strcmp(t->request.method, "HEAD") ? "GET" : "HEAD";
		t->request.body_len = 0;
	}
	if (t->hops++ < REDIRECTS_MAX)
		hop(t, url);
	else
		transfer_fail(t, "stopped after %d redirects", REDIRECTS_MAX);
	free(url);
}

void
transfer_done(struct transfer *t, CURLcode code)
{
	struct pst_host_call *call = t->call;
	long status = 0;
	char *to = NULL;
	void (*done)(struct pst_host_call *, long, uint8_t *, size_t) = t->request.done;
	uint8_t *reply;
	size_t len;

	if (t->refused && code) {
		transfer_refuse(t, t->refused);
		return;
	}
	if (code) {
		transfer_fail(t, "%s: %s", t->host, t->trouble ? t->trouble : t->error[0] ? t->error : curl_easy_strerror(code));
		return;
	}
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to);
	if (to && ((status >= 301 && status <= 303) || status == 307 || status == 308)) {
		redirect(t, status, to);
		return;
	}
	reply = pst_bytes_take(&t->reply, &len);
	transfer_end(t);
	done(call, status, reply, len);
}

void
web_ask(struct web *web, struct pst_host_call *call, struct web_request *request)
{
	struct transfer *t = calloc(1, sizeof *t);

	if (!t || !(t->url = curl_url())) {
		free(t);
		curl_slist_free_all(request->headers);
		if (request->ended)
			request->ended(request->arg);
		pst_host_error(call, "out of memory");
		return;
	}
	web->requests++;
	t->web = web;
	t->call = call;
	t->request = *request;
	pst_linked_enter(&web->transfers, t);
	call->arg = t;
	call->cancel = transfer_cancel;
	if (web->conf->timeout)
		pst_timer_start(pst_section_env(web->senv), &t->timer, web->conf->timeout, too_late);
	hop(t, request->url);
}
