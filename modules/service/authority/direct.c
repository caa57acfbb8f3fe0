/* direct_authenticator (trust.md 5.4): members are added, shown, listed and deleted. */
#include <errno.h>
#include <stdlib.h>

#include "authority.h"

/* ---- add ---- */

static void
added(struct job *job, int rc)
{
	char text[200], id[PST_IDENTIFIER_TEXT];

	if (rc) {
		job_fail(job, "Error adding member", rc);
		return;
	}
	pst_identifier_format(id, &job->target);
	pst_info(job->a->log, "member added", PST_STR("member", id), PST_STR("by", job_who(job)),
	    PST_STR("attributes", attributes_format(&job->attributes, text, sizeof text)));
	job_answer(job, NULL, 0);
}

static void
may_add(struct job *job)
{
	struct member member = {
		.attributes = job->attributes,
		.added_by = *job_identifier(job),
		.added_at = job->a->now(),
	};
	uint8_t value[RECORD_MAX];
	struct pst_writer w = pst_writer(value, sizeof value);
	char key[KEY_MAX], id[PST_IDENTIFIER_TEXT];

	pst_identifier_format(id, &job->target);
	if (!job->enroller) {
		job_refuse(job, PST_STATUS_FORBIDDEN, "Non-enroller %s is trying to add a member %s",
		    job_who(job), id);
		return;
	}
	if (attributes_enroller(&job->attributes) && !job->admin) {
		job_refuse(job, PST_STATUS_FORBIDDEN,
		    "Not pre trusted enroller is trying to create an enroller");
		return;
	}
	member_write(&w, &member);

	const struct pst_store_op op = {
		PST_STORE_PUT, { member_key(key, job->a, &job->target), value, pst_writer_len(&w) }
	};

	job_commit(job, &op, 1, added);
}

/* ---- show ---- */

static void
shown(struct job *job, int rc)
{
	char id[PST_IDENTIFIER_TEXT];
	uint8_t body[ENTRY_MAX];
	struct pst_writer w = pst_writer(body, sizeof body);

	pst_identifier_format(id, &job->target);
	if (rc) {
		job_refuse(job, PST_STATUS_FORBIDDEN, "Member %s not found", id);
		return;
	}
	entry_write(&w, &job->target_member);
	job_answer(job, body, pst_writer_len(&w));
}

static void
may_show(struct job *job)
{
	if (job->enroller)
		job_target(job, shown);
	else
		job_refuse(job, PST_STATUS_FORBIDDEN, "Non-enroller is trying to retrieve a member");
}

/* ---- list ---- */

/* Room for one more entry; false when the list would be too long, or memory is out. */
static bool
room(struct pst_writer *w)
{
	size_t len = pst_writer_len(w), size = (size_t)(w->end - w->start);
	uint8_t *more;

	if (size - len >= ENTRY_MAX)
		return true;
	if (len + ENTRY_MAX > LIST_MAX)
		return false;
	size = 2 * size + ENTRY_MAX;
	more = realloc(w->start, size);
	if (!more)
		return false;
	*w = pst_writer(more, size);
	w->p = more + len;
	return true;
}

static void
listed(struct job *job, const struct pst_store_item *items, size_t count)
{
	struct pst_writer w = pst_writer(NULL, 0);
	bool fits = room(&w);

	if (fits && job->ids_only)
		pst_cbor_write_array(&w, count);
	else if (fits)
		pst_cbor_write_map(&w, count);
	for (size_t i = 0; fits && i < count; i++) {
		struct pst_identifier id;

		fits = room(&w);
		if (member_key_identifier(&id, job->a, items[i].key) ||
		    member_read(&job->target_member, items[i].value, items[i].len)) {
			free(w.start);
			job_fail(job, "the record of a member", -EBADMSG);
			return;
		}
		if (!fits)
			break;
		identifier_write(&w, &id);
		if (!job->ids_only)
			entry_write(&w, &job->target_member);
	}
	if (fits)
		job_answer(job, w.start, pst_writer_len(&w));
	else
		job_refuse(job, PST_STATUS_INTERNAL, "there are too many members for a list: %zu", count);
	free(w.start);
}

static void
may_list(struct job *job)
{
	char key[KEY_MAX];

	if (job->enroller)
		job_list(job, member_key(key, job->a, NULL), listed);
	else
		job_refuse(job, PST_STATUS_FORBIDDEN, "Non-enroller is trying to list members");
}

/* ---- delete ---- */

static void may_delete(struct job *job);

static void
deleted(struct job *job, int rc)
{
	char id[PST_IDENTIFIER_TEXT];

	if (rc == PST_E_CONFLICT && ++job->tries < TRIES_MAX) {
		may_delete(job);
		return;
	}
	if (rc) {
		job_fail(job, "the member cannot be deleted", rc);
		return;
	}
	pst_identifier_format(id, &job->target);
	pst_info(job->a->log, "member deleted", PST_STR("member", id), PST_STR("by", job_who(job)));
	revoked_done(job->a, &job->target);
	job_answer(job, NULL, 0);
}

/* NULL, or why this member cannot be deleted. */
static const char *
undeletable(const struct job *job, const struct member *member)
{
	if (member->pre_trusted)
		return "Enroller is trying to delete a pre trusted identity";
	if (attributes_enroller(&member->attributes) && !job->admin)
		return "Not admin is trying to delete an enroller";
	return NULL;
}

static void
target_known(struct job *job, int rc)
{
	const char *why = rc ? NULL : undeletable(job, &job->target_member);
	const struct value *value = &job->target_value;
	struct revoked_room room;
	char key[KEY_MAX];

	if (rc && !job->call->peer) { /* a person has mistaken somebody */
		job_refuse(job, PST_STATUS_NOT_FOUND, "no such member");
		return;
	}
	if (rc) { /* as in Ockam: what is not there is gone */
		job_answer(job, NULL, 0);
		return;
	}
	if (why) {
		job_refuse(job, PST_STATUS_FORBIDDEN, "%s", why);
		return;
	}
	member_key(key, job->a, &job->target);

	const struct pst_store_op ops[] = {
		{ PST_STORE_EXPECT, { key, value->bytes, value->len } },
		{ PST_STORE_DELETE, { .key = key } },
		revoked_put(job->a, &job->target, &room),
	};

	job_commit(job, ops, 3, deleted);
}

static void
may_delete(struct job *job)
{
	if (job->enroller)
		job_target(job, target_known);
	else
		job_refuse(job, PST_STATUS_FORBIDDEN, "Non-enroller is trying to delete a member");
}

/* ---- delete all ---- */

static void may_delete_all(struct job *job);

static void
all_deleted(struct job *job, int rc)
{
	if (rc == PST_E_CONFLICT && ++job->tries < TRIES_MAX) {
		may_delete_all(job);
		return;
	}
	if (rc) {
		job_fail(job, "the members cannot be deleted", rc);
		return;
	}
	pst_info(job->a->log, "members deleted", PST_STR("by", job_who(job)));
	for (size_t i = 0; i < job->target_count; i++)
		revoked_done(job->a, &job->targets[i]);
	job_answer(job, NULL, 0);
}

static bool
goes(struct job *job, const struct pst_store_item *item, struct pst_identifier *id)
{
	return !member_key_identifier(id, job->a, item->key) &&
	    !pst_identifier_equal(id, job_identifier(job)) &&
	    !member_read(&job->target_member, item->value, item->len) &&
	    !undeletable(job, &job->target_member);
}

static void
all_listed(struct job *job, const struct pst_store_item *items, size_t count)
{
	struct pst_store_op *ops = calloc(3 * count + 1, sizeof *ops);
	struct revoked_room *rooms = calloc(count + 1, sizeof *rooms);
	size_t n = 0;

	free(job->targets);
	job->targets = calloc(count + 1, sizeof *job->targets);
	job->target_count = 0;
	for (size_t i = 0; ops && rooms && job->targets && i < count; i++) {
		struct pst_identifier *target = &job->targets[job->target_count];

		if (!goes(job, &items[i], target))
			continue;
		ops[n++] = (struct pst_store_op){ PST_STORE_EXPECT, items[i] };
		ops[n++] = (struct pst_store_op){ PST_STORE_DELETE, { .key = items[i].key } };
		ops[n++] = revoked_put(job->a, target, &rooms[job->target_count++]);
	}
	if (!ops || !rooms || !job->targets)
		job_fail(job, "the members cannot be deleted", -ENOMEM);
	else if (n)
		job_commit(job, ops, n, all_deleted);
	else
		job_answer(job, NULL, 0);
	free(rooms);
	free(ops);
}

static void
may_delete_all(struct job *job)
{
	char key[KEY_MAX];

	if (job->enroller)
		job_list(job, member_key(key, job->a, NULL), all_listed);
	else
		job_refuse(job, PST_STATUS_FORBIDDEN, "Non-enroller is trying to list members");
}

/* ---- what is asked ---- */

/* The member that the path names; one that is no identifier is answered. */
static bool
names_member(struct pst_identifier *out, const struct pst_api_request *q)
{
	const char *last = q->segments == 1 ? q->segment[0]
	    : q->segments == 2 && !strcmp(q->segment[0], "members") ? q->segment[1] : NULL;

	return last && !pst_identifier_parse(out, last);
}

static bool
all(const struct pst_api_request *q)
{
	return q->segments == 1 && (!*q->segment[0] || !strcmp(q->segment[0], "members"));
}

static void
add(struct job *job)
{
	struct add_member asked;

	if (add_member_read(&asked, job->call->request.body)) {
		job_refuse(job, PST_STATUS_BAD_REQUEST, "not a member to add");
		return;
	}
	job->target = asked.member;
	job->attributes = asked.attributes;
	job_classify(job, may_add);
}

void
direct_serves(struct pst_api_server *server, struct pst_api_call *call)
{
	struct authority *a = pst_container_of(server, struct authority, direct);
	const struct pst_api_request *q = &call->request;
	struct job *job = job_new(a, call);

	if (!job)
		return;
	job->ids_only = q->segments == 1 && !strcmp(q->segment[0], "member_ids");
	if (q->method == PST_METHOD_POST && all(q))
		add(job);
	else if (q->method == PST_METHOD_GET && (all(q) || job->ids_only))
		job_classify(job, may_list);
	else if (q->method == PST_METHOD_GET && names_member(&job->target, q))
		job_classify(job, may_show);
	else if (q->method == PST_METHOD_DELETE && names_member(&job->target, q))
		job_classify(job, may_delete);
	else if (q->method == PST_METHOD_DELETE && all(q) && *q->segment[0])
		job_classify(job, may_delete_all);
	else
		job_refuse(job, PST_STATUS_BAD_REQUEST, "unknown path");
}
