#include "conf/type.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/scan.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static int
refuse(struct pst_err *err, const char *text, const char *why)
{
	return pst_fail(err, PST_E_CONF, "\"%s\" %s", pst_text_show(text, strlen(text)).text, why);
}

/* ---- text ---- */

static int
text_read(void *member, const struct pst_opt *opt, const struct pst_input *input,
    struct pst_err *err)
{
	(void)opt;
	(void)err;
	*(const char **)member = input->item[0];
	return PST_OK;
}

static int
ref_read(void *member, const struct pst_opt *opt, const struct pst_input *input,
    struct pst_err *err)
{
	/* "" is a choice too: to nothing, where leaving it out means the default */
	if (input->item[0][0] && !pst_conf_is_name(input->item[0]))
		return refuse(err, input->item[0], "is not the name of a section");
	return text_read(member, opt, input, err);
}

static int
path_read(void *member, const struct pst_opt *opt, const struct pst_input *input,
    struct pst_err *err)
{
	const char *path = input->item[0];
	size_t dir_len = strlen(input->dir), len = strlen(path);
	char *full;

	if (path[0] == '/')
		return text_read(member, opt, input, err);
	if (len == 0)
		return refuse(err, path, "is not a path");
	if (path[0] == '~')
		return refuse(err, path, "begins with ~, which nobody expands here: write ${HOME}");
	full = pst_arena_alloc(input->arena, dir_len + len + 2);
	if (!full)
		return -ENOMEM;
	memcpy(full, input->dir, dir_len);
	if (dir_len == 0 || full[dir_len - 1] != '/')
		full[dir_len++] = '/';
	memcpy(full + dir_len, path, len);
	*(const char **)member = full;
	return PST_OK;
}

static void
text_print(FILE *out, const struct pst_opt *opt, const void *member)
{
	const char *text = *(const char *const *)member;

	if (opt->type == PST_OPT_TYPE_REF && pst_conf_is_name(text))
		fputs(text, out);
	else
		pst_conf_quote(out, text);
}

static bool
text_same(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return x == y || (x && y && strcmp(x, y) == 0);
}

/* ---- bool ---- */

static int
bool_read(void *member, const struct pst_opt *opt, const struct pst_input *input,
    struct pst_err *err)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	(void)opt;
	for (size_t i = 0; i < LENGTH(words); i++) {
		if (strcmp(input->item[0], words[i]) != 0)
			continue;
		*(bool *)member = i % 2;
		return PST_OK;
	}
	return refuse(err, input->item[0], "is none of true, false, yes, no, on, off");
}

static void
bool_print(FILE *out, const struct pst_opt *opt, const void *member)
{
	(void)opt;
	fputs(*(const bool *)member ? "true" : "false", out);
}

static bool
bool_same(const void *a, const void *b)
{
	return *(const bool *)a == *(const bool *)b;
}

/* ---- numbers ---- */

struct unit {
	const char *name;
	uint64_t factor;
};

/* From the largest down; the first with a factor of 1 prints any number. */
static const struct unit size_units[] = {
	{ "G", 1u << 30 },
	{ "M", 1u << 20 },
	{ "K", 1u << 10 },
	{ "", 1 },
};
static const struct unit time_units[] = {
	{ "d", 86400000 },
	{ "h", 3600000 },
	{ "m", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
	{ "", 1000 },
};

/*
 * Decimal digits, and what stands behind them; -EDOM where there are none.
 * Not strtoull(), which takes blanks and signs, and 010 for 8.
 */
static int
read_digits(const char *text, uint64_t max, uint64_t *out, const char **rest)
{
	uint64_t value = 0;
	int rc = *text >= '0' && *text <= '9' ? PST_OK : -EDOM;

	for (; *text >= '0' && *text <= '9'; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (value > (max - digit) / 10)
			rc = -ERANGE;
		else
			value = value * 10 + digit;
	}
	*out = value;
	*rest = text;
	return rc;
}

/* At most INT64_MAX, so that a value fits signed arithmetic wherever it goes. */
static int
read_scaled(uint64_t *out, const struct unit *unit, size_t units, const char *text)
{
	const char *rest;
	uint64_t value;
	int rc = read_digits(text, INT64_MAX, &value, &rest);

	if (rc == -EDOM)
		return rc;
	while (units > 0 && strcmp(rest, unit->name) != 0) {
		unit++;
		units--;
	}
	if (units == 0)
		return -EDOM;
	if (rc || value > INT64_MAX / unit->factor)
		return -ERANGE;
	*out = value * unit->factor;
	return PST_OK;
}

/* A word may stand for the largest number, which no digits give. */
static bool
word_read(uint64_t *out, const struct pst_opt *opt, const char *text)
{
	bool is = opt->of && strcmp(text, opt->of) == 0;

	if (is)
		*out = PST_OPT_WORD;
	return is;
}

static int
size_read(void *member, const struct pst_opt *opt, const struct pst_input *input,
    struct pst_err *err)
{
	int rc = word_read(member, opt, input->item[0]) ? PST_OK :
	    read_scaled(member, size_units, LENGTH(size_units), input->item[0]);

	if (rc == -ERANGE)
		return refuse(err, input->item[0], "is too large");
	if (rc)
		return refuse(err, input->item[0], "is not a size: digits, then K, M, G or nothing");
	return PST_OK;
}

static int
time_read(void *member, const struct pst_opt *opt, const struct pst_input *input,
    struct pst_err *err)
{
	int rc = word_read(member, opt, input->item[0]) ? PST_OK :
	    read_scaled(member, time_units, LENGTH(time_units), input->item[0]);

	if (rc == -ERANGE)
		return refuse(err, input->item[0], "is too large");
	if (rc)
		return refuse(err, input->item[0],
		    "is not a time: digits, then ms, s, m, h, d or nothing for seconds");
	return PST_OK;
}

static int
int_read(void *member, const struct pst_opt *opt, const struct pst_input *input,
    struct pst_err *err)
{
	const char *text = input->item[0], *rest;
	bool minus = text[0] == '-';
	uint64_t value;
	int rc = read_digits(text + minus, (uint64_t)INT64_MAX + minus, &value, &rest);

	(void)opt;
	if (rc == -EDOM || *rest)
		return refuse(err, text, "is not a whole decimal number");
	if (rc)
		return refuse(err, text, minus ? "is too small" : "is too large");
	*(int64_t *)member = minus ? (int64_t)(0 - value) : (int64_t)value;
	return PST_OK;
}

static void
print_scaled(FILE *out, const struct pst_opt *opt, const struct unit *unit, uint64_t value)
{
	if (value == PST_OPT_WORD && opt->of) {
		fputs(opt->of, out);
		return;
	}
	if (value == 0) {
		putc('0', out);
		return;
	}
	while (value % unit->factor != 0)
		unit++;
	fprintf(out, "%" PRIu64 "%s", value / unit->factor, unit->name);
}

static void
size_print(FILE *out, const struct pst_opt *opt, const void *member)
{
	print_scaled(out, opt, size_units, *(const uint64_t *)member);
}

static void
time_print(FILE *out, const struct pst_opt *opt, const void *member)
{
	print_scaled(out, opt, time_units, *(const uint64_t *)member);
}

static void
int_print(FILE *out, const struct pst_opt *opt, const void *member)
{
	(void)opt;
	fprintf(out, "%" PRId64, *(const int64_t *)member);
}

static bool
number_same(const void *a, const void *b)
{
	return *(const uint64_t *)a == *(const uint64_t *)b;
}

/* ---- enum ---- */

bool
pst_word_next(const char **pos, const char **word, size_t *len)
{
	*word = *pos + strspn(*pos, " \t\n");
	*len = strcspn(*word, " \t\n");
	*pos = *word + *len;
	return *len > 0;
}

static int
enum_read(void *member, const struct pst_opt *opt, const struct pst_input *input,
    struct pst_err *err)
{
	const char *pos = opt->of, *word, *text = input->item[0];
	size_t len;

	for (int i = 0; pst_word_next(&pos, &word, &len); i++) {
		if (len != strlen(text) || memcmp(word, text, len) != 0)
			continue;
		*(int *)member = i;
		return PST_OK;
	}
	return pst_fail(err, PST_E_CONF, "\"%s\" is not known; known are: %s",
	    pst_text_show(text, strlen(text)).text, opt->of);
}

static void
enum_print(FILE *out, const struct pst_opt *opt, const void *member)
{
	const char *pos = opt->of, *word;
	size_t len;

	for (int i = 0; pst_word_next(&pos, &word, &len); i++)
		if (i == *(const int *)member)
			fprintf(out, "%.*s", (int)len, word);
}

static bool
enum_same(const void *a, const void *b)
{
	return *(const int *)a == *(const int *)b;
}

/* ---- list ---- */

static int
list_read(void *member, const struct pst_opt *opt, const struct pst_input *input,
    struct pst_err *err)
{
	(void)opt;
	(void)err;
	*(struct pst_list *)member = (struct pst_list){ input->count, input->item };
	return PST_OK;
}

static int
refs_read(void *member, const struct pst_opt *opt, const struct pst_input *input,
    struct pst_err *err)
{
	for (size_t i = 0; i < input->count; i++)
		if (!pst_conf_is_name(input->item[i]))
			return refuse(err, input->item[i], "is not the name of a section");
	return list_read(member, opt, input, err);
}

static void
list_print(FILE *out, const struct pst_opt *opt, const void *member)
{
	const struct pst_list *list = member;

	(void)opt;
	putc('{', out);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i ? ", " : "", out);
		pst_conf_quote(out, list->item[i]);
	}
	putc('}', out);
}

static bool
list_same(const void *a, const void *b)
{
	const struct pst_list *x = a, *y = b;

	if (x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (strcmp(x->item[i], y->item[i]) != 0)
			return false;
	return true;
}

/* ---- the table ---- */

static const struct pst_type types[] = {
	[PST_OPT_TYPE_STR] = { "string", sizeof(char *), true, false, text_read, text_print, text_same },
	[PST_OPT_TYPE_BOOL] = { "bool", sizeof(bool), false, false, bool_read, bool_print, bool_same },
	[PST_OPT_TYPE_INT] = { "number", sizeof(int64_t), false, false, int_read, int_print, number_same },
	[PST_OPT_TYPE_SIZE] = { "size", sizeof(uint64_t), false, false, size_read, size_print,
	    number_same },
	[PST_OPT_TYPE_TIME] = { "time", sizeof(uint64_t), false, false, time_read, time_print,
	    number_same },
	[PST_OPT_TYPE_ENUM] = { "word", sizeof(int), false, false, enum_read, enum_print, enum_same },
	[PST_OPT_TYPE_LIST] = { "list", sizeof(struct pst_list), false, true, list_read, list_print,
	    list_same },
	[PST_OPT_TYPE_REF] = { "name", sizeof(char *), true, false, ref_read, text_print, text_same },
	[PST_OPT_TYPE_REFS] = { "names", sizeof(struct pst_list), false, true, refs_read, list_print,
	    list_same },
	[PST_OPT_TYPE_PATH] = { "path", sizeof(char *), true, false, path_read, text_print, text_same },
};

const struct pst_type *
pst_type_of(const struct pst_opt *opt)
{
	/* the enum is a module's: any number may stand there */
	unsigned type = (unsigned)opt->type;

	return type < LENGTH(types) && types[type].name ? &types[type] : NULL;
}
