/* One section: from its body and an option table to a conf struct. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/decode.h"
#include "conf/type.h"

struct pst_values {
	struct pst_arena arena;
	const struct pst_opt *options;
	size_t count; /* of options */
	bool *written;
	char *conf;
};

static size_t
count_options(const struct pst_opt *options)
{
	size_t count = 0;

	while (options[count].name)
		count++;
	return count;
}

static void *
member_of(const struct pst_values *values, size_t i)
{
	return values->conf + values->options[i].offset;
}

/* The index of an option, or values->count. */
static size_t
find(const struct pst_values *values, const char *key, size_t len)
{
	size_t i;

	for (i = 0; i < values->count; i++)
		if (strlen(values->options[i].name) == len &&
		    memcmp(values->options[i].name, key, len) == 0)
			break;
	return i;
}

/* A key like none of the module's is one of another, perhaps, that was meant. */
static int
refuse_unknown(const struct pst_values *values, const struct pst_scan *scan,
    const struct pst_token *key, const char *server)
{
	char word[PST_CONF_WORD_MAX + 1];
	struct pst_nearest near = { .word = word };

	snprintf(word, sizeof word, "%.*s", (int)key->len, key->text);
	for (size_t i = 0; i < values->count; i++)
		pst_nearest_offer(&near, values->options[i].name);
	pst_nearest_offer(&near, "use");
	if (!near.best && server)
		return pst_place_fail(&scan->place, key->line, scan->err,
		    "unknown key \"%s\" (module %s, as there is no \"use\")", word, server);
	return pst_place_fail(&scan->place, key->line, scan->err, "unknown key \"%s\"%s%s%s", word,
	    near.best ? ", did you mean \"" : "", near.best ? near.best : "",
	    near.best ? "\"?" : "");
}

/* Write the normal form of the body, less `use`; refuse unknown keys. */
static int
put_entries(struct pst_values *values, struct pst_scan *scan, const char *server, FILE *out)
{
	unsigned line = scan->line;
	struct pst_entry entry;
	size_t i;
	int rc;

	for (;;) {
		rc = pst_scan_entry(scan, &entry);
		if (rc || entry.key.type != PST_TOKEN_WORD)
			return rc;
		if (pst_token_is(&entry.key, "use"))
			continue;
		i = find(values, entry.key.text, entry.key.len);
		if (i == values->count)
			return refuse_unknown(values, scan, &entry.key, server);
		if (entry.list && !pst_type_of(&values->options[i])->list)
			return pst_place_fail(&scan->place, entry.key.line, scan->err,
			    "%s: takes one value, not a list", values->options[i].name);
		values->written[i] = true;
		rc = pst_decode_put(out, &entry, &line);
		if (rc)
			return rc;
	}
}

static int
decode(struct pst_values *values, const struct pst_conf_section *section,
    struct pst_decode_key *keys, struct pst_err *err)
{
	struct pst_scan scan = { section->body, section->body + section->body_len,
		section->body_line, { section->file, section->kind, section->name }, err };
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);
	int rc;

	if (!file)
		return -ENOMEM;
	rc = put_entries(values, &scan, section->server, file);
	if (fclose(file) != 0)
		rc = rc ? rc : -ENOMEM;
	if (!rc)
		rc = pst_decode_run(keys, values->count, text, section->body_line, &values->arena,
		    &scan.place, err);
	free(text);
	return rc;
}

static int
read_written(struct pst_values *values, size_t i, const struct pst_conf_section *section,
    const struct pst_decode_key *key, struct pst_err *err)
{
	const struct pst_opt *opt = &values->options[i];
	struct pst_input input = { key->item, key->count, section->dir, &values->arena };

	for (size_t n = 0; n < key->count; n++)
		if (strlen(key->item[n]) > PST_CONF_VALUE_MAX)
			return pst_fail(err, PST_E_CONF, "longer than %d bytes", PST_CONF_VALUE_MAX);
	return pst_type_of(opt)->read(member_of(values, i), opt, &input, err);
}

static int
read_value(struct pst_values *values, size_t i, const struct pst_conf_section *section,
    const struct pst_decode_key *key, struct pst_err *err)
{
	const struct pst_opt *opt = &values->options[i];
	struct pst_err why = PST_ERR_INIT;
	int rc;

	if (values->written[i])
		rc = read_written(values, i, section, key, &why);
	else if (pst_opt_required(opt))
		rc = pst_fail(&why, PST_E_CONF, "is required");
	else
		rc = pst_opt_fall_back(member_of(values, i), opt, section->dir, &values->arena,
		    &why);
	if (rc == PST_E_CONF)
		return pst_conf_fail(section, opt->name, err, "%s", why.text);
	return rc;
}

static int
values_fill(struct pst_values *values, const struct pst_conf_section *section,
    struct pst_err *err)
{
	struct pst_decode_key *keys = calloc(values->count + 1, sizeof *keys);
	int rc;

	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < values->count; i++) {
		keys[i].name = values->options[i].name;
		keys[i].list = pst_type_of(&values->options[i])->list;
	}
	rc = decode(values, section, keys, err);
	for (size_t i = 0; !rc && i < values->count; i++)
		rc = read_value(values, i, section, &keys[i], err);
	free(keys);
	return rc;
}

int
pst_values_new(struct pst_values **out, const struct pst_conf_section *section,
    const struct pst_opt *options, size_t conf_size, struct pst_err *err)
{
	struct pst_values *values = calloc(1, sizeof *values);
	int rc = -ENOMEM;

	*out = NULL;
	if (!values)
		return -ENOMEM;
	values->options = options;
	values->count = count_options(options);
	values->written = pst_arena_alloc(&values->arena, values->count + 1);
	values->conf = pst_arena_alloc(&values->arena, conf_size);
	if (!values->written || !values->conf)
		goto out;
	rc = values_fill(values, section, err);
	if (rc)
		goto out;
	*out = values;
	values = NULL; /* given to the caller */
out:
	pst_values_free(&values);
	return rc;
}

void
pst_values_free(struct pst_values **values)
{
	if (!*values)
		return;
	pst_arena_fini(&(*values)->arena);
	free(*values);
	*values = NULL;
}

const void *
pst_values_conf(const struct pst_values *values)
{
	return values->conf;
}

const char *
pst_values_text(const struct pst_values *values, const char *key)
{
	size_t i = find(values, key, strlen(key));

	if (i == values->count || !pst_type_of(&values->options[i])->text)
		return NULL;
	return *(const char *const *)member_of(values, i);
}

const struct pst_list *
pst_values_list(const struct pst_values *values, const char *key)
{
	static const struct pst_list none;
	size_t i = find(values, key, strlen(key));

	if (i == values->count || !pst_type_of(&values->options[i])->list)
		return &none;
	return member_of(values, i);
}

bool
pst_values_written(const struct pst_values *values, const char *key)
{
	size_t i = find(values, key, strlen(key));

	return i < values->count && values->written[i];
}

int
pst_values_set(struct pst_values *values, const char *key, const char *text)
{
	size_t i = find(values, key, strlen(key));
	char *copy;

	if (i == values->count || !pst_type_of(&values->options[i])->text)
		return -EINVAL;
	copy = pst_arena_copy(&values->arena, text, strlen(text));
	if (!copy)
		return -ENOMEM;
	*(const char **)member_of(values, i) = copy;
	return PST_OK;
}

bool
pst_values_equal(const struct pst_values *a, const struct pst_values *b)
{
	if (a->options != b->options)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!pst_type_of(&a->options[i])->same(member_of(a, i), member_of(b, i)))
			return false;
	return true;
}
