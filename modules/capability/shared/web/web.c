/* The section: options, credentials, and libcurl's sockets on the loop. */
#include "web.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct pst_opt web_options[] = {
	PST_OPT(LIST, struct web_conf, allowed_domains, NULL, "names of hosts, all others being refused; * is a label"),
	PST_OPT(LIST, struct web_conf, blocked_domains, NULL, "names of hosts that are refused"),
	PST_OPT(LIST, struct web_conf, allowed_ports, NULL, "ports besides 80 and 443, all others being refused"),
	PST_OPT(LIST, struct web_conf, blocked_ports, NULL, "ports that are refused"),
	PST_OPT(BOOL, struct web_conf, allow_ips, "no", "URLs may have addresses instead of names"),
	PST_OPT(BOOL, struct web_conf, allow_private, "no", "hosts may be this one, or in networks that are private"),
	PST_OPT(BOOL, struct web_conf, allow_http, "no", "URLs may be http: ones"),
	PST_OPT(LIST, struct web_conf, auth, NULL,
	    "\"HOST TYPE VALUE\": what requests to a host (with its port, if URLs have one) get as Authorization; VALUE may be env(NAME)"),
	PST_OPT(TIME, struct web_conf, timeout, "30s", "the longest that a request may take, with redirects"),
	PST_OPT(SIZE, struct web_conf, max, "16M", "the largest reply, unpacked"),
	PST_OPT(PATH, struct web_conf, ca, NULL, "certificates of authorities, instead of the system's"),
	PST_OPT(LIST, struct web_conf, resolve, NULL, "\"NAME:PORT:ADDRESS\": addresses that are not looked up"),
	PST_OPT_END,
};

/* ---- lists ---- */

static int
ports_check(const char *key, const struct pst_list *ports, struct pst_err *err)
{
	for (size_t i = 0; i < ports->count; i++) {
		const char *port = ports->item[i];
		size_t digits = strspn(port, "0123456789");

		if (!digits || digits > 5 || port[digits] || *port == '0' || strtoul(port, NULL, 10) > UINT16_MAX)
			return pst_fail(err, PST_E_CONF, "%s: \"%.32s\" is no port", key, port);
	}
	return PST_OK;
}

/* The parts of "HOST TYPE VALUE". */
static bool
auth_split(const char *text, size_t *host_len, const char **type, size_t *type_len, const char **value)
{
	*host_len = strcspn(text, " ");
	*type = text + *host_len + strspn(text + *host_len, " ");
	*type_len = strcspn(*type, " ");
	*value = *type + *type_len + strspn(*type + *type_len, " ");
	return *host_len && *type_len && !strpbrk(text, "\r\n");
}

/* "NAME:PORT:ADDRESS": the place of its address; 0: it is none. */
static size_t
resolve_split(const char *text, size_t *name_len)
{
	size_t digits;

	*name_len = strcspn(text, ":");
	digits = text[*name_len] ? strspn(text + *name_len + 1, "0123456789") : 0;
	return *name_len && digits && text[*name_len + 1 + digits] == ':' ? *name_len + 2 + digits : 0;
}

int
web_check(const void *conf, struct pst_err *err)
{
	const struct web_conf *c = conf;
	const char *type, *value;
	size_t host_len, type_len;
	int rc = ports_check("allowed_ports", &c->allowed_ports, err);

	if (!rc)
		rc = ports_check("blocked_ports", &c->blocked_ports, err);
	/* what is wrong here may be secret */
	for (size_t i = 0; !rc && i < c->auth.count; i++)
		if (!auth_split(c->auth.item[i], &host_len, &type, &type_len, &value))
			rc = pst_fail(err, PST_E_CONF, "auth: the %zuth is not HOST TYPE VALUE", i + 1);
	for (size_t i = 0; !rc && i < c->resolve.count; i++) {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		size_t at = resolve_split(c->resolve.item[i], &host_len);

		if (!at || (uv_ip4_addr(c->resolve.item[i] + at, 1, &in) && uv_ip6_addr(c->resolve.item[i] + at, 1, &in6)))
			rc = pst_fail(err, PST_E_CONF, "resolve: \"%.64s\" is not NAME:PORT:ADDRESS", c->resolve.item[i]);
	}
	return rc;
}

const char *
web_resolve(const struct web *web, const char *name, uint16_t port)
{
	const struct pst_list *list = &web->conf->resolve;
	size_t len;

	for (size_t i = 0; i < list->count; i++) {
		size_t at = resolve_split(list->item[i], &len);

		if (len == strlen(name) && !strncasecmp(list->item[i], name, len) &&
		    strtoul(list->item[i] + len + 1, NULL, 10) == port)
			return list->item[i] + at;
	}
	return NULL;
}

/* ---- credentials ---- */

static int
credentials_read(struct web *web)
{
	const struct pst_list *list = &web->conf->auth;

	web->credentials = calloc(list->count + 1, sizeof *web->credentials);
	for (size_t i = 0; web->credentials && i < list->count; i++) {
		struct credential *credential = &web->credentials[i];
		const char *type, *value;
		size_t host_len, type_len;

		auth_split(list->item[i], &host_len, &type, &type_len, &value);
		value = pst_capability_setting(value);
		credential->host = strndup(list->item[i], host_len);
		if (!credential->host)
			return -ENOMEM;
		/* nothing, or what would end the header: there is none */
		if (*value && !strpbrk(value, "\r\n") &&
		    asprintf(&credential->header, "Authorization: %.*s %s", (int)type_len, type, value) < 0) {
			credential->header = NULL;
			return -ENOMEM;
		}
	}
	return web->credentials ? PST_OK : -ENOMEM;
}

const char *
web_credential(const struct web *web, const char *host)
{
	for (const struct credential *credential = web->credentials; credential->host; credential++)
		if (!strcasecmp(credential->host, host))
			return credential->header;
	return NULL;
}

/* ---- libcurl on the loop ---- */

struct spot { /* a socket of libcurl's */
	uv_poll_t poll;
	struct web *web;
	curl_socket_t fd;
};

static void
drive(struct web *web, curl_socket_t fd, int events)
{
	CURLMsg *message;
	int running, left;

	curl_multi_socket_action(web->multi, fd, events, &running);
	while ((message = curl_multi_info_read(web->multi, &left))) {
		CURLcode code = message->data.result;
		char *transfer;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		transfer_done((struct transfer *)(void *)transfer, code);
	}
}

static void
on_timer(struct pst_timer *timer)
{
	drive(pst_container_of(timer, struct web, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int
on_timeout(CURLM *multi, long ms, void *arg)
{
	struct web *web = arg;

	pst_timer_stop(pst_section_env(web->senv), &web->timer);
	if (ms >= 0)
		pst_timer_start(pst_section_env(web->senv), &web->timer, (uint64_t)ms, on_timer);
	return 0;
}

static void
on_ready(uv_poll_t *poll, int status, int events)
{
	const struct spot *spot = poll->data;

	drive(spot->web, spot->fd, status ? CURL_CSELECT_ERR
	    : (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0));
}

static void
spot_gone(uv_handle_t *poll)
{
	struct spot *spot = poll->data;
	struct web *web = spot->web;

	free(spot);
	web_release(web);
}

static struct spot *
spot_new(struct web *web, curl_socket_t fd)
{
	struct spot *spot = calloc(1, sizeof *spot);

	if (!spot)
		return NULL;
	if (uv_poll_init_socket(pst_env_loop(pst_section_env(web->senv)), &spot->poll, fd)) {
		free(spot);
		return NULL;
	}
	spot->poll.data = spot;
	spot->web = web;
	spot->fd = fd;
	web->pending++;
	curl_multi_assign(web->multi, fd, spot);
	return spot;
}

/* Without memory for a socket its transfer ends by its time. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct web *web = arg;
	struct spot *spot = known;

	if (what == CURL_POLL_REMOVE) {
		curl_multi_assign(web->multi, fd, NULL);
		if (spot)
			uv_close((uv_handle_t *)&spot->poll, spot_gone);
		return 0;
	}
	if (!spot && !(spot = spot_new(web, fd)))
		return 0;
	uv_poll_start(&spot->poll, (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
	    on_ready);
	return 0;
}

/* ---- the section ---- */

static void
web_status(void *self, struct pst_status *status)
{
	const struct web *web = self;

	pst_status_put(status, PST_FIELDS(PST_U64("requests", web->requests), PST_U64("refused", web->refused)));
}

static const struct pst_section_hooks web_hooks = {
	.size = sizeof web_hooks,
	.status = web_status,
};

static void
web_free(struct web *web)
{
	for (struct credential *credential = web->credentials; credential && credential->host; credential++) {
		free(credential->host);
		free(credential->header);
	}
	free(web->credentials);
	if (web->multi)
		curl_global_cleanup();
	free(web);
}

void
web_release(struct web *web)
{
	struct pst_section_env *senv = web->senv;

	if (--web->pending || !web->closing)
		return;
	web_free(web);
	pst_section_closed(senv);
}

int
web_begin(struct web *web)
{
	if (web->multi)
		return PST_OK;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	web->multi = curl_multi_init();
	if (!web->multi) {
		curl_global_cleanup();
		return -ENOMEM;
	}
	curl_multi_setopt(web->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(web->multi, CURLMOPT_SOCKETDATA, web);
	curl_multi_setopt(web->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(web->multi, CURLMOPT_TIMERDATA, web);
	return PST_OK;
}

int
web_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct web *web = calloc(1, sizeof *web);
	const struct web_conf *c = conf;
	int rc;

	if (!web)
		return -ENOMEM;
	web->senv = senv;
	web->conf = c;
	web->rules = (struct rules){ c->allowed_domains, c->blocked_domains, c->allowed_ports, c->blocked_ports,
		c->allow_ips, c->allow_private, c->allow_http };
	web->pending = 1; /* we ourselves */
	rc = credentials_read(web);
	if (rc) {
		web_free(web);
		return rc;
	}
	pst_section_hook(senv, &web_hooks);
	*self = web;
	pst_section_up(senv);
	return PST_OK;
}

void
web_close(void *self)
{
	struct web *web = self;

	transfer_end_all(web);
	if (web->multi)
		curl_multi_cleanup(web->multi);
	pst_timer_stop(pst_section_env(web->senv), &web->timer);
	web->closing = true;
	web_release(web);
}
