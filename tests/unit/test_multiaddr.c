#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/multiaddr.h>

static struct pst_multiaddr ma;

static void
check_parses(const char *text, const char *want)
{
	char again[400];

	if (pst_multiaddr_parse(&ma, text, NULL))
		fail_msg("\"%s\" is refused", text);
	assert_string_equal(pst_multiaddr_format(&ma, again, sizeof again), want);
}

static void
check_refused(const char *text, const char *part)
{
	struct pst_err err = PST_ERR_INIT;

	if (pst_multiaddr_parse(&ma, text, &err) != -EINVAL)
		fail_msg("\"%s\" is taken", text);
	if (!strstr(err.text, part))
		fail_msg("\"%s\" says %s", text, err.text);
}

static void
every_protocol_has_its_word(void **state)
{
	for (int p = 0; p < PST_PROTOCOLS; p++) {
		const char *word = pst_protocol_name((enum pst_protocol)p);
		char text[64];

		assert_non_null(word);
		snprintf(text, sizeof text, "/%s/%s", word, p == PST_IP4 ? "10.0.0.1" : p == PST_IP6 ? "::1" :
		    "443");
		check_parses(text, text);
		assert_int_equal(ma.count, 1);
		assert_int_equal(ma.hop[0].protocol, p);
	}
}

/* Ours have codes for private use, which nobody else gives away. */
static void
websockets_have_codes_of_their_own(void **state)
{
	static const uint8_t want[] = { 0x38, 1, 'a', 0x81, 0x80, 0xc0, 0x01, 0x01, 0xbb, 0x80, 0x80, 0xc0, 0x01, 0, 80 };
	uint8_t bytes[64];
	struct pst_writer w = pst_writer(bytes, sizeof bytes);
	struct pst_reader r = pst_reader(want, sizeof want);

	check_parses("/dnsaddr/a/quic/1", "/dnsaddr/a/quic/1");
	check_parses("/dnsaddr/a/wss/443/ws/80", "/dnsaddr/a/wss/443/ws/80");
	pst_multiaddr_encode(&w, &ma);
	assert_int_equal(pst_writer_len(&w), sizeof want);
	assert_memory_equal(bytes, want, sizeof want);
	pst_multiaddr_decode(&r, &ma);
	assert_false(r.status);
	assert_int_equal(ma.hop[1].protocol, PST_WSS);
	check_refused("/ip4/10.0.0.1/ws/postern", "hop 2");
}

static void
the_first_slash_may_be_missing_and_self_is_known(void **state)
{
	check_parses("service/echo", "/service/echo");
	check_parses("self", "/secure/api");
	check_refused("self/service/echo", "hop 1");
	check_refused("/self", "unknown protocol");
}

static void
what_is_no_multiaddr_is_refused_with_its_hop(void **state)
{
	check_refused("", "empty");
	check_refused("/", "empty");
	check_refused("/service/a/", "slash");
	check_refused("//service/a", "hop 1");
	check_refused("/service//a", "hop 1");
	check_refused("/service", "bad value after /service/: \"\", want a name");
	check_refused("/dnsaddr/a/ws/postern/service/b", "bad value after /ws/: \"postern\", want a port");
	check_refused("/dns4/a/tcp/1", "unknown protocol \"dns4\", did you mean \"dnsaddr\"?");
	check_refused("/service/a/tcp", "hop 2");
	check_refused("/zebra/1", "unknown protocol \"zebra\"; there are ip4 ip6 dnsaddr tcp udp service worker secure node project "
	    "space ws wss quic puncture");
	check_refused("/sctp/1", "unknown protocol \"sctp\"");
	check_refused("/Service/a", "unknown protocol");
	check_refused("/service/a/b/c", "hop 2");
	check_refused("/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/x", "hop 1");
}

static void
addresses_and_ports_are_checked(void **state)
{
	static const char *const wrong[] = { "/ip4/1.2.3", "/ip4/1.2.3.256", "/ip4/::1", "/ip4/a.example",
		"/ip6/1.2.3.4", "/ip6/::g", "/ip6/[::1]", "/tcp/65536", "/tcp/-1", "/tcp/+1", "/tcp/0x50",
		"/tcp/80a", "/tcp/000080", "/tcp/99999" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		check_refused(wrong[i], "bad value");
	check_parses("/ip4/0.0.0.0/tcp/0", "/ip4/0.0.0.0/tcp/0");
	check_parses("/ip6/2001:db8::1/tcp/65535", "/ip6/2001:db8::1/tcp/65535");
}

static void
hops_and_values_are_limited(void **state)
{
	char text[PST_MULTIADDR_HOPS * 16 + 16] = "", value[300] = "/service/";

	for (int i = 0; i < PST_MULTIADDR_HOPS; i++)
		strcat(text, "/service/a");
	check_parses(text, text);
	strcat(text, "/service/a");
	check_refused(text, "more than 32");

	memset(value + 9, 'v', PST_MULTIADDR_VALUE - 1);
	check_parses(value, value);
	value[9 + PST_MULTIADDR_VALUE - 1] = 'v';
	check_refused(value, "hop 1");
}

static void
text_is_cut_to_fit(void **state)
{
	char out[16] = "!!!!!!!!!!!!!!!";

	assert_int_equal(pst_multiaddr_parse(&ma, "/service/a/service/b", NULL), PST_OK);
	pst_multiaddr_format(&ma, out, 14);
	assert_string_equal(out, "/service/a/se");
	pst_multiaddr_format(&ma, out, 1);
	assert_string_equal(out, "");
}

/* ---- binary ---- */

static int
decode(const void *bytes, size_t len)
{
	struct pst_reader r = pst_reader(bytes, len);

	pst_multiaddr_decode(&r, &ma);
	return r.status;
}
#define DECODE(bytes) decode(bytes, sizeof(bytes) - 1)

static void
binary_forms_that_are_wrong_are_refused(void **state)
{
	static const char tcp[] = "\x04\x7f\x00\x00\x01\x06\x0f\xa0";

	assert_int_equal(DECODE(tcp), PST_OK);
	assert_int_equal(ma.count, 2);
	for (size_t len = 1; len < sizeof tcp - 1; len++)
		assert_int_equal(decode(tcp, len), len == 5 ? PST_OK : -EBADMSG);
	assert_int_equal(DECODE("\x05\x00"), -EBADMSG);                 /* unknown code */
	assert_int_equal(DECODE("\xbe\xe8\x03\x00"), -EBADMSG);         /* empty name */
	assert_int_equal(DECODE("\xbe\xe8\x03\x02" "a"), -EBADMSG);
	assert_int_equal(DECODE("\xbe\xe8\x03\x03" "a/b"), -EBADMSG);   /* no text says that */
	assert_int_equal(DECODE("\xbe\xe8\x03\x03" "a\0b"), -EBADMSG);
	assert_int_equal(DECODE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), -EBADMSG);
}

static void
binary_hops_and_values_are_limited(void **state)
{
	uint8_t bytes[300] = { 0xbe, 0xe8, 0x03, 0xff, 0x01 };

	memset(bytes + 5, 'v', 255);
	assert_int_equal(decode(bytes, 5 + 255), PST_OK);
	bytes[3] = 0x80;
	bytes[4] = 0x02;
	bytes[5 + 255] = 'v';
	assert_int_equal(decode(bytes, 5 + 256), -EBADMSG);
	for (size_t i = 0; i < 33; i++)
		memcpy(bytes + 3 * i, "\x06\x00\x50", 3);
	assert_int_equal(decode(bytes, 3 * 32), PST_OK);
	assert_int_equal(ma.count, PST_MULTIADDR_HOPS);
	assert_int_equal(decode(bytes, 3 * 33), -EBADMSG);
}

static void
a_writer_without_room_is_told(void **state)
{
	uint8_t out[8];
	struct pst_writer w = pst_writer(out, 7), v = pst_writer(out, 8);

	assert_int_equal(pst_multiaddr_parse(&ma, "/ip4/127.0.0.1/tcp/4000", NULL), PST_OK);
	pst_multiaddr_encode(&w, &ma);
	assert_int_equal(w.status, -ENOBUFS);
	pst_multiaddr_encode(&v, &ma);
	assert_int_equal(v.status, PST_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_protocol_has_its_word),
		cmocka_unit_test(websockets_have_codes_of_their_own),
		cmocka_unit_test(the_first_slash_may_be_missing_and_self_is_known),
		cmocka_unit_test(what_is_no_multiaddr_is_refused_with_its_hop),
		cmocka_unit_test(addresses_and_ports_are_checked),
		cmocka_unit_test(hops_and_values_are_limited),
		cmocka_unit_test(text_is_cut_to_fit),
		cmocka_unit_test(binary_forms_that_are_wrong_are_refused),
		cmocka_unit_test(binary_hops_and_values_are_limited),
		cmocka_unit_test(a_writer_without_room_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
