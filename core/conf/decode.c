#include "conf/decode.h"

#include <confuse.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

/*
 * libconfuse's lexer is one set of globals, and its error function gets no
 * argument of ours: both make one parse at a time, and one complaint.
 */
static pthread_mutex_t lexer_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	unsigned line; /* from 1; 0: none */
	char text[PST_ERR_TEXT];
} complaint;

static void
keep_complaint(cfg_t *cfg, const char *fmt, va_list args)
{
	if (complaint.line)
		return;
	complaint.line = cfg->line > 0 ? (unsigned)cfg->line : 1;
	vsnprintf(complaint.text, sizeof complaint.text, fmt, args);
}

/* A bare word, in quotes. */
static void
put_word(FILE *out, const struct pst_token *token)
{
	putc('\'', out);
	for (size_t i = 0; i < token->len; i++) {
		if (token->text[i] == '\\')
			putc('\\', out);
		putc(token->text[i], out);
	}
	putc('\'', out);
}

static void
put_token(FILE *out, const struct pst_token *token, unsigned *line)
{
	for (; *line < token->line; ++*line)
		putc('\n', out);
	if (token->type == PST_TOKEN_WORD)
		put_word(out, token);
	else
		fwrite(token->text, 1, token->len, out);
	for (size_t i = 0; i < token->len; i++)
		*line += token->text[i] == '\n';
}

int
pst_decode_put(FILE *out, const struct pst_entry *entry, unsigned *line)
{
	struct pst_scan values = entry->values;
	struct pst_token token;
	int rc;

	fprintf(out, " %.*s =", (int)entry->key.len, entry->key.text);
	for (;;) {
		rc = pst_scan_next(&values, &token);
		if (rc || token.type == PST_TOKEN_END)
			return rc;
		putc(' ', out);
		put_token(out, &token, line);
	}
}

static int
copy_strings(struct pst_decode_key *key, cfg_t *cfg, struct pst_arena *arena)
{
	unsigned count = cfg_size(cfg, key->name);
	const char **item = pst_arena_alloc(arena, (count + 1) * sizeof *item);

	if (!item)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		const char *text = cfg_getnstr(cfg, key->name, i);

		item[i] = pst_arena_copy(arena, text, strlen(text));
		if (!item[i])
			return -ENOMEM;
	}
	key->count = count;
	key->item = item;
	return PST_OK;
}

static int
run_locked(struct pst_decode_key *keys, size_t count, cfg_opt_t *options, const char *text,
    struct pst_arena *arena)
{
	cfg_t *cfg = cfg_init(options, CFGF_NONE);
	int rc = PST_OK;

	if (!cfg)
		return -ENOMEM;
	complaint.line = 0;
	cfg_set_error_function(cfg, keep_complaint);
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS)
		rc = PST_E_CONF;
	for (size_t i = 0; !rc && i < count; i++)
		rc = copy_strings(&keys[i], cfg, arena);
	cfg_free(cfg); /* resets the lexer, also from the middle of a string */
	return rc;
}

int
pst_decode_run(struct pst_decode_key *keys, size_t count, const char *text, unsigned first_line,
    struct pst_arena *arena, const struct pst_place *place, struct pst_err *err)
{
	cfg_opt_t *options = calloc(count + 1, sizeof *options);
	int rc;

	if (!options)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (keys[i].list)
			options[i] = (cfg_opt_t)CFG_STR_LIST(keys[i].name, NULL, CFGF_NODEFAULT);
		else
			options[i] = (cfg_opt_t)CFG_STR(keys[i].name, NULL, CFGF_NODEFAULT);
	}
	options[count] = (cfg_opt_t)CFG_END();

	pthread_mutex_lock(&lexer_lock);
	rc = run_locked(keys, count, options, text, arena);
	if (rc == PST_E_CONF && complaint.line)
		pst_place_fail(place, first_line - 1 + complaint.line, err, "libconfuse: %s",
		    complaint.text);
	else if (rc == PST_E_CONF)
		pst_place_fail(place, first_line, err, "libconfuse: no reason given");
	pthread_mutex_unlock(&lexer_lock);
	free(options);
	return rc;
}

int
pst_decode_one(const char **out, const struct pst_entry *entry, struct pst_arena *arena)
{
	char name[PST_CONF_WORD_MAX + 1];
	struct pst_decode_key key = { .name = name };
	const struct pst_scan *at = &entry->values;
	unsigned line = at->line;
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);
	int rc;

	if (!file)
		return -ENOMEM;
	snprintf(name, sizeof name, "%.*s", (int)entry->key.len, entry->key.text);
	rc = pst_decode_put(file, entry, &line);
	if (fclose(file) != 0)
		rc = rc ? rc : -ENOMEM;
	if (!rc)
		rc = pst_decode_run(&key, 1, text, at->line, arena, &at->place, at->err);
	if (!rc)
		*out = key.item[0];
	free(text);
	return rc;
}
