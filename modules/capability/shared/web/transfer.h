/* A request under way, in its hops: what transfer.c and send.c share. */
#ifndef HTTP_TRANSFER_H
#define HTTP_TRANSFER_H

#include <postern/bytes.h>

#include "web.h"

struct transfer {
	struct transfer *next, **link;
	struct web *web;
	struct pst_host_call *call; /* NULL: answered */
	struct web_request request;
	struct pst_timer timer;
	CURLU *url;
	char *first; /* transfer_origin() of the first hop */
	unsigned hops;
	/* of this hop */
	char *host, *target; /* host: as written, with its port; target: its name alone, without brackets */
	uint16_t port;
	bool https, is_ip;
	uv_getaddrinfo_t lookup;
	bool looking;
	CURL *easy;
	struct curl_slist *headers, *addresses;
	const char *refused; /* the address that libcurl has got was */
	const char *trouble; /* what we did not take */
	char error[CURL_ERROR_SIZE];
	size_t head_len;
	struct pst_bytes reply;
};

/* "SCHEME HOST" of this hop: what is secret belongs to one. NULL: no memory. */
char *transfer_origin(const struct transfer *transfer);
/* Give this hop to libcurl, which calls transfer_done() later. */
void transfer_send(struct transfer *transfer);
/* It is over, and gone; the guest gets the text. */
void transfer_fail(struct transfer *transfer, const char *fmt, ...) PST_PRINTF(2, 3);

#endif
