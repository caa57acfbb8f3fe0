/* transport/websocket: heads of HTTP, as either side reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "head.h"

/* The example of RFC 6455, 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define ASK "GET /chat HTTP/1.1\r\nHost: a\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

static int
asked(const char *text, const char *path)
{
	char accept[WEBSOCKET_ACCEPT] = "";
	int rc = head_asked(accept, text, strlen(text), path);

	if (!rc)
		assert_string_equal(accept, ACCEPT);
	return rc;
}

static int
answered(const char *text)
{
	return head_answered(text, strlen(text), KEY);
}

static void
a_head_ends_with_an_empty_line(void **state)
{
	assert_int_equal(head_length("GET /", 5), 0);
	assert_int_equal(head_length("GET / HTTP/1.1\r\n\r\nmore", 22), 18);
	assert_int_equal(head_length("GET / HTTP/1.1\n\n", 16), 0);
}

static void
a_request_is_answered_by_its_key(void **state)
{
	assert_int_equal(asked(ASK UPGRADE VERSION "Sec-WebSocket-Key: " KEY "\r\n\r\n", NULL), PST_OK);
	assert_int_equal(asked(ASK "upgrade:WebSocket\r\nCONNECTION: keep-alive ,\tupgrade\r\nsec-websocket-version:13 \r\n"
	    "sec-websocket-key:  " KEY " \r\nX-A: b\r\nContent-Length: 0\r\n\r\n", NULL), PST_OK);
}

static void
what_is_no_request_for_a_websocket_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "\r\n\r\n", "GET", "GET \r\n\r\n", "GET /chat\r\n\r\n",
		ASK UPGRADE VERSION "\r\n",
		ASK UPGRADE VERSION "Sec-WebSocket-Key: short\r\n\r\n",
		ASK UPGRADE VERSION "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
		ASK UPGRADE VERSION "Sec-WebSocket-Key : " KEY "\r\n\r\n",
		ASK UPGRADE "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
		ASK VERSION "Upgrade: websocket\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
		ASK VERSION "Upgrade: websockets\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
		ASK UPGRADE VERSION "Transfer-Encoding: chunked\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
		ASK UPGRADE VERSION "Content-Length: 5\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
		ASK UPGRADE VERSION "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
		ASK UPGRADE VERSION "Content-Length: 0\r\nContent-Length: 5\r\nSec-WebSocket-Key: " KEY "\r\n\r\n",
		"POST /chat HTTP/1.1\r\n" UPGRADE VERSION "Sec-WebSocket-Key: " KEY "\r\n\r\n",
		"GET /chat HTTP/1.0\r\n" UPGRADE VERSION "Sec-WebSocket-Key: " KEY "\r\n\r\n",
		"GET http://a/chat HTTP/1.1\r\n" UPGRADE VERSION "Sec-WebSocket-Key: " KEY "\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (asked(wrong[i], NULL) != PST_E_PROTOCOL)
			fail_msg("taken: %s", wrong[i]);
}

static void
only_the_path_is_served(void **state)
{
	const char *text = "GET /chat?a=/b HTTP/1.1\r\n" UPGRADE VERSION "Sec-WebSocket-Key: " KEY "\r\n\r\n";

	assert_int_equal(asked(text, "/chat"), PST_OK);
	assert_int_equal(asked(text, "/cha"), PST_E_NOTHING);
	assert_int_equal(asked(text, "/chat/"), PST_E_NOTHING);
	assert_int_equal(asked(text, "/chat?a=/b"), PST_E_NOTHING);
}

static void
an_answer_proves_that_it_is_one(void **state)
{
	assert_int_equal(answered("HTTP/1.1 101 X\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n"), PST_OK);
	assert_int_equal(answered("HTTP/1.1 101 X\r\n" UPGRADE "Sec-WebSocket-Accept: " KEY "\r\n\r\n"), PST_E_PROTOCOL);
	assert_int_equal(answered("HTTP/1.1 101 X\r\n" UPGRADE "\r\n"), PST_E_PROTOCOL);
	assert_int_equal(answered("HTTP/1.1 101 X\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n"), PST_E_PROTOCOL);
	assert_int_equal(answered("HTTP/1.1 403 Forbidden\r\n\r\n"), PST_E_REFUSED);
	assert_int_equal(answered("HTTP/1.1 1010 X\r\n\r\n"), PST_E_PROTOCOL);
	assert_int_equal(answered("SSH-2.0-OpenSSH_9.2\r\n\r\n"), PST_E_PROTOCOL);
	/* we have offered none */
	assert_int_equal(answered("HTTP/1.1 101 X\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT
	    "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"), PST_E_PROTOCOL);
	assert_int_equal(answered("HTTP/1.1 101 X\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT
	    "\r\nSec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: b\r\n\r\n"), PST_E_PROTOCOL);
}

static void
what_is_asked_is_understood(void **state)
{
	static const char *const lines[] = { "Authorization: Basic YTpi", "X-A: b", NULL };
	const struct pst_list headers = { 2, lines };
	char text[HEAD_MAX], key[HEAD_KEY], accept[WEBSOCKET_ACCEPT], reply[256];

	assert_int_equal(head_ask(text, key, "/postern", "[::1]:443", &headers), PST_OK);
	assert_int_equal(head_length(text, strlen(text)), strlen(text));
	assert_non_null(strstr(text, "\r\nHost: [::1]:443\r\n"));
	assert_non_null(strstr(text, "\r\nAuthorization: Basic YTpi\r\nX-A: b\r\n\r\n"));
	assert_null(strstr(text, "Sec-WebSocket-Extensions")); /* no compression is offered */
	assert_int_equal(head_asked(accept, text, strlen(text), "/postern"), PST_OK);
	snprintf(reply, sizeof reply, "HTTP/1.1 101 X\r\n" UPGRADE "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
	assert_int_equal(head_answered(reply, strlen(reply), key), PST_OK);
	assert_int_equal(answered(reply), PST_E_PROTOCOL); /* it is for another key */
}

static void
what_is_too_long_is_not_asked(void **state)
{
	static char path[HEAD_MAX];
	char text[HEAD_MAX], key[HEAD_KEY];

	memset(path, 'a', sizeof path - 1);
	assert_int_equal(head_ask(text, key, path, "a", &(const struct pst_list){ 0, NULL }), PST_E_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_ends_with_an_empty_line),
		cmocka_unit_test(a_request_is_answered_by_its_key),
		cmocka_unit_test(what_is_no_request_for_a_websocket_is_refused),
		cmocka_unit_test(only_the_path_is_served),
		cmocka_unit_test(an_answer_proves_that_it_is_one),
		cmocka_unit_test(what_is_asked_is_understood),
		cmocka_unit_test(what_is_too_long_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
