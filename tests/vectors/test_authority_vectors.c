/* The vectors of trust.json that are bodies: of req-* and resp-otc, attributes-entry*, member-list, member-ids. */
#include "vector.h"

#include <postern/api.h>

#include "message.h"

static struct bytes kept;

/* The body of a request; it lies in `kept`. */
static struct pst_reader
body_of(const char *name)
{
	static struct pst_api_request q;

	kept = bytes_of(name);
	assert_int_equal(pst_api_request_read(&q, kept.data, kept.len), PST_OK);
	return q.body;
}

static struct pst_identifier
identifier(const char *name)
{
	struct pst_identifier id;

	assert_int_equal(pst_identifier_parse(&id, json_string_value(decoded(name, "identifier"))), PST_OK);
	return id;
}

static void
one_is(const struct attributes *a, size_t i, const char *name, const char *value)
{
	assert_true(i < a->count);
	assert_int_equal(a->item[i].name_len, strlen(name));
	assert_memory_equal(a->item[i].name, name, strlen(name));
	assert_int_equal(a->item[i].value_len, strlen(value));
	assert_memory_equal(a->item[i].value, value, strlen(value));
}

static void
a_member_to_add_is_read(void **state)
{
	static struct add_member asked;
	struct pst_identifier alice = identifier("change-history-alice");

	assert_int_equal(add_member_read(&asked, body_of("req-add-member")), PST_OK);
	assert_true(pst_identifier_equal(&asked.member, &alice));
	assert_int_equal(asked.attributes.count, 2);
	one_is(&asked.attributes, 0, "app", "web");
	one_is(&asked.attributes, 1, "ockam-role", "enroller");
	assert_true(attributes_enroller(&asked.attributes));
}

static void
a_token_to_make_is_read(void **state)
{
	static struct create_token asked;

	assert_int_equal(create_token_read(&asked, body_of("req-create-token")), PST_OK);
	assert_int_equal(asked.ttl_s, 600);
	assert_int_equal(asked.uses, 3);
	assert_int_equal(asked.attributes.count, 2);
	kept = bytes_of("req-create-token-default");
	assert_int_equal(create_token_read(&asked, pst_reader(kept.data, kept.len)), PST_OK);
	assert_int_equal(asked.ttl_s, TOKEN_TTL_S);
	assert_int_equal(asked.uses, TOKEN_USES);
	assert_int_equal(asked.attributes.count, 0);
}

static void
a_code_is_read_and_written(void **state)
{
	uint8_t code[CODE_LEN], body[CODE_BODY_LEN];
	struct pst_writer w = pst_writer(body, sizeof body);
	struct pst_reader r = body_of("req-present-token");

	assert_int_equal(one_time_code_read(code, r), PST_OK);
	for (int i = 0; i < CODE_LEN; i++)
		assert_int_equal(code[i], 0xc0 + i);
	one_time_code_write(&w, code);
	assert_int_equal(pst_writer_len(&w), pst_reader_left(&r));
	assert_memory_equal(body, r.p, pst_writer_len(&w));
}

/* The member of the vectors: alice, added by the authority. */
static struct member
member(void)
{
	struct member m = {
		.added_by = identifier("change-history-authority"),
		.added_at = 1700000000,
	};

	assert_int_equal(attributes_add_word(&m.attributes, "app=web", 7), PST_OK);
	return m;
}

static void
members_are_written_as_the_peer_writes_them(void **state)
{
	static struct member m;
	uint8_t body[512];
	struct pst_writer w = pst_writer(body, sizeof body);
	struct pst_identifier alice = identifier("change-history-alice"), bob = identifier("change-history-bob");
	struct bytes want = bytes_of("attributes-entry");

	m = member();
	entry_write(&w, &m);
	same_bytes(body, pst_writer_len(&w), &want);
	w = pst_writer(body, sizeof body);
	pst_cbor_write_map(&w, 1);
	identifier_write(&w, &alice);
	entry_write(&w, &m);
	want = bytes_of("member-list");
	same_bytes(body, pst_writer_len(&w), &want);
	w = pst_writer(body, sizeof body);
	pst_cbor_write_array(&w, 2);
	identifier_write(&w, &alice);
	identifier_write(&w, &bob);
	want = bytes_of("member-ids");
	same_bytes(body, pst_writer_len(&w), &want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_to_add_is_read),
		cmocka_unit_test(a_token_to_make_is_read),
		cmocka_unit_test(a_code_is_read_and_written),
		cmocka_unit_test(members_are_written_as_the_peer_writes_them),
	};
	int rc;

	if (vectors_load("trust.json"))
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(vectors);
	return rc;
}
