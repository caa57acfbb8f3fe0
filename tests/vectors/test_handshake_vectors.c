/*
 * The vectors of trust.json that concern channels: handshake-trace,
 * handshake-message-*, handshake-final-keys, transport-*, rekey-*, sc-*, and
 * live-enroller-handshake, which a real node answered.
 */
#include "vector.h"

#include <sodium.h>

#include <postern/route.h>

#include "handshake.h"
#include "plaintext.h"
#include "record.h"

/* Messages 1 to 3 of one run, by both roles. */
static struct party {
	struct handshake hs;
	struct pst_aead *seal, *open;
	uint8_t secret[HS_KEY], pub[HS_KEY];
} initiator, responder;
static struct pst_pool *pool;
static struct pst_account *account;

static void
party_init(struct party *p, const struct bytes *secret, const struct bytes *ephemeral)
{
	assert_int_equal(secret->len, HS_KEY);
	memcpy(p->secret, secret->data, HS_KEY);
	crypto_scalarmult_base(p->pub, p->secret);
	assert_int_equal(pst_aead_new(&p->seal, true), PST_OK);
	assert_int_equal(pst_aead_new(&p->open, false), PST_OK);
	hs_init(&p->hs, p->seal, p->open);
	hs_set_ephemeral(&p->hs, ephemeral->data);
}

static void
party_fini(struct party *p)
{
	hs_fini(&p->hs);
	pst_aead_free(&p->seal);
	pst_aead_free(&p->open);
}

static void
party_named(struct party *p, const char *role)
{
	const json_t *keys = decoded("handshake-trace", role);
	struct bytes secret = member_bytes(keys, "static"), e = member_bytes(keys, "ephemeral");

	party_init(p, &secret, &e);
}

/* What the vault computes. */
static void
agree(const struct party *p, uint8_t out[HS_KEY])
{
	assert_int_equal(crypto_scalarmult(out, p->secret, p->hs.re), 0);
}

/* ---- the steps, each against its vector ---- */

static void
run_message1(void)
{
	struct bytes want = bytes_of("handshake-message-1"), made;
	struct pst_writer w = pst_writer(made.data, sizeof made.data);

	assert_int_equal(hs_write1(&initiator.hs, &w), PST_OK);
	same_bytes(made.data, pst_writer_len(&w), &want);
	assert_int_equal(hs_read1(&responder.hs, want.data, want.len), PST_OK);
}

static void
run_message2(void)
{
	struct bytes want = bytes_of("handshake-message-2"), made;
	struct bytes payload = bytes_of("handshake-payload-2");
	struct pst_writer w = pst_writer(made.data, sizeof made.data);
	uint8_t secret[HS_KEY];
	const uint8_t *got;
	size_t len;

	assert_int_equal(hs_write2_begin(&responder.hs, responder.pub, &w), PST_OK);
	agree(&responder, secret);
	assert_int_equal(hs_write2_end(&responder.hs, secret, payload.data, payload.len, &w), PST_OK);
	same_bytes(made.data, pst_writer_len(&w), &want);
	assert_int_equal(hs_read2(&initiator.hs, want.data, want.len, &got, &len), PST_OK);
	same_bytes(got, len, &payload);
	assert_memory_equal(initiator.hs.rs, responder.pub, HS_KEY);
}

static void
run_message3(void)
{
	struct bytes want = bytes_of("handshake-message-3"), made;
	struct bytes payload = bytes_of("handshake-payload-3");
	struct pst_writer w = pst_writer(made.data, sizeof made.data);
	uint8_t secret[HS_KEY];
	const uint8_t *got;
	size_t len;

	assert_int_equal(hs_write3_begin(&initiator.hs, initiator.pub, &w), PST_OK);
	agree(&initiator, secret);
	assert_int_equal(hs_write3_end(&initiator.hs, secret, payload.data, payload.len, &w), PST_OK);
	same_bytes(made.data, pst_writer_len(&w), &want);
	assert_int_equal(hs_read3(&responder.hs, want.data, want.len, &got, &len), PST_OK);
	same_bytes(got, len, &payload);
	assert_memory_equal(responder.hs.rs, initiator.pub, HS_KEY);
}

/* The last HKDF of one role in the trace up to now: chaining key and key. */
static void
check_chaining_key(const struct handshake *hs, const char *who, size_t nth)
{
	const json_t *operations = decoded("handshake-trace", "operations");
	size_t i, seen = 0;
	json_t *op;

	json_array_foreach(operations, i, op) {
		struct bytes ck;

		if (strcmp(json_string_value(json_object_get(op, "op")), "hkdf") ||
		    strcmp(json_string_value(json_object_get(op, "who")), who) || seen++ != nth)
			continue;
		ck = unhex(json_string_value(json_array_get(json_object_get(op, "out"), 0)));
		same_bytes(hs->ck, HS_KEY, &ck);
		return;
	}
	fail_msg("no hkdf %zu of the %s", nth, who);
}

static void
both_roles_write_and_read_the_trace(void **state)
{
	struct bytes seals = member_bytes(json_object_get(vector("handshake-final-keys"), "decoded"),
	    "initiator_seals_with");
	struct bytes opens = member_bytes(json_object_get(vector("handshake-final-keys"), "decoded"),
	    "initiator_opens_with");
	uint8_t a[HS_KEY], b[HS_KEY];

	party_named(&initiator, "initiator");
	party_named(&responder, "responder");
	run_message1();
	run_message2();
	check_chaining_key(&initiator.hs, "initiator", 1);
	check_chaining_key(&responder.hs, "responder", 1);
	run_message3();
	check_chaining_key(&initiator.hs, "initiator", 2);
	check_chaining_key(&responder.hs, "responder", 2);
	hs_split(&initiator.hs, true, a, b);
	same_bytes(a, HS_KEY, &seals);
	same_bytes(b, HS_KEY, &opens);
	hs_split(&responder.hs, false, a, b);
	same_bytes(a, HS_KEY, &opens);
	same_bytes(b, HS_KEY, &seals);
	party_fini(&initiator);
	party_fini(&responder);
}

/* The payload of a frame of the live capture. */
static struct bytes
live_payload(size_t i)
{
	struct bytes b = member_bytes(json_array_get(decoded("live-enroller-handshake", "frames"), i),
	    "hex");
	struct pst_route_buf onward, back;
	struct pst_buf buf;
	struct bytes out;

	pst_route_buf_init(&onward);
	pst_route_buf_init(&back);
	assert_int_equal(pst_buf_new(&buf, pool, account, 0, b.len, 0), PST_OK);
	memcpy(pst_buf_put(&buf, b.len), b.data, b.len);
	assert_int_equal(pst_frame_open(&buf, &onward, &back), PST_OK);
	out.len = pst_buf_len(&buf);
	memcpy(out.data, buf.start, out.len);
	pst_buf_free(&buf);
	return out;
}

static void
a_real_node_s_answer_is_read_and_answered(void **state)
{
	const json_t *d = json_object_get(vector("live-enroller-handshake"), "decoded");
	struct bytes secret = member_bytes(d, "initiator_static");
	struct bytes e = member_bytes(d, "initiator_ephemeral");
	struct bytes k1 = member_bytes(d, "k1"), k2 = member_bytes(d, "k2");
	struct bytes payload2 = member_bytes(d, "message2_payload");
	struct bytes payload3 = member_bytes(d, "message3_payload");
	struct bytes message1 = live_payload(0), message2 = live_payload(1);
	struct bytes message3 = live_payload(2), made;
	struct pst_writer w = pst_writer(made.data, sizeof made.data);
	uint8_t a[HS_KEY], b[HS_KEY];
	const uint8_t *got;
	size_t len;

	party_init(&initiator, &secret, &e);
	assert_int_equal(hs_write1(&initiator.hs, &w), PST_OK);
	same_bytes(made.data, pst_writer_len(&w), &message1);
	assert_int_equal(hs_read2(&initiator.hs, message2.data, message2.len, &got, &len), PST_OK);
	same_bytes(got, len, &payload2);
	w = pst_writer(made.data, sizeof made.data);
	assert_int_equal(hs_write3_begin(&initiator.hs, initiator.pub, &w), PST_OK);
	agree(&initiator, a);
	assert_int_equal(hs_write3_end(&initiator.hs, a, payload3.data, payload3.len, &w), PST_OK);
	same_bytes(made.data, pst_writer_len(&w), &message3);
	hs_split(&initiator.hs, true, a, b);
	same_bytes(a, HS_KEY, &k2);
	same_bytes(b, HS_KEY, &k1);
	party_fini(&initiator);
}

/* ---- records ---- */

static struct pst_buf
buf_of(const struct bytes *b)
{
	struct pst_buf buf;

	assert_int_equal(pst_buf_new(&buf, pool, account, RECORD_NONCE, b->len, PLAINTEXT_TAIL), PST_OK);
	memcpy(pst_buf_put(&buf, b->len), b->data, b->len);
	return buf;
}

/* Every record of a direction in order: sealed as in the trace, and opened. */
static size_t
check_direction(const char *who, const struct bytes *key)
{
	const json_t *operations = decoded("transport-trace", "operations");
	struct pst_aead *seal, *open;
	struct sealer sealer;
	struct opener opener;
	size_t i, count = 0;
	json_t *op;

	assert_int_equal(pst_aead_new(&seal, true), PST_OK);
	assert_int_equal(pst_aead_new(&open, false), PST_OK);
	assert_int_equal(sealer_init(&sealer, seal, key->data), PST_OK);
	assert_int_equal(opener_init(&opener, open, key->data), PST_OK);
	json_array_foreach(operations, i, op) {
		struct bytes nonce = member_bytes(op, "nonce"), plain = member_bytes(op, "plain");
		struct bytes cipher = member_bytes(op, "cipher");
		struct pst_buf buf;
		uint64_t n;

		/* the others are re-keyings: sealing 32 zeros */
		if (nonce.data[4] == 0xff || strcmp(json_string_value(json_object_get(op, "who")), who))
			continue;
		buf = buf_of(&plain);
		assert_int_equal(sealer_seal(&sealer, &buf), PST_OK);
		assert_int_equal(pst_buf_len(&buf), RECORD_NONCE + cipher.len);
		assert_memory_equal(buf.start, nonce.data + 4, RECORD_NONCE);
		assert_memory_equal(buf.start + RECORD_NONCE, cipher.data, cipher.len);
		assert_int_equal(opener_open(&opener, &buf, &n), PST_OK);
		assert_int_equal(n, count);
		same_bytes(buf.start, pst_buf_len(&buf), &plain);
		pst_buf_free(&buf);
		count++;
	}
	sealer_fini(&sealer);
	opener_fini(&opener);
	pst_aead_free(&seal);
	pst_aead_free(&open);
	return count;
}

static void
records_are_sealed_and_opened_as_in_the_trace(void **state)
{
	const json_t *keys = json_object_get(vector("handshake-final-keys"), "decoded");
	struct bytes seals = member_bytes(keys, "initiator_seals_with");
	struct bytes opens = member_bytes(keys, "initiator_opens_with");

	assert_int_equal(check_direction("initiator", &seals), 67);
	assert_int_equal(check_direction("responder", &opens), 1);
}

/* A record of the middle of a stream, under the key that it names. */
static int
record_open(const struct bytes *record, const struct bytes *key, struct bytes *plain)
{
	struct pst_reader r = pst_reader(record->data, record->len);
	uint64_t n = pst_read_be64(&r), got = 0;
	struct pst_buf buf = buf_of(record);
	struct pst_aead *aead;
	struct opener opener;
	int rc;

	assert_int_equal(pst_aead_new(&aead, false), PST_OK);
	assert_int_equal(opener_init(&opener, aead, key->data), PST_OK);
	opener.epoch = opener.loaded = n / RECORD_PERIOD;
	opener.highest = n ? n - 1 : 0;
	rc = opener_open(&opener, &buf, &got);
	assert_int_equal(got, rc ? 0 : n);
	plain->len = pst_buf_len(&buf);
	memcpy(plain->data, buf.start, plain->len);
	pst_buf_free(&buf);
	opener_fini(&opener);
	pst_aead_free(&aead);
	return rc;
}

static void
single_records_open_under_their_key(void **state)
{
	static const char *const names[] = { "transport-initiator-0", "transport-responder-0",
		"transport-initiator-1", "transport-initiator-31", "transport-initiator-32",
		"transport-initiator-63", "transport-initiator-64", "transport-initiator-66" };
	struct bytes none = { .len = PST_KEY_LEN };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const json_t *d = json_object_get(vector(names[i]), "decoded");
		struct bytes record = bytes_of(names[i]), want = member_bytes(d, "plaintext");
		struct bytes key = member_bytes(d, "key"), plain;

		assert_int_equal(record_open(&record, &key, &plain), PST_OK);
		same_bytes(plain.data, plain.len, &want);
		assert_int_equal(record_open(&record, &none, &plain), PST_E_AUTH);
	}
}

/* ---- what records hold ---- */

struct opened {
	struct pst_buf payload;
	struct pst_route_buf onward, back;
	uint64_t kind;
};

static int
plain_open(struct opened *o, const struct bytes *b)
{
	o->payload = buf_of(b);
	pst_route_buf_init(&o->onward);
	pst_route_buf_init(&o->back);
	return plaintext_open(&o->payload, &o->kind, &o->onward, &o->back);
}

static void
check_routes(const struct opened *o, const char *onward, const char *back)
{
	struct pst_route a = pst_route_buf_view(&o->onward), b = pst_route_buf_view(&o->back);
	char text[200];

	assert_string_equal(pst_route_format(&a, text, sizeof text), onward);
	assert_string_equal(pst_route_format(&b, text, sizeof text), back);
}

static void
a_payload_is_read_and_written_byte_by_byte(void **state)
{
	struct bytes b = bytes_of("sc-payload");
	struct pst_route onward, back;
	struct opened o;

	assert_int_equal(plain_open(&o, &b), PST_OK);
	assert_int_equal(o.kind, PLAINTEXT_PAYLOAD);
	check_routes(&o, "0#app", "1#127.0.0.1:4000 => 0#x");
	assert_int_equal(pst_buf_len(&o.payload), 3);
	assert_memory_equal(o.payload.start, "\1\2\3", 3);
	onward = pst_route_buf_view(&o.onward);
	back = pst_route_buf_view(&o.back);
	assert_int_equal(plaintext_push(&o.payload, &onward, &back, RECORD_NONCE), PST_OK);
	same_bytes(o.payload.start, pst_buf_len(&o.payload), &b);
	pst_buf_free(&o.payload);
}

static void
a_close_is_read_and_written_byte_by_byte(void **state)
{
	struct bytes b = bytes_of("sc-close");
	uint8_t out[PLAINTEXT_TAIL];
	struct opened o;

	assert_int_equal(plain_open(&o, &b), PST_OK);
	assert_int_equal(o.kind, PLAINTEXT_CLOSE);
	same_bytes(out, plaintext_close(out), &b);
	pst_buf_free(&o.payload);
}

static void
a_refresh_is_read_and_written_byte_by_byte(void **state)
{
	struct bytes b = bytes_of("sc-refresh");
	struct opened o;

	assert_int_equal(plain_open(&o, &b), PST_OK);
	assert_int_equal(o.kind, PLAINTEXT_REFRESH);
	assert_int_equal(o.onward.hops + o.back.hops, 0);
	/* [history, credentials]: alice's, of one change, and an array of one */
	assert_memory_equal(o.payload.start, "\x82\x81\x82", 3);
	assert_int_equal(o.payload.start[1 + 128], 0x81);
	assert_int_equal(plaintext_refresh(&o.payload, RECORD_NONCE), PST_OK);
	same_bytes(o.payload.start, pst_buf_len(&o.payload), &b);
	pst_buf_free(&o.payload);
}

/* What a real node said through the channel of its handshake. */
static void
a_real_node_s_records_are_understood(void **state)
{
	const json_t *d = json_object_get(vector("live-enroller-handshake"), "decoded");
	struct bytes k1 = member_bytes(d, "k1"), response = member_bytes(d, "response");
	struct bytes record = live_payload(4), plain;
	struct opened o;

	assert_int_equal(record_open(&record, &k1, &plain), PST_OK);
	assert_int_equal(plain_open(&o, &plain), PST_OK);
	assert_int_equal(o.kind, PLAINTEXT_PAYLOAD);
	same_bytes(o.payload.start, pst_buf_len(&o.payload), &response);
	pst_buf_free(&o.payload);
}

static void
new_keys_are_made_of_old_ones(void **state)
{
	static const char *const names[] = { "rekey-1", "rekey-2" };

	for (size_t i = 0; i < 2; i++) {
		struct bytes old = member_bytes(json_object_get(vector(names[i]), "decoded"), "old_key");
		struct bytes want = bytes_of(names[i]);
		uint8_t next[PST_KEY_LEN];
		struct pst_aead *aead;

		assert_int_equal(pst_aead_new(&aead, true), PST_OK);
		assert_int_equal(pst_aead_set_key(aead, old.data), PST_OK);
		assert_int_equal(record_rekey(aead, next), PST_OK);
		same_bytes(next, sizeof next, &want);
		pst_aead_free(&aead);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_roles_write_and_read_the_trace),
		cmocka_unit_test(a_real_node_s_answer_is_read_and_answered),
		cmocka_unit_test(records_are_sealed_and_opened_as_in_the_trace),
		cmocka_unit_test(single_records_open_under_their_key),
		cmocka_unit_test(a_payload_is_read_and_written_byte_by_byte),
		cmocka_unit_test(a_close_is_read_and_written_byte_by_byte),
		cmocka_unit_test(a_refresh_is_read_and_written_byte_by_byte),
		cmocka_unit_test(a_real_node_s_records_are_understood),
		cmocka_unit_test(new_keys_are_made_of_old_ones),
	};
	int rc;

	if (vectors_load("trust.json"))
		return 1;
	pool = pst_pool_new(SIZE_MAX);
	account = pst_account_new(pool, SIZE_MAX, NULL, NULL);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	pst_account_close(&account);
	pst_pool_free(&pool);
	json_decref(vectors);
	return rc;
}
