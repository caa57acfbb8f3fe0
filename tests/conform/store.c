/*
 * What <postern/store.h> promises of every store.
 *
 * Everything is done below one prefix, which is emptied at the begin and the
 * end. Where FILE has a section `store again` beside the one that is asked,
 * with the same state behind it, the two race against each other (store_race.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "store.h"

#define TOGETHER 3000

/* ---- asking ---- */

static void
answer_items(struct store_answer *answer, int rc, const struct pst_store_item *items, size_t count)
{
	answer->rc = rc;
	answer->times++;
	answer->count = count;
	answer->text[0] = '\0';
	for (size_t i = 0, at = 0; i < count && at < sizeof answer->text; i++)
		at += (size_t)snprintf(answer->text + at, sizeof answer->text - at, "%s=%.*s;",
		    items[i].key + (strncmp(items[i].key, PREFIX, strlen(PREFIX)) ? 0 : strlen(PREFIX)),
		    (int)items[i].len, (const char *)items[i].value);
	if (answer->order)
		answer->place = ++*answer->order;
	answer->done = true;
}

void
store_item(void *arg, int rc, const struct pst_store_item *item)
{
	struct store_answer *answer = arg;

	answer_items(answer, rc, item, item ? 1 : 0);
	answer->same = item && item->len == answer->wanted_len &&
	    (!item->len || !memcmp(item->value, answer->wanted, item->len));
}

static void
on_items(void *arg, int rc, const struct pst_store_item *items, size_t count)
{
	struct store_answer *answer = arg;

	answer->ascending = true;
	for (size_t i = 1; i < count; i++)
		answer->ascending = answer->ascending && strcmp(items[i - 1].key, items[i].key) < 0;
	answer_items(answer, rc, items, count);
}

void
store_done(void *arg, int rc)
{
	answer_items(arg, rc, NULL, 0);
}

static const struct pst_store_ops *
ops_of(const struct conform *c)
{
	return c->ops;
}

static const char *
full(const char *key)
{
	static char text[2 * PST_STORE_KEY_MAX];

	snprintf(text, sizeof text, PREFIX "%s", key);
	return text;
}

static void
await(struct conform *c, struct store_answer *answer)
{
	if (answer->done)
		conform_ok(c, answer->rc == -ENOMEM, "no answer comes within its call");
	conform_wait(c, &answer->done, "a call is not answered");
}

static struct store_answer
get_raw(struct conform *c, const char *key)
{
	struct store_answer answer = { 0 };

	ops_of(c)->get(c->self, key, store_item, &answer);
	await(c, &answer);
	return answer;
}

static struct store_answer
get(struct conform *c, const char *key)
{
	return get_raw(c, full(key));
}

static struct store_answer
list_raw(struct conform *c, const char *prefix)
{
	struct store_answer answer = { 0 };

	ops_of(c)->list(c->self, prefix, on_items, &answer);
	await(c, &answer);
	return answer;
}

static struct store_answer
list(struct conform *c, const char *prefix)
{
	return list_raw(c, full(prefix));
}

static int
commit(struct conform *c, const struct pst_store_op *ops, size_t count)
{
	struct store_answer answer = { 0 };

	ops_of(c)->commit(c->self, ops, count, store_done, &answer);
	await(c, &answer);
	return answer.rc;
}

struct pst_store_op
store_op(enum pst_store_verb verb, const char *key, const char *value)
{
	struct pst_store_op o = { verb, { key, (const uint8_t *)value, value ? strlen(value) : 0 } };

	return o;
}

#define COMMIT(c, ...) \
	commit((c), (struct pst_store_op[]){ __VA_ARGS__ }, \
	    sizeof((struct pst_store_op[]){ __VA_ARGS__ }) / sizeof(struct pst_store_op))
#define PUT(key, value) store_op(PST_STORE_PUT, PREFIX key, value)
#define DELETE(key) store_op(PST_STORE_DELETE, PREFIX key, NULL)
#define EXPECT(key, value) store_op(PST_STORE_EXPECT, PREFIX key, value)
#define ABSENT(key) store_op(PST_STORE_EXPECT_ABSENT, PREFIX key, NULL)

static void
remove_key(void *arg, int rc, const struct pst_store_item *items, size_t count)
{
	struct store_answer *answer = arg;
	struct conform *c = answer->conform;
	struct pst_store_op *ops = malloc((count + 1) * sizeof *ops);

	for (size_t i = 0; ops && i < count; i++)
		ops[i] = store_op(PST_STORE_DELETE, items[i].key, NULL);
	if (ops && !rc)
		ops_of(c)->commit(c->self, ops, count, store_done, answer);
	else
		answer_items(answer, rc ? rc : -ENOMEM, NULL, 0);
	free(ops);
}

static int
empty(struct conform *c)
{
	struct store_answer answer = { .conform = c };

	ops_of(c)->list(c->self, PREFIX, remove_key, &answer);
	conform_wait(c, &answer.done, "what is left from before cannot be removed");
	return answer.rc;
}

/* ---- values ---- */

static bool
is_kept(struct conform *c, const uint8_t *value, size_t len)
{
	struct pst_store_op put = { PST_STORE_PUT, { PREFIX "value", value, len } };
	struct store_answer answer = { .wanted = value, .wanted_len = len };

	if (commit(c, &put, 1))
		return false;
	ops_of(c)->get(c->self, PREFIX "value", store_item, &answer);
	await(c, &answer);
	return answer.same;
}

static void
values(struct conform *c)
{
	static uint8_t value[PST_STORE_VALUE_MAX + 1];
	struct pst_store_op put = { PST_STORE_PUT, { PREFIX "value", value, sizeof value } };

	for (size_t i = 0; i < sizeof value; i++)
		value[i] = (uint8_t)(i ^ i >> 8);
	conform_rc(c, get(c, "value").rc, -ENOENT, "what was never put is not there");
	conform_ok(c, is_kept(c, value, 256), "a value of all bytes is kept");
	conform_ok(c, is_kept(c, value, 0), "and an empty one in its place");
	conform_ok(c, is_kept(c, NULL, 0), "NULL is one");
	conform_ok(c, is_kept(c, value, PST_STORE_VALUE_MAX), "and the longest");
	conform_rc(c, commit(c, &put, 1), PST_E_LIMIT, "a longer one is refused");
	conform_rc(c, COMMIT(c, DELETE("value"), DELETE("value")), PST_OK,
	    "what is deleted need not be there");
	conform_rc(c, get(c, "value").rc, -ENOENT, "and is gone");
	conform_rc(c, commit(c, NULL, 0), PST_OK, "an empty batch is one");
}

/* ---- keys ---- */

static void
keys_refused(struct conform *c)
{
	static const char *const names[] = { "empty", "too long", "no UTF-8", "cut in a character" };
	char longest[PST_STORE_KEY_MAX + 2];
	const char *const keys[] = { "", longest, PREFIX "\xff", PREFIX "\xc3" };

	memset(longest, 'k', sizeof longest - 1);
	longest[PST_STORE_KEY_MAX + 1] = '\0';
	for (size_t i = 0; i < 4; i++) {
		conform_rc(c, COMMIT(c, PUT("beside", "x"), store_op(PST_STORE_PUT, keys[i], "x")), -EINVAL,
		    "a key that is %s is refused", names[i]);
		conform_rc(c, get_raw(c, keys[i]).rc, -EINVAL, "also in a question");
		if (*keys[i])
			conform_rc(c, list_raw(c, keys[i]).rc, -EINVAL, "and as a prefix");
	}
	conform_rc(c, COMMIT(c, PUT("beside", "x"), store_op((enum pst_store_verb)9, PREFIX "k", "x")), -EINVAL,
	    "a verb that there is not is refused");
	conform_rc(c, get(c, "beside").rc, -ENOENT, "nothing of such a batch is done");
	memcpy(longest, PREFIX, strlen(PREFIX));
	longest[PST_STORE_KEY_MAX] = '\0';
	conform_rc(c, COMMIT(c, store_op(PST_STORE_PUT, longest, "x")), PST_OK, "the longest key is one");
	conform_rc(c, get_raw(c, longest).rc, PST_OK, "and is found");
	conform_ok(c, list_raw(c, longest).count == 1, "and is its own prefix");
	conform_rc(c, COMMIT(c, store_op(PST_STORE_DELETE, longest, NULL)), PST_OK, "and is deleted");
}

static void
lists(struct conform *c)
{
	static const struct {
		const char *prefix, *wanted;
	} table[] = {
		{ "l/", "l/\x01=1;l/%=2;l/%%=3;l/'=4;l/A=5;l/B=6;l/\\=7;l/_=8;l/a=9;"
			"l/\xc3\xa4=10;l/\xf4\x8f\xbf\xbf=11;l/\xf4\x8f\xbf\xbf" "a=12;" },
		{ "l", "l=0;l/\x01=1;l/%=2;l/%%=3;l/'=4;l/A=5;l/B=6;l/\\=7;l/_=8;l/a=9;"
		       "l/\xc3\xa4=10;l/\xf4\x8f\xbf\xbf=11;l/\xf4\x8f\xbf\xbf" "a=12;l0=13;" },
		{ "l/%", "l/%=2;l/%%=3;" },
		{ "l/_", "l/_=8;" },
		{ "l/\\", "l/\\=7;" },
		{ "l/'", "l/'=4;" },
		{ "l/A", "l/A=5;" },
		{ "l/\xc3\xa4", "l/\xc3\xa4=10;" },
		{ "l/\xf4\x8f\xbf\xbf", "l/\xf4\x8f\xbf\xbf=11;l/\xf4\x8f\xbf\xbf" "a=12;" },
		{ "l/none", "" },
	};
	struct store_answer all;

	conform_rc(c, COMMIT(c, PUT("l0", "13"), PUT("l/\xf4\x8f\xbf\xbf" "a", "12"),
		PUT("l/\xf4\x8f\xbf\xbf", "11"), PUT("l/\xc3\xa4", "10"), PUT("l/a", "9"),
		PUT("l/_", "8"), PUT("l/\\", "7"), PUT("l/B", "6"), PUT("l/A", "5"), PUT("l/'", "4"),
		PUT("l/%%", "3"), PUT("l/%", "2"), PUT("l/\x01", "1"), PUT("l", "0")), PST_OK,
	    "keys of odd characters are kept");
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct store_answer answer = list(c, table[i].prefix);

		conform_ok(c, !answer.rc && !strcmp(answer.text, table[i].wanted),
		    "a list is of its prefix, ascending by bytes (%zu)", i + 1);
	}
	conform_rc(c, get(c, "l/%").rc, PST_OK, "an odd key is found");
	all = list_raw(c, "");
	conform_ok(c, !all.rc && all.count >= 14 && all.ascending, "no prefix is all there is, in order");
}

/* ---- batches ---- */

static void
batches(struct conform *c)
{
	char key[] = PREFIX "copied", value[] = "value";
	struct pst_store_op put = store_op(PST_STORE_PUT, key, value);
	struct store_answer answer = { 0 };

	conform_rc(c, COMMIT(c, ABSENT("k"), PUT("k", "v")), PST_OK, "who expects nothing makes it");
	conform_rc(c, COMMIT(c, ABSENT("k"), PUT("k", "w")), PST_E_CONFLICT, "once");
	conform_rc(c, COMMIT(c, PUT("x", "1"), EXPECT("k", "w"), PUT("y", "1")), PST_E_CONFLICT,
	    "another value is not what was expected");
	conform_rc(c, COMMIT(c, PUT("x", "1"), EXPECT("k", "")), PST_E_CONFLICT, "nor is an empty one");
	conform_rc(c, COMMIT(c, PUT("x", "1"), EXPECT("k", "vv")), PST_E_CONFLICT, "nor a longer one");
	conform_rc(c, COMMIT(c, PUT("x", "1"), EXPECT("none", "v")), PST_E_CONFLICT, "nor is there none");
	conform_rc(c, COMMIT(c, DELETE("k"), PUT("x", "1"), ABSENT("l")), PST_E_CONFLICT,
	    "something is not nothing");
	conform_rc(c, get(c, "x").rc, -ENOENT, "nothing is done of what stands before it");
	conform_rc(c, get(c, "y").rc, -ENOENT, "nor of what stands behind it");
	conform_ok(c, !strcmp(get(c, "k").text, "k=v;"), "nor is anything deleted");
	conform_rc(c, COMMIT(c, EXPECT("k", "v"), PUT("k", ""), EXPECT("k", ""), DELETE("k"), ABSENT("k"),
		PUT("k", "w"), EXPECT("k", "w"), PUT("k", "z")), PST_OK, "it is done in order");
	conform_ok(c, !strcmp(get(c, "k").text, "k=z;"), "and the last word stands");
	conform_rc(c, COMMIT(c, PUT("k", "1"), ABSENT("k")), PST_E_CONFLICT,
	    "an expectation sees what stands before it");
	ops_of(c)->commit(c->self, &put, 1, store_done, &answer);
	memset(key, 'x', sizeof key - 1);
	memset(value, 'y', sizeof value - 1);
	await(c, &answer);
	conform_ok(c, !strcmp(get(c, "copied").text, "copied=value;"), "a batch is copied at once");
}

/* ---- many at once ---- */

/*
 * Turns of three: put the number, ask for it, list it. Each answer comes in
 * its place and knows of what was put before it. With `closing`, the section
 * closes over them.
 */
static void
together(struct conform *c, bool closing)
{
	static struct store_answer answers[TOGETHER];
	size_t order = 0, placed = 0, right = 0, once = 0;
	char text[32];

	memset(answers, 0, sizeof answers);
	for (size_t i = 0; i < TOGETHER; i++) {
		struct pst_store_op put = store_op(PST_STORE_PUT, PREFIX "turn", text);

		answers[i].order = &order;
		if (i % 3 == 0) {
			snprintf(text, sizeof text, "%zu", i);
			put.item.len = strlen(text);
			ops_of(c)->commit(c->self, &put, 1, store_done, &answers[i]);
		} else if (i % 3 == 1) {
			ops_of(c)->get(c->self, PREFIX "turn", store_item, &answers[i]);
		} else {
			ops_of(c)->list(c->self, PREFIX "turn", on_items, &answers[i]);
		}
	}
	conform_ok(c, !order, closing ? "many are asked, none is answered within its call" :
	    "%d are asked at once, none is answered within its call", TOGETHER);
	if (closing)
		conform_close(c);
	for (size_t i = 0; i < TOGETHER; i++) {
		conform_wait(c, &answers[i].done, "one of many calls is not answered");
		snprintf(text, sizeof text, i % 3 ? "turn=%zu;" : "", i - i % 3);
		once += answers[i].times == 1;
		placed += answers[i].place == i + 1;
		right += (!answers[i].rc && !strcmp(answers[i].text, text)) ||
		    (closing && answers[i].rc == PST_E_CLOSED);
	}
	conform_ok(c, once == TOGETHER, closing ? "each is answered once before it has closed" :
	    "each is answered once");
	conform_ok(c, placed == TOGETHER, "in the order of the calls");
	conform_ok(c, right == TOGETHER, closing ? "with what is so, or that it closes" :
	    "and sees what was committed before it was asked");
	if (closing)
		conform_open(c);
}

static void
reopened(struct conform *c)
{
	conform_rc(c, COMMIT(c, PUT("kept", "for ever"), DELETE("k")), PST_OK, "something is committed");
	conform_close(c);
	conform_open(c);
	conform_ok(c, !strcmp(get(c, "kept").text, "kept=for ever;"),
	    "it is there when the store was closed and opened");
	conform_rc(c, get(c, "k").rc, -ENOENT, "what was deleted is not");
}

void
conform_store(struct conform *c)
{
	conform_open(c);
	conform_rc(c, empty(c), PST_OK, "what is left from before is removed");
	values(c);
	keys_refused(c);
	lists(c);
	batches(c);
	together(c, false);
	reopened(c);
	together(c, true);
	conform_store_race(c);
	conform_rc(c, empty(c), PST_OK, "all that was made is removed");
	conform_ok(c, !list(c, "").count, "and nothing is left");
	conform_close(c);
}
