/* postern join */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <postern/ticket.h>

#include "cli/words.h"

/* The whole of a file, `-` being standard input; wiped by ticket_free(). */
static int
ticket_load(char **out, size_t *len, const char *path)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int rc;

	if (!file)
		return cli_fail(-errno, "%s: %s", path, strerror(errno));
	*out = malloc(PST_TICKET_MAX + 1);
	*len = *out ? fread(*out, 1, PST_TICKET_MAX, file) : 0;
	if (*out)
		(*out)[*len] = '\0';
	rc = !*out ? -ENOMEM : ferror(file) ? -errno : PST_OK;
	if (file != stdin)
		fclose(file);
	return rc ? cli_fail(rc, "%s: %s", path, strerror(-rc)) : EXIT_DONE;
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

static int
join(const struct words *words, const char *name)
{
	json_t *answer = NULL;
	bool made;
	int exit = ask_need(&words->ask, "project", name, json_object(), &made);

	if (exit)
		return exit;
	exit = words_ask(words, "project", name, "join", &answer);
	if (exit && made)
		ask_drop(&words->ask, "project", name);
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
	static const char *const known[] = { "name=", NULL };
	struct words words = { .ask = { .makes = true } };
	struct pst_err err = PST_ERR_INIT;
	struct pst_ticket *ticket = NULL;
	char *text = NULL;
	size_t len = 0;
	int rc, exit = words_read(&words, known, 1, argc, argv);
	bool literal = words.word[0] && is_literal(words.word[0]);

	if (sodium_init() < 0)
		return cli_fail(-ENOSYS, "libsodium does not work here");
	if (exit == EXIT_DONE && (!words.word[0] || !*words.word[0]))
		exit = cli_usage("join", "want a file with a ticket, or -");
	if (exit == EXIT_DONE)
		exit = ticket_take(&text, &len, (char *)words.word[0]);
	if (exit == EXIT_DONE) {
		rc = pst_ticket_read(&ticket, text, len, &err);
		if (rc)
			exit = cli_fail(rc, "%s%s%s", literal ? "" : words.word[0], literal ? "" : ": ", err.text);
	}
	if (exit == EXIT_DONE)
		exit = words_put(&words, "ticket", "ticket", text);
	if (exit == EXIT_DONE)
		exit = join(&words, words_value(&words, "name") ? words_value(&words, "name") : ticket->project_name);
	ticket_free(&text, len);
	pst_ticket_free(&ticket);
	json_decref(words.options);
	return exit;
}
