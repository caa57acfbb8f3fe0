/* The vectors ticket-plain and ticket-json, and what becomes of them when they are altered. */
#include "vector.h"

#include <sodium.h>

#include <postern/ticket.h>

static char plain[BYTES_MAX + 1], json[BYTES_MAX + 1];

static int
setup(void **state)
{
	struct bytes b = bytes_of("ticket-plain");

	snprintf(plain, sizeof plain, "%.*s", (int)b.len, (const char *)b.data);
	b = bytes_of("ticket-json");
	snprintf(json, sizeof json, "%.*s", (int)b.len, (const char *)b.data);
	return 0;
}

static struct pst_ticket *
ticket(const char *text)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_ticket *t;

	if (pst_ticket_read(&t, text, strlen(text), &err))
		fail_msg("%s", err.text);
	return t;
}

static void
refused(const char *text, int rc, const char *part)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_ticket *t;

	assert_int_equal(pst_ticket_read(&t, text, strlen(text), &err), rc);
	assert_null(t);
	if (!strstr(err.text, part))
		fail_msg("\"%s\" does not speak of: %s", err.text, part);
	assert_null(strstr(err.text, "c0c1c2c3"));
}

/* text with the first `from` replaced. */
static const char *
altered(const char *text, const char *from, const char *to)
{
	static char out[2 * BYTES_MAX];
	const char *at = strstr(text, from);

	assert_non_null(at);
	snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

static void
check_vector(const struct pst_ticket *t)
{
	char id[PST_IDENTIFIER_TEXT];

	for (int i = 0; i < PST_CODE_LEN; i++)
		assert_int_equal(t->code[i], 0xc0 + i);
	assert_string_equal(t->project_name, "default");
	assert_string_equal(t->project_id, "p1");
	assert_int_equal(t->project_routes, 1);
	assert_string_equal(t->project_route[0], "/dnsaddr/127.0.0.1/tcp/4000/service/p1/service/api");
	assert_int_equal(t->authority_routes, 1);
	assert_string_equal(t->authority_route[0], "/dnsaddr/127.0.0.1/tcp/4001/service/api");
	pst_identifier_format(id, &t->project.identifier);
	assert_string_equal(id, json_string_value(decoded("change-history-bob", "identifier")));
	pst_identifier_format(id, &t->authority.identifier);
	assert_string_equal(id, json_string_value(decoded("change-history-authority", "identifier")));
}

static void
check_written(const struct pst_ticket *t, enum pst_ticket_form form, const char *want)
{
	char *text;

	assert_int_equal(pst_ticket_write(&text, t, form, NULL), PST_OK);
	assert_string_equal(text, want);
	pst_ticket_text_free(&text);
}

static void
every_form_is_read_and_written_as_by_the_peer(void **state)
{
	static char hex[2 * BYTES_MAX + 1];
	struct pst_ticket *t;

	sodium_bin2hex(hex, sizeof hex, (const uint8_t *)plain, strlen(plain));
	const char *const forms[] = { plain, json, hex };

	for (size_t i = 0; i < 3; i++) {
		t = ticket(forms[i]);
		check_vector(t);
		check_written(t, PST_TICKET_PLAIN, plain);
		check_written(t, PST_TICKET_JSON, json);
		check_written(t, PST_TICKET_HEX, hex);
		pst_ticket_free(&t);
		assert_null(t);
	}
}

static void
white_space_around_it_is_nothing(void **state)
{
	static char text[BYTES_MAX + 8];
	struct pst_ticket *t;

	snprintf(text, sizeof text, " \n%s\r\n\t", plain);
	t = ticket(text);
	check_vector(t);
	pst_ticket_free(&t);
}

static void
the_older_form_is_read(void **state)
{
	static char text[BYTES_MAX], hex[2 * BYTES_MAX + 1];
	struct bytes project = bytes_of("change-history-bob"), authority = bytes_of("change-history-authority");
	char project_hex[512], authority_hex[512];
	struct pst_ticket *t;

	snprintf(text, sizeof text, "{\"one_time_code\":\"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf\","
	    "\"project\":{\"id\":\"p1\",\"name\":\"default\",\"space_name\":\"\",\"users\":[],\"identity\":null,"
	    "\"access_route\":\"/dnsaddr/127.0.0.1/tcp/4000/service/p1/service/api\","
	    "\"authority_access_route\":\"/dnsaddr/127.0.0.1/tcp/4001/service/api\","
	    "\"project_change_history\":\"%s\",\"authority_identity\":\"%s\"}}",
	    sodium_bin2hex(project_hex, sizeof project_hex, project.data, project.len),
	    sodium_bin2hex(authority_hex, sizeof authority_hex, authority.data, authority.len));
	t = ticket(text);
	check_vector(t);
	pst_ticket_free(&t);
	sodium_bin2hex(hex, sizeof hex, (const uint8_t *)text, strlen(text));
	t = ticket(hex);
	check_vector(t);
	pst_ticket_free(&t);
	refused(altered(text, "\"project_change_history\"", "\"other\""), -EBADMSG, "lacks a field");
}

static void
further_routes_travel_where_others_ignore_them(void **state)
{
	static char text[2 * BYTES_MAX];
	struct pst_ticket *t, *again;
	char *written;

	snprintf(text, sizeof text, "%s,authority=/ip4/10.0.0.2/tcp/1/secure/api,what=else,"
	    "project=/ip4/10.0.0.3/tcp/2/secure/api,authority=/ip4/10.0.0.4/tcp/3/secure/api", plain);
	t = ticket(text);
	assert_int_equal(t->project_routes, 2);
	assert_string_equal(t->project_route[1], "/ip4/10.0.0.3/tcp/2/secure/api");
	assert_int_equal(t->authority_routes, 3);
	assert_string_equal(t->authority_route[2], "/ip4/10.0.0.4/tcp/3/secure/api");
	for (enum pst_ticket_form form = PST_TICKET_PLAIN; form <= PST_TICKET_HEX; form++) {
		assert_int_equal(pst_ticket_write(&written, t, form, NULL), PST_OK);
		again = ticket(written);
		assert_int_equal(again->project_routes, 2);
		assert_string_equal(again->project_route[1], t->project_route[1]);
		assert_int_equal(again->authority_routes, 3);
		assert_string_equal(again->authority_route[1], t->authority_route[1]);
		pst_ticket_free(&again);
		pst_ticket_text_free(&written);
	}
	pst_ticket_free(&t);
	for (int i = 0; i < PST_TICKET_ROUTES_MAX; i++)
		strcat(text, ",project=/ip4/10.0.0.3/tcp/2");
	refused(text, PST_E_LIMIT, "routes");
}

static void
without_a_service_the_name_is_the_id(void **state)
{
	struct pst_ticket *t = ticket(altered(plain, "/dnsaddr/127.0.0.1/tcp/4000/service/p1/service/api",
	    "/ip4/127.0.0.1/tcp/4000/secure/api"));

	assert_string_equal(t->project_id, "default");
	pst_ticket_free(&t);
}

static void
what_was_altered_is_refused(void **state)
{
	/* bob's history, then the authority's: one hex digit of a signature each */
	refused(altered(plain, "9e46de57", "9e46de58"), PST_E_AUTH, "project's history");
	refused(altered(plain, "7f35abae", "7f35abaf"), PST_E_AUTH, "authority's history");
	refused(altered(plain, "I0a2e6f52", "I0a2e6f53"), PST_E_AUTH, "not that of its history");
	refused(altered(json, "I0a2e6f52", "I0a2e6f53"), PST_E_AUTH, "not that of its history");
	refused(altered(plain, "I0a2e6f52", "J0a2e6f52"), -EBADMSG, "identifier");
	refused(altered(plain, "c0c1", "c0"), -EBADMSG, "code");
	refused(altered(plain, "c0c1", "xyc1"), -EBADMSG, "code");
	refused(altered(plain, ",default,", ",,"), -EBADMSG, "name");
	refused(altered(plain, ",default,", ",a\x1b,"), -EBADMSG, "name");
	refused(altered(plain, ",default,", ",a,b,"), -EBADMSG, "code");
	refused(altered(plain, "/dnsaddr/127.0.0.1/tcp/4001", "/moon/4001"), -EBADMSG, "route");
	refused(altered(plain, "/dnsaddr/127.0.0.1/tcp/4000/service/p1/service/api",
	    "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"), -EBADMSG, "route");
	refused(altered(json, "\"project_name\"", "\"project_route\""), -EBADMSG, "JSON");
	refused(altered(json, "\"default\"", "7"), -EBADMSG, "lacks a field");
	refused("", -EBADMSG, "no ticket");
	refused("1,2,3,4,5,6", -EBADMSG, "6 fields");
	refused("41", -EBADMSG, "no ticket");
	refused("00", -EBADMSG, "NUL");
	refused("{", -EBADMSG, "JSON");
	refused("{}", -EBADMSG, "lacks a field");
}

static void
a_ticket_that_is_cut_anywhere_is_refused(void **state)
{
	struct pst_ticket *t;

	/* up to the last route, whose beginning may be one */
	for (size_t n = 0; n < strlen(plain) - strlen("27.0.0.1/tcp/4001/service/api"); n++)
		assert_int_not_equal(pst_ticket_read(&t, plain, n, NULL), PST_OK);
	for (size_t n = 0; n < strlen(json); n++)
		assert_int_not_equal(pst_ticket_read(&t, json, n, NULL), PST_OK);
}

static void
a_ticket_beyond_all_bounds_is_refused(void **state)
{
	char *text = malloc(PST_TICKET_MAX + 2);
	struct pst_ticket *t;

	assert_non_null(text);
	memset(text, ',', PST_TICKET_MAX + 1);
	assert_int_equal(pst_ticket_read(&t, text, PST_TICKET_MAX + 1, NULL), PST_E_LIMIT);
	assert_int_equal(pst_ticket_read(&t, text, PST_TICKET_MAX, NULL), -EBADMSG);
	free(text);
}

static void
not_written(const struct pst_ticket *t, const char *part)
{
	struct pst_err err = PST_ERR_INIT;
	char *text;

	assert_int_not_equal(pst_ticket_write(&text, t, PST_TICKET_PLAIN, &err), PST_OK);
	assert_null(text);
	assert_non_null(strstr(err.text, part));
}

static void
what_could_not_be_read_is_not_written(void **state)
{
	struct pst_ticket *t = ticket(plain), bad = *t;

	bad.project_name = "a,b";
	not_written(&bad, "commas");
	bad = *t;
	bad.project_route[0] = "/ip4/1.2.3.4/tcp/1/service/a,b";
	not_written(&bad, "comma");
	bad = *t;
	bad.authority_route[0] = "nowhere";
	not_written(&bad, "protocol");
	bad = *t;
	bad.authority_routes = 0;
	not_written(&bad, "routes");
	bad = *t;
	bad.authority.history_len--;
	not_written(&bad, "history");
	pst_ticket_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_read_and_written_as_by_the_peer),
		cmocka_unit_test(white_space_around_it_is_nothing),
		cmocka_unit_test(the_older_form_is_read),
		cmocka_unit_test(further_routes_travel_where_others_ignore_them),
		cmocka_unit_test(without_a_service_the_name_is_the_id),
		cmocka_unit_test(what_was_altered_is_refused),
		cmocka_unit_test(a_ticket_that_is_cut_anywhere_is_refused),
		cmocka_unit_test(a_ticket_beyond_all_bounds_is_refused),
		cmocka_unit_test(what_could_not_be_read_is_not_written),
	};
	int rc;

	if (vectors_load("trust.json"))
		return 1;
	rc = cmocka_run_group_tests(tests, setup, NULL);
	json_decref(vectors);
	return rc;
}
