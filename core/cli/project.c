/* postern project, ticket, join: belonging together. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include <postern/ticket.h>

#include "cli/ask.h"

/* What such a command was given: words, and options with one value or more. */
struct words {
	struct ask ask;
	const char *command;
	const char *word[3]; /* as many as there may be, and NULL */
	size_t count, most;
	json_t *options; /* key: [values] */
};

/* ---- arguments ---- */

static int
option_put(struct words *words, const char *name, const char *key, const char *value)
{
	json_t *values = json_object_get(words->options, key);

	if (values ? json_array_append_new(values, json_string(value))
		   : json_object_set_new(words->options, key, json_pack("[s]", value)))
		return cli_usage(words->command, "%s: not UTF-8", name);
	return EXIT_DONE;
}

/* One of `known`, ended by NULL (or any, known being NULL), which takes a value: how many words it was; negative
 * after a message. */
static int
option_read(struct words *words, const char *const *known, char **argv)
{
	char option[80], key[80];
	const char *value = NULL;
	int n;

	snprintf(option, sizeof option, "%.*s", (int)strcspn(argv[0], "="), argv[0]);
	while (known && *known && strcmp(*known, option + 2))
		known++;
	if (known && !*known) {
		cli_usage(words->command, "%s: unknown option", option);
		return -1;
	}
	n = cli_option(option, argv, &value);
	if (!value) {
		cli_usage(words->command, "%s: want a value", option);
		return -1;
	}
	snprintf(key, sizeof key, "%s", option + 2);
	for (char *p = key; *p; p++)
		*p = *p == '-' ? '_' : *p;
	return option_put(words, option, key, value) ? -1 : n;
}

static int
words_read(struct words *words, const char *const *known, size_t most, int argc, char **argv)
{
	int n;

	words->command = argv[0];
	words->options = json_object();
	for (int i = 1; i < argc; i += n) {
		n = ask_option(&words->ask, argv[0], &argv[i]);
		if (n == 0 && !strncmp(argv[i], "--", 2)) {
			n = option_read(words, known, &argv[i]);
		} else if (n == 0) {
			if (words->count == most)
				return cli_usage(argv[0], "\"%.40s\": one word too many", argv[i]);
			words->word[words->count++] = argv[i];
			n = 1;
		}
		if (n < 0)
			return EXIT_USAGE;
	}
	return EXIT_DONE;
}

static const char *
value_of(const struct words *words, const char *key)
{
	return json_string_value(json_array_get(json_object_get(words->options, key), 0));
}

/* Ask section project NAME, or the only one. */
static int
project_ask(const struct words *words, const char *name, const char *word, json_t **answer)
{
	return ask_node(&words->ask, json_pack("{s:s, s:s, s:s*, s:s, s:O}", "do", "ask", "kind", "project",
	    "name", name, "word", word, "options", words->options), answer);
}

/* ---- ticket ---- */

/* Times are written as everywhere; the authority counts seconds. */
static int
expires_read(struct words *words)
{
	const char *text = value_of(words, "expires");
	uint64_t ms;
	char seconds[24];

	if (!text)
		return EXIT_DONE;
	if (cli_time_parse(text, &ms) || ms < 1000)
		return cli_usage(words->command, "--expires: \"%.40s\" is no time from 1s on", text);
	snprintf(seconds, sizeof seconds, "%llu", (unsigned long long)(ms / 1000));
	return option_put(words, "--expires", "expires_s", seconds);
}

int
cmd_ticket(int argc, char **argv)
{
	static const char *const known[] = { "attribute", "relay", "expires", "uses", "form", NULL };
	struct words words = { .most = 1 };
	json_t *answer = NULL;
	const char *form;
	int exit, last = argc;
	bool enroller = false;

	for (int i = 1; i < last; i++) /* the only one without a value */
		if (!strcmp(argv[i], "--enroller")) {
			enroller = true;
			memmove(&argv[i], &argv[i + 1], (size_t)(argc - i) * sizeof *argv);
			last--;
		}
	exit = words_read(&words, known, 1, last, argv);
	if (exit == EXIT_DONE && enroller)
		exit = option_put(&words, "--enroller", "enroller", "yes");
	if (exit == EXIT_DONE)
		exit = expires_read(&words);
	form = exit == EXIT_DONE ? value_of(&words, "form") : NULL;
	if (form && strcmp(form, "plain") && strcmp(form, "json") && strcmp(form, "hex"))
		exit = cli_usage("ticket", "--form: \"%.40s\" is neither plain, json nor hex", form);
	if (exit == EXIT_DONE)
		exit = project_ask(&words, words.word[0], "ticket", &answer);
	if (answer && words.ask.json)
		print_json(answer);
	else if (answer)
		puts(json_string_value(json_object_get(answer, "ticket")));
	json_decref(answer);
	json_decref(words.options);
	return exit;
}

/* ---- join ---- */

/* The whole of a file, `-` being standard input; wiped by ticket_free(). */
static int
ticket_load(char **out, size_t *len, const char *path)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;

	if (!file)
		return cli_fail(-errno, "%s: %s", path, strerror(errno));
	*out = malloc(PST_TICKET_MAX + 1);
	*len = *out ? fread(*out, 1, PST_TICKET_MAX, file) : 0;
	if (*out)
		(*out)[*len] = '\0';
	if (file != stdin)
		fclose(file);
	return *out ? EXIT_DONE : cli_fail(-ENOMEM, "out of memory");
}

/* Not a path: a ticket itself, which everybody on this machine could read as long as it stood there. */
static bool
is_literal(const char *word)
{
	return strlen(word) > 255 || *word == '{' || strchr(word, ',');
}

static int
ticket_take(char **out, size_t *len, char *word)
{
	if (!is_literal(word))
		return ticket_load(out, len, word);
	*out = strdup(word);
	*len = strlen(word);
	sodium_memzero(word, *len);
	fprintf(stderr, "postern: the ticket stood among the arguments, where other users of this machine "
	    "and the shell's history may have seen it; better: postern join FILE, or -\n");
	return *out ? EXIT_DONE : cli_fail(-ENOMEM, "out of memory");
}

static void
ticket_free(char **text, size_t len)
{
	if (*text)
		sodium_memzero(*text, len);
	free(*text);
	*text = NULL;
}

/* Is there section project NAME? Made, if not. */
static int
project_need(const struct words *words, const char *name, bool *made)
{
	json_t *list = NULL, *one;
	int exit = ask_node(&words->ask, json_pack("{s:s, s:s}", "do", "list", "kind", "project"), &list);
	bool there = false;
	size_t i;

	json_array_foreach(list, i, one)
		there |= !strcmp(json_string_value(json_object_get(one, "name")), name);
	json_decref(list);
	*made = false;
	if (exit || there)
		return exit;
	exit = ask_node(&words->ask, json_pack("{s:s, s:s, s:s, s:{}, s:s}", "do", "create", "kind", "project",
	    "name", name, "options", "cwd", "/"), &list);
	*made = exit == EXIT_DONE;
	json_decref(list);
	return exit;
}

static int
join(struct words *words, const char *name)
{
	json_t *answer = NULL, *gone = NULL;
	bool made;
	int exit = project_need(words, name, &made);

	if (exit)
		return exit;
	exit = project_ask(words, name, "join", &answer);
	if (exit && made) {
		ask_node(&words->ask, json_pack("{s:s, s:s, s:s}", "do", "delete", "kind", "project", "name", name),
		    &gone);
		json_decref(gone);
	}
	if (answer && words->ask.json)
		print_json(answer);
	else if (answer)
		printf("member of project %s as %s\n", name, json_string_value(json_object_get(answer, "identifier")));
	json_decref(answer);
	return exit;
}

int
cmd_join(int argc, char **argv)
{
	static const char *const known[] = { "name", NULL };
	struct words words = { .most = 1 };
	struct pst_err err = PST_ERR_INIT;
	struct pst_ticket *ticket = NULL;
	char *text = NULL;
	size_t len = 0;
	int rc, exit = words_read(&words, known, 1, argc, argv);

	if (sodium_init() < 0)
		return cli_fail(-ENOSYS, "libsodium does not work here");
	if (exit == EXIT_DONE && !words.word[0])
		exit = cli_usage("join", "want a file with a ticket, or -");
	if (exit == EXIT_DONE)
		exit = ticket_take(&text, &len, (char *)words.word[0]);
	if (exit == EXIT_DONE) {
		rc = pst_ticket_read(&ticket, text, len, &err);
		if (rc)
			exit = cli_fail(rc, "%s", err.text);
	}
	if (exit == EXIT_DONE)
		exit = option_put(&words, "ticket", "ticket", text);
	if (exit == EXIT_DONE)
		exit = join(&words, value_of(&words, "name") ? value_of(&words, "name") : ticket->project_name);
	ticket_free(&text, len);
	pst_ticket_free(&ticket);
	json_decref(words.options);
	return exit;
}

/* ---- project ---- */

static void
members_print(const json_t *answer)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(answer, "members"), i, one) {
		const char *attributes = json_string_value(json_object_get(one, "attributes"));

		printf("%s  ", json_string_value(json_object_get(one, "identifier")));
		print_text(stdout, attributes, strlen(attributes));
		putchar('\n');
	}
}

static int
members_list(int argc, char **argv)
{
	static const char *const known[] = { NULL };
	struct words words = { .most = 2 };
	json_t *answer = NULL;
	int exit = words_read(&words, known, 2, argc, argv);

	if (exit == EXIT_DONE)
		exit = project_ask(&words, words.word[1], "members", &answer);
	if (answer && words.ask.json)
		print_json(answer);
	else if (answer)
		members_print(answer);
	json_decref(answer);
	json_decref(words.options);
	return exit;
}

static int
members_revoke(int argc, char **argv)
{
	static const char *const known[] = { "project", NULL };
	struct words words = { .most = 2 };
	json_t *answer = NULL;
	int exit = words_read(&words, known, 2, argc, argv);

	if (exit == EXIT_DONE && !words.word[1])
		exit = cli_usage("project", "revoke: want a member's identifier");
	if (exit == EXIT_DONE)
		exit = option_put(&words, "member", "member", words.word[1]);
	if (exit == EXIT_DONE)
		exit = project_ask(&words, value_of(&words, "project"), "revoke", &answer);
	json_decref(answer);
	json_decref(words.options);
	return exit;
}

/* A section that the project needs, unless there is one; *made counts those made. */
static int
section_need(const struct words *words, const char *kind, const char *name, json_t *options, bool *made)
{
	json_t *answer = NULL;
	struct ask quiet = words->ask;
	int exit = ask_node(&quiet, json_pack("{s:s, s:s}", "do", "list", "kind", kind), &answer);
	size_t i;
	json_t *one;

	*made = false;
	json_array_foreach(answer, i, one)
		if (!strcmp(json_string_value(json_object_get(one, "name")), name)) {
			json_decref(answer);
			json_decref(options);
			return exit;
		}
	json_decref(answer);
	if (exit) {
		json_decref(options);
		return exit;
	}
	exit = ask_node(&quiet, json_pack("{s:s, s:s, s:s, s:o, s:s}", "do", "create", "kind", kind, "name", name,
	    "options", options, "cwd", "/"), &answer);
	*made = exit == EXIT_DONE;
	json_decref(answer);
	return exit;
}

/* The project, and what it consists of: an authority, a relay service, a listener where one was asked for. */
static int
project_create(int argc, char **argv)
{
	struct words words = { .most = 2 };
	int exit = words_read(&words, NULL, 2, argc, argv);
	const char *name = words.word[1] ? words.word[1] : "default";
	struct {
		const char *kind, *name;
		json_t *options;
	} parts[] = { { "project", name, NULL }, { "service", "authority", NULL }, { "service", "relay", NULL },
		{ "transport", name, NULL } };
	size_t count = 3, i;
	bool made[4] = { false };

	if (exit == EXIT_DONE && !value_of(&words, "at"))
		exit = cli_usage("project", "create: say --at which host:port members reach this node, or "
		    "--ticket-file to be a member");
	if (exit) {
		json_decref(words.options);
		return exit;
	}
	if (value_of(&words, "listen"))
		parts[count++].options = json_pack("{s:O}", "listen", json_object_get(words.options, "listen"));
	json_object_del(words.options, "listen");
	parts[0].options = json_deep_copy(words.options);
	json_object_set_new(parts[0].options, "authority", json_pack("[s]", "self"));
	parts[1].options = json_object();
	parts[2].options = json_object();
	for (i = 0; exit == EXIT_DONE && i < count; i++)
		exit = section_need(&words, parts[i].kind, parts[i].name, parts[i].options, &made[i]);
	for (size_t n = i; n < count; n++)
		json_decref(parts[n].options);
	while (exit && i-- > 0) { /* all of it, or nothing */
		json_t *gone = NULL;

		if (made[i])
			ask_node(&words.ask, json_pack("{s:s, s:s, s:s}", "do", "delete", "kind", parts[i].kind, "name",
			    parts[i].name), &gone);
		json_decref(gone);
	}
	if (exit == EXIT_DONE)
		printf("project %s: up\n", name);
	json_decref(words.options);
	return exit;
}

int
cmd_project(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "members"))
		return members_list(argc, argv);
	if (!strcmp(verb, "revoke"))
		return members_revoke(argc, argv);
	for (int i = 2; i < argc; i++) /* of a project that is another's it is a section like any */
		if (!strncmp(argv[i], "--ticket-file", 13))
			return cmd_section(argc, argv);
	if (!strcmp(verb, "create"))
		return project_create(argc, argv);
	return cmd_section(argc, argv);
}
