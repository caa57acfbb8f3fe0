/*
 * The members that the configuration names. Those in the store are replaced
 * as a set when the section opens, by one batch.
 */
#include <errno.h>
#include <stdlib.h>

#include "authority.h"

/* A store that does not take them is tried again so often: its server may come back. */
#define AGAIN_MS 3000

static void trusted_list(struct job *job);

int
trusted_parse(struct pst_identifier *id, struct attributes *attributes, const char *text,
    struct pst_err *err)
{
	char first[PST_IDENTIFIER_TEXT] = "";
	size_t n = strcspn(text, " ");

	attributes->count = 0;
	if (n < sizeof first)
		memcpy(first, text, n);
	if (pst_identifier_parse(id, first))
		return pst_fail(err, PST_E_CONF, "members: \"%.100s\" does not begin with an identifier", text);
	for (text += n; *(text += strspn(text, " ")); text += n) {
		n = strcspn(text, " ");
		if (attributes_add_word(attributes, text, n))
			return pst_fail(err, PST_E_CONF,
			    "members: \"%.*s\" is not NAME=VALUE with a name of its own", (int)(n < 100 ? n : 100), text);
	}
	return PST_OK;
}

/* The item of this key among those of the store. */
static const struct pst_store_item *
find(const struct pst_store_item *items, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(items[i].key, key))
			return &items[i];
	return NULL;
}

static bool
same_attributes(const struct attributes *a, const struct attributes *b)
{
	uint8_t x[ATTRIBUTES_ENCODED], y[ATTRIBUTES_ENCODED];
	struct pst_writer v = pst_writer(x, sizeof x), w = pst_writer(y, sizeof y);

	attributes_write(&v, a);
	attributes_write(&w, b);
	return pst_writer_len(&v) == pst_writer_len(&w) && !memcmp(x, y, pst_writer_len(&v));
}

/* ---- the batch ---- */

/* What the operations point to. */
struct batch {
	struct job *job;
	struct pst_store_op *ops;
	size_t count;
	char (*keys)[KEY_MAX];         /* of the configuration's members */
	uint8_t (*values)[RECORD_MAX];
	struct revoked_room *rooms;    /* of those that are in the store */
	size_t deleted;
	bool failed;
};

static void
add(struct batch *b, enum pst_store_verb verb, struct pst_store_item item)
{
	b->ops[b->count++] = (struct pst_store_op){ verb, item };
}

/* As it was, if it was so. */
static void
put_one(struct batch *b, size_t i, const struct pst_store_item *old)
{
	struct authority *a = b->job->a;
	struct member *stored = &b->job->target_member;
	struct pst_writer w = pst_writer(b->values[i], RECORD_MAX);
	struct member member = {
		.attributes = b->job->attributes,
		.added_by = *pst_identity_identifier(a->identity),
		.added_at = a->now(),
		.pre_trusted = true,
	};

	if (old && !member_read(stored, old->value, old->len) && stored->pre_trusted &&
	    same_attributes(&stored->attributes, &member.attributes))
		return;
	member_write(&w, &member);
	if (old)
		add(b, PST_STORE_EXPECT, *old);
	else
		add(b, PST_STORE_EXPECT_ABSENT, (struct pst_store_item){ .key = b->keys[i] });
	add(b, PST_STORE_PUT, (struct pst_store_item){ b->keys[i], b->values[i], pst_writer_len(&w) });
}

/* In the store from a configuration that named it, as this does not. */
static void
delete_one(struct batch *b, const struct pst_store_item *old)
{
	const struct pst_list *members = &b->job->a->conf->members;
	struct member *stored = &b->job->target_member;
	struct pst_identifier id;

	if (member_read(stored, old->value, old->len) || !stored->pre_trusted ||
	    member_key_identifier(&id, b->job->a, old->key))
		return;
	for (size_t i = 0; i < members->count; i++)
		if (!strcmp(b->keys[i], old->key))
			return;
	add(b, PST_STORE_EXPECT, *old);
	add(b, PST_STORE_DELETE, (struct pst_store_item){ .key = old->key });
	b->ops[b->count++] = revoked_put(b->job->a, &id, &b->rooms[b->deleted++]);
}

static void
batch_fill(struct batch *b, const struct pst_store_item *items, size_t count)
{
	const struct pst_list *members = &b->job->a->conf->members;

	for (size_t i = 0; i < members->count; i++) {
		struct pst_identifier id;

		/* checked when the file was */
		if (trusted_parse(&id, &b->job->attributes, members->item[i], NULL))
			continue;
		member_key(b->keys[i], b->job->a, &id);
		put_one(b, i, find(items, count, b->keys[i]));
	}
	for (size_t i = 0; i < count; i++)
		delete_one(b, &items[i]);
}

/* ---- opening ---- */

static void
up(struct job *job)
{
	struct authority *a = job->a;

	if (!a->closing) {
		a->away = false;
		pst_section_up(a->senv);
		sweep_begin(a);
	}
	job_end(job); /* and perhaps the section */
}

/* Before anybody can come. */
static void
revoked_listed(struct job *job, const struct pst_store_item *items, size_t count)
{
	revoked_hear(job->a, items, count, NULL);
	up(job);
}

static void
members_there(struct job *job)
{
	char key[KEY_MAX];

	job_list(job, revoked_key(key, job->a, NULL), revoked_listed);
}

static void
again(struct pst_timer *timer)
{
	struct authority *a = pst_container_of(timer, struct authority, sweep);

	if (trusted_begin(a))
		pst_timer_start(a->env, &a->sweep, AGAIN_MS, again);
}

/* The node starts all the same: requests are refused until the store answers. */
static void
failed(struct job *job, int rc)
{
	struct authority *a = job->a;

	if (a->closing)
		return;
	if (!a->away) {
		a->away = true;
		pst_section_up(a->senv);
		pst_section_down(a->senv, rc, "the store does not take the members of the configuration");
	}
	pst_timer_start(a->env, &a->sweep, AGAIN_MS, again);
}

static void
stored(struct job *job, int rc)
{
	if (rc == PST_E_CONFLICT && ++job->tries < TRIES_MAX)
		trusted_list(job); /* another node with the same store opens too */
	else if (rc)
		job_fail(job, "the store", rc);
	else
		members_there(job);
}

static void
listed(struct job *job, const struct pst_store_item *items, size_t count)
{
	size_t n = job->a->conf->members.count;
	struct batch b = {
		.job = job,
		.ops = calloc(2 * n + 3 * count + 1, sizeof *b.ops),
		.keys = calloc(n + 1, sizeof *b.keys),
		.values = calloc(n + 1, sizeof *b.values),
		.rooms = calloc(count + 1, sizeof *b.rooms),
	};

	if (!b.ops || !b.keys || !b.values || !b.rooms) {
		job_fail(job, "the store", -ENOMEM);
	} else {
		batch_fill(&b, items, count);
		if (b.count)
			job_commit(job, b.ops, b.count, stored);
		else
			members_there(job);
	}
	free(b.ops);
	free(b.keys);
	free(b.values);
	free(b.rooms);
}

static void
trusted_list(struct job *job)
{
	char key[KEY_MAX];

	job_list(job, member_key(key, job->a, NULL), listed);
}

int
trusted_begin(struct authority *a)
{
	struct job *job = job_new(a, NULL);

	if (!job)
		return -ENOMEM;
	job->failed = failed;
	trusted_list(job);
	return PST_OK;
}
