#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "handshake.h"

#define ROOM 1024

struct message {
	uint8_t bytes[ROOM];
	size_t len;
};

struct party {
	struct handshake hs;
	struct pst_aead *seal, *open;
	uint8_t secret[HS_KEY], pub[HS_KEY];
};

static struct party initiator, responder;
static const uint8_t shown2[] = "what the responder shows";
static const uint8_t shown3[] = "and what the initiator shows for it";

static void
party_init(struct party *p)
{
	randombytes_buf(p->secret, HS_KEY);
	crypto_scalarmult_base(p->pub, p->secret);
	assert_int_equal(pst_aead_new(&p->seal, true), PST_OK);
	assert_int_equal(pst_aead_new(&p->open, false), PST_OK);
	hs_init(&p->hs, p->seal, p->open);
}

static void
party_fini(struct party *p)
{
	hs_fini(&p->hs);
	pst_aead_free(&p->seal);
	pst_aead_free(&p->open);
}

static int
setup(void **state)
{
	party_init(&initiator);
	party_init(&responder);
	return 0;
}

static int
teardown(void **state)
{
	party_fini(&initiator);
	party_fini(&responder);
	return 0;
}

/* ---- writing; the vault's part is done here ---- */

static void
write1(struct message *m)
{
	struct pst_writer w = pst_writer(m->bytes, ROOM);

	assert_int_equal(hs_write1(&initiator.hs, &w), PST_OK);
	m->len = pst_writer_len(&w);
	assert_int_equal(m->len, HS_KEY);
}

static void
write2(struct message *m)
{
	struct pst_writer w = pst_writer(m->bytes, ROOM);
	uint8_t secret[HS_KEY];

	assert_int_equal(hs_write2_begin(&responder.hs, responder.pub, &w), PST_OK);
	assert_int_equal(crypto_scalarmult(secret, responder.secret, responder.hs.re), 0);
	assert_int_equal(hs_write2_end(&responder.hs, secret, shown2, sizeof shown2, &w), PST_OK);
	m->len = pst_writer_len(&w);
	assert_int_equal(m->len, HS_OVERHEAD2 + sizeof shown2);
}

static void
write3(struct message *m)
{
	struct pst_writer w = pst_writer(m->bytes, ROOM);
	uint8_t secret[HS_KEY];

	assert_int_equal(hs_write3_begin(&initiator.hs, initiator.pub, &w), PST_OK);
	assert_int_equal(crypto_scalarmult(secret, initiator.secret, initiator.hs.re), 0);
	assert_int_equal(hs_write3_end(&initiator.hs, secret, shown3, sizeof shown3, &w), PST_OK);
	m->len = pst_writer_len(&w);
	assert_int_equal(m->len, HS_OVERHEAD3 + sizeof shown3);
}

typedef int read_fn(struct handshake *hs, uint8_t *msg, size_t len, const uint8_t **payload,
    size_t *payload_len);

/*
 * Read a copy of the message with a copy of the state, as one attempt of
 * many; the aeads take the key of the attempt by themselves.
 */
static int
attempt(read_fn *read, struct party *p, const struct message *m, size_t len)
{
	struct handshake hs = p->hs;
	uint8_t *bytes = malloc(len + !len); /* exactly, for the sanitizer */
	const uint8_t *payload;
	size_t n;
	int rc;

	memcpy(bytes, m->bytes, len);
	rc = read(&hs, bytes, len, &payload, &n);
	free(bytes);
	hs_fini(&hs);
	return rc;
}

static void
read_good(read_fn *read, struct party *p, struct message *m, const void *want, size_t len)
{
	const uint8_t *payload;
	size_t n;

	assert_int_equal(read(&p->hs, m->bytes, m->len, &payload, &n), PST_OK);
	assert_int_equal(n, len);
	assert_memory_equal(payload, want, len);
}

/* ---- tests ---- */

static void
both_roles_agree(void **state)
{
	uint8_t a[2][HS_KEY], b[2][HS_KEY];
	struct message m;

	write1(&m);
	assert_int_equal(hs_read1(&responder.hs, m.bytes, m.len), PST_OK);
	write2(&m);
	read_good(hs_read2, &initiator, &m, shown2, sizeof shown2);
	assert_memory_equal(initiator.hs.rs, responder.pub, HS_KEY);
	write3(&m);
	read_good(hs_read3, &responder, &m, shown3, sizeof shown3);
	assert_memory_equal(responder.hs.rs, initiator.pub, HS_KEY);
	assert_memory_equal(initiator.hs.h, responder.hs.h, HS_KEY);
	hs_split(&initiator.hs, true, a[0], a[1]);
	hs_split(&responder.hs, false, b[1], b[0]);
	assert_memory_equal(a, b, sizeof a);
	assert_memory_not_equal(a[0], a[1], HS_KEY);
}

static void
two_runs_have_two_ephemeral_keys(void **state)
{
	struct message first, second;

	write1(&first);
	hs_init(&initiator.hs, initiator.seal, initiator.open);
	write1(&second);
	assert_memory_not_equal(first.bytes, second.bytes, HS_KEY);
}

static void
message_1_may_carry_what_is_mixed_and_ignored(void **state)
{
	struct handshake with, without;
	struct message m;

	write1(&m);
	memcpy(m.bytes + m.len, "more", 4);
	with = without = responder.hs;
	assert_int_equal(hs_read1(&without, m.bytes, m.len), PST_OK);
	assert_int_equal(hs_read1(&with, m.bytes, m.len + 4), PST_OK);
	assert_memory_equal(with.re, without.re, HS_KEY);
	assert_memory_not_equal(with.h, without.h, HS_KEY);
	for (size_t len = 0; len < HS_KEY; len++)
		assert_int_equal(hs_read1(&with, m.bytes, len), -EBADMSG);
}

static void
a_turned_bit_in_message_1_is_found_in_message_2(void **state)
{
	struct message m1, m2;

	write1(&m1);
	for (size_t bit = 0; bit < HS_KEY * 8; bit++) {
		hs_init(&responder.hs, responder.seal, responder.open);
		m1.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(hs_read1(&responder.hs, m1.bytes, m1.len), PST_OK);
		write2(&m2);
		m1.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(attempt(hs_read2, &initiator, &m2, m2.len), PST_E_AUTH);
	}
}

static void
a_turned_bit_in_message_2_is_refused(void **state)
{
	struct message m;

	write1(&m);
	assert_int_equal(hs_read1(&responder.hs, m.bytes, m.len), PST_OK);
	write2(&m);
	for (size_t bit = 0; bit < m.len * 8; bit++) {
		m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (attempt(hs_read2, &initiator, &m, m.len) != PST_E_AUTH)
			fail_msg("bit %zu turned unseen", bit);
		m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(attempt(hs_read2, &initiator, &m, m.len), PST_OK);
}

static void
message_2_cut_or_lengthened_is_refused(void **state)
{
	struct message m;

	write1(&m);
	assert_int_equal(hs_read1(&responder.hs, m.bytes, m.len), PST_OK);
	write2(&m);
	for (size_t len = 0; len < m.len; len++)
		assert_int_equal(attempt(hs_read2, &initiator, &m, len),
		    len < HS_OVERHEAD2 ? -EBADMSG : PST_E_AUTH);
	m.bytes[m.len] = 0;
	assert_int_equal(attempt(hs_read2, &initiator, &m, m.len + 1), PST_E_AUTH);
	assert_int_equal(attempt(hs_read2, &initiator, &m, m.len), PST_OK);
}

/* A run of its own up to message 3, since reading it changes the contexts. */
static void
run_to_message3(struct message *m3)
{
	struct message m;

	hs_init(&initiator.hs, initiator.seal, initiator.open);
	hs_init(&responder.hs, responder.seal, responder.open);
	write1(&m);
	assert_int_equal(hs_read1(&responder.hs, m.bytes, m.len), PST_OK);
	write2(&m);
	read_good(hs_read2, &initiator, &m, shown2, sizeof shown2);
	write3(m3);
}

static void
a_turned_bit_in_message_3_is_refused(void **state)
{
	struct message m;

	for (size_t bit = 0; bit < (HS_OVERHEAD3 + sizeof shown3) * 8; bit += 3) {
		run_to_message3(&m);
		m.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (attempt(hs_read3, &responder, &m, m.len) != PST_E_AUTH)
			fail_msg("bit %zu turned unseen", bit);
	}
}

static void
message_3_cut_or_lengthened_is_refused(void **state)
{
	struct message m;

	for (size_t len = 0; len <= HS_OVERHEAD3 + sizeof shown3 + 1; len++) {
		run_to_message3(&m);
		if (len == m.len)
			continue;
		m.bytes[m.len] = 0;
		assert_int_equal(attempt(hs_read3, &responder, &m, len),
		    len < HS_OVERHEAD3 ? -EBADMSG : PST_E_AUTH);
	}
}

static void
messages_of_another_run_are_refused(void **state)
{
	struct message old, m;

	run_to_message3(&old);
	run_to_message3(&m);
	assert_int_equal(attempt(hs_read3, &responder, &old, old.len), PST_E_AUTH);
}

static void
over_long_messages_are_refused(void **state)
{
	uint8_t *bytes = calloc(1, HS_MESSAGE_MAX + 1);
	const uint8_t *payload;
	size_t n;

	/* one that may be: it is read, and then not understood */
	bytes[0] = 9; /* the base point */
	assert_int_equal(hs_read1(&responder.hs, bytes, HS_MESSAGE_MAX + 1), -EBADMSG);
	assert_int_equal(hs_read1(&responder.hs, bytes, HS_MESSAGE_MAX), PST_OK);
	assert_int_equal(hs_read2(&initiator.hs, bytes, HS_MESSAGE_MAX + 1, &payload, &n), -EBADMSG);
	assert_int_equal(hs_read2(&initiator.hs, bytes, HS_MESSAGE_MAX, &payload, &n), PST_E_AUTH);
	assert_int_equal(hs_read3(&responder.hs, bytes, HS_MESSAGE_MAX + 1, &payload, &n), -EBADMSG);
	free(bytes);
}

static void
a_message_without_room_is_not_written(void **state)
{
	uint8_t bytes[HS_OVERHEAD2];
	struct pst_writer w = pst_writer(bytes, HS_KEY - 1);
	struct message m;

	assert_int_equal(hs_write1(&initiator.hs, &w), -ENOBUFS);
	hs_init(&initiator.hs, initiator.seal, initiator.open);
	write1(&m);
	assert_int_equal(hs_read1(&responder.hs, m.bytes, m.len), PST_OK);
	w = pst_writer(bytes, HS_KEY + 10);
	assert_int_equal(hs_write2_begin(&responder.hs, responder.pub, &w), -ENOBUFS);
	hs_init(&responder.hs, responder.seal, responder.open);
	assert_int_equal(hs_read1(&responder.hs, m.bytes, m.len), PST_OK);
	w = pst_writer(bytes, sizeof bytes);
	assert_int_equal(hs_write2_begin(&responder.hs, responder.pub, &w), PST_OK);
	assert_int_equal(hs_write2_end(&responder.hs, m.bytes, shown2, sizeof shown2, &w), -ENOBUFS);
}

static void
a_key_of_zeros_agrees_on_nothing(void **state)
{
	uint8_t zeros[HS_OVERHEAD2] = { 0 };
	struct pst_writer w = pst_writer(zeros, sizeof zeros);
	const uint8_t *payload;
	size_t n;

	assert_int_equal(hs_read2(&initiator.hs, zeros, sizeof zeros, &payload, &n), PST_E_AUTH);
	assert_int_equal(hs_read1(&responder.hs, zeros, HS_KEY), PST_OK);
	assert_int_equal(hs_write2_begin(&responder.hs, responder.pub, &w), PST_E_AUTH);
}

static void
nothing_is_left_behind(void **state)
{
	static const struct handshake empty;
	struct message m;

	run_to_message3(&m);
	hs_fini(&responder.hs);
	assert_memory_equal(&responder.hs, &empty, sizeof empty);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(both_roles_agree),
		TEST(two_runs_have_two_ephemeral_keys),
		TEST(message_1_may_carry_what_is_mixed_and_ignored),
		TEST(a_turned_bit_in_message_1_is_found_in_message_2),
		TEST(a_turned_bit_in_message_2_is_refused),
		TEST(message_2_cut_or_lengthened_is_refused),
		TEST(a_turned_bit_in_message_3_is_refused),
		TEST(message_3_cut_or_lengthened_is_refused),
		TEST(messages_of_another_run_are_refused),
		TEST(over_long_messages_are_refused),
		TEST(a_message_without_room_is_not_written),
		TEST(a_key_of_zeros_agrees_on_nothing),
		TEST(nothing_is_left_behind),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
