/* Configuration, step 1: from files to sections. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/conf.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static struct pst_conf *
conf_of(const char *text)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_conf *conf;

	assert_int_equal(pst_conf_new(&conf), PST_OK);
	if (pst_conf_load_text(conf, "t.conf", "/dir", text, strlen(text), &err))
		fail_msg("%s", err.text);
	return conf;
}

/* The sentence with which a text is refused. */
static const char *
refusal_of(const char *text, size_t len)
{
	static struct pst_err err;
	struct pst_conf *conf;

	memset(&err, 0, sizeof err);
	assert_int_equal(pst_conf_new(&conf), PST_OK);
	if (pst_conf_load_text(conf, "t.conf", "/dir", text, len, &err) == PST_OK)
		fail_msg("accepted: %s", text);
	assert_int_equal(err.rc, PST_E_CONF);
	pst_conf_free(&conf);
	return err.text;
}

/* ---- text ---- */

static void
sections_have_kind_name_use_and_place(void **state)
{
	struct pst_conf *conf = conf_of("# first\nnode hub { }\n\ntransport wan {\n"
					"  use = tcp\n  listen = {\"a\"}\n}\n");
	const struct pst_conf_section *wan = pst_conf_find(conf, "transport", "wan");

	assert_int_equal(pst_conf_count(conf), 2);
	assert_string_equal(pst_conf_at(conf, 0)->name, "hub");
	assert_null(pst_conf_at(conf, 0)->use);
	assert_int_equal(pst_conf_at(conf, 0)->line, 2);
	assert_ptr_equal(pst_conf_at(conf, 1), wan);
	assert_string_equal(wan->kind, "transport");
	assert_string_equal(wan->use, "tcp");
	assert_string_equal(wan->file, "t.conf");
	assert_string_equal(wan->dir, "/dir");
	assert_int_equal(wan->line, 4);
	assert_null(pst_conf_find(conf, "transport", "hub"));
	assert_null(pst_conf_find(conf, "nod", "ehub"));
	pst_conf_free(&conf);
	assert_null(conf);
	pst_conf_free(&conf);
}

static void
use_may_be_quoted_and_expanded(void **state)
{
	struct pst_conf *conf = conf_of("a a { use = 'x' } a b { use = \"${PST_NO:-tcp}\" }"
					"a c { use = ${PST_NO:-udp} }");

	assert_string_equal(pst_conf_at(conf, 0)->use, "x");
	assert_string_equal(pst_conf_at(conf, 1)->use, "tcp");
	assert_string_equal(pst_conf_at(conf, 2)->use, "udp");
	pst_conf_free(&conf);
}

static void
comments_stand_wherever_a_token_could_begin(void **state)
{
	struct pst_conf *conf = conf_of("// one {\n/* two { \" */ node /* three\n */ n { # }\n"
					"a = 1 // }\nb = {//\n\"x\",# '\n'y' /**/ }\n}#");

	assert_int_equal(pst_conf_count(conf), 1);
	assert_int_equal(pst_conf_at(conf, 0)->line, 2);
	pst_conf_free(&conf);
	conf = conf_of("");
	assert_int_equal(pst_conf_count(conf), 0);
	pst_conf_free(&conf);
}

static void
what_is_not_well_formed_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *sentence;
	} cases[] = {
		/* braces, and what is open at the end */
		{ "node n {\na = 1\n", "t.conf:1: node n: the section that begins here is not closed" },
		{ "node n { a = {\"x\" ", "t.conf:1: node n: a: found the end where a comma or } is "
					"expected in the list of line 1" },
		{ "node n { } }", "t.conf:1: this } closes nothing; is there one too many above?" },
		{ "node n", "t.conf:1: found the end where { is expected behind node n" },
		{ "node n = 1", "t.conf:1: found = where { is expected behind node n" },
		{ "node n { a = \"x\n\n}", "t.conf:1: node n: the \" that stands here is not closed" },
		{ "node n {\na = 'x\n}", "t.conf:2: node n: the ' that stands here is not closed" },
		{ "node n { a = 'x\\", "t.conf:1: node n: the ' that stands here is not closed" },
		{ "node n { a = \"x\\", "t.conf:1: node n: the \" that stands here is not closed" },
		{ "\n/* x\n", "t.conf:2: the comment that begins here is not closed" },
		/* sections */
		{ "x", "t.conf:1: the section needs a name: x NAME { … }" },
		{ "node { }", "t.conf:1: the section needs a name: node NAME { … }" },
		{ "state = x", "t.conf:1: state = stands outside of a section" },
		{ "{", "t.conf:1: found { where a section is expected: KIND NAME { … }" },
		{ "'node' n { }", "t.conf:1: found 'node' where a section is expected: KIND NAME { … }" },
		{ "node 'n' { }", "t.conf:1: 'n' cannot be the name of a section: letters, digits, "
				"_ . and - can" },
		{ "node .n { }", "t.conf:1: .n cannot be the name of a section: letters, digits, "
			       "_ . and - can" },
		{ "node a/b { }", "t.conf:1: a/b cannot be the name of a section: letters, digits, "
				"_ . and - can" },
		{ "node n { a { } }", "t.conf:1: node n: a: sections do not nest; a list is "
				    "written a = {…}" },
		{ "node n { a = 1\nnode m { }", "t.conf:2: node n: node: found m where = is "
					     "expected; is a } missing above?" },
		{ "node n { }\nnode n { }", "t.conf:2: node n: stands at t.conf:1 already" },
		/* entries */
		{ "node n { a = 1\n b = 2\n a = 3 }", "t.conf:3: node n: a stands here and in line 1" },
		{ "node n { use = a use = b }", "t.conf:1: node n: use stands here and in line 1" },
		{ "node n { use = {a} }", "t.conf:1: node n: use: takes one name, not a list" },
		{ "node n { use = '../x' }", "t.conf:1: node n: use: \"../x\" is not the name of a "
					   "module" },
		{ "node n { a = }", "t.conf:1: node n: a: found } where a value is expected" },
		{ "node n { a }", "t.conf:1: node n: a: found } where = is expected; is a } missing "
				"above?" },
		{ "node n { = 1 }", "t.conf:1: node n: found = where a key is expected" },
		{ "node n { 'a' = 1 }", "t.conf:1: node n: 'a' cannot be a key" },
		{ "node n { a:b = 1 }", "t.conf:1: node n: a:b cannot be a key" },
		{ "node n { ${HOME} = 1 }", "t.conf:1: node n: ${HOME} cannot be a key" },
		{ "node n { a = {,} }", "t.conf:1: node n: a: found , where a string or } is "
				      "expected in the list of line 1" },
		{ "node n { a = {x y} }", "t.conf:1: node n: a: found y where a comma or } is "
					"expected in the list of line 1" },
		{ "node n { a = {{x}} }", "t.conf:1: node n: a: found { where a string or } is "
					"expected in the list of line 1" },
		{ "node n { include \"x\" }", "t.conf:1: node n: include stands outside of sections "
					    "only; is a } missing above?" },
		{ "include x", "t.conf:1: found x where the pattern of an include is expected, as in "
			     "include \"*.conf\"" },
		{ "include \"x\"", "t.conf:1: include x: only a file can include" },
		/* words */
		{ "node n { a = 1; }", "t.conf:1: node n: unexpected ;: nothing stands between "
				     "entries" },
		{ "node n { a += 1 }", "t.conf:1: node n: unexpected +=: a list is written in one "
				     "place, as = {…}" },
		{ "node n { a = x${HOME} }", "t.conf:1: node n: unexpected ${: a bare ${X} is a "
					   "whole word; otherwise write \"…${X}…\"" },
		{ "node n { a = ${HOME}/x }", "t.conf:1: node n: ${HOME} is not the whole word: "
					    "write \"…${X}…\"" },
		{ "node n { a = (x) }", "t.conf:1: node n: unexpected (: a word with ( goes into "
				      "quotes" },
		{ "node n { a = x+y }", "t.conf:1: node n: unexpected +: a word with + goes into "
				      "quotes" },
		{ "node n { a = x\"y\" }", "t.conf:1: node n: unexpected \": quotes go around a whole "
					 "word" },
		{ "node n { a = x#y\n }", "t.conf:1: node n: unexpected #: put a blank in front of a "
					"comment, and a word with # into quotes" },
		{ "node n { a = x/* y */ }", "t.conf:1: node n: unexpected /*: put a blank in front "
					   "of a comment, and a word with /* into quotes" },
		{ "node n { a = 'x''y' }", "t.conf:1: node n: a blank is missing behind 'x'" },
		{ "node n { a = \"x\"// y\n }", "t.conf:1: node n: a blank is missing behind \"x\"" },
		/* expansion */
		{ "node n {\n a = \"${PST_NO}\" }", "t.conf:2: node n: ${PST_NO} is not set in the "
						  "environment and has no default, as in "
						  "${PST_NO:-…}" },
		{ "node n { a = ${PST_NO} }", "t.conf:1: node n: ${PST_NO} is not set in the "
					    "environment and has no default, as in ${PST_NO:-…}" },
		{ "node n { a = \"${}\" }", "t.conf:1: node n: an expansion is ${NAME} or "
					  "${NAME:-default}; for a plain $ write '…'" },
		{ "node n { a = \"${HOME-x}\" }", "t.conf:1: node n: an expansion is ${NAME} or "
						"${NAME:-default}; for a plain $ write '…'" },
		{ "node n { a = \"${X\" }", "t.conf:1: node n: an expansion is ${NAME} or "
					  "${NAME:-default}; for a plain $ write '…'" },
		{ "node n { a = \"${X:-\"y\"}\" }", "t.conf:1: node n: the default of ${X:-…} has no "
						  "\" \\ { $ or new line, and ends with }" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_string_equal(refusal_of(cases[i].text, strlen(cases[i].text)),
		    cases[i].sentence);
}

static void
escapes_that_would_change_silently_are_refused(void **state)
{
	static const char *const escapes[] = { "\\0", "\\x0", "\\x00", "\\000", "\\400", "\\8",
		"\\1234", "\\q", "\\xg", "\\D" };
	char text[64];

	for (size_t i = 0; i < LENGTH(escapes); i++) {
		snprintf(text, sizeof text, "node n { a = \"%s\" }", escapes[i]);
		assert_non_null(strstr(refusal_of(text, strlen(text)), "no such escape"));
	}
}

static void
control_characters_are_refused_everywhere(void **state)
{
	assert_string_equal(refusal_of("node n {\n a = 'x\0y' }", 22),
	    "t.conf:2: a control character, 0x00, stands here");
	assert_string_equal(refusal_of("# \x1b\n", 4),
	    "t.conf:1: a control character, 0x1b, stands here");
	assert_string_equal(refusal_of("\n\x7f", 2),
	    "t.conf:2: a control character, 0x7f, stands here");
}

static void
sentences_cut_what_is_long_between_characters(void **state)
{
	char text[128];

	/* a quote, 40 letters and the first byte of the 41st fill the 44 bytes shown */
	snprintf(text, sizeof text, "node n { 'ä%040däää' = 1 }", 0);
	assert_string_equal(refusal_of(text, strlen(text)),
	    "t.conf:1: node n: 'ä0000000000000000000000000000000000000000... cannot be a key");
}

static void
limits_are_limits(void **state)
{
	char *text = calloc(1, PST_CONF_FILE_MAX + 1);
	size_t len = 0;

	memset(text, ' ', PST_CONF_FILE_MAX + 1);
	assert_non_null(strstr(refusal_of(text, PST_CONF_FILE_MAX + 1), "larger than 1048576"));
	for (int i = 0; i <= PST_CONF_SECTIONS_MAX; i++)
		len += (size_t)sprintf(text + len, "n n%d{}\n", i);
	assert_non_null(strstr(refusal_of(text, len), "more than 10000 sections"));
	len = (size_t)sprintf(text, "n n {");
	for (int i = 0; i <= PST_CONF_KEYS_MAX; i++)
		len += (size_t)sprintf(text + len, " k%d=1", i);
	assert_non_null(strstr(refusal_of(text, len), "more than 256 keys"));
	len = (size_t)sprintf(text, "n n { a = {");
	for (int i = 0; i <= PST_CONF_ITEMS_MAX; i++)
		len += (size_t)sprintf(text + len, "x,");
	assert_non_null(strstr(refusal_of(text, len), "more than 10000 strings"));
	len = (size_t)sprintf(text, "n n { %065d = 1 }", 0);
	assert_non_null(strstr(refusal_of(text, len), "cannot be a key"));
	free(text);
}

static void
many_files_are_limited_together(void **state)
{
	char *text = malloc(PST_CONF_FILE_MAX);
	struct pst_err err = PST_ERR_INIT;
	struct pst_conf *conf;

	memset(text, ' ', PST_CONF_FILE_MAX);
	assert_int_equal(pst_conf_new(&conf), PST_OK);
	for (int i = 0; i < 16; i++)
		assert_int_equal(pst_conf_load_text(conf, "t", "/", text, PST_CONF_FILE_MAX, &err),
		    PST_OK);
	assert_int_equal(pst_conf_load_text(conf, "t", "/", text, 1, &err), PST_E_CONF);
	assert_non_null(strstr(err.text, "all files together"));
	pst_conf_free(&conf);
	assert_int_equal(pst_conf_new(&conf), PST_OK);
	for (int i = 0; i < PST_CONF_FILES_MAX; i++)
		assert_int_equal(pst_conf_load_text(conf, "t", "/", text, 1, &err), PST_OK);
	assert_int_equal(pst_conf_load_text(conf, "t", "/", text, 1, &err), PST_E_CONF);
	assert_string_equal(err.text, "t:1: more than 1000 files");
	pst_conf_free(&conf);
	free(text);
}

static void
errors_of_others_get_the_place(void **state)
{
	struct pst_conf *conf = conf_of("outlet db {\n  use = tcp\n  to = 'x'\n}\n");
	struct pst_err err = PST_ERR_INIT;

	assert_int_equal(pst_conf_fail(pst_conf_at(conf, 0), "to", &err, "no host %s", "x"),
	    PST_E_CONF);
	assert_string_equal(err.text, "t.conf:3: outlet db: to: no host x");
	pst_conf_fail(pst_conf_at(conf, 0), "vault", &err, "there are two");
	assert_string_equal(err.text, "t.conf:1: outlet db: vault: there are two");
	pst_conf_fail(pst_conf_at(conf, 0), NULL, &err, "needs allow");
	assert_string_equal(err.text, "t.conf:1: outlet db: needs allow");
	pst_conf_free(&conf);
}

static void
the_nearest_word_is_a_slip_away(void **state)
{
	static const char *const words[] = { "to", "listen", "authorized", "max_frame", "allow" };
	static const char *const cases[][2] = {
		{ "tto", "to" }, { "lsiten", "listen" }, { "Listen", "listen" },
		{ "authorised", "authorized" }, { "max-frame", "max_frame" }, { "max", "max_frame" },
		{ "alow", "allow" }, { "zebra", NULL }, { "x", NULL }, { "", NULL },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct pst_nearest near = { .word = cases[i][0] };

		for (size_t j = 0; j < LENGTH(words); j++)
			pst_nearest_offer(&near, words[j]);
		if (cases[i][1])
			assert_string_equal(near.best, cases[i][1]);
		else
			assert_null(near.best);
	}
}

/* ---- files ---- */

static char dir[64];

static int
make_dir(void **state)
{
	strcpy(dir, "/tmp/test_conf-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

static const char *
path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void
put(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Load; the names of all sections in order, or the sentence without the directory. */
static const char *
load(const char *name)
{
	static char names[PST_ERR_TEXT];
	struct pst_err err = PST_ERR_INIT;
	struct pst_conf *conf;
	char *p;

	assert_int_equal(pst_conf_new(&conf), PST_OK);
	names[0] = '\0';
	if (pst_conf_load(conf, path_of(name), &err)) {
		assert_int_equal(err.rc, PST_E_CONF);
		while ((p = strstr(err.text, dir)))
			memmove(p, p + strlen(dir), strlen(p + strlen(dir)) + 1);
		strcpy(names, err.text);
	}
	for (size_t i = 0; !err.rc && i < pst_conf_count(conf); i++) {
		strcat(names, i ? " " : "");
		strcat(names, pst_conf_at(conf, i)->name);
	}
	pst_conf_free(&conf);
	return names;
}

static void
a_directory_is_its_conf_files_in_order(void **state)
{
	mkdir(path_of("d"), 0700);
	assert_string_equal(load("d"), "");
	put("d/b.conf", "n b { }");
	put("d/B.conf", "n B { }");
	put("d/a.conf", "n a { }");
	put("d/.hidden.conf", "n hidden { }");
	put("d/c.txt", "n c { }");
	assert_string_equal(load("d"), "B a b");
	assert_string_equal(load("d/"), "B a b");
	put("d/c.conf", "\nn a { }");
	assert_string_equal(load("d"), "/d/c.conf:2: n a: stands at /d/a.conf:1 already");
}

static void
an_include_is_read_where_it_stands(void **state)
{
	mkdir(path_of("i"), 0700);
	mkdir(path_of("i/s"), 0700);
	put("top.conf", "n one { }\ninclude \"i/*.conf\"\nn two { }\n");
	assert_string_equal(load("top.conf"), "one two");
	put("i/2.conf", "n i2 { }");
	put("i/1.conf", "n i1 { } include 's/${PST_NO:-x}' include \"s/${PST_NO:-x}.conf\"");
	assert_string_equal(load("top.conf"), "/i/1.conf:1: include s/${PST_NO:-x}: no such file");
	put("i/1.conf", "n i1 { } include \"s/${PST_NO:-x}.conf\"");
	put("i/s/x.conf", "n x { }");
	assert_string_equal(load("top.conf"), "one i1 x i2 two");
	put("i/s/x.conf", "\n\nn x");
	assert_string_equal(load("top.conf"), "/i/s/x.conf:3: found the end where { is expected behind "
					      "n x");
}

static void
a_directory_with_a_star_is_taken_literally(void **state)
{
	mkdir(path_of("[x]*"), 0700);
	put("[x]*/a.conf", "include \"?.txt\"");
	put("[x]*/b.txt", "n b { }");
	assert_string_equal(load("[x]*/a.conf"), "b");
}

static void
includes_that_cannot_be_are_refused(void **state)
{
	char name[16], text[64];

	assert_string_equal(load("none.conf"), "/none.conf: No such file or directory");
	put("m.conf", "\ninclude \"none.conf\"");
	assert_string_equal(load("m.conf"), "/m.conf:2: include none.conf: no such file");
	put("m.conf", "include \"none/*.conf\"");
	assert_string_equal(load("m.conf"),
	    "/m.conf:1: include none/*.conf: a directory cannot be read");
	put("m.conf", "include \"\"");
	assert_string_equal(load("m.conf"), "/m.conf:1: include \"\": the pattern is empty");
	mkdir(path_of("sub"), 0700);
	put("m.conf", "include \"sub\"");
	assert_string_equal(load("m.conf"), "/m.conf:1: include /sub: Is a directory");
	assert_int_equal(mkfifo(path_of("f.fifo"), 0600), 0);
	put("m.conf", "include \"*.fifo\"");
	assert_string_equal(load("m.conf"), "/m.conf:1: include /f.fifo: not a regular file");
	put("self.conf", "include \"self.conf\"");
	assert_string_equal(load("self.conf"),
	    "/self.conf:1: include /self.conf: this file includes itself");
	put("p.conf", "include \"q.conf\"");
	put("q.conf", "include \"sub/../p.conf\"");
	assert_string_equal(load("p.conf"),
	    "/q.conf:1: include /sub/../p.conf: this file includes itself");
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof name, "l%d.conf", i);
		snprintf(text, sizeof text, i < 9 ? "include \"l%d.conf\"" : "n deep { }", i + 1);
		put(name, text);
	}
	assert_string_equal(load("l1.conf"), "deep");
	assert_string_equal(load("l0.conf"),
	    "/l8.conf:1: include /l9.conf: files include files more than 8 deep");
}

static void
a_large_file_is_refused_unread(void **state)
{
	put("large.conf", "n n { }");
	assert_int_equal(truncate(path_of("large.conf"), PST_CONF_FILE_MAX + 1), 0);
	assert_string_equal(load("large.conf"), "/large.conf:1: the file is larger than 1048576 bytes");
}

static void
a_file_knows_its_directory_whatever_the_path(void **state)
{
	struct pst_err err = PST_ERR_INIT;
	struct pst_conf *conf;
	char real[256];

	put("here.conf", "n n { }");
	assert_int_equal(chdir(dir), 0);
	assert_non_null(getcwd(real, sizeof real));
	assert_int_equal(pst_conf_new(&conf), PST_OK);
	assert_int_equal(pst_conf_load(conf, "here.conf", &err), PST_OK);
	assert_string_equal(pst_conf_at(conf, 0)->dir, real);
	assert_string_equal(pst_conf_at(conf, 0)->file, "here.conf");
	assert_int_equal(pst_conf_load(conf, "./here.conf", &err), PST_E_CONF);
	assert_string_equal(err.text, "./here.conf:1: n n: stands at here.conf:1 already");
	pst_conf_free(&conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_have_kind_name_use_and_place),
		cmocka_unit_test(use_may_be_quoted_and_expanded),
		cmocka_unit_test(comments_stand_wherever_a_token_could_begin),
		cmocka_unit_test(what_is_not_well_formed_is_refused),
		cmocka_unit_test(escapes_that_would_change_silently_are_refused),
		cmocka_unit_test(control_characters_are_refused_everywhere),
		cmocka_unit_test(sentences_cut_what_is_long_between_characters),
		cmocka_unit_test(limits_are_limits),
		cmocka_unit_test(many_files_are_limited_together),
		cmocka_unit_test(errors_of_others_get_the_place),
		cmocka_unit_test(the_nearest_word_is_a_slip_away),
		cmocka_unit_test(a_directory_is_its_conf_files_in_order),
		cmocka_unit_test(an_include_is_read_where_it_stands),
		cmocka_unit_test(a_directory_with_a_star_is_taken_literally),
		cmocka_unit_test(includes_that_cannot_be_are_refused),
		cmocka_unit_test(a_large_file_is_refused_unread),
		cmocka_unit_test(a_file_knows_its_directory_whatever_the_path),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
