/*
 * The web, as functions reach it: requests over HTTP by libcurl on the node's loop. Each section has
 * rules, and connections of its own. capability/http and capability/graphql stand on it.
 *
 * A name is looked up here, once a hop; the rules see its addresses, and libcurl connects to these.
 * Whatever it connects to is looked at again when it opens the socket.
 */
#ifndef HTTP_WEB_H
#define HTTP_WEB_H

#include <curl/curl.h>

#include <postern/capability.h>

#include "rules.h"

struct web_conf {
	struct pst_list allowed_domains, blocked_domains, allowed_ports, blocked_ports;
	bool allow_ips, allow_private, allow_http;
	struct pst_list auth, resolve;
	uint64_t timeout, max;
	const char *ca;
};

struct web {
	struct pst_section_env *senv;
	const struct web_conf *conf;
	struct rules rules;
	struct credential { /* of a host */
		char *host, *header;
	} *credentials;
	CURLM *multi; /* NULL: nobody has asked yet */
	struct pst_timer timer; /* libcurl's */
	struct transfer *transfers;
	size_t pending; /* handles and look-ups that are not closed yet */
	bool closing;
	uint64_t requests, refused;
};

extern const struct pst_opt web_options[];
int web_check(const void *conf, struct pst_err *err);
int web_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err);
void web_close(void *self);

/* Have libcurl, which costs a megabyte and some milliseconds: many nodes never ask. -ENOMEM. */
PST_MUST_CHECK int web_begin(struct web *web);
/* One handle or look-up less. */
void web_release(struct web *web);
/* "Authorization: TYPE VALUE" for a host as it is written, with its port; NULL: none. */
const char *web_credential(const struct web *web, const char *host);
/* The address that `resolve` has for it; NULL: none. */
const char *web_resolve(const struct web *web, const char *name, uint16_t port);

/* ---- one request ---- */

struct web_request {
	const char *method;
	const char *url;
	struct curl_slist *headers; /* "Name: value"; the request's from then on */
	const uint8_t *body; /* the guest's, or whoever's lives until the answer */
	size_t body_len;
	/* Answers the call; any status that is no redirect. The reply is its own to free(). */
	void (*done)(struct pst_host_call *call, long status, uint8_t *reply, size_t len);
	void (*ended)(void *arg); /* the body is not needed any more; NULL */
	void *arg;
};
/* The call is answered: by done(), or by the error text of what went wrong. Redirects are followed. */
void web_ask(struct web *web, struct pst_host_call *call, struct web_request *request);

/* Inside: the transfer of a handle is over. */
void transfer_done(struct transfer *transfer, CURLcode code);
void transfer_end_all(struct web *web);

#endif
