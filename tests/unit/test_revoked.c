/* Who is a member no longer: what is kept of it, and what our identity is told. */
#include "people.h"
#include "trust/identity.h"
#include "trust/known.h"

static struct pst_identity_watch watch;
static unsigned told;
static struct pst_identifier told_last;

static void
shown(struct pst_identity_watch *w)
{
	(void)w;
}

static void
revoked(struct pst_identity_watch *w, const struct pst_identifier *subject)
{
	(void)w;
	told++;
	told_last = *subject;
}

static int
setup(void **state)
{
	int rc = people_setup(state);

	told = 0;
	pst_identity_watch(identity.self, &watch, shown);
	watch.revoked = revoked;
	return rc;
}

static int
teardown(void **state)
{
	pst_identity_unwatch(&watch);
	return people_teardown(state);
}

/* Is a credential refused that our identity made for this one at that time? */
static bool
refuses(const struct person *p, uint64_t created_at)
{
	const struct pst_identity *self = identity.self;

	return created_at < pst_peers_counts_from(self->peers, pst_peer_identifier(p->peer),
	    pst_identity_identifier(self));
}

static void
loop_turns(void)
{
	for (int i = 0; i < 10; i++)
		uv_run(&node.loop, UV_RUN_NOWAIT);
}

/* As another node on the same store would. */
static void
another_deletes(const struct person *p, uint64_t at, uint64_t until)
{
	const struct revoked one = { at, until };
	struct authority *a = section.self;
	uint8_t value[REVOKED_LEN];
	struct pst_writer w = pst_writer(value, sizeof value);
	char key[KEY_MAX];

	revoked_write(&w, &one);
	memory_store_put(&store, revoked_key(key, a, pst_peer_identifier(p->peer)), value,
	    pst_writer_len(&w));
}

/* ---- tests ---- */

static void
who_is_deleted_is_revoked_by_the_same_batch(void **state)
{
	struct person *p = &person[5];
	unsigned commits;

	assert_int_equal(add_member(BOSS, p, "a", "b"), 200);
	commits = store.commits;
	assert_int_equal(direct_of(BOSS, PST_METHOD_DELETE, p), 200);
	assert_int_equal(store.commits, commits + 1);
	assert_int_equal(in_store("revoked"), 1);
	assert_int_equal(told, 1);
	assert_true(pst_identifier_equal(&told_last, pst_peer_identifier(p->peer)));
	assert_true(refuses(p, clock_s - 1) && refuses(p, clock_s));
	assert_false(refuses(p, clock_s + 1)); /* a member again */
	assert_false(refuses(SECOND, clock_s));
}

static void
full(struct memory_store *s, unsigned commit)
{
	(void)commit;
	s->fail = -ENOSPC;
}

static void
who_could_not_be_deleted_is_not(void **state)
{
	struct person *p = &person[5];

	assert_int_equal(add_member(BOSS, p, "a", "b"), 200);
	store.before = full;
	assert_int_equal(direct_of(BOSS, PST_METHOD_DELETE, p), 500);
	store.before = NULL;
	store.fail = 0;
	assert_int_equal(told, 0);
	assert_int_equal(in_store("revoked"), 0);
	assert_false(refuses(p, clock_s));
	assert_true(is_member(p));
}

static void
so_is_everybody_of_many(void **state)
{
	assert_int_equal(add_member(BOSS, &person[5], "a", "b"), 200);
	assert_int_equal(add_member(BOSS, &person[6], "a", "b"), 200);
	assert_int_equal(direct(BOSS, PST_METHOD_DELETE, "/members"), 200);
	assert_int_equal(in_store("revoked"), 2);
	assert_int_equal(told, 2);
	assert_true(refuses(&person[5], clock_s) && refuses(&person[6], clock_s));
	assert_false(refuses(SECOND, clock_s)); /* who stays */
}

static void
what_the_store_has_is_heard_of_when_the_section_opens_and_then_again_and_again(void **state)
{
	struct authority *a = section.self;

	another_deletes(&person[7], clock_s, clock_s + 100);
	sweep_begin(a);
	loop_turns();
	assert_int_equal(told, 1);
	assert_true(refuses(&person[7], clock_s));
	sweep_begin(a);
	loop_turns();
	assert_int_equal(told, 1); /* that is known */
	another_deletes(&person[8], clock_s, clock_s + 100);
	another_deletes(&person[9], clock_s - 200, clock_s - 100);
	fake_close(&section);
	assert_int_equal(authority_up(), PST_OK);
	assert_int_equal(told, 2);
	assert_true(refuses(&person[8], clock_s));
	assert_false(refuses(&person[9], clock_s - 200)); /* it has expired by itself */
}

static void
who_leaves_the_file_is_revoked(void **state)
{
	static char third[100];

	fake_close(&section);
	snprintf(third, sizeof third, "%s app=x", person[3].id);
	members[1] = third;
	assert_int_equal(authority_up(), PST_OK);
	assert_int_equal(in_store("revoked"), 1);
	assert_int_equal(told, 1);
	assert_true(refuses(SECOND, clock_s));
	assert_false(refuses(BOSS, clock_s));
}

static void
a_second_time_counts_too(void **state)
{
	struct person *p = &person[5];

	assert_int_equal(add_member(BOSS, p, "a", "b"), 200);
	assert_int_equal(direct_of(BOSS, PST_METHOD_DELETE, p), 200);
	clock_s += 5;
	assert_int_equal(add_member(BOSS, p, "a", "b"), 200);
	assert_int_equal(direct_of(BOSS, PST_METHOD_DELETE, p), 200);
	assert_int_equal(told, 2);
	assert_int_equal(in_store("revoked"), 1);
	assert_true(refuses(p, clock_s));
}

static void
when_all_its_credentials_have_expired_the_record_goes(void **state)
{
	struct authority *a = section.self;

	assert_int_equal(add_member(BOSS, &person[5], "a", "b"), 200);
	assert_int_equal(direct_of(BOSS, PST_METHOD_DELETE, &person[5]), 200);
	clock_s += a->conf->credential_ttl / 1000 - 1;
	sweep_begin(a);
	loop_turns();
	assert_int_equal(in_store("revoked"), 1);
	clock_s++;
	sweep_begin(a);
	loop_turns();
	assert_int_equal(in_store("revoked"), 0);
}

static void
a_record_that_is_none_is_passed_over(void **state)
{
	struct authority *a = section.self;
	char key[KEY_MAX];

	memory_store_put(&store, revoked_key(key, a, pst_peer_identifier(person[5].peer)), "x", 1);
	another_deletes(&person[6], clock_s, clock_s + 100);
	fake_close(&section);
	assert_int_equal(authority_up(), PST_OK);
	assert_int_equal(told, 1);
	assert_true(refuses(&person[6], clock_s));
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(who_is_deleted_is_revoked_by_the_same_batch),
		test(who_could_not_be_deleted_is_not),
		test(so_is_everybody_of_many),
		test(what_the_store_has_is_heard_of_when_the_section_opens_and_then_again_and_again),
		test(who_leaves_the_file_is_revoked),
		test(a_second_time_counts_too),
		test(when_all_its_credentials_have_expired_the_record_goes),
		test(a_record_that_is_none_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
