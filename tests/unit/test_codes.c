/* An authority's one-time codes: who wins a race, and what another node, a clock or a full disk does. */
#include "people.h"

static bool
holds(const struct person *p, const char *bytes)
{
	size_t n = strlen(bytes);

	for (size_t i = 0; i + n <= p->len; i++)
		if (!memcmp(p->body + i, bytes, n))
			return true;
	return false;
}

static void
a_code_makes_a_member_once(void **state)
{
	struct person *p = &person[5];
	uint8_t code[CODE_LEN], other[CODE_LEN];

	code_make(60, 1, code);
	memcpy(other, code, sizeof other);
	other[31] ^= 1;
	refused(p, redeem(p, other), 403, "Unknown enrollment token");
	assert_int_equal(redeem(p, code), 200);
	assert_int_equal(p->len, 0);
	assert_true(is_member(p));
	assert_int_equal(in_store("code"), 0);
	refused(p, redeem(p, code), 403, "Already a member");
	refused(&person[6], redeem(&person[6], code), 403, "Unknown enrollment token");
	assert_int_equal(ask(p, "credential_issuer", PST_METHOD_POST, "/credential", NULL, 0), 200);
	assert_true(p->len > 100);
	/* its attribute, and the project's name */
	assert_true(holds(p, "\x43" "app\x43web\x50trust_context_id\x42p1"));
}

static void
a_member_does_not_use_up_a_code(void **state)
{
	uint8_t code[CODE_LEN];

	code_make(60, 1, code);
	refused(SECOND, redeem(SECOND, code), 403, "Already a member");
	assert_int_equal(redeem(&person[5], code), 200);
}

static void
a_code_one_second_late_is_none_and_goes(void **state)
{
	uint8_t code[CODE_LEN], later[CODE_LEN];

	code_make(60, 5, code);
	code_make(61, 5, later);
	clock_s += 60;
	refused(&person[5], redeem(&person[5], code), 403, "Unknown enrollment token");
	assert_int_equal(redeem(&person[5], later), 200);
	sweep_begin(section.self);
	for (int i = 0; i < 10; i++)
		uv_run(&node.loop, UV_RUN_NOWAIT);
	assert_int_equal(in_store("code"), 1);
}

static void
of_a_hundred_that_race_for_one_use_one_wins(void **state)
{
	uint8_t code[CODE_LEN];
	unsigned won = 0;

	code_make(60, 1, code);
	for (int i = 5; i < 105; i++)
		redeem_send(&person[i], code);
	for (int i = 5; i < 105; i++) {
		fake_wait(&node, &person[i].answered);
		won += person[i].status == 200;
	}
	assert_int_equal(won, 1);
	assert_int_equal(in_store("member"), 3);
	assert_int_equal(in_store("code"), 0);
}

static void
of_as_many_uses_as_there_are_racers_all_win(void **state)
{
	uint8_t code[CODE_LEN];

	code_make(60, 100, code);
	for (int i = 5; i < 105; i++)
		redeem_send(&person[i], code);
	for (int i = 5; i < 105; i++) {
		fake_wait(&node, &person[i].answered);
		assert_int_equal(person[i].status, 200);
	}
	assert_int_equal(in_store("member"), 102);
	assert_int_equal(in_store("code"), 0);
}

/* Another node redeems one use of each code just before we do, nine times. */
static void
another_redeems(struct memory_store *s, unsigned commit)
{
	uint8_t value[RECORD_MAX];
	struct pst_writer w = pst_writer(value, sizeof value);
	struct code code;

	if (commit >= 9)
		return;
	for (struct memory_item *item = s->items; item; item = item->next) {
		if (!strstr(item->key, "/code/"))
			continue;
		assert_int_equal(code_read(&code, item->value, item->len), PST_OK);
		code.uses--;
		code_write(&w, &code);
		memory_store_put(s, item->key, value, pst_writer_len(&w));
		return;
	}
}

static void
what_another_node_has_changed_is_looked_at_again(void **state)
{
	uint8_t code[CODE_LEN];

	code_make(60, 10, code);
	store.commits = 0;
	store.before = another_redeems;
	assert_int_equal(redeem(&person[5], code), 200);
	assert_int_equal(store.commits, 10);
	assert_int_equal(in_store("code"), 0);
}

/* Somebody else is always faster. */
static void
always_faster(struct memory_store *s, unsigned commit)
{
	another_redeems(s, 0);
}

static void
there_is_an_end_to_trying(void **state)
{
	uint8_t code[CODE_LEN];

	code_make(60, 1000, code);
	store.commits = 0;
	store.before = always_faster;
	assert_int_equal(redeem(&person[5], code), 500);
	assert_non_null(strstr(person[5].text, "Error adding member using enrollment token"));
	assert_int_equal(store.commits, TRIES_MAX);
	store.before = NULL;
	assert_int_equal(redeem(&person[5], code), 200);
}

static void
a_full_disk_takes_nothing_and_blocks_nobody(void **state)
{
	uint8_t code[CODE_LEN], none[CODE_LEN];

	code_make(60, 2, code);
	store.fail = -ENOSPC;
	assert_int_equal(redeem(&person[5], code), 500);
	assert_int_equal(code_make_for(BOSS, "a", "b", 60, 1, none), 500);
	assert_int_equal(direct(BOSS, PST_METHOD_GET, "/"), 500);
	store.fail = 0;
	assert_false(is_member(&person[5]));
	assert_int_equal(redeem(&person[5], code), 200);
	assert_int_equal(redeem(&person[6], code), 200);
	assert_int_equal(redeem(&person[7], code), 403);
}

static void
disk_fills(struct memory_store *s, unsigned commit)
{
	s->fail = -ENOSPC;
}

/* The code was read, and then there is no room for the member: no refusal, after which a client
 * would forget its ticket. */
static void
a_disk_that_fills_while_redeeming_leaves_the_code_good(void **state)
{
	struct person *p = &person[5];
	uint8_t code[CODE_LEN];

	code_make(60, 1, code);
	store.before = disk_fills;
	assert_int_equal(redeem(p, code), 500);
	assert_non_null(strstr(p->text, "Error adding member using enrollment token"));
	assert_non_null(strstr(p->text, pst_strerror(-ENOSPC)));
	store.before = NULL;
	store.fail = 0;
	assert_int_equal(in_store("code"), 1);
	assert_false(is_member(p));
	assert_int_equal(redeem(p, code), 200);
	assert_int_equal(in_store("code"), 0);
	refused(&person[6], redeem(&person[6], code), 403, "Unknown enrollment token");
}

static void
only_an_enroller_makes_enrollers(void **state)
{
	uint8_t code[CODE_LEN];
	struct person *p = &person[5];

	assert_int_equal(code_make_for(BOSS, "ockam-role", "enroller", 60, 1, code), 200);
	assert_int_equal(redeem(p, code), 200);
	assert_int_equal(code_make_for(p, "ockam-role", "enroller", 60, 1, code), 200);
	assert_int_equal(direct_of(p, PST_METHOD_DELETE, BOSS), 403);
}

static void
closing_answers_those_who_wait(void **state)
{
	uint8_t code[CODE_LEN];

	code_make(60, 100, code);
	for (int i = 5; i < 25; i++)
		redeem_send(&person[i], code);
	send_to(SECOND, "credential_issuer", PST_METHOD_POST, "/", NULL, 0);
	fake_close(&section);
	for (int i = 5; i < 25; i++)
		assert_true(person[i].answered);
	assert_true(SECOND->answered);
	/* what was answered with 200 is so, and nothing else */
	for (int i = 5; i < 25; i++)
		assert_int_equal(is_member(&person[i]), person[i].status == 200);
	assert_int_equal(authority_up(), PST_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PEOPLE_TEST(a_code_makes_a_member_once),
		PEOPLE_TEST(a_member_does_not_use_up_a_code),
		PEOPLE_TEST(a_code_one_second_late_is_none_and_goes),
		PEOPLE_TEST(of_a_hundred_that_race_for_one_use_one_wins),
		PEOPLE_TEST(of_as_many_uses_as_there_are_racers_all_win),
		PEOPLE_TEST(what_another_node_has_changed_is_looked_at_again),
		PEOPLE_TEST(there_is_an_end_to_trying),
		PEOPLE_TEST(a_full_disk_takes_nothing_and_blocks_nobody),
		PEOPLE_TEST(a_disk_that_fills_while_redeeming_leaves_the_code_good),
		PEOPLE_TEST(only_an_enroller_makes_enrollers),
		PEOPLE_TEST(closing_answers_those_who_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
