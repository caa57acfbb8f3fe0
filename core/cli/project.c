/* postern project, and postern ticket. */
#include <stdio.h>
#include <string.h>

#include "cli/words.h"

/* ---- ticket ---- */

/* Times are written as everywhere; the authority counts seconds. */
static int
expires_read(struct words *words)
{
	const char *text = words_value(words, "expires");
	uint64_t ms;
	char seconds[24];

	if (!text)
		return EXIT_DONE;
	if (cli_time_parse(text, &ms) || ms < 1000)
		return cli_usage(words->command, "--expires: \"%.40s\": want a time from 1s to 365d, such as 30m or 2d", text);
	snprintf(seconds, sizeof seconds, "%llu", (unsigned long long)(ms / 1000));
	return words_put(words, "--expires", "expires_s", seconds);
}

int
cmd_ticket(int argc, char **argv)
{
	static const char *const known[] = { "attribute=", "relay=", "enroller", "expires=", "uses=", "form=", NULL };
	struct words words = { 0 };
	json_t *answer = NULL;
	const char *form;
	int exit = words_read(&words, known, 1, argc, argv);

	if (exit == EXIT_DONE)
		exit = expires_read(&words);
	form = exit == EXIT_DONE ? words_value(&words, "form") : NULL;
	if (form && strcmp(form, "plain") && strcmp(form, "json") && strcmp(form, "hex"))
		exit = cli_usage("ticket", "--form: \"%.40s\" is neither plain, json nor hex", form);
	if (exit == EXIT_DONE)
		exit = words_ask(&words, "project", words.word[0], "ticket", &answer);
	if (answer && words.ask.json)
		print_json(answer);
	else if (answer)
		puts(json_string_value(json_object_get(answer, "ticket")));
	json_decref(answer);
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
	struct words words = { 0 };
	json_t *answer = NULL;
	int exit = words_read(&words, known, 2, argc, argv);

	if (exit == EXIT_DONE)
		exit = words_ask(&words, "project", words.word[1], "members", &answer);
	if (answer && !json_object_get(answer, "members"))
		json_object_set_new(answer, "members", json_array());
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
	static const char *const known[] = { "project=", NULL };
	struct words words = { 0 };
	json_t *answer = NULL;
	int exit = words_read(&words, known, 2, argc, argv);

	if (exit == EXIT_DONE && !words.word[1])
		exit = cli_usage("project", "revoke: want a member's identifier");
	if (exit == EXIT_DONE)
		exit = words_put(&words, "member", "member", words.word[1]);
	if (exit == EXIT_DONE)
		exit = words_ask(&words, "project", words_value(&words, "project"), "revoke", &answer);
	if (answer && words.ask.json)
		print_json(answer);
	json_decref(answer);
	json_decref(words.options);
	return exit;
}

/* As it is now, made or found. */
static int
project_print(const struct ask *ask, const char *name)
{
	json_t *answer;
	int exit = ask_node(ask, json_pack("{s:s, s:s, s:s}", "do", "show", "kind", "project", "name", name), &answer);

	if (answer)
		print_json(answer);
	json_decref(answer);
	return exit;
}

/* Has somebody written a transport, which may listen? */
static bool
transport_is_written(const struct ask *ask)
{
	json_t *answer = NULL, *one;
	bool is = ask_node(ask, json_pack("{s:s, s:s}", "do", "list", "kind", "transport"), &answer) != EXIT_DONE;
	size_t i;

	json_array_foreach(answer, i, one)
		is = is || strcmp(json_string_value(json_object_get(one, "place")), "built in");
	json_decref(answer);
	return is;
}

/* The project that a node is, whose authority and relay service another one would have to share. */
static int
own_project_refuse(const struct ask *ask, const char *name)
{
	json_t *answer = NULL, *shown, *one;
	int exit = ask_node(ask, json_pack("{s:s, s:s}", "do", "list", "kind", "project"), &answer);
	size_t i;

	json_array_foreach(answer, i, one) {
		const char *other = json_string_value(json_object_get(one, "name")), *authority = "";

		if (exit || !strcmp(other, name))
			continue;
		exit = ask_node(ask, json_pack("{s:s, s:s, s:s}", "do", "show", "kind", "project", "name", other), &shown);
		json_unpack(shown, "{s:{s:s}}", "options", "authority", &authority);
		if (!exit && !strcmp(authority, "self"))
			exit = cli_fail(PST_E_CONF, "this node is a project already, %s, and can be no second one: "
			    "make %s on another node (--state DIR)", other, name);
		json_decref(shown);
	}
	json_decref(answer);
	return exit;
}

/* The project, and what it consists of: an authority, a relay service, a listener where one was asked for. */
static int
project_create(int argc, char **argv)
{
	struct words words = { .ask = { .makes = true } };
	int exit = words_read(&words, NULL, 2, argc, argv);
	const char *name = words.word[1] ? words.word[1] : "default";
	struct {
		const char *kind, *name;
		json_t *options;
	} parts[] = { { "project", name, NULL }, { "service", "authority", NULL }, { "service", "relay", NULL },
		{ "transport", name, NULL } };
	size_t count = 3, i;
	bool made[4] = { false };

	if (exit == EXIT_DONE && !words_value(&words, "at"))
		exit = cli_usage("project", "create: say --at which host:port members reach this node, or "
		    "--ticket-file to be a member");
	if (exit) {
		json_decref(words.options);
		return exit;
	}
	if (words_value(&words, "listen"))
		parts[count++].options = json_pack("{s:O}", "listen", json_object_get(words.options, "listen"));
	json_object_del(words.options, "listen");
	parts[0].options = json_deep_copy(words.options);
	json_object_set_new(parts[0].options, "authority", json_pack("[s]", "self"));
	parts[1].options = json_object();
	parts[2].options = json_pack("{s:[s]}", "project", name);
	exit = own_project_refuse(&words.ask, name);
	for (i = 0; exit == EXIT_DONE && i < count; i++)
		exit = ask_need(&words.ask, parts[i].kind, parts[i].name, parts[i].options, &made[i]);
	for (size_t n = i; n < count; n++)
		json_decref(parts[n].options);
	while (exit && i-- > 0) /* all of it, or nothing */
		if (made[i])
			ask_drop(&words.ask, parts[i].kind, parts[i].name);
	if (exit == EXIT_DONE && words.ask.json)
		exit = project_print(&words.ask, name);
	else if (exit == EXIT_DONE)
		printf("project %s: %s\n", name, made[0] ? "up" : "was there already, and is left as it was");
	if (exit == EXIT_DONE && !transport_is_written(&words.ask))
		fprintf(stderr, "postern: nothing listens for its members yet: postern transport create %s "
		    "--listen ADDRESS:PORT\n", name);
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
		if (!strncmp(argv[i], "--ticket-file", 13) || !strncmp(argv[i], "--authority", 11))
			return cmd_section(argc, argv);
	if (!strcmp(verb, "create"))
		return project_create(argc, argv);
	return cmd_section(argc, argv);
}
