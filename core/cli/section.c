/* postern inlet|outlet|relay|… create|show|list|delete: sections of a running node. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/words.h"

static int
answer_print(const struct words *words, json_t *answer, void (*print)(const json_t *answer))
{
	if (words->ask.json)
		print_json(answer);
	else
		print(answer);
	json_decref(answer);
	return EXIT_DONE;
}

static void
print_made(const json_t *section)
{
	const char *kind = json_string_value(json_object_get(section, "kind"));
	const char *name = json_string_value(json_object_get(section, "name"));
	const json_t *line;
	size_t i;

	printf("%s %s: %s\n", kind, name, json_string_value(json_object_get(section, "state")));
	json_array_foreach(json_object_get(section, "warnings"), i, line) {
		fprintf(stderr, "postern: %s %s: ", kind, name);
		print_text(stderr, json_string_value(line), json_string_length(line));
		putc('\n', stderr);
	}
}

static void
print_nothing(const json_t *answer)
{
	(void)answer;
}

static int
section_ask(const struct words *words)
{
	static const struct {
		const char *verb;
		void (*print)(const json_t *answer);
	} verbs[] = {
		{ "create", print_made },
		{ "delete", print_nothing },
		{ "list", print_sections },
		{ "show", print_section },
	};
	const char *kind = words->command, *name, *verb = words->word[0] ? words->word[0] : "";
	char cwd[PATH_MAX];
	json_t *answer, *question;
	size_t i = 0;
	int exit;

	while (i < 4 && strcmp(verbs[i].verb, verb))
		i++;
	if (i == 4 || (verbs[i].print == print_sections && words->word[1]))
		return cli_usage(kind, "want %s", cli_command(kind)->arguments);
	name = words->word[1] || verbs[i].print == print_section ? words->word[1] : "default";
	question = json_pack("{s:s, s:s, s:s*, s:O, s:s*, s:b}", "do", verb, "kind", kind, "name", name, "options", words->options, "use",
	    words_value(words, "use"), "written", !words->ask.json); /* as options have it, for people */
	json_object_del(words->options, "use"); /* it is no key of the section */
	if (!question || (verbs[i].print == print_made && json_object_set_new(question, "cwd",
	    json_string(getcwd(cwd, sizeof cwd) ? cwd : "/")))) {
		json_decref(question);
		return cli_usage(kind, "the arguments, or the directory, are not UTF-8");
	}
	exit = ask_node(&words->ask, question, &answer);
	return exit ? exit : answer_print(words, answer, verbs[i].print);
}

int
cmd_section(int argc, char **argv)
{
	static const char *const none[] = { NULL };
	bool create = !strcmp(cli_verb(argv), "create");
	struct words words = { .ask = { .makes = create } };
	int exit = words_read(&words, create ? NULL : none, 2, argc, argv);

	if (exit == EXIT_DONE)
		exit = section_ask(&words);
	json_decref(words.options);
	return exit;
}
