/*
 * postern complete WORD ...: what may come next on a command line. The completions of all shells ask this, so they know what this
 * postern knows, and nothing is written twice: commands, verbs and options are read from the help that people get (main.c),
 * the keys of a section from the table of its module, names of sections from the node that runs.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "node/config.h"

#define OPTIONS_MAX (PST_CONF_KEYS_MAX + 32)

struct span {
	const char *at;
	int len;
};

/* As a command's help has it; or as a section's table does. */
struct option {
	struct span name, argument, help;
	const struct pst_opt *key;
};

struct line {
	const struct command *command;
	const char *word[2]; /* behind it, neither options nor their values: a verb and a name, for most */
	int words;
	const char *use, *state;
	struct pst_loader *loader;
	struct option options[OPTIONS_MAX];
	size_t count;
	bool said;
};

static bool
is(struct span span, const char *text)
{
	return span.len == (int)strlen(text) && !memcmp(span.at, text, (size_t)span.len);
}

static void
say(struct line *line, const char *before, struct span word, struct span help)
{
	printf("%s%.*s\t%.*s\n", before, word.len, word.at, help.len, help.at);
	line->said = true;
}

static struct span
span_of(const char *text)
{
	return (struct span){ text ? text : "", text ? (int)strlen(text) : 0 };
}

/* ---- options ---- */

/* "--word ARGUMENT  help": behind a single blank is an argument. */
static struct option
option_parse(const char *text, int len)
{
	struct option option = { .name = { text + 2, (int)strcspn(text, " \n") - 2 } };
	const char *pos = text + 2 + option.name.len, *end = text + len;

	if (pos + 1 < end && pos[1] != ' ') {
		option.argument = (struct span){ pos + 1, (int)strcspn(pos + 1, " \n") };
		pos += 1 + option.argument.len;
	}
	pos += strspn(pos, " ");
	option.help = (struct span){ pos, (int)(end - pos) };
	return option;
}

static void
option_add(struct line *line, struct option option)
{
	if (line->count < OPTIONS_MAX)
		line->options[line->count++] = option;
}

/* Options that stand below the verb, and deeper, are all that it has; else it has those that stand below none. */
static void
options_of_command(struct line *line)
{
	const char *text = line->command->help, *verb = line->word[0] ? line->word[0] : "";
	bool mine = false, own = false;

	for (int len; *text; text += len + (text[len] == '\n')) {
		int indent = (int)strspn(text, " ");
		bool option = !strncmp(text + indent, "--", 2);

		len = (int)strcspn(text, "\n");
		if (!option && indent == 2) {
			mine = is((struct span){ text + 2, (int)strcspn(text + 2, " \n") }, verb);
		} else if (option && indent > 2 && mine) {
			line->count = own ? line->count : 0;
			own = true;
			option_add(line, option_parse(text + indent, len - indent));
		} else if (option && indent == 2 && !own) {
			option_add(line, option_parse(text + indent, len - indent));
		}
	}
}

static void
options_of_section(struct line *line)
{
	const char *name = line->word[1] ? line->word[1] : "default";
	const struct pst_section_kind *kind = pst_section_kind_find(line->command->name);
	const struct pst_section *row;

	if (kind->module_kind && !kind->fixed)
		option_add(line, (struct option){ span_of("use"), span_of("MODULE"), span_of("module that serves it") });
	if (pst_config_row(&row, line->loader, line->command->name, name, line->use, NULL))
		return;
	for (const struct pst_opt *key = row->options; key->name; key++)
		option_add(line, (struct option){ span_of(key->name), span_of("VALUE"), span_of(key->help), key });
}

static void
options_read(struct line *line)
{
	line->count = 0;
	options_of_command(line);
	if (line->word[0] && !strcmp(line->word[0], "create") && pst_section_kind_find(line->command->name))
		options_of_section(line);
}

static const struct option *
option_find(struct line *line, const char *word)
{
	options_read(line);
	for (size_t i = 0; i < line->count; i++)
		if (is(line->options[i].name, word + 2))
			return &line->options[i];
	return NULL;
}

/* ---- what a word stands for ---- */

static void
say_commands(struct line *line)
{
	for (const struct command *c = commands; c->name; c++)
		say(line, "", span_of(c->name), span_of(c->summary));
}

static void
say_file(struct line *line)
{
	say(line, "", span_of("<file>"), span_of(NULL));
}

static void
say_directory(struct line *line)
{
	say(line, "", span_of("<directory>"), span_of(NULL));
}

static void
say_names_of(struct line *line, const char *kind)
{
	struct ask ask = { .state = line->state, .no_start = true, .timeout_ms = 1000 };
	const char *name, *state;
	json_t *answer, *section;
	size_t i;

	if (ask_node(&ask, json_pack("{s:s, s:s}", "do", "list", "kind", kind), &answer))
		return;
	json_array_foreach(answer, i, section)
		if (!json_unpack(section, "{s:s, s:s}", "name", &name, "state", &state))
			say(line, "", span_of(name), span_of(state));
	json_decref(answer);
}

/* Of the command's kind, or, behind `ping`, of that which has been named; what is called is a function. */
static void
say_names(struct line *line)
{
	const char *verb = line->word[0] ? line->word[0] : "";

	if (!strcmp(line->command->name, "call"))
		say_names_of(line, "function");
	else if (pst_section_kind_find(verb))
		say_names_of(line, verb);
	else if (!strcmp(verb, "show") || !strcmp(verb, "delete"))
		say_names_of(line, line->command->name);
}

static void
say_identities(struct line *line)
{
	say_names_of(line, "identity");
}

static void
say_vaults(struct line *line)
{
	say_names_of(line, "vault");
}

struct listing {
	struct line *line;
	const char *kind; /* NULL: the kinds themselves */
	char last[PST_CONF_WORD_MAX + 1];
};

static int
say_module(void *arg, const char *kind, const char *name)
{
	struct listing *listing = arg;

	if (listing->kind && !strcmp(listing->kind, kind))
		say(listing->line, "", span_of(name), span_of("module"));
	else if (!listing->kind && strcmp(listing->last, kind))
		say(listing->line, "", span_of(kind), span_of("kind of module"));
	snprintf(listing->last, sizeof listing->last, "%s", kind);
	return 0;
}

static void
say_kinds(struct line *line)
{
	struct listing listing = { .line = line };

	say(line, "", span_of("core"), span_of("sections of the core"));
	pst_loader_list(line->loader, say_module, &listing);
}

/* For `--use` those of the command's kind, for `help` those of the kind that has been named. */
static void
say_modules(struct line *line)
{
	const struct pst_section_kind *kind = pst_section_kind_find(line->command->name);
	struct listing listing = { .line = line, .kind = kind ? kind->module_kind : line->word[0] };

	if (listing.kind)
		pst_loader_list(line->loader, say_module, &listing);
	for (kind = pst_section_kinds; listing.kind && !strcmp(listing.kind, "core") && kind->name; kind++)
		if (!kind->module_kind)
			say(line, "", span_of(kind->name), span_of("section of the core"));
}

static const struct {
	const char *word;
	void (*say)(struct line *line);
} meanings[] = {
	{ "COMMAND", say_commands },
	{ "DIR", say_directory },
	{ "DIRECTORY", say_directory },
	{ "FILE", say_file },
	{ "IDENTITY", say_identities },
	{ "KIND", say_kinds },
	{ "MODULE", say_modules },
	{ "NAME", say_names },
	{ "VAULT", say_vaults },
};

/* "FILE|DIRECTORY", "create|show": words in small letters mean themselves. */
static void
say_meaning(struct line *line, struct span text)
{
	for (const char *pos = text.at, *end = text.at + text.len; pos < end;) {
		struct span one = { pos, (int)strcspn(pos, "|") };

		one.len = one.len < end - pos ? one.len : (int)(end - pos);
		pos += one.len + 1;
		if (islower((unsigned char)*one.at))
			say(line, "", one, span_of(NULL));
		for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
			if (is(one, meanings[i].word))
				meanings[i].say(line);
	}
}

static void
say_value(struct line *line, const struct option *option)
{
	const struct pst_opt *key = option->key;

	if (!key)
		say_meaning(line, option->argument);
	else if (key->type == PST_OPT_TYPE_PATH)
		say_file(line);
	else if (key->type == PST_OPT_TYPE_BOOL)
		say_meaning(line, span_of("yes|no"));
	else if (pst_opt_refers(key))
		say_names_of(line, key->of);
	else if (key->type == PST_OPT_TYPE_ENUM)
		for (const char *pos = key->of; *pos; pos += strcspn(pos, " "), pos += strspn(pos, " "))
			say(line, "", (struct span){ pos, (int)strcspn(pos, " ") }, span_of(NULL));
}

static void
say_options(struct line *line)
{
	options_read(line);
	for (size_t i = 0; i < line->count; i++)
		say(line, "--", line->options[i].name, line->options[i].help);
}

/* ---- the usage: alternatives with " | " between ---- */

static bool
among(struct span alternatives, const char *word)
{
	size_t len = strlen(word);

	for (const char *pos = alternatives.at, *end = pos + alternatives.len; pos < end; pos += strcspn(pos, "|") + 1)
		if (!strncmp(pos, word, len) && (pos + len == end || pos[len] == '|'))
			return true;
	return false;
}

/* What stands in the place of the next word, in those alternatives whose first word is the one that was written. */
static void
say_next(struct line *line)
{
	bool fits = true;
	struct span word;
	int at = 0;

	for (const char *pos = line->command->arguments; *(pos += strspn(pos, " []")); pos += word.len) {
		word = (struct span){ pos, (int)strcspn(pos, " []") };
		if (is(word, "|")) {
			at = 0;
			fits = true;
			continue;
		}
		if (at == 0 && line->words)
			fits = isupper((unsigned char)*pos) || among(word, line->word[0]);
		if (at++ == line->words && fits)
			say_meaning(line, word);
	}
}

/* ---- the command ---- */

/* The words before the last; returns the option whose value that is. */
static const struct option *
line_read(struct line *line, int argc, char **argv)
{
	const struct option *option = NULL;

	for (int i = 0; i < argc - 1; i++) {
		if (option) {
			if (is(option->name, "use"))
				line->use = argv[i];
			else if (is(option->name, "state"))
				line->state = argv[i];
			option = NULL;
		} else if (!strncmp(argv[i], "--", 2)) {
			option = option_find(line, argv[i]);
			option = option && option->argument.len ? option : NULL;
		} else {
			if (line->words < 2)
				line->word[line->words] = argv[i];
			line->words++;
		}
	}
	return option;
}

static void
line_complete(struct line *line, int argc, char **argv)
{
	const struct option *option = line_read(line, argc, argv);

	if (option) {
		say_value(line, option);
	} else if (argv[argc - 1][0] == '-') {
		say_options(line);
	} else {
		say_next(line);
		if (!line->said)
			say_options(line);
	}
}

int
cmd_complete(int argc, char **argv)
{
	struct line line = { 0 };

	if (argc < 3) {
		say_commands(&line);
		return EXIT_DONE;
	}
	for (line.command = commands; line.command->name && strcmp(line.command->name, argv[1]);)
		line.command++;
	if (!line.command->name)
		return EXIT_DONE;
	if (pst_loader_new(&line.loader))
		return cli_fail(PST_E_MODULE, "cannot look for modules");
	line_complete(&line, argc - 2, argv + 2);
	pst_loader_free(&line.loader);
	return EXIT_DONE;
}
