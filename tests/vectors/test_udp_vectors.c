/*
 * The vectors of routing.json that concern plain UDP: udp-datagram, live-udp-*,
 * rendezvous-*, live-rendezvous-*, puncture-*.
 */
#include "vector.h"

#include <postern/dial.h>
#include <postern/route.h>

#include "puncture_wire.h"
#include "reassembly.h"

static struct pst_pool *pool;
static struct pst_account *account;

static struct pst_buf
buf_of(const void *data, size_t len)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, pool, account, PST_RX_HEADROOM, len, 0), PST_OK);
	if (len)
		memcpy(pst_buf_put(&buf, len), data, len);
	return buf;
}

static struct pst_buf
vector_buf(const char *name)
{
	struct bytes b = bytes_of(name);

	return buf_of(b.data, b.len);
}

/* ---- datagrams ---- */

/* What a datagram says; what we write for it is what the peer wrote. */
static void
check_datagram(const char *name, uint16_t number, uint16_t offset, uint16_t total, size_t len)
{
	struct bytes b = bytes_of(name);
	uint8_t ours[DATAGRAM_MAX];
	struct datagram d;
	size_t head;

	assert_int_equal(datagram_read(&d, b.data, b.len), PST_OK);
	assert_int_equal(d.number, number);
	assert_int_equal(d.offset, offset);
	assert_int_equal(d.total, total);
	assert_int_equal(d.len, len);
	head = datagram_head(ours, &d);
	if (len)
		memcpy(ours + head, d.part, len);
	same_bytes(ours, head + len, &b);
}

static void
datagrams_are_read_and_written_byte_by_byte(void **state)
{
	check_datagram("udp-datagram", 258, 0, 1, 3);
	check_datagram("live-udp-datagram", 0x79a9, 0, 1, 26);
	check_datagram("live-udp-part0", 0x79aa, 0, 2, 493);
	check_datagram("live-udp-part1", 0x79aa, 1, 2, 429);
	check_datagram("live-udp-echo-request", 1, 0, 1, 22);
	check_datagram("live-udp-echo-reply", 0x79ab, 0, 1, 25);
	check_datagram("live-rendezvous-ping-request", 2, 0, 1, 26);
	check_datagram("live-rendezvous-ping-reply", 0x79ac, 0, 1, 29);
	check_datagram("live-rendezvous-get-my-address-request", 3, 0, 1, 26);
	check_datagram("live-rendezvous-get-my-address-reply", 0x79ad, 0, 1, 45);
	check_datagram("live-udp-exact-multiple-0", 0x79ae, 0, 2, 493);
	check_datagram("live-udp-exact-multiple-1", 0x79ae, 1, 2, 0);
}

/* The message of one or two datagrams. */
static struct pst_buf
message_of(const char *first, const char *second)
{
	const char *const names[] = { first, second };
	struct partial_store store = { .limit = 1024 * 1024 };
	struct reassembly r = { 0 };
	struct assembled whole = { 0 };
	struct pst_buf buf;

	for (size_t i = 0; i < 2 && names[i]; i++) {
		struct bytes b = bytes_of(names[i]);
		struct datagram d;

		assert_int_equal(whole.len, 0);
		assert_int_equal(datagram_read(&d, b.data, b.len), PST_OK);
		assert_int_equal(reassembly_take(&r, &store, &d, &whole), PST_OK);
		if (whole.len) {
			assert_int_equal(pst_buf_new(&buf, pool, account, 0, whole.len, 0), PST_OK);
			assembled_end(&whole, &store, pst_buf_put(&buf, whole.len));
			assert_int_equal(i, second ? 1 : 0);
			assert_int_equal(store.used, 0);
			return buf;
		}
	}
	fail_msg("%s is not whole", first);
	return (struct pst_buf)PST_BUF_INIT;
}

/* The routes of a frame; its payload is left. */
static struct pst_buf
opened(struct pst_buf frame, const char *onward, const char *back)
{
	struct pst_route_buf to, from;
	struct pst_route route;
	char text[256];

	pst_route_buf_init(&to);
	pst_route_buf_init(&from);
	assert_int_equal(pst_frame_open(&frame, &to, &from), PST_OK);
	route = pst_route_buf_view(&to);
	assert_string_equal(pst_route_format(&route, text, sizeof text), onward);
	route = pst_route_buf_view(&from);
	assert_string_equal(pst_route_format(&route, text, sizeof text), back);
	return frame;
}

static void
messages_of_a_real_node_are_put_together(void **state)
{
	struct pst_buf payload = opened(message_of("live-udp-datagram", NULL), "0#echo", "0#app");

	assert_int_equal(pst_buf_len(&payload), 6);
	assert_memory_equal(payload.start, "\5hello", 6);
	pst_buf_free(&payload);
	payload = opened(message_of("live-udp-part0", "live-udp-part1"), "0#echo", "0#app");
	assert_int_equal(pst_buf_len(&payload), 900);
	pst_buf_free(&payload);
	payload = opened(message_of("live-udp-part1", "live-udp-part0"), "0#echo", "0#app");
	assert_int_equal(pst_buf_len(&payload), 900);
	pst_buf_free(&payload);
}

/* Which Ockam's own receiver loses. */
static void
a_message_of_which_the_last_part_is_empty_is_put_together(void **state)
{
	struct pst_buf payload =
	    opened(message_of("live-udp-exact-multiple-0", "live-udp-exact-multiple-1"), "0#echo", "");

	assert_int_equal(pst_buf_len(&payload), 477);
	pst_buf_free(&payload);
}

static void
a_message_is_split_as_a_real_node_splits_it(void **state)
{
	struct pst_buf whole = message_of("live-udp-part0", "live-udp-part1");
	static const char *const names[] = { "live-udp-part0", "live-udp-part1" };
	size_t len = pst_buf_len(&whole);

	assert_int_equal(datagram_count(len), 2);
	for (uint16_t i = 0; i < 2; i++) {
		struct datagram d = datagram_split(whole.start, len, 0x79aa, i);
		struct bytes b = bytes_of(names[i]);
		uint8_t ours[DATAGRAM_MAX];
		size_t head = datagram_head(ours, &d);

		memcpy(ours + head, d.part, d.len);
		same_bytes(ours, head + d.len, &b);
	}
	pst_buf_free(&whole);
}

/* ---- rendezvous ---- */

static void
check_request(struct pst_buf payload, enum rendezvous_type type)
{
	struct bytes b = { .len = pst_buf_len(&payload) };
	enum rendezvous_type read;
	uint8_t ours[RENDEZVOUS_MAX];

	memcpy(b.data, payload.start, b.len);
	assert_int_equal(rendezvous_read_request(&read, &payload), PST_OK);
	assert_int_equal(read, type);
	same_bytes(ours, rendezvous_request(ours, type), &b);
	pst_buf_free(&payload);
}

static void
check_answer(struct pst_buf payload, enum rendezvous_type type, const char *seen)
{
	struct bytes b = { .len = pst_buf_len(&payload) };
	struct sockaddr_storage address;
	enum rendezvous_type read;
	uint8_t ours[RENDEZVOUS_MAX];
	char text[PST_ADDRESS_TEXT];

	memcpy(b.data, payload.start, b.len);
	assert_int_equal(rendezvous_read_answer(&read, &address, &payload), PST_OK);
	assert_int_equal(read, type);
	if (seen)
		assert_string_equal(pst_sockaddr_format(&address, text), seen);
	same_bytes(ours, rendezvous_answer(ours, type, &address), &b);
	pst_buf_free(&payload);
}

static void
rendezvous_messages_are_read_and_written_byte_by_byte(void **state)
{
	check_request(vector_buf("rendezvous-ping"), RENDEZVOUS_PING);
	check_request(vector_buf("rendezvous-get-my-address"), RENDEZVOUS_ADDRESS);
	check_answer(vector_buf("rendezvous-pong"), RENDEZVOUS_PING, NULL);
	check_answer(vector_buf("rendezvous-my-address"), RENDEZVOUS_ADDRESS, "192.0.2.7:5000");
}

static void
a_real_rendezvous_is_understood(void **state)
{
	check_request(opened(message_of("live-rendezvous-ping-request", NULL), "0#rendezvous", "0#app"),
	    RENDEZVOUS_PING);
	check_answer(opened(message_of("live-rendezvous-ping-reply", NULL), "0#app", "0#rendezvous"),
	    RENDEZVOUS_PING, NULL);
	check_request(opened(message_of("live-rendezvous-get-my-address-request", NULL),
			  "0#rendezvous", "0#app"),
	    RENDEZVOUS_ADDRESS);
	check_answer(opened(message_of("live-rendezvous-get-my-address-reply", NULL), "0#app",
			 "0#rendezvous"),
	    RENDEZVOUS_ADDRESS, "127.0.0.1:60937");
}

/* ---- punctures ---- */

static void
a_negotiation_is_read_and_written_byte_by_byte(void **state)
{
	struct pst_buf payload = vector_buf("puncture-initiate");
	struct bytes b = bytes_of("puncture-initiate");
	uint8_t ours[NEGOTIATION_MAX];
	char text[PST_ADDRESS_TEXT];
	struct negotiation n;

	assert_int_equal(negotiation_read(&n, &payload), PST_OK);
	assert_string_equal(pst_sockaddr_format(&n.address, text), "192.0.2.7:5000");
	assert_int_equal(n.name_len, 3);
	assert_memory_equal(n.name, "abc", 3);
	same_bytes(ours, negotiation_write(ours, &n), &b);
	pst_buf_free(&payload);
}

static void
puncture_messages_are_read_and_written_byte_by_byte(void **state)
{
	static const char *const names[] = { "puncture-ping", "puncture-pong", "puncture-payload" };

	for (int i = PUNCTURE_PING; i <= PUNCTURE_PAYLOAD; i++) {
		struct bytes b = bytes_of(names[i]);
		struct pst_buf message = buf_of(b.data, b.len), again;
		struct pst_route_buf onward, back;
		struct pst_route to, from;
		enum puncture_type type;
		uint8_t ours[PUNCTURE_SHORT];

		pst_route_buf_init(&onward);
		pst_route_buf_init(&back);
		assert_int_equal(puncture_open(&type, &message, &onward, &back), PST_OK);
		assert_int_equal(type, i);
		to = pst_route_buf_view(&onward);
		from = pst_route_buf_view(&back);
		if (type == PUNCTURE_PAYLOAD) {
			assert_memory_equal(message.start, "\1\2\310", 3);
			assert_int_equal(puncture_wrap(&again, pool, account, &to, &from, &message), PST_OK);
			same_bytes(again.start, pst_buf_len(&again), &b);
			pst_buf_free(&again);
		} else {
			puncture_short(ours, type);
			same_bytes(ours, sizeof ours, &b);
		}
		pst_buf_free(&message);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_are_read_and_written_byte_by_byte),
		cmocka_unit_test(messages_of_a_real_node_are_put_together),
		cmocka_unit_test(a_message_of_which_the_last_part_is_empty_is_put_together),
		cmocka_unit_test(a_message_is_split_as_a_real_node_splits_it),
		cmocka_unit_test(rendezvous_messages_are_read_and_written_byte_by_byte),
		cmocka_unit_test(a_real_rendezvous_is_understood),
		cmocka_unit_test(a_negotiation_is_read_and_written_byte_by_byte),
		cmocka_unit_test(puncture_messages_are_read_and_written_byte_by_byte),
	};
	int rc;

	if (vectors_load("routing.json"))
		return 1;
	pool = pst_pool_new(SIZE_MAX);
	account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	pst_account_close(&account);
	pst_pool_free(&pool);
	json_decref(vectors);
	return rc;
}
