/* An authority's members: who may do what with them, and who stands in the file. */
#include "people.h"

static void
strangers_and_members_may_not_what_enrollers_may(void **state)
{
	struct person *other = &person[5];
	uint8_t code[CODE_LEN];

	for (struct person *p = SECOND; p <= &person[2]; p++) {
		refused(p, code_make_for(p, "a", "b", 60, 1, code), 403,
		    "Non-enroller is trying to issue an enrollment token");
		refused(p, direct(p, PST_METHOD_GET, "/"), 403, "Non-enroller is trying to list members");
		refused(p, direct(p, PST_METHOD_GET, "/member_ids"), 403, "Non-enroller is trying to list members");
		refused(p, direct_of(p, PST_METHOD_GET, SECOND), 403, "Non-enroller is trying to retrieve a member");
		refused(p, direct_of(p, PST_METHOD_DELETE, SECOND), 403, "Non-enroller is trying to delete a member");
		refused(p, direct(p, PST_METHOD_DELETE, "/members"), 403, "Non-enroller is trying to list members");
		assert_int_equal(add_member(p, other, "a", "b"), 403);
		assert_non_null(strstr(p->text, "is trying to add a member I"));
	}
	assert_int_equal(in_store("member"), 2);
	assert_int_equal(in_store("code"), 0);
	refused(&person[2], ask(&person[2], "credential_issuer", PST_METHOD_POST, "/", NULL, 0), 403,
	    "unauthorized member");
}

static void
paths_and_bodies_that_are_none_are_answered(void **state)
{
	struct person *p = BOSS;
	static const char *const services[] = {
		"credential_issuer", "enrollment_token_issuer", "enrollment_token_acceptor", "direct_authenticator"
	};

	for (size_t i = 0; i < 4; i++) {
		refused(p, ask(p, services[i], PST_METHOD_PATCH, "/", NULL, 0), 400, "unknown path");
		refused(p, ask(p, services[i], PST_METHOD_POST, "/x/y", NULL, 0), 400, "unknown path");
	}
	assert_int_equal(ask(p, services[1], PST_METHOD_POST, "/", "\xff", 1), 400);
	assert_int_equal(ask(p, services[2], PST_METHOD_POST, "/", "\xa1\x01\x41x", 4), 400);
	assert_int_equal(ask(p, services[2], PST_METHOD_POST, "/", "\xa0", 1), 400);
	assert_int_equal(ask(p, services[3], PST_METHOD_POST, "/", "\xa0", 1), 400);
	assert_int_equal(ask(p, services[3], PST_METHOD_POST, "/", NULL, 0), 400);
	refused(p, direct(p, PST_METHOD_GET, "/Inot"), 400, "unknown path");
	refused(p, direct(p, PST_METHOD_DELETE, "/"), 400, "unknown path");
	/* an attribute twice, one that is no text, a use of none */
	assert_int_equal(ask(p, services[1], PST_METHOD_POST, "/", "\xa1\x01\xa2\x61" "a\x61" "b\x61" "a\x61" "c", 11), 400);
	assert_int_equal(ask(p, services[1], PST_METHOD_POST, "/", "\xa1\x01\xa1\x61" "a\x61\x07", 7), 400);
	assert_int_equal(ask(p, services[1], PST_METHOD_POST, "/", "\xa1\x03\x00", 3), 400);
	assert_int_equal(in_store("code"), 0);
}

static void
members_are_added_shown_and_deleted(void **state)
{
	struct person *p = BOSS, *other = &person[5];
	struct member member = { .attributes.count = 0 };
	uint8_t want[ENTRY_MAX];
	struct pst_writer w = pst_writer(want, sizeof want);

	assert_int_equal(add_member(p, other, "app", "web"), 200);
	assert_int_equal(p->len, 0);
	assert_int_equal(attributes_add_word(&member.attributes, "app=web", 7), PST_OK);
	member.added_by = *pst_peer_identifier(p->peer);
	member.added_at = clock_s;
	entry_write(&w, &member);
	assert_int_equal(direct_of(p, PST_METHOD_GET, other), 200);
	assert_int_equal(p->len, pst_writer_len(&w));
	assert_memory_equal(p->body, want, p->len);
	assert_int_equal(direct(p, PST_METHOD_GET, "/member_ids"), 200);
	assert_int_equal(p->len, 1 + 3 * 34);
	assert_int_equal(p->body[0], 0x83);
	assert_int_equal(direct(p, PST_METHOD_GET, "/members"), 200);
	assert_int_equal(p->body[0], 0xa3);
	assert_int_equal(direct_of(p, PST_METHOD_DELETE, other), 200);
	assert_false(is_member(other));
	assert_int_equal(direct_of(p, PST_METHOD_GET, other), 403);
	assert_non_null(strstr(p->text, "not found"));
	assert_int_equal(direct_of(p, PST_METHOD_DELETE, other), 200); /* nothing to do */
}

static void
who_is_named_in_the_file_stays_and_all_others_go(void **state)
{
	struct person *p = BOSS, *enroller = &person[5];

	refused(p, direct_of(p, PST_METHOD_DELETE, SECOND), 403,
	    "Enroller is trying to delete a pre trusted identity");
	assert_int_equal(add_member(p, enroller, "ockam-role", "enroller"), 200);
	assert_int_equal(add_member(enroller, &person[6], "a", "b"), 200);
	assert_int_equal(add_member(enroller, &person[7], "a", "b"), 200);
	assert_int_equal(direct(enroller, PST_METHOD_DELETE, "/members"), 200);
	assert_true(is_member(enroller) && is_member(BOSS) && is_member(SECOND));
	assert_int_equal(in_store("member"), 3);
	/* added anew by hand, it is no longer of the file, until that is read again */
	assert_int_equal(add_member(p, SECOND, "a", "b"), 200);
	assert_int_equal(direct_of(p, PST_METHOD_DELETE, SECOND), 200);
	fake_close(&section);
	assert_int_equal(authority_up(), PST_OK);
	assert_true(is_member(SECOND));
}

static void
the_file_s_members_are_replaced_as_a_set(void **state)
{
	static char third[100];
	const struct memory_item *before;
	unsigned commits;

	assert_int_equal(add_member(BOSS, &person[6], "a", "b"), 200);
	fake_close(&section);
	snprintf(third, sizeof third, "%s  app=x  component=y", person[3].id);
	members[1] = third;
	assert_int_equal(authority_up(), PST_OK);
	assert_false(is_member(SECOND));
	assert_true(is_member(BOSS) && is_member(&person[3]) && is_member(&person[6]));
	/* the same again changes nothing */
	before = store.items;
	commits = store.commits;
	fake_close(&section);
	assert_int_equal(authority_up(), PST_OK);
	assert_ptr_equal(store.items, before);
	assert_int_equal(store.commits, commits);
}

static void
a_store_that_fails_keeps_the_section_down(void **state)
{
	fake_close(&section);
	store.fail = -ENOSPC;
	assert_int_equal(authority_up(), -ENOSPC);
	store.fail = 0;
	fake_close(&section);
	assert_int_equal(authority_up(), PST_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PEOPLE_TEST(strangers_and_members_may_not_what_enrollers_may),
		PEOPLE_TEST(paths_and_bodies_that_are_none_are_answered),
		PEOPLE_TEST(members_are_added_shown_and_deleted),
		PEOPLE_TEST(who_is_named_in_the_file_stays_and_all_others_go),
		PEOPLE_TEST(the_file_s_members_are_replaced_as_a_set),
		PEOPLE_TEST(a_store_that_fails_keeps_the_section_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
