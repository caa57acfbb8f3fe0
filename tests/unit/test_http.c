/* capability/http, asked without a function: its rules, and what it makes of replies. */
#include "loop.h"

#include <stdio.h>
#include <unistd.h>

#include <postern/capability.h>

#include "fake_section.h"
#include "http_server.h"
#include "web.h"

extern const struct pst_module capability_http_LTX_pst_module;

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define TO(url) "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " url "\r\n\r\n"
#define GZIP_OF_HELLO "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0"

static const char gzipped[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n" GZIP_OF_HELLO;
/* the server's own port is not known here: these stay on the host that was asked */
static const struct http_answer answers[] = {
	{ "/ok", OK, 0 },
	{ "/empty", "HTTP/1.1 204 No Content\r\n\r\n", 0 },
	{ "/404", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", 0 },
	{ "/304", "HTTP/1.1 304 Not Modified\r\nLocation: /ok\r\n\r\n", 0 },
	{ "/once", TO("/ok"), 0 },
	{ "/ever", TO("/ever"), 0 },
	{ "/file", TO("file:///etc/passwd"), 0 },
	{ "/inside", TO("http://inside.test/ok"), 0 },
	{ "/307", "HTTP/1.1 307 Again\r\nContent-Length: 0\r\nLocation: /ok\r\n\r\n", 0 },
	{ "/gzip", gzipped, sizeof gzipped - 1 },
	{ "/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 0 },
	{ "/cut", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", 0 },
	{ "/zero-nine", "hello, this is no HTTP\n", 0 },
	{ "/bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello", 0 },
	{ "/bad-gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", 0 },
	{ "/large", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789", 0 },
	{ "/large-unsaid", "HTTP/1.1 200 OK\r\n\r\n123456789", 0 },
	{ "/never", NULL, 0 },
	{ NULL, "HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n", 0 },
};

static struct fake_node node;
static struct fake_section section;
static struct web_conf conf;
static struct http_server server, other;
static struct pst_execution execution = { .function = "f", .ident = 7 };
static struct pst_host_call call;
static bool answered;
static const char *resolves[8];
static char places[5][128];

/* ---- seam: a name that the rules have passed, for a reason that holds no more ---- */

static bool rules_pass;
const char *__real_rules_check_name(const struct rules *rules, const char *name, bool private_, bool *sure);
const char *__wrap_rules_check_name(const struct rules *rules, const char *name, bool private_, bool *sure);

const char *
__wrap_rules_check_name(const struct rules *rules, const char *name, bool private_, bool *sure)
{
	*sure = false;
	return rules_pass ? NULL : __real_rules_check_name(rules, name, private_, sure);
}

/* ---- a capability, a server, and a call ---- */

/* Everything is allowed; names of the test are this host's. */
static int
setup(void **state)
{
	static const char *const names[] = { "a.test", "b.test" };

	memset(&section, 0, sizeof section);
	memset(&conf, 0, sizeof conf);
	fake_node_init(&node);
	http_server_open(&server, &node.loop, answers);
	http_server_open(&other, &node.loop, answers);
	for (size_t i = 0; i < 4; i++) {
		snprintf(places[i], sizeof places[i], "%s:%d:127.0.0.1", names[i % 2], i < 2 ? server.port : other.port);
		resolves[i] = places[i];
	}
	snprintf(places[4], sizeof places[4], "localhost.a.test:%d:127.0.0.1", server.port);
	resolves[4] = places[4];
	resolves[5] = "inside.test:80:127.0.0.1";
	conf = (struct web_conf){ .allow_ips = true, .allow_private = true, .allow_http = true, .timeout = 20000, .max = 8,
		.resolve = { 6, resolves } };
	rules_pass = false;
	return 0;
}

static void
opened(void)
{
	struct pst_err err = PST_ERR_INIT;

	assert_int_equal(web_check(&conf, &err), PST_OK);
	assert_int_equal(fake_open(&section, &node, capability_http_LTX_pst_module.sections,
	    capability_http_LTX_pst_module.ops, "c", &conf), PST_OK);
}

static void
closed(void)
{
	if (section.self)
		fake_close(&section);
	section.self = NULL;
}

static int
teardown(void **state)
{
	closed();
	http_server_close(&server);
	http_server_close(&other);
	fake_node_fini(&node);
	free(call.result);
	call.result = NULL;
	return 0;
}

static void
told(struct pst_host_call *c)
{
	answered = true;
}

/* ("http://a.test:PORT/ok", "") where %d is the server's port */
static void
begin(int32_t method, const char *url, const char *body)
{
	const struct pst_capability_ops *ops = capability_http_LTX_pst_module.ops;
	static char text[4096];

	if (!section.self)
		opened();
	free(call.result);
	snprintf(text, sizeof text, url, server.port);
	call = (struct pst_host_call){ .execution = &execution, .answered = told };
	call.number[0] = method;
	call.text[0] = (struct pst_host_bytes){ (const uint8_t *)text, strlen(text) };
	call.text[1] = (struct pst_host_bytes){ (const uint8_t *)body, strlen(body) };
	answered = false;
	ops->serves->later(section.self, &call);
}

static void
fetch(int32_t method, const char *url, const char *body)
{
	begin(method, url, body);
	fake_wait(&node, &answered);
}

static void
is_result(const char *wanted)
{
	if (call.outcome != PST_HOST_RESULT)
		print_message("%.*s\n", (int)call.result_len, call.result ? (char *)call.result : "");
	assert_int_equal(call.outcome, PST_HOST_RESULT);
	assert_int_equal(call.result_len, strlen(wanted));
	assert_memory_equal(call.result, wanted, strlen(wanted));
}

static void
is_error(const char *wanted)
{
	char text[1024];

	assert_int_equal(call.outcome, PST_HOST_ERROR);
	snprintf(text, sizeof text, "%.*s", (int)call.result_len, call.result);
	assert_string_equal(text, wanted);
}

static void
is_refused(const char *why)
{
	char text[256];

	snprintf(text, sizeof text, "failed to requestIsAllowed: %s", why);
	is_error(text);
	assert_int_equal(server.connections + other.connections, 0);
}

static void
error_has(const char *part)
{
	assert_int_equal(call.outcome, PST_HOST_ERROR);
	if (!memmem(call.result, call.result_len, part, strlen(part)))
		fail_msg("\"%.*s\" has no \"%s\"", (int)call.result_len, (char *)call.result, part);
}

static void
asked_has(const char *part)
{
	if (!strcasestr(server.asked, part))
		fail_msg("\"%s\" has no \"%s\"", server.asked, part);
}

static struct pst_list
list_of(const char *one)
{
	static const char *items[4][2];
	static size_t next;

	items[next %= 4][0] = one;
	return (struct pst_list){ 1, items[next++] };
}

/* ---- the rules, in the order of the table ---- */

static void
row_1_plain_http_wants_allow_http(void **state)
{
	conf.allow_http = false;
	conf.blocked_ports = list_of("80"); /* of a later row */
	fetch(0, "http://a.test/ok", "");
	is_refused("requests to insecure HTTP endpoints is disallowed");
	closed();
	conf.allow_http = true;
	conf.blocked_ports = (struct pst_list){ 0 };
	fetch(0, "http://a.test:%d/ok", "");
	is_result("hello");
}

static void
row_2_ports(void **state)
{
	static const char disallowed[] = "requests to this port are disallowed";
	char mine[8];

	snprintf(mine, sizeof mine, "%d", server.port);
	conf.blocked_ports = list_of(mine);
	conf.allow_ips = false; /* of a later row */
	fetch(0, "http://127.0.0.1:%d/ok", "");
	is_refused(disallowed);
	closed();
	conf.allow_ips = true;
	conf.blocked_ports = list_of("443");
	fetch(0, "https://a.test/ok", "");
	is_refused(disallowed);
	fetch(0, "http://a.test:%d/ok", ""); /* a list is not empty, and this one is in none */
	is_refused(disallowed);
	closed();
	conf.blocked_ports = (struct pst_list){ 0 };
	conf.allowed_ports = list_of("1");
	fetch(0, "http://a.test:%d/ok", "");
	is_refused(disallowed);
	closed();
	conf.allowed_ports = list_of(mine);
	fetch(0, "http://a.test:%d/ok", "");
	is_result("hello");
}

static void
row_3_addresses_want_allow_ips(void **state)
{
	static const char *const urls[] = { "http://127.0.0.1:%d/ok", "http://[::1]:%d/ok", "http://2130706433:%d/ok",
		"http://0x7f.1:%d/ok", "http://0177.0.0.1:%d/ok", "http://192.0.2.1:%d/ok" };

	conf.allow_ips = conf.allow_private = false;
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		fetch(0, urls[i], "");
		is_refused("requests to IP addresses are disallowed");
	}
	closed();
	conf.allow_ips = conf.allow_private = true;
	fetch(0, "http://127.0.0.1:%d/ok", "");
	is_result("hello");
}

static void
row_4_private_addresses_want_allow_private(void **state)
{
	static const char *const urls[] = { "http://a.test:%d/ok", "http://127.0.0.1:%d/ok", "http://[::1]:%d/ok",
		"http://[::ffff:127.0.0.1]:%d/ok", "http://10.1.2.3:%d/ok", "http://localhost:%d/ok",
		"http://localhost.a.test:%d/ok" };

	conf.allow_private = false;
	conf.allowed_domains = list_of("other.test"); /* of a later row */
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		fetch(0, urls[i], "");
		is_refused("requests to private IP address ranges are disallowed");
	}
	closed();
	conf.allow_private = true;
	conf.allowed_domains = (struct pst_list){ 0 };
	fetch(0, "http://a.test:%d/ok", "");
	is_result("hello");
}

static void
row_5_domains(void **state)
{
	static const char disallowed[] = "requests to this domain are disallowed";

	conf.allowed_domains = list_of("b.test");
	conf.blocked_domains = list_of("b.test"); /* is not asked about */
	fetch(0, "http://a.test:%d/ok", "");
	is_refused(disallowed);
	fetch(0, "http://b.test:%d/ok", "");
	is_result("hello");
	closed();
	server.connections = 0;
	conf.allowed_domains = (struct pst_list){ 0 };
	fetch(0, "http://B.test:%d/ok", "");
	is_refused(disallowed);
	fetch(0, "http://a.test:%d/ok", "");
	is_result("hello");
}

static void
a_canonical_name_is_asked_about_too_unless_the_first_was_sure(void **state)
{
	struct rules rules = { .blocked_domains = list_of("hidden.test") };
	bool sure;

	assert_null(rules_check_name(&rules, "shown.test", false, &sure));
	assert_false(sure);
	assert_non_null(rules_check_name(&rules, "hidden.test", false, &sure));
	rules.allowed_domains = list_of("shown.test");
	assert_null(rules_check_name(&rules, "shown.test", false, &sure));
	assert_true(sure);
}

static void
patterns_are_compared_from_the_right(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{ "hello.com", "hello.com", true },
		{ "hello.com", "HELLO.com", true },
		{ "hello.com", "hello.com.", true },
		{ "hello.com", "xhello.com", false },
		{ "*.hello.com", "a.hello.com", true },
		{ "*.hello.com", "a.b.hello.com", true },
		{ "*.hello.com", "hello.com", false },
		{ "tomorrow.*", "tomorrow.com", true },
		{ "tomorrow.*", "tomorrow.co.uk", false },
		{ "127.*.0.1", "127.5.0.1", true },
		{ "127.*.0.1", "126.5.0.1", false },
		{ "*", "any.thing", true },
		{ "", "any", false },
		{ "a", "", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (domain_matches(rows[i].pattern, rows[i].name) != rows[i].matches)
			fail_msg("%s and %s", rows[i].pattern, rows[i].name);
}

static void
addresses_are_private_or_not(void **state)
{
	static const struct {
		const char *number;
		bool private_;
	} rows[] = {
		{ "0.0.0.0", true }, { "10.255.255.255", true }, { "11.0.0.0", false }, { "100.64.0.1", true },
		{ "100.128.0.1", false }, { "127.255.0.1", true }, { "169.254.169.254", true }, { "172.15.255.255", false },
		{ "172.16.0.0", true }, { "172.31.255.255", true }, { "172.32.0.0", false }, { "192.168.1.1", true },
		{ "192.169.0.0", false }, { "198.19.0.1", true }, { "198.20.0.1", false }, { "223.255.255.255", false },
		{ "224.0.0.1", true }, { "255.255.255.255", true }, { "8.8.8.8", false },
		{ "::", true }, { "::1", true }, { "::127.0.0.1", true }, { "::ffff:10.0.0.1", true },
		{ "::ffff:8.8.8.8", false }, { "64:ff9b::a00:1", true }, { "64:ff9b::808:808", false },
		{ "64:ff9b:1::1", true }, { "2002:a00:1::", true }, { "2002:808:808::", false }, { "2001::1", true },
		{ "2001:4860::1", false }, { "fc00::1", true }, { "fdff::1", true }, { "fe00::1", false },
		{ "fe80::1", true }, { "fec0::1", true }, { "ff02::1", true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sockaddr_storage address;

		if (uv_ip4_addr(rows[i].number, 1, (struct sockaddr_in *)&address))
			assert_int_equal(uv_ip6_addr(rows[i].number, 1, (struct sockaddr_in6 *)&address), 0);
		if (address_is_private((struct sockaddr *)&address) != rows[i].private_)
			fail_msg("%s", rows[i].number);
	}
}

static void
the_address_that_is_connected_to_is_checked(void **state)
{
	conf.allow_private = false;
	rules_pass = true;
	fetch(0, "http://a.test:%d/ok", "");
	is_refused("requests to private IP address ranges are disallowed");
}

static void
a_redirect_is_asked_about(void **state)
{
	static char inside[32];

	conf.blocked_domains = list_of("inside.test");
	fetch(0, "http://a.test:%d/inside", "");
	is_error("failed to requestIsAllowed: requests to this domain are disallowed");
	assert_int_equal(server.requests, 1);
	fetch(0, "http://a.test:%d/file", "");
	error_has("neither http: nor https:");
	snprintf(inside, sizeof inside, "%s", "file:///etc/passwd");
	fetch(0, inside, "");
	error_has("neither http: nor https:");
	fetch(0, "gopher://a.test:%d/ok", "");
	assert_int_equal(call.outcome, PST_HOST_ERROR);
}

/* ---- requests ---- */

static void
methods_and_headers_are_sent(void **state)
{
	static const char *const methods[] = { "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE" };
	char line[64];

	for (int32_t i = 0; i < 7; i++) {
		fetch(i, "http://a.test:%d/ok?a=b::X-One:1::X-Two: two", i == 3 ? "body" : "");
		is_result(i == 1 ? "" : "hello");
		snprintf(line, sizeof line, "%s /ok?a=b HTTP/1.1\r\n", methods[i]);
		assert_memory_equal(server.asked, line, strlen(line));
		asked_has("\r\nX-One: 1\r\n");
		asked_has("\r\nX-Two: two\r\n");
		asked_has("\r\nUser-Agent: ");
		asked_has("\r\nAccept-Encoding: gzip\r\n");
		assert_int_equal(strstr(server.asked, "Content-Type: application/octet-stream") != NULL, i == 3);
	}
	fetch(3, "http://a.test:%d/ok::content-type:text/plain", "body");
	asked_has("\r\ncontent-type: text/plain\r\n");
	assert_null(strstr(server.asked, "octet-stream"));
	assert_string_equal(strstr(server.asked, "\r\n\r\n"), "\r\n\r\nbody");
}

static void
what_is_no_method_or_header_is_refused(void **state)
{
	static const char *const urls[] = { "http://a.test:%d/ok::X-One", "http://a.test:%d/ok::X:a:b",
		"http://a.test:%d/ok::", "http://a.test:%d/ok::a b:c", "http://a.test:%d/ok::a:b\r\nc",
		"http://a.test:%d/ok:::b" };

	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		fetch(0, urls[i], "");
		assert_int_equal(call.outcome, PST_HOST_CODE);
		assert_int_equal(call.code, -2);
	}
	fetch(7, "http://a.test:%d/ok", "");
	assert_int_equal(call.code, -2);
	fetch(-1, "http://a.test:%d/ok", "");
	assert_int_equal(call.code, -2);
	assert_int_equal(server.requests, 0);
	fetch(3, "http://a.test:%d/ok::Host:x::Content-Length:99::Transfer-Encoding:chunked", "body");
	is_result("hello");
	assert_null(strcasestr(server.asked, "chunked"));
	assert_null(strcasestr(server.asked, "Host: x"));
	asked_has("Content-Length: 4\r\n");
}

static void
a_host_gets_its_credential(void **state)
{
	static char auth[3][64];
	static const char *items[3] = { auth[0], auth[1], auth[2] };

	setenv("TEST_TOKEN", "s3cret", 1);
	snprintf(auth[0], sizeof auth[0], "a.test:%d bearer env(TEST_TOKEN)", server.port);
	snprintf(auth[1], sizeof auth[1], "b.test:%d token env(TEST_NOTHING)", server.port);
	snprintf(auth[2], sizeof auth[2], "a.test bearer of-another-port");
	conf.auth = (struct pst_list){ 3, items };
	fetch(0, "http://a.test:%d/ok::authorization:guest", "");
	asked_has("\r\nAuthorization: bearer s3cret\r\n");
	assert_null(strstr(server.asked, "guest"));
	fetch(0, "http://b.test:%d/ok::authorization:guest", "");
	asked_has("\r\nauthorization: guest\r\n");
	assert_null(strstr(server.asked, "s3cret"));
	fetch(0, "http://127.0.0.1:%d/ok", "");
	assert_null(strcasestr(server.asked, "authorization"));
}

static void
what_is_secret_stays_with_its_host(void **state)
{
	char head[160];
	struct http_answer away[] = { { "/away", head, 0 }, { NULL, OK, 0 } };

	snprintf(head, sizeof head, TO("http://b.test:%d/ok"), other.port);
	server.answers = away;
	fetch(0, "http://a.test:%d/away::Authorization:guest::Cookie:c=d::X-One:1", "");
	is_result("hello");
	assert_non_null(strstr(server.asked, "Cookie: c=d"));
	assert_null(strstr(other.asked, "Cookie"));
	assert_null(strstr(other.asked, "Authorization"));
	assert_non_null(strstr(other.asked, "X-One: 1"));
}

/* ---- replies ---- */

static void
replies_are_what_they_are(void **state)
{
	static const char *const results[][2] = { { "/ok", "hello" }, { "/empty", "" }, { "/once", "hello" },
		{ "/gzip", "hello" }, { "/chunked", "hello" } };
	static const char *const errors[][2] = { { "/404", "404: nope" }, { "/304", "304: " },
		{ "/ever", "stopped after 10 redirects" } };
	char url[64];

	for (size_t i = 0; i < 5; i++) {
		snprintf(url, sizeof url, "http://a.test:%%d%s", results[i][0]);
		fetch(0, url, "");
		is_result(results[i][1]);
	}
	for (size_t i = 0; i < 3; i++) {
		snprintf(url, sizeof url, "http://a.test:%%d%s", errors[i][0]);
		fetch(0, url, "");
		is_error(errors[i][1]);
	}
}

static void
a_redirect_makes_it_a_get_unless_it_says_the_same(void **state)
{
	fetch(3, "http://a.test:%d/once", "body");
	is_result("hello");
	assert_memory_equal(server.asked, "GET /ok ", 8);
	assert_null(strstr(server.asked, "body"));
	assert_null(strstr(server.asked, "Content-Type"));
	fetch(3, "http://a.test:%d/307", "body");
	is_result("hello");
	assert_memory_equal(server.asked, "POST /ok ", 9);
	assert_string_equal(strstr(server.asked, "\r\n\r\n"), "\r\n\r\nbody");
}

static void
bad_replies_are_errors(void **state)
{
	static const char *const paths[] = { "/cut", "/zero-nine", "/bad-chunk", "/bad-gzip" };
	char url[64];

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		snprintf(url, sizeof url, "http://a.test:%%d%s", paths[i]);
		fetch(0, url, "");
		error_has("a.test:");
	}
	fetch(0, "http://a.test:%d/large", "");
	error_has("larger than it may be");
	fetch(0, "http://a.test:%d/large-unsaid", "");
	error_has("larger than it may be");
	fetch(0, "http://a.test:%d/ok", "");
	is_result("hello");
}

static void
a_head_without_end_is_cut(void **state)
{
	static const char line[] = "x: 345678901234567890123456789012345678901234567890123456789012\r\n";
	static char head[400 * 1024];
	const struct http_answer endless[] = { { NULL, head, sizeof head } };
	size_t at = (size_t)sprintf(head, "HTTP/1.1 200 OK\r\n");

	while (at + sizeof line < sizeof head)
		at += (size_t)sprintf(head + at, "%s", line);
	memset(head + at, 'a', sizeof head - at);
	server.answers = endless;
	fetch(0, "http://a.test:%d/ok", "");
	error_has("head is too large");
	closed();
}

static void
nobody_there_is_an_error(void **state)
{
	static const char *gone[] = { "gone.test:1:127.0.0.1" };

	conf.resolve = (struct pst_list){ 1, gone };
	fetch(0, "http://gone.test:1/", "");
	error_has("gone.test:1: ");
	fetch(0, "http://%%00/", "");
	assert_int_equal(call.outcome, PST_HOST_ERROR);
	fetch(0, "", "");
	assert_int_equal(call.outcome, PST_HOST_ERROR);
}

/* ---- ends ---- */

static void
a_cancelled_call_ends_its_transfer(void **state)
{
	begin(0, "http://a.test:%d/never", "");
	fake_wait(&node, &server.quiet);
	assert_false(answered);
	call.cancel(&call);
	assert_true(answered);
	/* cancelled before anything is known of the host */
	begin(0, "http://localhost:%d/ok", "");
	assert_false(answered);
	call.cancel(&call);
	assert_true(answered);
}

static void
time_runs_out(void **state)
{
	conf.timeout = 20;
	fetch(0, "http://a.test:%d/never", "");
	is_error("no reply within 20 ms");
}

static void
a_section_closes_over_a_transfer(void **state)
{
	begin(0, "http://a.test:%d/never", "");
	fake_wait(&node, &server.quiet);
	closed();
	assert_true(answered);
	assert_int_equal(call.outcome, PST_HOST_ERROR);
}

static void
the_environments_proxy_is_not_asked(void **state)
{
	char proxy[64];

	snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", other.port);
	setenv("http_proxy", proxy, 1);
	fetch(0, "http://a.test:%d/ok", "");
	is_result("hello");
	unsetenv("http_proxy");
	assert_int_equal(other.connections, 0);
}

static void
bad_options_are_told(void **state)
{
	struct pst_err err = PST_ERR_INIT;

	conf.allowed_ports = list_of("0");
	assert_int_equal(web_check(&conf, &err), PST_E_CONF);
	conf.allowed_ports = list_of("65536");
	assert_int_equal(web_check(&conf, &err), PST_E_CONF);
	conf.allowed_ports = (struct pst_list){ 0 };
	conf.auth = list_of("a.test s3cret");
	assert_int_equal(web_check(&conf, &err), PST_OK); /* an empty value: nothing is sent */
	conf.auth = list_of("s3cret");
	assert_int_equal(web_check(&conf, &err), PST_E_CONF);
	assert_null(strstr(err.text, "s3cret"));
	conf.auth = (struct pst_list){ 0 };
	conf.resolve = list_of("a.test:127.0.0.1");
	assert_int_equal(web_check(&conf, &err), PST_E_CONF);
	conf.resolve = list_of("a.test:80:b.test");
	assert_int_equal(web_check(&conf, &err), PST_E_CONF);
}

#define WEB_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		WEB_TEST(row_1_plain_http_wants_allow_http),
		WEB_TEST(row_2_ports),
		WEB_TEST(row_3_addresses_want_allow_ips),
		WEB_TEST(row_4_private_addresses_want_allow_private),
		WEB_TEST(row_5_domains),
		WEB_TEST(a_canonical_name_is_asked_about_too_unless_the_first_was_sure),
		WEB_TEST(patterns_are_compared_from_the_right),
		WEB_TEST(addresses_are_private_or_not),
		WEB_TEST(the_address_that_is_connected_to_is_checked),
		WEB_TEST(a_redirect_is_asked_about),
		WEB_TEST(methods_and_headers_are_sent),
		WEB_TEST(what_is_no_method_or_header_is_refused),
		WEB_TEST(a_host_gets_its_credential),
		WEB_TEST(what_is_secret_stays_with_its_host),
		WEB_TEST(replies_are_what_they_are),
		WEB_TEST(a_redirect_makes_it_a_get_unless_it_says_the_same),
		WEB_TEST(bad_replies_are_errors),
		WEB_TEST(a_head_without_end_is_cut),
		WEB_TEST(nobody_there_is_an_error),
		WEB_TEST(a_cancelled_call_ends_its_transfer),
		WEB_TEST(time_runs_out),
		WEB_TEST(a_section_closes_over_a_transfer),
		WEB_TEST(the_environments_proxy_is_not_asked),
		WEB_TEST(bad_options_are_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
