/* The vectors of trust.json that are requests and responses: req-*, resp-*, and the refusals of live-notes. */
#include "vector.h"

#include <postern/api.h>

static const char *const requests[] = {
	"req-credential",
	"req-present-token",
	"req-create-token",
	"req-add-member",
	"req-list-members",
	"req-delete-member",
};

static const char *const responses[] = {
	"resp-ok-empty",
	"resp-otc",
	"resp-forbidden",
};

/* The heads in front of the body, as we write them, are the vector's. */
static void
same_message(const struct bytes *b, const struct pst_writer *head, const struct pst_reader *body)
{
	uint8_t again[BYTES_MAX];
	struct pst_writer w = pst_writer(again, sizeof again);

	pst_write_bytes(&w, head->start, pst_writer_len(head));
	pst_write_bytes(&w, body->p, pst_reader_left(body));
	same_bytes(again, pst_writer_len(&w), b);
}

static void
requests_are_read_and_written_byte_by_byte(void **state)
{
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		struct bytes b = bytes_of(requests[i]);
		struct pst_api_request q;
		uint8_t head[PST_API_HEAD_MAX];
		struct pst_writer w = pst_writer(head, sizeof head);

		assert_int_equal(pst_api_request_read(&q, b.data, b.len), PST_OK);
		assert_int_equal(q.id, i + 1);
		assert_int_equal(q.has_body, pst_reader_left(&q.body) > 0);
		pst_api_request_write(&w, q.id, q.method, q.path, pst_reader_left(&q.body));
		same_message(&b, &w, &q.body);
	}
}

static void
responses_are_read_and_written_byte_by_byte(void **state)
{
	for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
		struct bytes b = bytes_of(responses[i]);
		struct pst_api_response a;
		uint8_t head[PST_API_HEAD_MAX];
		struct pst_writer w = pst_writer(head, sizeof head);

		assert_int_equal(pst_api_response_read(&a, b.data, b.len), PST_OK);
		assert_int_equal(a.has_body, pst_reader_left(&a.body) > 0);
		pst_api_response_write(&w, a.id, a.re, a.status, pst_reader_left(&a.body));
		same_message(&b, &w, &a.body);
	}
}

static void
paths_and_methods_are_as_said(void **state)
{
	struct bytes b = bytes_of("req-delete-member");
	struct pst_api_request q;

	assert_int_equal(pst_api_request_read(&q, b.data, b.len), PST_OK);
	assert_int_equal(q.method, PST_METHOD_DELETE);
	assert_int_equal(q.segments, 1);
	assert_int_equal(strlen(q.segment[0]), 65);
	b = bytes_of("req-list-members");
	assert_int_equal(pst_api_request_read(&q, b.data, b.len), PST_OK);
	assert_int_equal(q.method, PST_METHOD_GET);
	assert_int_equal(q.segments, 1);
	assert_string_equal(q.segment[0], "");
}

/* What a live authority said, and how we read and say it. */
static void
refusals_are_written_as_the_peer_writes_them(void **state)
{
	static const struct {
		const char *name, *path, *text;
		enum pst_method method;
	} said[] = {
		{ "credential_non_member", "/", "unauthorized member", PST_METHOD_POST },
		{ "token_again", "/", "Already a member", PST_METHOD_POST },
		{ "direct_bad_path", "/x/y", "unknown path", PST_METHOD_PUT },
		{ "direct_list_by_member", "/", "Non-enroller is trying to list members", PST_METHOD_GET },
	};

	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		const json_t *note = decoded("live-notes", said[i].name);
		struct bytes b = unhex(json_string_value(json_array_get(note, 1)));
		struct pst_api_response a = {
			.status = (unsigned)json_integer_value(json_array_get(note, 0)),
			.body = pst_reader(b.data, b.len),
		};
		uint8_t body[512];
		struct pst_writer w = pst_writer(body, sizeof body);
		char text[PST_API_TEXT_MAX];

		assert_string_equal(pst_api_error_text(&a, text, sizeof text), said[i].text);
		pst_api_error_write(&w, said[i].path, said[i].method, said[i].text);
		same_bytes(body, pst_writer_len(&w), &b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read_and_written_byte_by_byte),
		cmocka_unit_test(responses_are_read_and_written_byte_by_byte),
		cmocka_unit_test(paths_and_methods_are_as_said),
		cmocka_unit_test(refusals_are_written_as_the_peer_writes_them),
	};
	int rc;

	if (vectors_load("trust.json"))
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(vectors);
	return rc;
}
