#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/route.h>

static struct pst_route_buf
route_of(size_t n, const char *const *names)
{
	struct pst_route_buf rb;

	pst_route_buf_init(&rb);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pst_route_add(&rb, PST_ADDRESS_LOCAL, names[i], strlen(names[i])), PST_OK);
	return rb;
}
#define ROUTE(...) \
	route_of(sizeof (const char *[]){ __VA_ARGS__ } / sizeof(char *), (const char *[]){ __VA_ARGS__ })

static void
check_text(struct pst_route route, const char *want)
{
	char text[200];

	assert_string_equal(pst_route_format(&route, text, sizeof text), want);
}

static void
a_route_is_taken_apart_from_both_ends(void **state)
{
	struct pst_route_buf rb = ROUTE("a", "bcd", "e");
	struct pst_route route = pst_route_buf_view(&rb);
	struct pst_address first;

	assert_true(pst_route_first(&route, &first));
	assert_int_equal(first.type, PST_ADDRESS_LOCAL);
	assert_int_equal(first.len, 1);
	assert_memory_equal(first.value, "a", 1);
	assert_int_equal(pst_route_first_len(&route), 4);
	check_text(route, "0#a => 0#bcd => 0#e");
	check_text(pst_route_rest(&route), "0#bcd => 0#e");
	check_text(pst_route_last(&route), "0#e");
	check_text(pst_route_without_last(&route), "0#a => 0#bcd");
}

static void
an_empty_route_has_no_parts(void **state)
{
	const struct pst_route none = PST_ROUTE_EMPTY;
	struct pst_route_buf rb = ROUTE("a");
	struct pst_route one = pst_route_buf_view(&rb), *copy;
	struct pst_address first;

	assert_false(pst_route_first(&none, &first));
	assert_int_equal(pst_route_first_len(&none), 0);
	assert_int_equal(pst_route_rest(&none).hops, 0);
	assert_int_equal(pst_route_last(&none).hops, 0);
	assert_int_equal(pst_route_without_last(&none).hops, 0);
	assert_int_equal(pst_route_rest(&one).hops, 0);
	assert_int_equal(pst_route_rest(&one).len, 0);
	assert_int_equal(pst_route_without_last(&one).hops, 0);
	check_text(none, "");
	copy = pst_route_copy(&none);
	assert_int_equal(copy->hops + copy->len, 0);
	free(copy);
	assert_int_equal(pst_route_add_route(&rb, &none), PST_OK);
	assert_int_equal(rb.hops, 1);
}

/* Heads of one and two bytes, for type and length. */
static void
addresses_of_every_size_keep_their_parts(void **state)
{
	static const uint8_t types[] = { 0, 1, 23, 24, 25, 128, 255 };
	static const size_t lengths[] = { 0, 1, 23, 24, 25, 100, 255 };
	uint8_t value[256];

	memset(value, 'v', sizeof value);
	for (size_t t = 0; t < 7; t++) {
		for (size_t l = 0; l < 7; l++) {
			struct pst_route_buf rb, again;
			struct pst_route route;
			struct pst_address a;
			uint8_t bytes[PST_ROUTE_MAX + 3];
			struct pst_writer w = pst_writer(bytes, sizeof bytes);
			struct pst_reader r;

			pst_route_buf_init(&rb);
			assert_int_equal(pst_route_add(&rb, types[t], value, lengths[l]), PST_OK);
			assert_int_equal(pst_route_add(&rb, 7, "end", 3), PST_OK);
			route = pst_route_buf_view(&rb);
			assert_true(pst_route_first(&route, &a));
			assert_int_equal(a.type, types[t]);
			assert_int_equal(a.len, lengths[l]);
			assert_memory_equal(a.value, value, a.len);
			check_text(pst_route_rest(&route), "7#end");
			pst_route_encode(&w, &route);
			assert_int_equal(pst_writer_len(&w), pst_route_encoded_len(&route));
			r = pst_reader(bytes, pst_writer_len(&w));
			pst_route_buf_init(&again);
			pst_route_decode(&r, &again);
			assert_int_equal(r.status, PST_OK);
			assert_int_equal(again.len, rb.len);
			assert_memory_equal(again.bytes, rb.bytes, rb.len);
		}
	}
	assert_int_equal(pst_address_encode(value, sizeof value, 0, value, 256), 0);
}

static void
a_route_is_full_at_its_limit_and_stays_whole(void **state)
{
	char name[PST_RANDOM_NAME_LEN];
	struct pst_route_buf rb, more = ROUTE("x");
	struct pst_route view = pst_route_buf_view(&more);
	unsigned hops = 0;

	memset(name, 'r', sizeof name);
	pst_route_buf_init(&rb);
	while (!pst_route_add(&rb, 0, name, sizeof name))
		hops++;
	assert_int_equal(hops, PST_ROUTE_MAX / PST_RANDOM_ADDRESS_LEN);
	assert_int_equal(rb.hops, hops);
	assert_int_equal(rb.len, hops * PST_RANDOM_ADDRESS_LEN);
	while (!pst_route_add_route(&rb, &view))
		hops++;
	assert_int_equal(rb.hops, hops);
	assert_int_equal(rb.len, PST_ROUTE_MAX);
	assert_int_equal(pst_route_add(&rb, 0, "", 0), PST_E_LIMIT);
	assert_int_equal(rb.len, PST_ROUTE_MAX);
}

static void
a_copy_stands_alone(void **state)
{
	struct pst_route_buf rb = ROUTE("one", "two");
	struct pst_route view = pst_route_buf_view(&rb), *copy = pst_route_copy(&view);

	memset(rb.bytes, 0, sizeof rb.bytes);
	check_text(*copy, "0#one => 0#two");
	free(copy);
}

static void
text_is_cut_to_fit_and_shows_no_control_character(void **state)
{
	struct pst_route_buf rb = ROUTE("a\nb\x7f", "long");
	struct pst_route route = pst_route_buf_view(&rb);
	char text[32];

	for (size_t size = 1; size < sizeof text; size++) {
		memset(text, '!', sizeof text);
		pst_route_format(&route, text, size);
		assert_true(strlen(text) < size);
		assert_memory_equal("0#a?b? => 0#long", text, strlen(text));
		assert_int_equal(text[size], '!');
	}
	assert_string_equal(text, "0#a?b? => 0#long");
}

/* ---- decoding what peers may send ---- */

static int
decode(const void *bytes, size_t len, struct pst_route_buf *rb)
{
	struct pst_reader r = pst_reader(bytes, len);

	pst_route_buf_init(rb);
	pst_route_decode(&r, rb);
	return r.status;
}
#define DECODE(bytes, rb) decode(bytes, sizeof(bytes) - 1, rb)

static void
what_is_decoded_becomes_canonical(void **state)
{
	static const char want[] = "\x82\x00\x41" "a" "\x82\x18\x18\x41" "b";
	struct pst_route_buf rb;

	assert_int_equal(DECODE("\x9f\x9f\x18\x00\x58\x01" "a\xff\x83\x19\x00\x18\x59\x00\x01" "b\xf6\xff",
	    &rb), PST_OK);
	assert_int_equal(rb.hops, 2);
	assert_int_equal(rb.len, sizeof want - 1);
	assert_memory_equal(rb.bytes, want, rb.len);
}

static void
what_is_no_route_is_refused(void **state)
{
	struct pst_route_buf rb;

	assert_int_equal(DECODE("", &rb), -EBADMSG);
	assert_int_equal(DECODE("\x00", &rb), -EBADMSG);
	assert_int_equal(DECODE("\x81\x80", &rb), -EBADMSG);
	assert_int_equal(DECODE("\x81\x81\x00", &rb), -EBADMSG);
	assert_int_equal(DECODE("\x81\x82\x00\x61" "a", &rb), -EBADMSG);
	assert_int_equal(DECODE("\x81\x82\x19\x01\x00\x41" "a", &rb), -EBADMSG); /* type 256 */
	assert_int_equal(DECODE("\x81\x82\x20\x41" "a", &rb), -EBADMSG);
	assert_int_equal(DECODE("\x82\x82\x00\x41" "a", &rb), -EBADMSG);
	assert_int_equal(DECODE("\x81\x82\x00\x42" "a", &rb), -EBADMSG);
	assert_int_equal(DECODE("\x81\xa2\x00\x00\x01\x41" "a", &rb), -EBADMSG);
}

static void
a_route_over_the_limit_is_refused(void **state)
{
	uint8_t bytes[4 * 400 + 3] = { 0x99, 400 >> 8, 400 & 0xff };
	struct pst_route_buf rb;

	for (size_t i = 0; i < 400; i++)
		memcpy(bytes + 3 + 4 * i, "\x82\x00\x41x", 4);
	assert_int_equal(decode(bytes, sizeof bytes, &rb), -EBADMSG);
	bytes[1] = 256 >> 8;
	bytes[2] = 256 & 0xff;
	assert_int_equal(decode(bytes, sizeof bytes, &rb), PST_OK);
	assert_int_equal(rb.len, PST_ROUTE_MAX);
}

static void
an_address_over_255_bytes_is_refused(void **state)
{
	uint8_t bytes[300] = { 0x81, 0x82, 0x00, 0x59, 0x01, 0x00 };
	struct pst_route_buf rb;

	assert_int_equal(decode(bytes, sizeof bytes, &rb), -EBADMSG);
	memcpy(bytes + 3, "\x58\xff", 2);
	assert_int_equal(decode(bytes, sizeof bytes, &rb), PST_OK);
}

/* ---- frames ---- */

static void
a_frame_s_head_goes_into_the_headroom(void **state)
{
	struct pst_pool *pool = pst_pool_new(SIZE_MAX);
	struct pst_account *account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	struct pst_route_buf to = ROUTE("to", "them"), from = ROUTE("me"), a, b;
	struct pst_route onward = pst_route_buf_view(&to), back = pst_route_buf_view(&from);
	size_t head = pst_frame_head_len(&onward, &back, 100);
	struct pst_pool_stats stats;

	/* with room enough for it and a length, one less, and none */
	for (size_t room = head + 4; room + 1; room = room == head + 4 ? head + 3 : room ? 0 : SIZE_MAX) {
		struct pst_buf buf;
		uint64_t copied;

		pst_pool_stats(pool, &stats);
		copied = stats.bytes_copied;
		assert_int_equal(pst_buf_new(&buf, pool, account, room, 100, 0), PST_OK);
		memset(pst_buf_put(&buf, 100), 'p', 100);
		assert_int_equal(pst_frame_push(&buf, &onward, &back), PST_OK);
		assert_int_equal(pst_buf_len(&buf), head + 100);
		assert_true(pst_buf_headroom(&buf) >= 4);
		pst_pool_stats(pool, &stats);
		assert_int_equal(stats.bytes_copied - copied, room == head + 4 ? 0 : 100);
		pst_route_buf_init(&a);
		pst_route_buf_init(&b);
		assert_int_equal(pst_frame_open(&buf, &a, &b), PST_OK);
		check_text(pst_route_buf_view(&a), "0#to => 0#them");
		check_text(pst_route_buf_view(&b), "0#me");
		assert_int_equal(pst_buf_len(&buf), 100);
		pst_buf_free(&buf);
	}
	pst_account_close(&account);
	pst_pool_free(&pool);
}

/* ---- the same in BARE ---- */

static int
bare_open(const void *bytes, size_t len, struct pst_buf *out, struct pst_route_buf *onward, struct pst_route_buf *back)
{
	uint8_t *at = (uint8_t *)bytes; /* opening only reads */

	*out = (struct pst_buf){ NULL, at, at + len, at + len };
	pst_route_buf_init(onward);
	pst_route_buf_init(back);
	return pst_bare_open(out, onward, back);
}

static void
a_message_in_bare_is_what_was_pushed(void **state)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 70000 };
	struct pst_pool *pool = pst_pool_new(SIZE_MAX);
	struct pst_account *account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	struct pst_route_buf to = ROUTE("to", "them"), from = ROUTE("me"), a, b;
	struct pst_route onward = pst_route_buf_view(&to), back = pst_route_buf_view(&from);

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct pst_buf buf, opened;

		assert_int_equal(pst_buf_new(&buf, pool, account, 0, lengths[i], 0), PST_OK);
		memset(pst_buf_put(&buf, lengths[i]), 'p', lengths[i]);
		assert_int_equal(pst_bare_push(&buf, &onward, &back), PST_OK);
		assert_true(pst_buf_headroom(&buf) >= 4);
		assert_int_equal(bare_open(buf.start, pst_buf_len(&buf), &opened, &a, &b), PST_OK);
		check_text(pst_route_buf_view(&a), "0#to => 0#them");
		check_text(pst_route_buf_view(&b), "0#me");
		assert_int_equal(pst_buf_len(&opened), lengths[i]);
		assert_true(opened.end == buf.end);
		pst_buf_free(&buf);
	}
	pst_account_close(&account);
	pst_pool_free(&pool);
}

static void
what_is_no_message_in_bare_is_refused(void **state)
{
	static const uint8_t whole[] = "\x02\x01\x00\x02to\x01\x00\x02me\x02hi\x01\x02{}";
	static const size_t text = 5; /* may be missing, or cut */
	uint8_t many[2 + 2 * PST_ROUTE_MAX] = { 1, 0xff };
	struct pst_route_buf a, b;
	struct pst_buf buf;

	for (size_t len = 0; len < sizeof whole; len++)
		assert_int_equal(bare_open(whole, len, &buf, &a, &b),
		    len + text >= sizeof whole ? PST_OK : -EBADMSG);
	for (int version = 0; version < 256; version++) {
		uint8_t bytes[sizeof whole];

		memcpy(bytes, whole, sizeof whole);
		bytes[0] = (uint8_t)version;
		assert_int_equal(bare_open(bytes, sizeof bytes, &buf, &a, &b),
		    version == 1 || version == 2 ? PST_OK : -EBADMSG);
	}
	/* a route of more addresses than fit, each of no bytes */
	memcpy(many + 1, "\xff\x07", 2);
	assert_int_equal(bare_open(many, sizeof many, &buf, &a, &b), -EBADMSG);
	/* an address of more than 255 bytes */
	memcpy(many + 1, "\x01\x00\x80\x02", 4);
	assert_int_equal(bare_open(many, sizeof many, &buf, &a, &b), -EBADMSG);
	memcpy(many + 1, "\x01\x00\xff\x01", 4);
	assert_int_equal(bare_open(many, sizeof many, &buf, &a, &b), PST_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_is_taken_apart_from_both_ends),
		cmocka_unit_test(an_empty_route_has_no_parts),
		cmocka_unit_test(addresses_of_every_size_keep_their_parts),
		cmocka_unit_test(a_route_is_full_at_its_limit_and_stays_whole),
		cmocka_unit_test(a_copy_stands_alone),
		cmocka_unit_test(text_is_cut_to_fit_and_shows_no_control_character),
		cmocka_unit_test(what_is_decoded_becomes_canonical),
		cmocka_unit_test(what_is_no_route_is_refused),
		cmocka_unit_test(a_route_over_the_limit_is_refused),
		cmocka_unit_test(an_address_over_255_bytes_is_refused),
		cmocka_unit_test(a_frame_s_head_goes_into_the_headroom),
		cmocka_unit_test(a_message_in_bare_is_what_was_pushed),
		cmocka_unit_test(what_is_no_message_in_bare_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
