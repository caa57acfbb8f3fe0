#include "conf/conf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf/index.h"
#include "conf/source.h"

struct pst_conf {
	struct pst_arena arena;
	size_t files;
	size_t bytes;
	size_t count;
	size_t room;
	struct pst_conf_section **section; /* in the order read */
	struct pst_index index;
};

int
pst_conf_new(struct pst_conf **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? PST_OK : -ENOMEM;
}

void
pst_conf_free(struct pst_conf **conf)
{
	if (!*conf)
		return;
	pst_arena_fini(&(*conf)->arena);
	pst_index_fini(&(*conf)->index);
	free((*conf)->section);
	free(*conf);
	*conf = NULL;
}

struct pst_arena *
pst_conf_arena(struct pst_conf *conf)
{
	return &conf->arena;
}

size_t
pst_conf_count(const struct pst_conf *conf)
{
	return conf->count;
}

const struct pst_conf_section *
pst_conf_at(const struct pst_conf *conf, size_t i)
{
	return conf->section[i];
}

const struct pst_conf_section *
pst_conf_find(const struct pst_conf *conf, const char *kind, const char *name)
{
	return pst_index_find(&conf->index, kind, name, NULL);
}

int
pst_conf_admit(struct pst_conf *conf, const char *file, size_t len, struct pst_err *err)
{
	struct pst_place place = { .file = file };

	if (len > PST_CONF_FILE_MAX)
		return pst_place_fail(&place, 1, err, "the file is larger than %u bytes",
		    PST_CONF_FILE_MAX);
	if (conf->files == PST_CONF_FILES_MAX)
		return pst_place_fail(&place, 1, err, "more than %d files", PST_CONF_FILES_MAX);
	if (len > PST_CONF_TOTAL_MAX - conf->bytes)
		return pst_place_fail(&place, 1, err, "all files together are larger than %u bytes",
		    PST_CONF_TOTAL_MAX);
	conf->files++;
	conf->bytes += len;
	return PST_OK;
}

static int
make_room(struct pst_conf *conf)
{
	size_t room = conf->room ? conf->room * 2 : 16;
	struct pst_conf_section **section;

	if (conf->count < conf->room)
		return PST_OK;
	section = realloc(conf->section, room * sizeof(*section));
	if (!section)
		return -ENOMEM;
	conf->section = section;
	conf->room = room;
	return PST_OK;
}

int
pst_conf_add(struct pst_conf *conf, struct pst_conf_section *section, struct pst_err *err)
{
	struct pst_place place = { section->file, section->kind, section->name };
	const struct pst_conf_section *other = pst_conf_find(conf, section->kind, section->name);

	if (other)
		return pst_place_fail(&place, section->line, err, "stands at %.160s:%u already",
		    other->file, other->line);
	if (conf->count == PST_CONF_SECTIONS_MAX)
		return pst_place_fail(&place, section->line, err, "more than %d sections",
		    PST_CONF_SECTIONS_MAX);
	if (make_room(conf) || pst_index_add(&conf->index, section->kind, section->name, section))
		return -ENOMEM;
	conf->section[conf->count++] = section;
	return PST_OK;
}

void
pst_conf_drop(struct pst_conf *conf, const struct pst_conf_section *section)
{
	size_t i = 0;

	while (conf->section[i] != section)
		i++;
	conf->count--;
	memmove(&conf->section[i], &conf->section[i + 1],
	    (conf->count - i) * sizeof *conf->section);
	pst_index_clear(&conf->index);
	for (i = 0; i < conf->count; i++) /* fewer than there were: it does not fail */
		(void)!pst_index_add(&conf->index, conf->section[i]->kind, conf->section[i]->name, conf->section[i]);
}

int
pst_conf_load_text(struct pst_conf *conf, const char *file, const char *dir, const char *text,
    size_t len, struct pst_err *err)
{
	struct pst_source source = { .conf = conf };
	int rc = pst_conf_admit(conf, file, len, err);

	if (rc)
		return rc;
	source.file = pst_arena_copy(&conf->arena, file, strlen(file));
	source.dir = pst_arena_copy(&conf->arena, dir, strlen(dir));
	if (!source.file || !source.dir)
		return -ENOMEM;
	return pst_source_read(&source, text, len, err);
}

/* The line of a key in a body, or that of the section. */
static unsigned
line_of(const struct pst_conf_section *section, const char *key)
{
	struct pst_scan scan = { section->body, section->body + section->body_len,
		section->body_line, { .file = section->file }, NULL };
	struct pst_entry entry;

	while (key && !pst_scan_entry(&scan, &entry) && entry.key.type == PST_TOKEN_WORD)
		if (pst_token_is(&entry.key, key))
			return entry.key.line;
	return section->line;
}

int
pst_conf_fail(const struct pst_conf_section *section, const char *key, struct pst_err *err,
    const char *fmt, ...)
{
	struct pst_place place = { section->file, section->kind, section->name };
	char sentence[PST_ERR_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof sentence, fmt, args);
	va_end(args);
	return pst_place_fail(&place, line_of(section, key), err, "%s%s%s", key ? key : "",
	    key ? ": " : "", sentence);
}

bool
pst_conf_is_name(const char *text)
{
	static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_.-";
	size_t len = strlen(text);

	return len > 0 && len <= PST_CONF_WORD_MAX && text[0] != '.' && text[0] != '-' &&
	    strspn(text, others) == len;
}
