/* Configuration, step 2: from sections to conf structs, and back to text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

struct all {
	const char *str;
	const char *str_set;
	bool flag;
	int64_t number;
	uint64_t size;
	uint64_t time;
	int word;
	struct pst_list list;
	struct pst_list list_set;
	const char *vault;
	struct pst_list vaults;
	const char *path;
	const char *path_set;
};

static const struct pst_opt options[] = {
	PST_OPT(STR, struct all, str, NULL, "a string"),
	PST_OPT(STR, struct all, str_set, "it's ${NOT} expanded", "another"),
	PST_OPT(BOOL, struct all, flag, "true", "yes or no"),
	PST_OPT(INT, struct all, number, "-7", "a number"),
	PST_OPT(SIZE, struct all, size, "16M", "a size"),
	PST_OPT(TIME, struct all, time, "30s", "a time", .of = "never"),
	PST_OPT(ENUM, struct all, word, "two", "a word", .of = "one two three"),
	PST_OPT(LIST, struct all, list, NULL, "a list"),
	PST_OPT(LIST, struct all, list_set, "api  echo", "another"),
	PST_OPT(REF, struct all, vault, NULL, "a reference", .of = "vault"),
	PST_OPT(REFS, struct all, vaults, "a b", "references", .of = "vault"),
	PST_OPT(PATH, struct all, path, NULL, "a path"),
	PST_OPT(PATH, struct all, path_set, "state/db", "another"),
	PST_OPT_END,
};

struct needy {
	const char *to;
};

static const struct pst_opt needy_options[] = {
	PST_OPT(STR, struct needy, to, NULL, "where to", .of = "required"),
	PST_OPT_END,
};

static struct pst_err err;

/* The values of `outlet db` on line 1 of a text, or NULL and a sentence in err. */
static struct pst_values *
read_by(const struct pst_opt *table, size_t size, const char *text)
{
	struct pst_values *values;
	struct pst_conf *conf;
	int rc;

	memset(&err, 0, sizeof err);
	assert_int_equal(pst_conf_new(&conf), PST_OK);
	if (pst_conf_load_text(conf, "t.conf", "/dir", text, strlen(text), &err))
		fail_msg("%s", err.text);
	rc = pst_values_new(&values, pst_conf_at(conf, 0), table, size, &err);
	assert_true(rc ? !values && err.rc == rc && rc == PST_E_CONF : !!values);
	pst_conf_free(&conf); /* the values outlive it */
	return values;
}

static struct pst_values *
values_of(const char *text)
{
	struct pst_values *values = read_by(options, sizeof(struct all), text);

	if (!values)
		fail_msg("%s", err.text);
	return values;
}

static struct pst_values *
values_of_body(const char *body)
{
	char text[1024];

	snprintf(text, sizeof text, "outlet db { %s }", body);
	return values_of(text);
}

static void
what_is_left_out_has_its_fallback(void **state)
{
	struct pst_values *values = values_of("outlet db { }");
	const struct all *all = pst_values_conf(values);

	assert_null(all->str);
	assert_string_equal(all->str_set, "it's ${NOT} expanded");
	assert_true(all->flag);
	assert_int_equal(all->number, -7);
	assert_int_equal(all->size, 16 << 20);
	assert_int_equal(all->time, 30000);
	assert_int_equal(all->word, 1);
	assert_int_equal(all->list.count, 0);
	assert_non_null(all->list.item);
	assert_null(all->list.item[0]);
	assert_int_equal(all->list_set.count, 2);
	assert_string_equal(all->list_set.item[1], "echo");
	assert_null(all->list_set.item[2]);
	assert_null(all->vault);
	assert_int_equal(all->vaults.count, 2);
	assert_string_equal(all->vaults.item[1], "b");
	assert_null(all->path);
	assert_string_equal(all->path_set, "/dir/state/db");
	assert_false(pst_values_written(values, "str"));
	assert_false(pst_values_written(values, "nothing"));
	pst_values_free(&values);
	assert_null(values);
	pst_values_free(&values);
}

static void
what_is_written_counts(void **state)
{
	struct pst_values *values = values_of(
	    "outlet db {\n use = tcp\n str = \"127.0.0.1:5432\" flag = off\n number = 010\n"
	    "size = 128K time = 250ms word = three\n list = { a, # one\n 'b c', \"d\", }\n"
	    "list_set = {} vault = hsm vaults = {hsm, default}\npath = pin path_set = /etc/pin }");
	const struct all *all = pst_values_conf(values);

	assert_string_equal(all->str, "127.0.0.1:5432");
	assert_false(all->flag);
	assert_int_equal(all->number, 10);
	assert_int_equal(all->size, 128 << 10);
	assert_int_equal(all->time, 250);
	assert_int_equal(all->word, 2);
	assert_int_equal(all->list.count, 3);
	assert_string_equal(all->list.item[0], "a");
	assert_string_equal(all->list.item[1], "b c");
	assert_string_equal(all->list.item[2], "d");
	assert_null(all->list.item[3]);
	assert_int_equal(all->list_set.count, 0);
	assert_string_equal(all->vault, "hsm");
	assert_int_equal(all->vaults.count, 2);
	assert_string_equal(all->vaults.item[1], "default");
	assert_string_equal(all->path, "/dir/pin");
	assert_string_equal(all->path_set, "/etc/pin");
	assert_true(pst_values_written(values, "list_set"));
	pst_values_free(&values);
}

static void
strings_are_what_they_look_like(void **state)
{
	static const char *const cases[][2] = {
		{ "x", "x" },
		{ "forward_to_*", "forward_to_*" },
		{ "*", "*" },
		{ "/ip4/127.0.0.1/tcp/4000", "/ip4/127.0.0.1/tcp/4000" },
		{ "http://x//y", "http://x//y" },
		{ "[::]:4000", "[::]:4000" },
		{ "a\\b\\", "a\\b\\" },
		{ "$x", "$x" },
		{ "$", "$" },
		{ "ä@!%^&?<>|~`_", "ä@!%^&?<>|~`_" },
		{ "''", "" },
		{ "\"\"", "" },
		{ "'(= subject.app \"x\")'", "(= subject.app \"x\")" },
		{ "'# ${PST_NO} // /* */ {},='", "# ${PST_NO} // /* */ {},=" },
		{ "'\\'\\\\\\n\\x'", "'\\\\n\\x" },
		{ "'a\\\nb\nc'", "ab\nc" },
		{ "\"a\\\nb\nc\"", "ab\nc" },
		{ "\"\\\"\\\\\\n\\t\\x41f\\101\\$\\'\\e\"", "\"\\\n\tAfA$'\033" },
		{ "\"# // /* */ '{},=;\"", "# // /* */ '{},=;" },
		{ "\"$\\${PST_NO}$x\"", "$${PST_NO}$x" },
		{ "\"<${PST_TEST}>\"", "<a \"b\" 'c' \\ {x} #>" },
		{ "${PST_TEST}", "a \"b\" 'c' \\ {x} #" },
		{ "\"${PST_EMPTY:-x}\"", "" },
		{ "${PST_EMPTY}", "" },
		{ "${PST_NO:-a:-b c'#}", "a:-b c'#" },
		{ "\"${PST_NO:-}\"", "" },
	};

	setenv("PST_TEST", "a \"b\" 'c' \\ {x} #", 1);
	setenv("PST_EMPTY", "", 1);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct pst_values *values;
		const struct all *all;
		char body[256];

		snprintf(body, sizeof body, "str = %s list = { %s }", cases[i][0], cases[i][0]);
		values = values_of_body(body);
		all = pst_values_conf(values);
		assert_string_equal(all->str, cases[i][1]);
		assert_int_equal(all->list.count, 1);
		assert_string_equal(all->list.item[0], cases[i][1]);
		pst_values_free(&values);
	}
	unsetenv("PST_TEST");
	unsetenv("PST_EMPTY");
}

static void
a_list_of_one_needs_no_braces(void **state)
{
	struct pst_values *values = values_of_body("list = x");
	const struct all *all = pst_values_conf(values);

	assert_int_equal(all->list.count, 1);
	assert_string_equal(all->list.item[0], "x");
	pst_values_free(&values);
}

static void
numbers_are_read_to_their_ends(void **state)
{
	static const struct {
		const char *body;
		int64_t number;
		uint64_t size;
		uint64_t time;
	} cases[] = {
		{ "number = 0 size = 0 time = 0", 0, 0, 0 },
		{ "number = 0 size = 0 time = never", 0, 0, PST_OPT_WORD },
		{ "number = 9223372036854775807 size = 1K time = 1", INT64_MAX, 1024, 1000 },
		{ "number = -9223372036854775808 size = 1M time = 1ms", INT64_MIN, 1 << 20, 1 },
		{ "number = -010 size = 1G time = 2m", -10, 1 << 30, 120000 },
		{ "number = '1' size = 9223372036854775807 time = 2h", 1, INT64_MAX, 7200000 },
		{ "number = 1 size = 8589934591G time = 106751991167d", 1,
		    8589934591ull << 30, 106751991167ull * 86400000 },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct pst_values *values = values_of_body(cases[i].body);
		const struct all *all = pst_values_conf(values);

		assert_true(all->number == cases[i].number);
		assert_true(all->size == cases[i].size);
		assert_true(all->time == cases[i].time);
		pst_values_free(&values);
	}
}

static void
every_word_for_yes_and_no_is_known(void **state)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; i < LENGTH(words); i++) {
		struct pst_values *values;
		char body[32];

		snprintf(body, sizeof body, "flag = %s", words[i]);
		values = values_of_body(body);
		assert_int_equal(((const struct all *)pst_values_conf(values))->flag, i % 2);
		pst_values_free(&values);
	}
}

static void
wrong_values_are_refused_with_place_key_and_reason(void **state)
{
	static const struct {
		const char *body;
		const char *sentence;
	} cases[] = {
		{ "\n\nsrt = x", "3: outlet db: unknown key \"srt\", did you mean \"str\"?" },
		{ "zebra = x", "1: outlet db: unknown key \"zebra\"" },
		{ "usee = x", "1: outlet db: unknown key \"usee\", did you mean \"use\"?" },
		{ "\nstr = {x}", "2: outlet db: str: takes one value, not a list" },
		{ "flag = maybe", "1: outlet db: flag: \"maybe\" is none of true, false, yes, no, on, "
				"off" },
		{ "flag = True", "1: outlet db: flag: \"True\" is none of true, false, yes, no, on, "
			       "off" },
		{ "number = 0x10", "1: outlet db: number: \"0x10\" is not a whole decimal number" },
		{ "number = ''", "1: outlet db: number: \"\" is not a whole decimal number" },
		{ "number = -", "1: outlet db: number: \"-\" is not a whole decimal number" },
		{ "number = ' 1'", "1: outlet db: number: \" 1\" is not a whole decimal number" },
		{ "number = '+1'", "1: outlet db: number: \"+1\" is not a whole decimal number" },
		{ "number = 1K", "1: outlet db: number: \"1K\" is not a whole decimal number" },
		{ "number = 9223372036854775808", "1: outlet db: number: \"9223372036854775808\" is "
						"too large" },
		{ "number = -9223372036854775809", "1: outlet db: number: \"-9223372036854775809\" is "
						 "too small" },
		{ "number = 99999999999999999999999", "1: outlet db: number: "
						    "\"99999999999999999999999\" is too large" },
		{ "size = -1", "1: outlet db: size: \"-1\" is not a size: digits, then K, M, G or "
			     "nothing" },
		{ "size = 1k", "1: outlet db: size: \"1k\" is not a size: digits, then K, M, G or "
			     "nothing" },
		{ "size = K", "1: outlet db: size: \"K\" is not a size: digits, then K, M, G or "
			    "nothing" },
		{ "size = 1KB", "1: outlet db: size: \"1KB\" is not a size: digits, then K, M, G or "
			      "nothing" },
		{ "size = 8589934592G", "1: outlet db: size: \"8589934592G\" is too large" },
		{ "size = 9223372036854775808", "1: outlet db: size: \"9223372036854775808\" is too "
					      "large" },
		{ "time = 5y", "1: outlet db: time: \"5y\" is not a time: digits, then ms, s, m, h, d "
			     "or nothing for seconds" },
		{ "time = 1.5s", "1: outlet db: time: \"1.5s\" is not a time: digits, then ms, s, m, "
			       "h, d or nothing for seconds" },
		{ "time = 9223372036854775807", "1: outlet db: time: \"9223372036854775807\" is too "
					      "large" },
		{ "word = four", "1: outlet db: word: \"four\" is not known; known are: one two three" },
		{ "word = 'one two'", "1: outlet db: word: \"one two\" is not known; known are: one "
				    "two three" },
		{ "word = ''", "1: outlet db: word: \"\" is not known; known are: one two three" },
		{ "vault = 'a b'", "1: outlet db: vault: \"a b\" is not the name of a section" },
		{ "vaults = {a, 'b c'}", "1: outlet db: vaults: \"b c\" is not the name of a section" },
		{ "vaults = {''}", "1: outlet db: vaults: \"\" is not the name of a section" },
		{ "path = ''", "1: outlet db: path: \"\" is not a path" },
		{ "path = ~/x", "1: outlet db: path: \"~/x\" begins with ~, which nobody expands "
			      "here: write ${HOME}" },
		{ "flag = \"a\\nb\\x1b[1m\"", "1: outlet db: flag: \"a?b?[1m\" is none of true, false, "
					    "yes, no, on, off" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char text[256], sentence[256];

		snprintf(text, sizeof text, "outlet db { %s }", cases[i].body);
		snprintf(sentence, sizeof sentence, "t.conf:%s", cases[i].sentence);
		assert_null(read_by(options, sizeof(struct all), text));
		assert_string_equal(err.text, sentence);
	}
}

static void
a_required_option_must_be_written(void **state)
{
	struct pst_values *values;

	assert_null(read_by(needy_options, sizeof(struct needy), "\noutlet db {\n}"));
	assert_string_equal(err.text, "t.conf:2: outlet db: to: is required");
	values = read_by(needy_options, sizeof(struct needy), "outlet db { to = x }");
	assert_string_equal(((const struct needy *)pst_values_conf(values))->to, "x");
	pst_values_free(&values);
	/* the example of the conventions */
	assert_null(read_by(needy_options, sizeof(struct needy), "\n\n\noutlet postgres { tto = x }"));
	assert_string_equal(err.text,
	    "t.conf:4: outlet postgres: unknown key \"tto\", did you mean \"to\"?");
}

static void
a_value_is_at_most_64_kib_after_expansion(void **state)
{
	char *text = malloc(PST_CONF_VALUE_MAX + 2);
	struct pst_values *values;

	memset(text, 'x', PST_CONF_VALUE_MAX);
	text[PST_CONF_VALUE_MAX] = '\0';
	setenv("PST_TEST", text, 1);
	values = values_of_body("str = ${PST_TEST}");
	assert_int_equal(strlen(((const struct all *)pst_values_conf(values))->str),
	    PST_CONF_VALUE_MAX);
	pst_values_free(&values);
	assert_null(read_by(options, sizeof(struct all), "o x { list = { a, \"${PST_TEST}x\" } }"));
	assert_string_equal(err.text, "t.conf:1: o x: list: longer than 65536 bytes");
	unsetenv("PST_TEST");
	free(text);
}

static void
a_reference_can_be_set_afterwards(void **state)
{
	struct pst_values *values = values_of_body("");
	const struct all *all = pst_values_conf(values);
	char name[] = "default";

	assert_int_equal(pst_values_set(values, "vault", name), PST_OK);
	name[0] = 'x';
	assert_string_equal(all->vault, "default");
	assert_false(pst_values_written(values, "vault"));
	assert_int_equal(pst_values_set(values, "volt", name), -EINVAL);
	assert_int_equal(pst_values_set(values, "size", name), -EINVAL);
	pst_values_free(&values);
}

static void
values_are_equal_however_written(void **state)
{
	static const char *const same[][2] = {
		{ "size = 1K", "size = 1024 # here\n" },
		{ "time = 60", "time = '1m'" },
		{ "flag = yes", "" },
		{ "list = x", "list = {\"x\"}" },
		{ "path = a", "path = /dir/a" },
	};
	static const char *const other[] = { "str = ''", "flag = no", "number = 1", "size = 1",
		"time = 1", "word = one", "list = x", "list_set = {api, ech}", "vault = v",
		"path = x" };
	struct pst_values *a, *b;

	for (size_t i = 0; i < LENGTH(same); i++) {
		a = values_of_body(same[i][0]);
		b = values_of_body(same[i][1]);
		assert_true(pst_values_equal(a, b));
		pst_values_free(&a);
		pst_values_free(&b);
	}
	a = values_of_body("");
	for (size_t i = 0; i < LENGTH(other); i++) {
		b = values_of_body(other[i]);
		assert_false(pst_values_equal(a, b));
		assert_false(pst_values_equal(b, a));
		pst_values_free(&b);
	}
	b = read_by(needy_options, sizeof(struct needy), "o x { to = x }");
	assert_false(pst_values_equal(a, b));
	pst_values_free(&a);
	pst_values_free(&b);
}

/* ---- printing ---- */

static char *
print(const struct pst_values *values)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	pst_options_print(file, "outlet", "db", "tcp", options, pst_values_conf(values));
	fclose(file);
	return text;
}

static void
a_section_prints_with_its_defaults(void **state)
{
	struct pst_values *values = values_of_body(
	    "str = 'a \"b\"' size = 1025 time = 90s list = { \"it's\", '${X}', \"a\\nb\\\\$\" }");
	char *text = print(values);

	assert_string_equal(text, "outlet db {\n"
				  "    use = tcp\n"
				  "    str = 'a \"b\"'\n"
				  "    str_set = 'it\\'s ${NOT} expanded'\n"
				  "    flag = true\n"
				  "    number = -7\n"
				  "    size = 1025\n"
				  "    time = 90s\n"
				  "    word = two\n"
				  "    list = {\"it's\", '${X}', \"a\\x0ab\\\\\\$\"}\n"
				  "    list_set = {\"api\", \"echo\"}\n"
				  "    # vault is not set\n"
				  "    vaults = {\"a\", \"b\"}\n"
				  "    # path is not set\n"
				  "    path_set = \"/dir/state/db\"\n"
				  "}\n");
	free(text);
	pst_values_free(&values);
}

static void
what_is_printed_reads_back_to_the_same(void **state)
{
	static const char *const bodies[] = { "", "str = ''", "time = 1ms", "time = 86400",
		"time = 36h", "size = 3G", "size = 1048577", "number = -9223372036854775808",
		"str = \"\\x01\\x7f\\n\\\"'\\\\\\${X}$\"", "str = '\\\\'", "str = \"'\\\\\"",
		"list = {'', \"\\\\\\n\", '\"', \"'\\\"\", ä}", "word = one flag = no vault = v-1.x",
		"vault = ''" };

	for (size_t i = 0; i < LENGTH(bodies); i++) {
		struct pst_values *a, *b;
		char *text;

		a = values_of_body(bodies[i]);
		text = print(a);
		b = values_of(text);
		assert_true(pst_values_equal(a, b));
		free(text);
		pst_values_free(&a);
		pst_values_free(&b);
	}
}

static void
every_byte_survives_quoting(void **state)
{
	for (int c = 1; c < 256; c++) {
		char want[] = { 'a', (char)c, '{', 'f', (char)c, '\0' };
		struct pst_values *values;
		char text[128] = "";
		FILE *file = fmemopen(text, sizeof text, "w");

		fputs("o x { str = ", file);
		pst_conf_quote(file, want);
		fputs(" }", file);
		fclose(file);
		values = values_of(text);
		assert_string_equal(((const struct all *)pst_values_conf(values))->str, want);
		pst_values_free(&values);
	}
}

static void
help_has_a_line_for_each_option(void **state)
{
	static const struct pst_opt table[] = {
		PST_OPT(STR, struct all, str, NULL, "where to", .of = "required"),
		PST_OPT(SIZE, struct all, size, "16M", "largest frame accepted, bytes"),
		PST_OPT(ENUM, struct all, word, "one", "how", .of = "one two"),
		PST_OPT(REF, struct all, vault, NULL, "whose keys", .of = "vault"),
		PST_OPT_END,
	};
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	pst_options_help(file, table);
	fclose(file);
	assert_string_equal(text,
	    "key    type    default   \n"
	    "str    string  required  where to\n"
	    "size   size    16M       largest frame accepted, bytes\n"
	    "word   word    one       how (one two)\n"
	    "vault  name    -         whose keys (section vault)\n");
	free(text);
}

/* ---- tables ---- */

static void
a_table_that_cannot_be_used_is_refused(void **state)
{
	static const struct {
		struct pst_opt opt;
		const char *sentence;
	} cases[] = {
		{ PST_OPT(STR, struct all, str, NULL, NULL), "str: has no help" },
		{ { "use", PST_OPT_TYPE_STR, 0, NULL, "x" }, "use: cannot be the name of an option" },
		{ { "include", PST_OPT_TYPE_STR, 0, NULL, "x" },
		    "include: cannot be the name of an option" },
		{ { "a|b", PST_OPT_TYPE_STR, 0, NULL, "x" }, "a|b: cannot be the name of an option" },
		{ { "", PST_OPT_TYPE_STR, 0, NULL, "x" }, ": cannot be the name of an option" },
		{ { "a", PST_OPT_TYPE_END, 0, NULL, "x" }, "a: has a type that is not known" },
		{ { "a", 99, 0, NULL, "x" }, "a: has a type that is not known" },
		{ { "a", PST_OPT_TYPE_STR, sizeof(struct all), NULL, "x" },
		    "a: lies outside of the conf struct" },
		{ { "a", PST_OPT_TYPE_LIST, sizeof(struct all) - 8, NULL, "x" },
		    "a: lies outside of the conf struct" },
		{ { "a", PST_OPT_TYPE_INT, 4, NULL, "x" }, "a: is not aligned in the conf struct" },
		{ { "a", PST_OPT_TYPE_ENUM, 0, NULL, "x" },
		    "a: has a member `of` that does not go with its type" },
		{ { "a", PST_OPT_TYPE_REF, 0, NULL, "x", " " },
		    "a: has a member `of` that does not go with its type" },
		{ { "a", PST_OPT_TYPE_STR, 0, NULL, "x", "requires" },
		    "a: has a member `of` that does not go with its type" },
		{ { "a", PST_OPT_TYPE_STR, 0, "x", "x", "required" },
		    "a: is required and has a fallback" },
		{ { "a", PST_OPT_TYPE_SIZE, 0, "many", "x" },
		    "a: fallback: \"many\" is not a size: digits, then K, M, G or nothing" },
	};

	assert_int_equal(pst_options_check(options, sizeof(struct all), &err), PST_OK);
	assert_int_equal(pst_options_check(needy_options, sizeof(struct needy), &err), PST_OK);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct pst_opt table[] = { cases[i].opt, PST_OPT_END };

		assert_int_equal(pst_options_check(table, sizeof(struct all), &err), PST_E_MODULE);
		assert_string_equal(err.text, cases[i].sentence);
	}
	struct pst_opt twice[] = { options[0], options[1], options[0], PST_OPT_END };
	assert_int_equal(pst_options_check(twice, sizeof(struct all), &err), PST_E_MODULE);
	assert_string_equal(err.text, "str: stands twice in the table");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_out_has_its_fallback),
		cmocka_unit_test(what_is_written_counts),
		cmocka_unit_test(strings_are_what_they_look_like),
		cmocka_unit_test(a_list_of_one_needs_no_braces),
		cmocka_unit_test(numbers_are_read_to_their_ends),
		cmocka_unit_test(every_word_for_yes_and_no_is_known),
		cmocka_unit_test(wrong_values_are_refused_with_place_key_and_reason),
		cmocka_unit_test(a_required_option_must_be_written),
		cmocka_unit_test(a_value_is_at_most_64_kib_after_expansion),
		cmocka_unit_test(a_reference_can_be_set_afterwards),
		cmocka_unit_test(values_are_equal_however_written),
		cmocka_unit_test(a_section_prints_with_its_defaults),
		cmocka_unit_test(what_is_printed_reads_back_to_the_same),
		cmocka_unit_test(every_byte_survives_quoting),
		cmocka_unit_test(help_has_a_line_for_each_option),
		cmocka_unit_test(a_table_that_cannot_be_used_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
