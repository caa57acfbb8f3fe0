/* The grammar of a file: includes, and sections of entries. */
#include <errno.h>
#include <string.h>

#include "conf/decode.h"
#include "conf/source.h"

/* The keys seen in a body, for the duplicate check. */
struct seen {
	size_t count;
	struct pst_token key[PST_CONF_KEYS_MAX];
};

static int
see(struct seen *seen, const struct pst_scan *scan, const struct pst_token *key)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->key[i].len == key->len &&
		    memcmp(seen->key[i].text, key->text, key->len) == 0)
			return pst_place_fail(&scan->place, key->line, scan->err,
			    "%s stands here and in line %u", pst_token_show(key).text,
			    seen->key[i].line);
	if (seen->count == PST_CONF_KEYS_MAX)
		return pst_place_fail(&scan->place, key->line, scan->err,
		    "more than %d keys in a section", PST_CONF_KEYS_MAX);
	seen->key[seen->count++] = *key;
	return PST_OK;
}

static int
read_use(struct pst_conf_section *section, const struct pst_entry *entry, struct pst_arena *arena)
{
	const struct pst_scan *at = &entry->values;
	int rc;

	if (entry->list)
		return pst_place_fail(&at->place, at->line, at->err, "use: takes one name, not a list");
	rc = pst_decode_one(&section->use, entry, arena);
	if (!rc && !pst_conf_is_name(section->use))
		return pst_place_fail(&at->place, at->line, at->err,
		    "use: \"%s\" is not the name of a module",
		    pst_text_show(section->use, strlen(section->use)).text);
	return rc;
}

/* Behind the { of a section. */
static int
read_body(struct pst_conf_section *section, struct pst_scan *scan, struct pst_arena *arena)
{
	struct seen seen = { .count = 0 };
	const char *body = scan->pos;
	struct pst_entry entry;
	int rc;

	section->body_line = scan->line;
	for (;;) {
		rc = pst_scan_entry(scan, &entry);
		if (rc)
			return rc;
		if (entry.key.type == PST_TOKEN_END)
			return pst_place_fail(&scan->place, section->line, scan->err,
			    "the section that begins here is not closed");
		if (entry.key.type == PST_TOKEN_CLOSE)
			break;
		rc = see(&seen, scan, &entry.key);
		if (!rc && pst_token_is(&entry.key, "use"))
			rc = read_use(section, &entry, arena);
		if (rc)
			return rc;
	}
	section->body_len = (size_t)(entry.key.text - body);
	section->body = pst_arena_copy(arena, body, section->body_len);
	return section->body ? PST_OK : -ENOMEM;
}

/* `KIND NAME {`, of which the kind is read. */
static int
read_head(struct pst_conf_section *section, struct pst_scan *scan, const struct pst_token *kind,
    struct pst_arena *arena)
{
	struct pst_token name, open;
	int rc = pst_scan_next(scan, &name);

	if (rc)
		return rc;
	if (name.type == PST_TOKEN_EQUALS)
		return pst_place_fail(&scan->place, kind->line, scan->err,
		    "%s = stands outside of a section", pst_token_show(kind).text);
	if (name.type == PST_TOKEN_OPEN || name.type == PST_TOKEN_END)
		return pst_place_fail(&scan->place, kind->line, scan->err,
		    "the section needs a name: %s NAME { … }", pst_token_show(kind).text);
	section->kind = pst_arena_copy(arena, kind->text, kind->len);
	section->name = pst_arena_copy(arena, name.text, name.len);
	section->line = kind->line;
	if (!section->kind || !section->name)
		return -ENOMEM;
	if (name.type != PST_TOKEN_WORD || !pst_conf_is_name(section->name))
		return pst_place_fail(&scan->place, name.line, scan->err,
		    "%s cannot be the name of a section: letters, digits, _ . and - can",
		    pst_token_show(&name).text);
	rc = pst_scan_next(scan, &open);
	if (rc || open.type == PST_TOKEN_OPEN)
		return rc;
	return pst_place_fail(&scan->place, open.line, scan->err,
	    "found %s where { is expected behind %s %s", pst_token_show(&open).text, section->kind,
	    section->name);
}

static int
read_section(const struct pst_source *source, struct pst_scan *scan, const struct pst_token *kind)
{
	struct pst_arena *arena = pst_conf_arena(source->conf);
	struct pst_conf_section *section = pst_arena_alloc(arena, sizeof *section);
	int rc;

	if (!section)
		return -ENOMEM;
	section->file = source->file;
	section->dir = source->dir;
	rc = read_head(section, scan, kind, arena);
	if (rc)
		return rc;
	scan->place.kind = section->kind;
	scan->place.name = section->name;
	rc = read_body(section, scan, arena);
	if (!rc)
		rc = pst_conf_add(source->conf, section, scan->err);
	scan->place.kind = NULL;
	return rc;
}

static int
read_include(const struct pst_source *source, struct pst_scan *scan, const struct pst_token *word)
{
	struct pst_entry entry = { .key = *word, .count = 1, .values = *scan };
	struct pst_token pattern;
	const char *text;
	int rc = pst_scan_next(scan, &pattern);

	if (rc)
		return rc;
	if (pattern.type != PST_TOKEN_QUOTED)
		return pst_place_fail(&scan->place, pattern.line, scan->err,
		    "found %s where the pattern of an include is expected, as in include \"*.conf\"",
		    pst_token_show(&pattern).text);
	entry.values.end = scan->pos;
	rc = pst_decode_one(&text, &entry, pst_conf_arena(source->conf));
	if (rc)
		return rc;
	return pst_source_include(source, text, word->line, scan->err);
}

/* libconfuse would end at a NUL; the rest moves terminals when shown. */
static int
check_bytes(const struct pst_source *source, const char *text, size_t len, struct pst_err *err)
{
	struct pst_place place = { .file = source->file };
	unsigned line = 1;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
			return pst_place_fail(&place, line, err,
			    "a control character, 0x%02x, stands here", c);
		line += c == '\n';
	}
	return PST_OK;
}

int
pst_source_read(const struct pst_source *source, const char *text, size_t len, struct pst_err *err)
{
	struct pst_scan scan = { text, text + len, 1, { .file = source->file }, err };
	struct pst_token token;
	int rc = check_bytes(source, text, len, err);

	while (!rc) {
		rc = pst_scan_next(&scan, &token);
		if (rc || token.type == PST_TOKEN_END)
			return rc;
		if (token.type == PST_TOKEN_CLOSE)
			return pst_place_fail(&scan.place, token.line, err,
			    "this } closes nothing; is there one too many above?");
		if (pst_token_is(&token, "include"))
			rc = read_include(source, &scan, &token);
		else if (pst_token_is_key(&token))
			rc = read_section(source, &scan, &token);
		else
			rc = pst_place_fail(&scan.place, token.line, err,
			    "found %s where a section is expected: KIND NAME { … }",
			    pst_token_show(&token).text);
	}
	return rc;
}
