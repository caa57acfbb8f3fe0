/*
 * The vectors of routing.json that concern what is built: address-cbor-*,
 * route-cbor*, transport-message-*, tcp-body-*, live-tcp-*, portal-*, string-*, multiaddr-*, and the
 * frames of relay-*, sc-handshake-*, cap-portal-*, cap-message-*, cap-relay-*.
 *
 * live-tcp-version-* and live-tcp-too-long end a connection: see test_stream.c.
 * What the sealed payloads hold: test_handshake_vectors.c.
 * Left for later issues: address-bare-*, route-bare, relay-info-bare (relay information); kafka-*; api-*, cap-api-*,
 * duration (node API). Those of UDP: test_udp_vectors.c. `unit` is the empty payload.
 */
#include "vector.h"

#include <sodium.h>

#include <postern/cbor.h>
#include <postern/multiaddr.h>
#include <postern/route.h>

#include "wire.h"

static struct pst_pool *pool;
static struct pst_account *account;

/* ---- frames ---- */

struct frame {
	struct pst_buf payload;
	struct pst_route_buf onward_bytes, back_bytes;
	struct pst_route onward, back;
};

static struct pst_buf
buf_of(const void *data, size_t len)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, pool, account, PST_RX_HEADROOM, len, 0), PST_OK);
	memcpy(pst_buf_put(&buf, len), data, len);
	return buf;
}

static int
frame_open(struct frame *f, const uint8_t *body, size_t len)
{
	int rc;

	f->payload = buf_of(body, len);
	pst_route_buf_init(&f->onward_bytes);
	pst_route_buf_init(&f->back_bytes);
	rc = pst_frame_open(&f->payload, &f->onward_bytes, &f->back_bytes);
	f->onward = pst_route_buf_view(&f->onward_bytes);
	f->back = pst_route_buf_view(&f->back_bytes);
	return rc;
}

/* As the description of a captured frame begins. */
static void
frame_describe(const struct frame *f, char *out, size_t size)
{
	char onward[512], back[512];

	snprintf(out, size, "onward [%s] return [%s] payload(%zu) ",
	    pst_route_format(&f->onward, onward, sizeof onward),
	    pst_route_format(&f->back, back, sizeof back), pst_buf_len(&f->payload));
}

/*
 * What we write for a frame is what the peer writes, but an array of three
 * instead of one of four with the tracing text {}.
 */
static void
check_written(struct frame *f, const uint8_t *body, size_t len)
{
	static const uint8_t tracing[] = { 0x62, '{', '}' };
	struct bytes ours = { .len = len };

	memcpy(ours.data, body, len);
	if (ours.data[0] == 0x84 && !memcmp(body + len - sizeof tracing, tracing, sizeof tracing)) {
		ours.data[0] = 0x83;
		ours.len -= sizeof tracing;
	}
	assert_int_equal(pst_frame_head_len(&f->onward, &f->back, pst_buf_len(&f->payload)),
	    ours.len - pst_buf_len(&f->payload));
	assert_int_equal(pst_frame_push(&f->payload, &f->onward, &f->back), PST_OK);
	same_bytes(f->payload.start, pst_buf_len(&f->payload), &ours);
}

static bool
is_captured(const char *name)
{
	static const char *const prefixes[] = { "portal-plain-", "portal-skip-handshake-",
		"portal-refused-", "portal-half-close-", "relay-responder-", "relay-initiator-",
		"relay-ephemeral-", "relay-again-", "sc-handshake-", "cap-portal-", "cap-message-",
		"cap-relay-" };

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (name_begins(name, prefixes[i]))
			return true;
	return false;
}

static void
check_captured(const json_t *v)
{
	struct bytes b = member_bytes(v, "hex");
	const char *told = json_string_value(json_object_get(v, "decoded"));
	struct pst_reader r = pst_reader(b.data, b.len);
	struct frame f;
	char text[1100], hex[2 * BYTES_MAX + 1];
	size_t n, shown;

	if (b.len == 1) { /* the version that each side writes first */
		assert_int_equal(b.data[0], 1);
		return;
	}
	n = pst_read_be32(&r);
	assert_int_equal(n, pst_reader_left(&r));
	assert_int_equal(frame_open(&f, r.p, n), PST_OK);
	frame_describe(&f, text, sizeof text);
	if (strncmp(told, text, strlen(text)))
		fail_msg("%s: %s, not %s", vector_name(v), text, told);
	/* the description shows the payload, or its beginning */
	told += strlen(text);
	shown = strspn(told, "0123456789abcdef");
	sodium_bin2hex(hex, sizeof hex, f.payload.start, pst_buf_len(&f.payload));
	assert_true(shown && shown <= strlen(hex));
	assert_memory_equal(told, hex, shown);
	check_written(&f, r.p, n);
	pst_buf_free(&f.payload);
}

static void
captured_frames_are_read_and_written_byte_by_byte(void **state)
{
	size_t i, count = 0;
	json_t *v;

	json_array_foreach(vectors, i, v) {
		if (!is_captured(vector_name(v)))
			continue;
		check_captured(v);
		count++;
	}
	assert_int_equal(count, 82);
}

static void
bodies_are_read_and_written_byte_by_byte(void **state)
{
	static const char *const names[] = { "tcp-body-no-tracing", "tcp-body-tracing",
		"tcp-body-heartbeat" };
	struct frame f;

	for (size_t i = 0; i < 3; i++) {
		struct bytes b = bytes_of(names[i]);

		assert_int_equal(frame_open(&f, b.data, b.len), PST_OK);
		if (i < 2)
			assert_memory_equal(f.payload.start, "hello", 5);
		else
			assert_int_equal(f.onward.hops + f.back.hops + pst_buf_len(&f.payload), 0);
		check_written(&f, b.data, b.len);
		pst_buf_free(&f.payload);
	}
}

/* 2.4: what a real node takes, and at what it closes the connection. */
static void
bodies_are_taken_and_refused_as_by_the_peer(void **state)
{
	size_t i, taken = 0, refused = 0;
	json_t *v;

	json_array_foreach(vectors, i, v) {
		const char *told = json_string_value(json_object_get(v, "decoded"));
		struct bytes b;
		struct frame f;
		char text[300];
		int rc;

		if (!name_begins(vector_name(v), "live-tcp-accept-"))
			continue;
		b = member_bytes(v, "hex");
		rc = frame_open(&f, b.data, b.len);
		if (strstr(told, "usable: false")) {
			if (rc != -EBADMSG)
				fail_msg("%s is taken", vector_name(v));
			refused++;
		} else {
			if (rc)
				fail_msg("%s is refused", vector_name(v));
			taken++;
		}
		frame_describe(&f, text, sizeof text);
		/* those that echo answered */
		if (!rc && strstr(told, "reply: 0"))
			assert_string_equal(text, "onward [0#echo] return [0#app] payload(5) ");
		pst_buf_free(&f.payload);
	}
	assert_int_equal(taken, 11);
	assert_int_equal(refused, 3);
}

static void
a_live_frame_is_read(void **state)
{
	struct bytes b = bytes_of("live-tcp-frame");
	struct frame f;
	char text[300];

	assert_int_equal(frame_open(&f, b.data + 4, b.len - 4), PST_OK);
	frame_describe(&f, text, sizeof text);
	assert_string_equal(text, "onward [0#echo] return [0#app] payload(6) ");
	check_written(&f, b.data + 4, b.len - 4);
	pst_buf_free(&f.payload);
}

/* ---- addresses and routes ---- */

static void
addresses_and_routes_are_written_and_read(void **state)
{
	struct bytes local = bytes_of("address-cbor-local"), tcp = bytes_of("address-cbor-tcp");
	struct bytes two = bytes_of("route-cbor"), none = bytes_of("route-cbor-empty");
	struct pst_route_buf rb, again;
	uint8_t out[64];
	struct pst_writer w = pst_writer(out, sizeof out);
	struct pst_reader r = pst_reader(two.data, two.len);
	struct pst_route route;

	same_bytes(out, pst_address_encode(out, sizeof out, PST_ADDRESS_LOCAL, "echo", 4), &local);
	same_bytes(out, pst_address_encode(out, sizeof out, PST_ADDRESS_TCP, "127.0.0.1:4000", 14),
	    &tcp);

	pst_route_buf_init(&rb);
	route = pst_route_buf_view(&rb);
	pst_route_encode(&w, &route);
	same_bytes(out, pst_writer_len(&w), &none);
	assert_int_equal(pst_route_add(&rb, PST_ADDRESS_LOCAL, "echo", 4), PST_OK);
	assert_int_equal(pst_route_add(&rb, PST_ADDRESS_LOCAL, "bob", 3), PST_OK);
	route = pst_route_buf_view(&rb);
	w = pst_writer(out, sizeof out);
	pst_route_encode(&w, &route);
	same_bytes(out, pst_writer_len(&w), &two);
	assert_int_equal(pst_route_encoded_len(&route), two.len);

	pst_route_buf_init(&again);
	pst_route_decode(&r, &again);
	assert_int_equal(r.status, PST_OK);
	assert_int_equal(again.hops, 2);
	assert_int_equal(again.len, rb.len);
	assert_memory_equal(again.bytes, rb.bytes, rb.len);
}

static void
strings_are_written_and_read(void **state)
{
	static const struct {
		const char *name, *text;
	} table[] = { { "string-echo", "hello" }, { "string-register", "register" },
		{ "string-forward-to", "forward_to_alice" } };

	for (size_t i = 0; i < 3; i++) {
		struct bytes b = bytes_of(table[i].name);
		struct pst_reader r = pst_reader(b.data, b.len);
		uint8_t out[64];
		struct pst_writer w = pst_writer(out, sizeof out);
		size_t len;
		const uint8_t *p = pst_read_data(&r, &len);

		assert_int_equal(r.status, PST_OK);
		assert_int_equal(len, strlen(table[i].text));
		assert_memory_equal(p, table[i].text, len);
		pst_write_data(&w, table[i].text, len);
		same_bytes(out, pst_writer_len(&w), &b);
	}
}

static void
multiaddrs_are_written_and_read(void **state)
{
	struct pst_multiaddr ma;
	size_t i, count = 0;
	json_t *v;

	json_array_foreach(vectors, i, v) {
		const char *text = json_string_value(json_object_get(v, "decoded"));
		struct bytes b;
		struct pst_reader r;
		uint8_t out[256];
		struct pst_writer w = pst_writer(out, sizeof out);
		char again[256];

		if (!name_begins(vector_name(v), "multiaddr-") || *text != '/')
			continue;
		b = member_bytes(v, "hex");
		assert_int_equal(pst_multiaddr_parse(&ma, text, NULL), PST_OK);
		pst_multiaddr_encode(&w, &ma);
		same_bytes(out, pst_writer_len(&w), &b);
		r = pst_reader(b.data, b.len);
		pst_multiaddr_decode(&r, &ma);
		assert_int_equal(r.status, PST_OK);
		assert_string_equal(pst_multiaddr_format(&ma, again, sizeof again), text);
		count++;
	}
	assert_int_equal(count, 11);
}

static void
a_multiaddr_in_cbor_is_a_byte_string(void **state)
{
	struct bytes b = bytes_of("multiaddr-cbor"), echo = bytes_of("multiaddr-service-echo");
	struct pst_reader r = pst_reader(b.data, b.len);
	size_t len;
	const uint8_t *p = pst_cbor_bytes(&r, &len);

	assert_int_equal(r.status, PST_OK);
	same_bytes(p, len, &echo);
}

/* ---- portals ---- */

/* Of WebSockets. What we write is version 1, without what stands behind the payload. */
static void
messages_in_bare_are_read_and_written(void **state)
{
	static const struct {
		const char *name, *onward, *back;
		size_t len, behind;
	} table[] = {
		{ "transport-message-v1", "0#onward", "0#return", 0, 1 },
		{ "transport-message-v2-none", "0#onward", "0#return", 2, 1 },
		{ "transport-message-v2-some", "0#onward", "0#return", 2, 4 },
		{ "transport-message-v2-two-hops", "1#127.0.0.1:4000 => 0#echo", "", 5, 1 },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct bytes want = bytes_of(table[i].name);
		struct pst_buf buf = buf_of(want.data, want.len);
		struct pst_route_buf onward_bytes, back_bytes;
		struct pst_route onward, back;
		char text[128];

		pst_route_buf_init(&onward_bytes);
		pst_route_buf_init(&back_bytes);
		assert_int_equal(pst_bare_open(&buf, &onward_bytes, &back_bytes), PST_OK);
		onward = pst_route_buf_view(&onward_bytes);
		back = pst_route_buf_view(&back_bytes);
		assert_string_equal(pst_route_format(&onward, text, sizeof text), table[i].onward);
		assert_string_equal(pst_route_format(&back, text, sizeof text), table[i].back);
		assert_int_equal(pst_buf_len(&buf), table[i].len);
		assert_int_equal(pst_bare_push(&buf, &onward, &back), PST_OK);
		want.data[0] = 1;
		want.len -= table[i].behind;
		same_bytes(buf.start, pst_buf_len(&buf), &want);
		pst_buf_free(&buf);
	}
}

static void
portal_messages_are_written_as_the_peer_writes_them(void **state)
{
	const struct wire_offer nothing = { 0 };
	struct bytes ping = bytes_of("portal-ping"), pong = bytes_of("portal-pong");
	struct bytes disconnect = bytes_of("portal-disconnect");
	struct bytes hello = bytes_of("portal-payload"), zeros = bytes_of("portal-payload-300");
	uint8_t out[WIRE_SHORT_MAX], zero[300] = { 0 };
	struct pst_buf buf;

	same_bytes(out, wire_ping(out, WIRE_PING, &nothing), &ping);
	same_bytes(out, wire_ping(out, WIRE_PONG, &nothing), &pong);
	same_bytes(out, wire_disconnect(out, false, WIRE_REFUSED), &disconnect);
	buf = buf_of("hello", 5);
	wire_payload_push(&buf);
	same_bytes(buf.start, pst_buf_len(&buf), &hello);
	pst_buf_free(&buf);
	buf = buf_of(zero, sizeof zero);
	wire_payload_push(&buf);
	same_bytes(buf.start, pst_buf_len(&buf), &zeros);
	pst_buf_free(&buf);
}

static void
portal_payloads_are_read_with_and_without_counter(void **state)
{
	static const struct {
		const char *name;
		int32_t counter;
	} table[] = { { "portal-decode-counter", 7 }, { "portal-decode-nocounter", -1 },
		{ "portal-decode-plain", -1 }, { "portal-payload", -1 } };

	for (size_t i = 0; i < 4; i++) {
		struct bytes b = bytes_of(table[i].name);
		struct pst_reader r = pst_reader(b.data, b.len);
		const uint8_t *data;
		int32_t counter;
		size_t len;

		assert_int_equal(pst_read_u8(&r), WIRE_PAYLOAD);
		data = wire_read_payload(&r, &len, &counter);
		assert_int_equal(len, 5);
		assert_memory_equal(data, "hello", 5);
		assert_int_equal(counter, table[i].counter);
	}
}

static void
bytes_behind_a_ping_are_no_offer(void **state)
{
	struct bytes b = bytes_of("portal-decode-ping-trailing");
	struct pst_reader r = pst_reader(b.data, b.len);
	struct wire_offer offer;

	assert_int_equal(pst_read_u8(&r), WIRE_PING);
	offer = wire_read_offer(&r);
	assert_false(offer.extended || offer.windows || offer.finish);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captured_frames_are_read_and_written_byte_by_byte),
		cmocka_unit_test(bodies_are_read_and_written_byte_by_byte),
		cmocka_unit_test(bodies_are_taken_and_refused_as_by_the_peer),
		cmocka_unit_test(a_live_frame_is_read),
		cmocka_unit_test(addresses_and_routes_are_written_and_read),
		cmocka_unit_test(strings_are_written_and_read),
		cmocka_unit_test(multiaddrs_are_written_and_read),
		cmocka_unit_test(a_multiaddr_in_cbor_is_a_byte_string),
		cmocka_unit_test(messages_in_bare_are_read_and_written),
		cmocka_unit_test(portal_messages_are_written_as_the_peer_writes_them),
		cmocka_unit_test(portal_payloads_are_read_with_and_without_counter),
		cmocka_unit_test(bytes_behind_a_ping_are_no_offer),
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
