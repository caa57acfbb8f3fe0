#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/dial.h>

#include "puncture_wire.h"

static struct pst_pool *pool;
static struct pst_account *account;

static int
set_up(void **state)
{
	pool = pst_pool_new(SIZE_MAX);
	account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	return !account;
}

/* Frees the pool, which wants all blocks back. */
static int
tear_down(void **state)
{
	size_t left = pst_account_used(account);

	pst_account_close(&account);
	if (!left)
		pst_pool_free(&pool);
	return left != 0;
}

static struct pst_buf
buf_of(const void *data, size_t len)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, pool, account, 0, len, 0), PST_OK);
	if (len)
		memcpy(pst_buf_put(&buf, len), data, len);
	return buf;
}
#define BUF(bytes) buf_of(bytes, sizeof(bytes) - 1)

static struct sockaddr_storage
address(const char *text)
{
	struct sockaddr_storage sa;

	assert_int_equal(pst_sockaddr_parse(text, &sa), PST_OK);
	return sa;
}

static int
open_bytes(const void *bytes, size_t len, enum puncture_type *type)
{
	struct pst_route_buf onward, back;
	struct pst_buf buf = buf_of(bytes, len);
	int rc;

	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	rc = puncture_open(type, &buf, &onward, &back);
	pst_buf_free(&buf);
	return rc;
}
#define OPEN(bytes, type) open_bytes(bytes, sizeof(bytes) - 1, type)

/* ---- puncture ---- */

static void
ping_and_pong_are_three_bytes(void **state)
{
	uint8_t bytes[PUNCTURE_SHORT];
	enum puncture_type type = PUNCTURE_PAYLOAD;

	puncture_short(bytes, PUNCTURE_PING);
	assert_memory_equal(bytes, "\x82\x00\x80", 3);
	assert_int_equal(open_bytes(bytes, 3, &type), PST_OK);
	assert_int_equal(type, PUNCTURE_PING);
	puncture_short(bytes, PUNCTURE_PONG);
	assert_memory_equal(bytes, "\x82\x01\x80", 3);
	assert_int_equal(open_bytes(bytes, 3, &type), PST_OK);
	assert_int_equal(type, PUNCTURE_PONG);
}

static void
check_payload(const void *bytes, size_t len)
{
	struct pst_route_buf onward, back, onward_read, back_read;
	struct pst_route to, from;
	struct pst_buf payload = buf_of(bytes, len), message;
	enum puncture_type type;

	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	pst_route_buf_init(&onward_read);
	pst_route_buf_init(&back_read);
	assert_int_equal(pst_route_add(&onward, PST_ADDRESS_LOCAL, "echo", 4), PST_OK);
	assert_int_equal(pst_route_add(&back, PST_ADDRESS_LOCAL, "app", 3), PST_OK);
	assert_int_equal(pst_route_add(&back, PST_ADDRESS_UDP, "192.0.2.1:1", 11), PST_OK);
	to = pst_route_buf_view(&onward);
	from = pst_route_buf_view(&back);
	assert_int_equal(puncture_wrap(&message, pool, account, &to, &from, &payload), PST_OK);
	assert_int_equal(pst_buf_len(&payload), len);
	assert_int_equal(puncture_open(&type, &message, &onward_read, &back_read), PST_OK);
	assert_int_equal(type, PUNCTURE_PAYLOAD);
	assert_int_equal(pst_buf_len(&message), len);
	if (len)
		assert_memory_equal(message.start, bytes, len);
	assert_int_equal(onward_read.len, onward.len);
	assert_memory_equal(onward_read.bytes, onward.bytes, onward.len);
	assert_int_equal(back_read.len, back.len);
	assert_int_equal(back_read.hops, 2);
	assert_memory_equal(back_read.bytes, back.bytes, back.len);
	pst_buf_free(&payload);
	pst_buf_free(&message);
}

static void
a_payload_is_wrapped_and_unpacked(void **state)
{
	uint8_t bytes[70000];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7);
	check_payload(bytes, 0);
	check_payload(bytes, 1);
	check_payload(bytes, 23);
	check_payload(bytes, 24);
	check_payload(bytes, 256);
	check_payload(bytes, sizeof bytes);
}

static void
longer_forms_of_a_payload_are_unpacked(void **state)
{
	struct pst_buf buf = BUF("\x9f\x18\x02\x9f\x80\x80\x9f\x01\x18\x02\x19\x00\x03\xff\x07\xff\x07\xff");
	struct pst_route_buf onward, back;
	enum puncture_type type;

	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	assert_int_equal(puncture_open(&type, &buf, &onward, &back), PST_OK);
	assert_int_equal(pst_buf_len(&buf), 3);
	assert_memory_equal(buf.start, "\1\2\3", 3);
	pst_buf_free(&buf);
}

static void
what_is_no_puncture_message_is_refused(void **state)
{
	enum puncture_type type;

	assert_int_equal(OPEN("", &type), -EBADMSG);
	assert_int_equal(OPEN("\x82\x03\x80", &type), -EBADMSG);
	assert_int_equal(OPEN("\x81\x01", &type), -EBADMSG);
	assert_int_equal(OPEN("\x82\x01\x81", &type), -EBADMSG);
	assert_int_equal(OPEN("\x82\x02\x80", &type), -EBADMSG);
	assert_int_equal(OPEN("\x82\x02\x82\x80\x80", &type), -EBADMSG);
	assert_int_equal(OPEN("\x82\x02\x83\x80\x80\x41\x01", &type), -EBADMSG);     /* bytes */
	assert_int_equal(OPEN("\x82\x02\x83\x80\x80\x81\x19\x01\x00", &type), -EBADMSG); /* 256 */
	assert_int_equal(OPEN("\x82\x02\x83\x80\x80\x82\x01", &type), -EBADMSG);
	assert_int_equal(OPEN("\x82\x02\x83\x80\x80\x9f\x01", &type), -EBADMSG);
}

/* ---- negotiation ---- */

static void
a_negotiation_is_written_and_read(void **state)
{
	static const char *const all[] = { "192.0.2.7:5000", "0.0.0.0:1", "[2001:db8::7]:65535",
		"[::ffff:192.0.2.7]:1" };
	struct negotiation n, again;
	uint8_t bytes[NEGOTIATION_MAX];

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (size_t len = 1; len <= sizeof n.name; len += 127) {
			struct pst_buf buf;

			n.address = address(all[i]);
			n.name_len = len;
			memset(n.name, 0xe0 + (int)i, len);
			buf = buf_of(bytes, negotiation_write(bytes, &n));
			assert_int_equal(negotiation_read(&again, &buf), PST_OK);
			assert_true(pst_sockaddr_equal(&n.address, &again.address));
			assert_int_equal(again.name_len, len);
			assert_memory_equal(again.name, n.name, len);
			pst_buf_free(&buf);
		}
}

static int
negotiate(const char *text, size_t name_len)
{
	uint8_t bytes[1024];
	struct pst_buf buf;
	struct negotiation n;
	size_t at = 0, len = strlen(text);
	int rc;

	bytes[at++] = 0x82;
	bytes[at++] = 0x78;
	bytes[at++] = (uint8_t)len;
	memcpy(bytes + at, text, len);
	at += len;
	bytes[at++] = 0x99;
	bytes[at++] = (uint8_t)(name_len >> 8);
	bytes[at++] = (uint8_t)name_len;
	memset(bytes + at, 1, name_len);
	buf = buf_of(bytes, at + name_len);
	rc = negotiation_read(&n, &buf);
	pst_buf_free(&buf);
	return rc;
}

static void
only_numbers_and_a_name_that_fits_are_taken(void **state)
{
	static const char *const wrong[] = { "", "192.0.2.7", "192.0.2.7:0", "192.0.2.7:65536",
		"localhost:5000", "2001:db8::7:5000", "[fe80::1%lo]:5000", "[2001:db8::7]:0",
		"192.0.2.7:5000 ", "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:65535" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (negotiate(wrong[i], 1) != -EBADMSG)
			fail_msg("\"%s\" was taken", wrong[i]);
	assert_int_equal(negotiate("192.0.2.7:5000", 1), PST_OK);
	assert_int_equal(negotiate("192.0.2.7:5000", PST_ADDRESS_VALUE_MAX), PST_OK);
	assert_int_equal(negotiate("192.0.2.7:5000", PST_ADDRESS_VALUE_MAX + 1), -EBADMSG);
	assert_int_equal(negotiate("192.0.2.7:5000", 0), -EBADMSG);
}

static void
half_a_negotiation_is_refused(void **state)
{
	struct pst_buf buf = BUF("\x81\x6e""192.0.2.7:5000");
	struct negotiation n;

	assert_int_equal(negotiation_read(&n, &buf), -EBADMSG);
	pst_buf_trim(&buf, 5);
	assert_int_equal(negotiation_read(&n, &buf), -EBADMSG);
	pst_buf_free(&buf);
}

/* ---- rendezvous ---- */

static void
a_rendezvous_tells_where_one_is_seen(void **state)
{
	struct sockaddr_storage seen = address("[2001:db8:1111:2222:3333:4444:5555:6666]:65535"), told;
	enum rendezvous_type type = RENDEZVOUS_PING;
	uint8_t bytes[RENDEZVOUS_MAX];
	struct pst_buf buf = buf_of(bytes, rendezvous_request(bytes, RENDEZVOUS_ADDRESS));

	assert_int_equal(rendezvous_read_request(&type, &buf), PST_OK);
	assert_int_equal(type, RENDEZVOUS_ADDRESS);
	pst_buf_free(&buf);
	buf = buf_of(bytes, rendezvous_answer(bytes, RENDEZVOUS_ADDRESS, &seen));
	type = RENDEZVOUS_PING;
	assert_int_equal(rendezvous_read_answer(&type, &told, &buf), PST_OK);
	assert_int_equal(type, RENDEZVOUS_ADDRESS);
	assert_true(pst_sockaddr_equal(&seen, &told));
	pst_buf_free(&buf);
}

static void
what_is_no_rendezvous_message_is_refused(void **state)
{
	struct pst_buf buf = BUF("\x82\x02\x80"), bare = BUF("\x82\x01\x80");
	struct sockaddr_storage told;
	enum rendezvous_type type;

	assert_int_equal(rendezvous_read_request(&type, &buf), -EBADMSG);
	assert_int_equal(rendezvous_read_answer(&type, &told, &buf), -EBADMSG);
	assert_int_equal(rendezvous_read_answer(&type, &told, &bare), -EBADMSG);
	pst_buf_free(&buf);
	pst_buf_free(&bare);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ping_and_pong_are_three_bytes),
		cmocka_unit_test(a_payload_is_wrapped_and_unpacked),
		cmocka_unit_test(longer_forms_of_a_payload_are_unpacked),
		cmocka_unit_test(what_is_no_puncture_message_is_refused),
		cmocka_unit_test(a_negotiation_is_written_and_read),
		cmocka_unit_test(only_numbers_and_a_name_that_fits_are_taken),
		cmocka_unit_test(half_a_negotiation_is_refused),
		cmocka_unit_test(a_rendezvous_tells_where_one_is_seen),
		cmocka_unit_test(what_is_no_rendezvous_message_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
