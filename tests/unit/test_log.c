/* The lines of the log: what they look like, and which are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include <postern/told.h>

#include "base/line.h"
#include "base/logger.h"

static char *out;
static size_t out_len;
static struct pst_logbook book;
static struct pst_log nobody;

static int
setup(void **state)
{
	unsetenv("JOURNAL_STREAM");
	pst_logbook_init(&book, open_memstream(&out, &out_len), "node");
	nobody = (struct pst_log){ .logger = book.rooms };
	return 0;
}

static int
teardown(void **state)
{
	fclose(book.out);
	free(out);
	return 0;
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Behind the time, which no test knows. */
static const char *
after_time(void)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	const char *text = strchr(out, '2'); /* until the year 3000 */

	assert_non_null(text);
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd')
			assert_in_range(text[i], '0', '9');
		else
			assert_int_equal(text[i], form[i]);
	return text + sizeof form - 1;
}

/* A value in JSON, as it stands between its quotes. */
static void
json_is(const char *value, const char *wanted)
{
	struct pst_line line;
	char text[256];

	book.format = PST_LOG_JSON;
	pst_line_begin(&line, &book, PST_LOG_INFO, "m");
	line.len = 0;
	pst_line_field(&line, &(struct pst_field)PST_STR("k", value));
	pst_line_end(&line);
	snprintf(text, sizeof text, ",\"k\":\"%s\"}\n", wanted);
	assert_int_equal(line.len, strlen(text));
	assert_memory_equal(line.text, text, line.len);
}

/* ---- text ---- */

static void
a_line_is_time_level_sentence_and_fields(void **state)
{
	pst_warn(&nobody, "not so good", PST_STR("who", "me"), PST_U64("bytes", UINT64_MAX),
	    PST_I64("step", INT64_MIN), PST_RC(PST_E_LIMIT), PST_STR("left", NULL));
	assert_string_equal(after_time(),
	    " warn: not so good who=me bytes=18446744073709551615 step=-9223372036854775808 err=\"limit reached\"\n");
}

static void
text_shows_no_control_characters(void **state)
{
	pst_info(&nobody, "m", PST_STR("a", "x\ny\x9b z"), PST_STR("b", ""), PST_STR("c", "\"\\"));
	assert_string_equal(after_time(), " info: m a=\"x?y? z\" b=\"\" c=\"\\\"\\\\\"\n");
}

static void
a_sentence_shows_none_either(void **state)
{
	pst_info(&nobody, "a\x1b[2J \xc2\x9bz\n");
	assert_string_equal(after_time(), " info: a?[2J ??z?\n");
}

static void
the_journal_gets_priorities_and_no_time(void **state)
{
	book.journal = true;
	pst_error(&nobody, "a");
	pst_warn(&nobody, "b");
	pst_info(&nobody, "c");
	pst_logger_set(book.rooms, PST_LOG_DEBUG);
	pst_debug(&nobody, "d");
	assert_string_equal(out, "<3>error: a\n<4>warn: b\n<6>info: c\n<7>debug: d\n");
}

static void
the_journal_is_known_by_device_and_inode(void **state)
{
	char stream[64];
	struct stat st;
	FILE *file = tmpfile();
	struct pst_logbook other;

	assert_int_equal(fstat(fileno(file), &st), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	pst_logbook_init(&other, file, "node");
	assert_true(other.journal);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	pst_logbook_init(&other, file, "node");
	assert_false(other.journal);
	fclose(file);
}

static void
a_nearer_field_hides_one_of_the_same_key(void **state)
{
	struct pst_log outer = {
		.logger = book.rooms,
		.fields = PST_FIELDS(PST_STR("section", "outer"), PST_STR("peer", "p")),
	};
	struct pst_log inner = {
		.logger = book.rooms,
		.parent = &outer,
		.fields = PST_FIELDS(PST_STR("link", "l"), PST_STR("peer", "q")),
	};

	pst_info(&inner, "m", PST_STR("link", "mine"));
	assert_string_equal(after_time(), " info: m link=mine peer=q section=outer\n");
}

/* ---- JSON ---- */

static void
json_is_an_object_a_line(void **state)
{
	book.format = PST_LOG_JSON;
	pst_info(&nobody, "it \"is\"", PST_STR("who", "me"), PST_U64("bytes", UINT64_MAX), PST_I64("step", -3),
	    PST_RC(PST_E_LIMIT), PST_STR("left", NULL));
	assert_memory_equal(out, "{\"time\":\"2", 10);
	assert_string_equal(after_time(),
	    "\",\"level\":\"info\",\"msg\":\"it \\\"is\\\"\",\"who\":\"me\",\"bytes\":18446744073709551615,"
	    "\"step\":-3,\"err\":\"limit reached\"}\n");
}

static void
json_escapes_what_it_must(void **state)
{
	json_is("", "");
	json_is("a\"b\\c/", "a\\\"b\\\\c/");
	json_is("\n\t\x01\x1f\x7f", "\\u000a\\u0009\\u0001\\u001f\\u007f");
	json_is("\xc2\x9b", "\\u009b"); /* a terminal's CSI */
}

static void
json_keeps_utf8_and_replaces_what_is_none(void **state)
{
	json_is("\xc2\xa0 \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf",
	    "\xc2\xa0 \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf");
	json_is("\x80|\xff", "\xef\xbf\xbd|\xef\xbf\xbd");
	json_is("\xc3", "\xef\xbf\xbd");             /* cut off */
	json_is("\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"); /* longer than need be */
	json_is("\xe0\x9f\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json_is("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* half of a surrogate pair */
	json_is("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json_is("\xe2\x82q", "\xef\xbf\xbd\xef\xbf\xbdq");
}

/* Every string is closed, every escape and every character is whole. */
static bool
is_whole(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;
	bool in_string = false;

	while (p < end) {
		size_t more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;

		if (*p == '"')
			in_string = !in_string;
		else if (in_string && *p == '\\')
			more = p + 1 < end && p[1] == 'u' ? 5 : 1;
		if ((size_t)(end - p) <= more || (*p >= 0x80 && !more))
			return false;
		for (size_t i = 1; i <= more; i++)
			if ((*p >= 0x80) != (p[i] >= 0x80))
				return false;
		p += 1 + more;
	}
	return !in_string && text[0] == '{' && !memcmp(end - 2, "}\n", 2);
}

/* Values of every length around the limit, of characters of every width. */
static void
json_that_is_cut_is_still_an_object(void **state)
{
	static const char *const unit[] = { "x", "\"", "\x01", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
	char value[PST_LINE_MAX + 1] = "";

	book.format = PST_LOG_JSON;
	assert_false(is_whole("{\"k\":\"a}\n", 9));
	for (size_t u = 0; u < sizeof unit / sizeof *unit; u++) {
		size_t width = strlen(unit[u]);

		for (size_t n = 0; (n + 1) * width <= PST_LINE_MAX; n++) {
			struct pst_line line;

			memcpy(value + n * width, unit[u], width + 1);
			pst_line_begin(&line, &book, PST_LOG_INFO, "m");
			pst_line_field(&line, &(struct pst_field)PST_STR("k", value));
			pst_line_field(&line, &(struct pst_field)PST_U64("n", UINT64_MAX));
			pst_line_field(&line, &(struct pst_field)PST_STR("l", value));
			pst_line_end(&line);
			assert_in_range(line.len, 1, PST_LINE_MAX);
			assert_true(is_whole(line.text, line.len));
		}
	}
}

/* ---- levels ---- */

static void
a_room_has_a_level_of_its_own(void **state)
{
	struct pst_log portal = { .logger = pst_logbook_room(&book, "inlet") };

	pst_logger_set(portal.logger, PST_LOG_DEBUG);
	assert_true(pst_log_enabled(&portal, PST_LOG_DEBUG));
	assert_false(pst_log_enabled(&nobody, PST_LOG_DEBUG));
	pst_logger_set(portal.logger, PST_LOG_WARN);
	assert_false(pst_log_enabled(&portal, PST_LOG_INFO));
	assert_true(pst_log_enabled(&nobody, PST_LOG_INFO));
	assert_ptr_equal(portal.logger, pst_logbook_room(&book, "inlet"));
	assert_ptr_equal(book.rooms, pst_logbook_room(&book, "node"));
}

static void
a_fixed_level_is_that_of_every_room(void **state)
{
	struct pst_log portal = { .logger = pst_logbook_room(&book, "inlet") };

	book.fixed = PST_LOG_ERROR;
	pst_logger_set(&book.rooms[0], PST_LOG_INFO);
	pst_logger_set(portal.logger, PST_LOG_DEBUG);
	assert_false(pst_log_enabled(&portal, PST_LOG_WARN));
	assert_false(pst_log_enabled(&nobody, PST_LOG_WARN));
	assert_true(pst_log_enabled(&nobody, PST_LOG_ERROR));
}

static void
a_new_room_begins_with_info(void **state)
{
	struct pst_log portal = { .logger = pst_logbook_room(&book, "inlet") };

	assert_true(pst_log_enabled(&portal, PST_LOG_INFO));
	assert_false(pst_log_enabled(&portal, PST_LOG_DEBUG));
}

static void
without_a_logger_nothing_is_written(void **state)
{
	struct pst_log silent = { 0 };

	assert_false(pst_log_enabled(&silent, PST_LOG_ERROR));
	pst_error(&silent, "nobody hears this");
	pst_error((struct pst_log *)NULL, "nor this");
}

static void
too_many_rooms_share_the_main_one(void **state)
{
	static char name[PST_LOG_ROOMS + 1][8];

	for (int i = 0; i <= PST_LOG_ROOMS; i++) {
		snprintf(name[i], sizeof name[i], "r%d", i);
		assert_non_null(pst_logbook_room(&book, name[i]));
	}
	assert_int_equal(book.count, PST_LOG_ROOMS);
	assert_ptr_equal(pst_logbook_room(&book, name[PST_LOG_ROOMS]), book.rooms);
}

/* ---- what peers provoke ---- */

static size_t
lines_of(const char *sentence)
{
	size_t n = 0;

	for (const char *at = out; (at = strstr(at, sentence)); at++)
		n++;
	return n;
}

/* How many lines may have been allowed since then beyond a burst: two a second. */
static size_t
gained(uint64_t began_ns)
{
	return (size_t)((uv_hrtime() - began_ns) / 500000000) + 1;
}

static void
beginnings_beyond_a_hundred_are_counted(void **state)
{
	struct pst_rate rate = { 0 };
	uint64_t began = uv_hrtime();
	size_t told = 0, at_once;

	for (int i = 0; i < 100; i++)
		assert_true(pst_log_begins(&nobody, PST_LOG_INFO, &rate, "begins", PST_FIELDS(PST_U64("n", (uint64_t)i))));
	assert_int_equal(lines_of("begins n="), 100);
	assert_null(strstr(out, "suppressed")); /* none is left out */
	for (int i = 0; i < 1000; i++)
		told += pst_log_begins(&nobody, PST_LOG_INFO, &rate, "more", PST_FIELDS());
	at_once = gained(began);
	assert_in_range(told, 0, at_once);
	assert_int_equal(lines_of("more"), told);
	rate.tokens_milli = 1000; /* half a second later */
	rate.suppressed = 900;
	assert_true(pst_log_begins(&nobody, PST_LOG_INFO, &rate, "after", PST_FIELDS(PST_STR("side", "accepted"))));
	assert_non_null(strstr(out, "after side=accepted suppressed=900\n"));
}

static void
a_mistake_is_told_once_a_minute_of_each_place(void **state)
{
	struct pst_told told = { .next = 0 };
	char at[16], long_name[2 * PST_TOLD_TEXT];

	assert_false(pst_told_lately(&told, "hub:80", PST_E_PROTOCOL, 1000));
	assert_true(pst_told_lately(&told, "hub:80", PST_E_PROTOCOL, 60999));
	assert_false(pst_told_lately(&told, "hub:80", PST_E_CERTIFICATE, 60999)); /* it is another one */
	assert_false(pst_told_lately(&told, "hub:81", PST_E_PROTOCOL, 60999));
	assert_false(pst_told_lately(&told, "hub:80", PST_E_PROTOCOL, 61000));
	assert_true(pst_told_lately(&told, "hub:80", PST_E_PROTOCOL, 61001));
	for (int i = 0; i < PST_TOLD_MAX; i++) { /* the oldest makes way */
		snprintf(at, sizeof at, "other:%d", i);
		assert_false(pst_told_lately(&told, at, PST_E_PROTOCOL, 61002));
	}
	assert_true(pst_told_lately(&told, "other:0", PST_E_PROTOCOL, 61003));
	assert_false(pst_told_lately(&told, "hub:80", PST_E_PROTOCOL, 61003));
	memset(long_name, 'x', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	assert_false(pst_told_lately(&told, long_name, PST_E_PROTOCOL, 61004));
	assert_true(pst_told_lately(&told, long_name, PST_E_PROTOCOL, 61005));
}

static void
what_we_begin_is_always_told(void **state)
{
	for (int i = 0; i < 1000; i++)
		assert_true(pst_log_begins(&nobody, PST_LOG_INFO, NULL, "ours", PST_FIELDS()));
	assert_int_equal(lines_of("ours"), 1000);
}

static void
what_no_level_shows_takes_nothing_of_the_rate(void **state)
{
	struct pst_rate rate = { 0 };

	for (int i = 0; i < 1000; i++)
		assert_false(pst_log_begins(&nobody, PST_LOG_DEBUG, &rate, "unseen", PST_FIELDS()));
	assert_int_equal(rate.suppressed, 0);
	assert_true(pst_log_begins(&nobody, PST_LOG_INFO, &rate, "seen", PST_FIELDS()));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(a_line_is_time_level_sentence_and_fields),
		LOG_TEST(text_shows_no_control_characters),
		LOG_TEST(a_sentence_shows_none_either),
		LOG_TEST(the_journal_gets_priorities_and_no_time),
		LOG_TEST(the_journal_is_known_by_device_and_inode),
		LOG_TEST(a_nearer_field_hides_one_of_the_same_key),
		LOG_TEST(json_is_an_object_a_line),
		LOG_TEST(json_escapes_what_it_must),
		LOG_TEST(json_keeps_utf8_and_replaces_what_is_none),
		LOG_TEST(json_that_is_cut_is_still_an_object),
		LOG_TEST(a_room_has_a_level_of_its_own),
		LOG_TEST(a_fixed_level_is_that_of_every_room),
		LOG_TEST(a_new_room_begins_with_info),
		LOG_TEST(without_a_logger_nothing_is_written),
		LOG_TEST(too_many_rooms_share_the_main_one),
		LOG_TEST(beginnings_beyond_a_hundred_are_counted),
		LOG_TEST(a_mistake_is_told_once_a_minute_of_each_place),
		LOG_TEST(what_we_begin_is_always_told),
		LOG_TEST(what_no_level_shows_takes_nothing_of_the_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
