/* portal/udp's messages. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire.h"

static struct pst_pool *pool;
static struct pst_account *account;

static int
memory_begins(void **state)
{
	pool = pst_pool_new(SIZE_MAX);
	account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	return pool && account ? 0 : -1;
}

static int
memory_ends(void **state)
{
	pst_account_close(&account);
	pst_pool_free(&pool);
	return 0;
}

static struct pst_buf
written(const struct wire_message *m)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, pool, account, WIRE_HEAD_MAX, m->len, 0), PST_OK);
	if (m->len)
		memcpy(pst_buf_put(&buf, m->len), m->data, m->len);
	wire_push(&buf, m);
	return buf;
}

static int
read_bytes(struct wire_message *out, const void *bytes, size_t len)
{
	struct pst_reader r = pst_reader(bytes, len);

	return wire_read(out, &r);
}

/* The bytes of doc/protocol.md. */
static void
each_kind_is_the_bytes_that_the_page_has(void **state)
{
	static const uint8_t hello[] = "hello";
	static const struct {
		struct wire_message m;
		const char *bytes;
		size_t len;
	} table[] = {
		{ { .kind = WIRE_OPEN, .flow = 7, .version = 1, .data = hello, .len = 5 },
		    "\x84\x00\x07\x01\x45hello", 10 },
		{ { .kind = WIRE_OPENED, .flow = 7, .version = 1 }, "\x83\x01\x07\x01", 4 },
		{ { .kind = WIRE_DATAGRAM, .flow = 7, .data = hello, .len = 5 }, "\x83\x02\x07\x45hello", 9 },
		{ { .kind = WIRE_END, .flow = 7, .reason = WIRE_IDLE }, "\x83\x03\x07\x09", 4 },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct pst_buf buf = written(&table[i].m);
		struct wire_message again;

		assert_int_equal(pst_buf_len(&buf), table[i].len);
		assert_memory_equal(buf.start, table[i].bytes, table[i].len);
		assert_int_equal(read_bytes(&again, buf.start, table[i].len), PST_OK);
		assert_int_equal(again.kind, table[i].m.kind);
		assert_int_equal(again.flow, 7);
		assert_int_equal(again.version, table[i].m.version);
		assert_int_equal(again.reason, table[i].m.reason);
		assert_int_equal(again.len, table[i].m.len);
		pst_buf_free(&buf);
	}
}

static void
the_longest_head_has_room(void **state)
{
	static uint8_t data[65507];
	const struct wire_message m = {
		.kind = WIRE_OPEN, .flow = UINT64_MAX, .version = UINT64_MAX, .data = data, .len = sizeof data,
	};
	struct pst_buf buf = written(&m);
	struct wire_message again;

	assert_in_range(pst_buf_len(&buf) - sizeof data, 1, WIRE_HEAD_MAX);
	assert_int_equal(read_bytes(&again, buf.start, pst_buf_len(&buf)), PST_OK);
	assert_true(again.flow == UINT64_MAX && again.version == UINT64_MAX);
	assert_ptr_equal(again.data + again.len, buf.end);
	assert_int_equal(again.len, sizeof data);
	pst_buf_free(&buf);
}

static void
an_empty_datagram_is_one_too(void **state)
{
	struct wire_message m;

	assert_int_equal(read_bytes(&m, "\x83\x02\x07\x40", 4), PST_OK);
	assert_int_equal(m.kind, WIRE_DATAGRAM);
	assert_int_equal(m.len, 0);
}

static void
what_later_versions_may_add_is_passed_over(void **state)
{
	struct wire_message m;

	assert_int_equal(read_bytes(&m, "\x86\x01\x07\x01\x61x\x82\x01\x02\x09", 10), PST_OK);
	assert_true(m.kind == WIRE_OPENED && m.flow == 7 && m.version == 1);
	assert_int_equal(read_bytes(&m, "\x9f\x02\x07\x41z\x05\xff", 7), PST_OK);
	assert_true(m.kind == WIRE_DATAGRAM && m.len == 1 && *m.data == 'z');
	assert_int_equal(read_bytes(&m, "\x82\x18\x63\x61x", 5), PST_OK);
	assert_int_equal(m.kind, WIRE_UNKNOWN);
	assert_int_equal(read_bytes(&m, "\x81\x04", 2), PST_OK);
	assert_int_equal(m.kind, WIRE_UNKNOWN);
}

static void
an_unknown_reason_is_still_a_reason(void **state)
{
	struct wire_message m;

	assert_int_equal(read_bytes(&m, "\x83\x03\x07\x0c", 4), PST_OK);
	assert_int_equal(m.reason, WIRE_INTERNAL);
	assert_int_equal(read_bytes(&m, "\x83\x03\x07\x00", 4), PST_OK);
	assert_int_equal(m.reason, WIRE_INTERNAL);
	assert_int_equal(read_bytes(&m, "\x83\x03\x07\x08", 4), PST_OK);
	assert_int_equal(m.reason, WIRE_NO_FLOW);
	for (int reason = WIRE_REFUSED; reason <= WIRE_IDLE; reason++)
		assert_non_null(wire_reason_text((enum wire_reason)reason));
}

static void
what_is_no_message_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} table[] = {
		{ "", 0 },
		{ "\x00", 1 },                     /* a Ping */
		{ "\x80", 1 },                     /* no kind */
		{ "\x81\x02", 2 },                 /* no number */
		{ "\x82\x02\x07", 3 },             /* no bytes */
		{ "\x83\x02\x07\x61z", 5 },        /* text for bytes */
		{ "\x83\x02\x07\x45zz", 6 },       /* fewer bytes than are said */
		{ "\x83\x02\x20\x41z", 5 },        /* a negative number */
		{ "\x83\x00\x07\x41z", 5 },        /* open without version */
		{ "\x84\x00\x07\x00\x41z", 6 },    /* there is no version 0 */
		{ "\x83\x01\x07\x00", 4 },
		{ "\x82\x03\x07", 3 },             /* end without reason */
		{ "\x9f\x02\x07\x41z", 5 },        /* no end */
		{ "\xa1\x02\x07", 3 },             /* a map */
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct wire_message m;

		if (read_bytes(&m, table[i].bytes, table[i].len) != -EBADMSG)
			fail_msg("%zu is taken", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_the_bytes_that_the_page_has),
		cmocka_unit_test(the_longest_head_has_room),
		cmocka_unit_test(an_empty_datagram_is_one_too),
		cmocka_unit_test(what_later_versions_may_add_is_passed_over),
		cmocka_unit_test(an_unknown_reason_is_still_a_reason),
		cmocka_unit_test(what_is_no_message_is_refused),
	};

	return cmocka_run_group_tests(tests, memory_begins, memory_ends);
}
