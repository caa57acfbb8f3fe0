/*
 * Heads of HTTP before a WebSocket, as a listener and as who connects reads them.
 * Covers: modules/transport/websocket/head.c:head_length() modules/transport/websocket/head.c:is() modules/transport/websocket/head.c:headers() modules/transport/websocket/head.c:header()
 * Covers: modules/transport/websocket/head.c:has() modules/transport/websocket/head.c:has_body() modules/transport/websocket/head.c:lists() modules/transport/websocket/head.c:upgrades()
 * Covers: modules/transport/websocket/head.c:asked_path() modules/transport/websocket/head.c:head_asked() modules/transport/websocket/head.c:head_status() modules/transport/websocket/head.c:head_answered()
 * Needs: modules/transport/shared/websocket/websocket.c modules/transport/shared/websocket/frame.c
 */
#define _GNU_SOURCE 1 /* memmem, strcasestr */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void
check(bool right)
{
	if (!right)
		abort();
}

static void
check_asked(const char *text, size_t len)
{
	char accept[WEBSOCKET_ACCEPT], once_more[WEBSOCKET_ACCEPT], own[HEAD_KEY], reply[256];
	int rc = head_asked(accept, text, len, NULL);
	int served = head_asked(once_more, text, len, "/postern");
	const char *key;

	check(rc == PST_OK || rc == PST_E_PROTOCOL);
	check(served == rc || served == PST_E_NOTHING); /* of the path it is told first */
	if (rc)
		return;
	check(!memcmp(text, "GET /", 5) && strlen(text) >= len);
	check(strcasestr(text, "upgrade:") && strcasestr(text, "websocket") && strcasestr(text, "connection:"));
	check(!strcasestr(text, "\r\ntransfer-encoding:"));
	if (!served)
		check(!memcmp(text, "GET /postern", 12) && strchr(" ?", text[12]) && !strcmp(accept, once_more));
	/* who asked this takes the answer */
	key = strcasestr(text, "\r\nsec-websocket-key:") + 20;
	key += strspn(key, " \t");
	snprintf(own, sizeof own, "%.24s", key);
	snprintf(reply, sizeof reply, "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
	check(!head_answered(reply, strlen(reply), own));
}

static void
check_answered(const char *text, size_t len)
{
	int rc = head_answered(text, len, KEY);

	if (rc == PST_E_REFUSED)
		check(head_status(text, len) != 101);
	if (rc)
		return;
	check(head_status(text, len) == 101 && strstr(text, " 101") == text + 8);
	check(strstr(text, ACCEPT) && !strcasestr(text, "\r\nsec-websocket-extensions:"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), *exact;
	size_t head;

	check(text);
	if (len)
		memcpy(text, data, len);
	text[len] = '\0'; /* for the plain looks */
	head = head_length(text, len);
	check(head <= len && (!head || !memcmp(text + head - 4, "\r\n\r\n", 4)));
	exact = malloc(head ? head : 1);
	check(exact);
	memcpy(exact, text, head);
	if (head) {
		char accept[WEBSOCKET_ACCEPT];

		/* nothing is read behind it */
		(void)!head_asked(accept, exact, head, NULL);
		(void)!head_answered(exact, head, KEY);
		text[head] = '\0';
		check_asked(text, head);
		check_answered(text, head);
	}
	free(exact);
	free(text);
	return 0;
}
