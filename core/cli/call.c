/* postern call: have the running node call a function, and print what it answers. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/words.h"

/* A question to a node is at most 1 MiB, and this is base64 in it. */
#define BODY_MAX (700 * 1024)
/* The node gives up first, and says why. */
#define ANSWER_MS 10000
#define DEADLINE_MS 30000

/* ---- what is sent ---- */

static int
body_take(json_t *question, const char *bytes, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *text;

	if (len > BODY_MAX)
		return cli_usage("call", "--body: at most %d KiB", BODY_MAX / 1024);
	text = malloc(size);
	if (!text)
		return cli_fail(-ENOMEM, "out of memory");
	sodium_bin2base64(text, size, (const uint8_t *)bytes, len, sodium_base64_VARIANT_ORIGINAL);
	json_object_set_new(question, "body", json_string(text));
	free(text);
	return EXIT_DONE;
}

static int
body_file(json_t *question, const char *name)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "rb") : stdin;
	char *bytes = malloc(BODY_MAX + 1);
	int exit = EXIT_FAILED;

	if (file && bytes) {
		size_t len = fread(bytes, 1, BODY_MAX + 1, file);

		exit = ferror(file) ? cli_fail(-errno, "%s: %s", name, strerror(errno))
		                    : body_take(question, bytes, len);
	} else {
		exit = cli_fail(-errno, "%s: %s", name, strerror(errno));
	}
	free(bytes);
	if (file && file != stdin)
		fclose(file);
	return exit;
}

/* TEXT, @FILE, or - for standard input. */
static int
body_read(json_t *question, const char *value)
{
	if (!value)
		return EXIT_DONE;
	if (!strcmp(value, "-"))
		return body_file(question, value);
	return *value == '@' ? body_file(question, value + 1)
	                     : body_take(question, value, strlen(value));
}

static int
headers_read(json_t *question, const json_t *values)
{
	json_t *headers = json_object();
	const json_t *one;
	size_t i;

	json_object_set_new(question, "headers", headers);
	json_array_foreach(values, i, one) {
		const char *text = json_string_value(one), *value = strchr(text, '=');
		char name[256];

		if (!value || value == text || (size_t)(value - text) >= sizeof name)
			return cli_usage("call", "--header: \"%.40s\": want name=value", text);
		snprintf(name, sizeof name, "%.*s", (int)(value - text), text);
		for (char *p = name; *p; p++)
			*p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
		json_object_set_new(headers, name, json_string(value + 1));
	}
	return EXIT_DONE;
}

static int
question_make(struct words *words, json_t *question)
{
	uint64_t ms = DEADLINE_MS;
	int exit = words_time(words, "deadline", &ms);

	if (exit)
		return exit;
	words->ask.timeout_ms = ms + ANSWER_MS;
	json_object_set_new(question, "deadline", json_integer((json_int_t)ms));
	exit = headers_read(question, json_object_get(words->options, "header"));
	return exit ? exit : body_read(question, words_value(words, "body"));
}

/* ---- what came ---- */

static int
exit_of(const char *code)
{
	static const struct {
		const char *code;
		int exit;
	} codes[] = {
		{ "deadline", EXIT_TIME },
		{ "denied", EXIT_DENIED },
		{ "unknown", EXIT_NOTHING },
	};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (!strcmp(codes[i].code, code))
			return codes[i].exit;
	return EXIT_FAILED;
}

/* A terminal gets lines, and nothing that it would obey; all others get the bytes. */
static void
body_print(const char *bytes, size_t len)
{
	if (!isatty(STDOUT_FILENO)) {
		fwrite(bytes, 1, len, stdout);
		return;
	}
	while (len) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end ? (size_t)(end - bytes) : len;

		print_text(stdout, bytes, n);
		putchar('\n');
		bytes += n + (end != NULL);
		len -= n + (end != NULL);
	}
}

static int
answer_print(const struct words *words, const json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "body"));
	int status = (int)json_integer_value(json_object_get(answer, "status"));
	size_t size = text ? strlen(text) / 4 * 3 + 1 : 1, len;
	uint8_t *bytes = malloc(size);

	if (!bytes || !text || sodium_base642bin(bytes, size, text, strlen(text), NULL, &len, NULL,
	        sodium_base64_VARIANT_ORIGINAL)) {
		free(bytes);
		return cli_fail(PST_E_PROTOCOL, "the node's answer is not understood");
	}
	if (!words->ask.json)
		body_print((const char *)bytes, len);
	free(bytes);
	if (status >= 400)
		return cli_fail(PST_E_REFUSED, "%s: answered with status %d", words->word[0], status);
	return EXIT_DONE;
}

static int
result_print(const struct words *words, const json_t *answer)
{
	const char *code, *sentence;

	if (words->ask.json)
		print_json(answer);
	if (json_unpack((json_t *)answer, "{s:{s:s, s:s}}", "failure", "code", &code, "sentence",
	        &sentence))
		return answer_print(words, answer);
	fprintf(stderr, "postern: %s: ", words->word[0]);
	print_text(stderr, sentence, strlen(sentence));
	fprintf(stderr, " [%s]\n", code);
	return exit_of(code);
}

int
cmd_call(int argc, char **argv)
{
	static const char *const known[] = {
		"authorized=", "body=", "deadline=", "header=", "method=", "resource=", NULL,
	};
	struct words words = { 0 };
	json_t *question = NULL, *answer = NULL;
	int exit = words_read(&words, known, 1, argc, argv);

	if (!exit && !words.count)
		exit = cli_usage("call", "want a route, or the name of a function of the node");
	if (!exit) {
		question = json_pack("{s:s, s:s, s:s*, s:s*, s:s*}", "do", "call", "to", words.word[0],
		    "authorized", words_value(&words, "authorized"), "method", words_value(&words, "method"),
		    "resource", words_value(&words, "resource"));
		exit = question ? question_make(&words, question) : cli_usage("call", "not UTF-8");
	}
	if (!exit)
		exit = ask_node(&words.ask, json_incref(question), &answer);
	if (!exit)
		exit = result_print(&words, answer);
	json_decref(question);
	json_decref(answer);
	json_decref(words.options);
	return exit;
}
