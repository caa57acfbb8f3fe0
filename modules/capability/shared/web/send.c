/* One hop: what is sent, and how its reply is read. */
#include "transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEAD_MAX (256 * 1024) /* ours */

/* ---- what libcurl asks ---- */

static size_t
on_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;

	t->head_len += count;
	if (t->head_len <= HEAD_MAX)
		return count;
	t->trouble = "the reply's head is too large";
	return 0;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	int rc = pst_bytes_put(&t->reply, bytes, count, t->web->conf->max);

	if (rc == PST_E_LIMIT)
		t->trouble = "the reply is larger than it may be";
	return rc ? 0 : count;
}

/* The last word on where a connection goes: whatever a name has meant, this is the address. */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = arg;

	if (!t->web->conf->allow_private && address_is_private(&address->addr)) {
		t->refused = rules_private;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- sending ---- */

static bool
is_header(const char *line, const char *name)
{
	size_t len = strlen(name);

	return !strncasecmp(line, name, len) && (line[len] == ':' || line[len] == ';');
}

static bool
has_header(const struct curl_slist *list, const char *name)
{
	while (list && !is_header(list->data, name))
		list = list->next;
	return list;
}

static bool
add_header(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer)
		t->headers = longer;
	return longer;
}

char *
transfer_origin(const struct transfer *t)
{
	char *text;

	return asprintf(&text, "%s %s", t->https ? "https" : "http", t->host) < 0 ? NULL : text;
}

/* What is for the first host, and secret, goes to no other, nor in the clear where it was not. */
static bool
headers_make(struct transfer *t)
{
	static const char *const secret[] = { "Authorization", "Cookie", "Cookie2", "WWW-Authenticate" };
	/* libcurl's own, which nobody has asked for */
	static const char *const unasked[] = { "Accept", "Expect", "Content-Type" };
	char *mine = transfer_origin(t);
	bool home = mine && !strcmp(mine, t->first), in_clear = !t->https && !strncmp(t->first, "https ", 6);
	const char *credential = in_clear ? NULL : web_credential(t->web, t->host);
	bool ok = mine && (!credential || add_header(t, credential));

	free(mine);
	for (struct curl_slist *item = t->request.headers; ok && item; item = item->next) {
		bool kept = !credential || !is_header(item->data, "Authorization");

		for (size_t i = 0; !home && i < sizeof secret / sizeof *secret; i++)
			kept = kept && !is_header(item->data, secret[i]);
		if (!t->request.body_len && is_header(item->data, "Content-Type") && t->hops)
			kept = false;
		ok = !kept || add_header(t, item->data);
	}
	if (ok && t->request.body_len && !has_header(t->headers, "Content-Type"))
		ok = add_header(t, "Content-Type: application/octet-stream");
	for (size_t i = 0; ok && i < sizeof unasked / sizeof *unasked; i++) {
		char line[32];

		snprintf(line, sizeof line, "%s:", unasked[i]);
		ok = has_header(t->headers, unasked[i]) || add_header(t, line);
	}
	return ok;
}

static void
body_set(struct transfer *t)
{
	const struct web_request *request = &t->request;
	const char *method = request->method;
	bool wants = !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");

	if (!strcmp(method, "HEAD")) {
		curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
	} else if (wants || request->body_len) {
		curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, request->body_len ? (const char *)request->body : "");
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
	} else {
		curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
	}
}

static void
easy_set(struct transfer *t)
{
	CURL *easy = t->easy;

	curl_easy_setopt(easy, CURLOPT_CURLU, t->url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* none of the environment's either */
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "postern");
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(easy, CURLOPT_RESOLVE, t->addresses);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
	if (t->web->conf->ca) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, t->web->conf->ca);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	body_set(t);
}

void
transfer_send(struct transfer *t)
{
	t->error[0] = '\0';
	t->refused = t->trouble = NULL;
	t->easy = web_begin(t->web) ? NULL : curl_easy_init();
	if (!t->easy || !headers_make(t)) {
		transfer_fail(t, "out of memory");
		return;
	}
	easy_set(t);
	if (curl_multi_add_handle(t->web->multi, t->easy))
		transfer_fail(t, "out of memory");
}
