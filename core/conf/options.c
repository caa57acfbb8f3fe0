/* Option tables: their fallbacks, and whether they can be used at all. */
#include <errno.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/scan.h"
#include "conf/type.h"

bool
pst_opt_required(const struct pst_opt *opt)
{
	return opt->of && opt->type != PST_OPT_TYPE_ENUM && !pst_opt_refers(opt) &&
	    strcmp(opt->of, "required") == 0;
}

bool
pst_opt_is_list(const struct pst_opt *opt)
{
	return pst_type_of(opt)->list;
}

bool
pst_opt_refers(const struct pst_opt *opt)
{
	return opt->type == PST_OPT_TYPE_REF || opt->type == PST_OPT_TYPE_REFS;
}

/* The words of a list's fallback, one by one. */
static int
split(struct pst_input *input, const char *text)
{
	const char *pos = text, *word;
	const char **item;
	size_t len, count = 0;

	while (pst_word_next(&pos, &word, &len))
		count++;
	item = pst_arena_alloc(input->arena, (count + 1) * sizeof *item);
	if (!item)
		return -ENOMEM;
	pos = text;
	for (size_t i = 0; i < count; i++) {
		pst_word_next(&pos, &word, &len);
		item[i] = pst_arena_copy(input->arena, word, len);
		if (!item[i])
			return -ENOMEM;
	}
	input->item = item;
	input->count = count;
	return PST_OK;
}

int
pst_opt_fall_back(void *member, const struct pst_opt *opt, const char *dir,
    struct pst_arena *arena, struct pst_err *err)
{
	struct pst_input input = { .dir = dir, .arena = arena };
	const char **item;
	int rc;

	if (pst_opt_is_list(opt)) {
		rc = split(&input, opt->fallback ? opt->fallback : "");
		if (rc)
			return rc;
	} else if (opt->fallback) {
		/* copied: the values may live longer than what the table points to */
		item = pst_arena_alloc(arena, 2 * sizeof *item);
		if (!item)
			return -ENOMEM;
		item[0] = pst_arena_copy(arena, opt->fallback, strlen(opt->fallback));
		if (!item[0])
			return -ENOMEM;
		input.item = item;
		input.count = 1;
	} else {
		return PST_OK; /* the struct is zeroed: NULL, 0, false, the first word */
	}
	return pst_type_of(opt)->read(member, opt, &input, err);
}

static bool
is_key(const char *name)
{
	struct pst_token token = { PST_TOKEN_WORD, name, strlen(name), 0 };

	return token.len > 0 && pst_token_is_key(&token) && strcmp(name, "use") != 0 &&
	    strcmp(name, "include") != 0;
}

static bool
has_of(const struct pst_opt *opt)
{
	if (opt->type == PST_OPT_TYPE_ENUM || pst_opt_refers(opt))
		return opt->of && opt->of[strspn(opt->of, " ")];
	if (opt->type == PST_OPT_TYPE_SIZE || opt->type == PST_OPT_TYPE_TIME)
		return true;
	return !opt->of || pst_opt_required(opt);
}

/* The first thing that is wrong with an option, or NULL. */
static const char *
wrong_with(const struct pst_opt *options, const struct pst_opt *opt, size_t conf_size)
{
	const struct pst_type *type = pst_type_of(opt);

	if (!is_key(opt->name))
		return "cannot be the name of an option";
	for (const struct pst_opt *other = options; other < opt; other++)
		if (strcmp(other->name, opt->name) == 0)
			return "stands twice in the table";
	if (!type)
		return "has a type that is not known";
	if (conf_size < type->size || opt->offset > conf_size - type->size)
		return "lies outside of the conf struct";
	if (opt->offset % (type->size < sizeof(void *) ? type->size : sizeof(void *)) != 0)
		return "is not aligned in the conf struct";
	if (!opt->help)
		return "has no help";
	if (!has_of(opt))
		return "has a member `of` that does not go with its type";
	if (pst_opt_required(opt) && opt->fallback)
		return "is required and has a fallback";
	return NULL;
}

static int
check_fallback(const struct pst_opt *opt, struct pst_err *err)
{
	union {
		struct pst_list list;
		uint64_t number;
		const char *text;
	} member = { .number = 0 };
	struct pst_arena arena = { NULL };
	struct pst_err why = PST_ERR_INIT;
	int rc = pst_opt_fall_back(&member, opt, "/", &arena, &why);

	pst_arena_fini(&arena);
	if (rc == PST_E_CONF)
		return pst_fail(err, PST_E_MODULE, "%s: fallback: %s", opt->name, why.text);
	return rc;
}

int
pst_options_check(const struct pst_opt *options, size_t conf_size, struct pst_err *err)
{
	const struct pst_opt *opt;
	int rc;

	for (opt = options; opt->name; opt++) {
		const char *wrong = wrong_with(options, opt, conf_size);

		if (opt - options == PST_CONF_KEYS_MAX)
			return pst_fail(err, PST_E_MODULE, "%s: more than %d options in a table",
			    opt->name, PST_CONF_KEYS_MAX);
		if (wrong)
			return pst_fail(err, PST_E_MODULE, "%.80s: %s", opt->name, wrong);
		rc = check_fallback(opt, err);
		if (rc)
			return rc;
	}
	return PST_OK;
}
