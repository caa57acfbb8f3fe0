#include "trust/standing.h"

#include <errno.h>
#include <stdlib.h>

#include <postern/linked.h>

#include "trust/clock.h"

/* The wall clock may be set meanwhile: it is looked at so often at least. */
#define LOOK_MS 60000

static void expire(struct pst_timer *timer);

/* ---- who is told ---- */

void
pst_standing_watch(struct pst_standing *standing, struct pst_peer_watch *watch,
    void (*fn)(struct pst_peer_watch *watch))
{
	pst_peer_unwatch(watch);
	watch->fn = fn;
	pst_linked_enter(&standing->watches, watch);
}

void
pst_peer_unwatch(struct pst_peer_watch *watch)
{
	pst_linked_leave(watch);
}

/* Each watch once. It may go within its call, with the standing if it was the last. */
static void
tell(struct pst_standing *standing)
{
	struct pst_peer_watch *round, *watch;

	pst_linked_take(&round, &standing->watches);
	while ((watch = round)) {
		pst_linked_leave(watch);
		pst_linked_enter(&standing->watches, watch);
		watch->fn(watch);
	}
}

static void
tell_all(struct pst_task *task)
{
	struct pst_standings *all = pst_container_of(task, struct pst_standings, task);
	struct pst_standing *round, *standing;

	/* what changes meanwhile is told in the next turn */
	pst_linked_take(&round, &all->changed);
	while ((standing = round)) {
		pst_linked_leave(standing);
		tell(standing);
	}
}

static void
changed(struct pst_standing *standing)
{
	struct pst_standings *all = standing->all;

	if (standing->link || !all->env)
		return;
	pst_linked_enter(&all->changed, standing);
	pst_task_post(all->env, &all->task, tell_all);
}

/* ---- the order of expiry ---- */

static void
alarm_set(struct pst_standings *all)
{
	uint64_t now = pst_clock_now(), ms = 0;

	if (!all->env)
		return;
	if (!all->first) {
		pst_timer_stop(all->env, &all->timer);
		return;
	}
	if (all->first->attributes->expires_at > now)
		ms = all->first->attributes->expires_at - now;
	ms = ms < LOOK_MS / 1000 ? ms * 1000 : LOOK_MS;
	pst_timer_start(all->env, &all->timer, ms, expire);
}

static void
order_leave(struct pst_standings *all, struct pst_statement *statement)
{
	*(statement->earlier ? &statement->earlier->later : &all->first) = statement->later;
	*(statement->later ? &statement->later->earlier : &all->last) = statement->earlier;
}

/* From the end: who came last mostly goes last. */
static void
order_enter(struct pst_standings *all, struct pst_statement *statement)
{
	struct pst_statement *before = all->last;

	while (before && before->attributes->expires_at > statement->attributes->expires_at)
		before = before->earlier;
	statement->earlier = before;
	statement->later = before ? before->later : all->first;
	*(before ? &before->later : &all->first) = statement;
	*(statement->later ? &statement->later->earlier : &all->last) = statement;
}

static void
statement_free(struct pst_statement *statement)
{
	order_leave(statement->standing->all, statement);
	pst_attributes_unref(&statement->attributes);
	free(statement);
}

static struct pst_statement **
statement_find(struct pst_standing *standing, const struct pst_identifier *issuer)
{
	struct pst_statement **at = &standing->statements;

	while (*at && !pst_identifier_equal(&(*at)->attributes->issuer, issuer))
		at = &(*at)->next;
	return at;
}

static void
statement_drop(struct pst_statement **at)
{
	struct pst_statement *statement = *at;

	*at = statement->next;
	changed(statement->standing);
	statement_free(statement);
}

static void
expire(struct pst_timer *timer)
{
	struct pst_standings *all = pst_container_of(timer, struct pst_standings, timer);
	uint64_t now = pst_clock_now();

	while (all->first && all->first->attributes->expires_at <= now) {
		struct pst_statement *statement = all->first;

		statement_drop(statement_find(statement->standing, &statement->attributes->issuer));
	}
	alarm_set(all);
}

/* ---- life ---- */

void
pst_standings_init(struct pst_standings *all, struct pst_env *env)
{
	memset(all, 0, sizeof *all);
	all->env = env;
}

void
pst_standings_fini(struct pst_standings *all)
{
	if (!all->env)
		return;
	pst_timer_stop(all->env, &all->timer);
	pst_task_cancel(all->env, &all->task);
	all->env = NULL;
}

void
pst_standing_init(struct pst_standing *standing, struct pst_standings *all)
{
	memset(standing, 0, sizeof *standing);
	standing->all = all;
}

void
pst_standing_fini(struct pst_standing *standing)
{
	while (standing->statements) {
		struct pst_statement *statement = standing->statements;

		standing->statements = statement->next;
		statement_free(statement);
	}
	pst_linked_leave(standing);
}

/* ---- what is said ---- */

const struct pst_statement *
pst_standing_same(const struct pst_standing *standing, const uint8_t *bytes, size_t len)
{
	const struct pst_statement *at = standing->statements;

	while (at && (at->len != len || memcmp(pst_attributes_bytes(at->attributes), bytes, len)))
		at = at->next;
	return at;
}

int
pst_standing_put(struct pst_standing *standing, const struct pst_credential *credential,
    struct pst_err *err)
{
	const struct pst_identifier *issuer = &credential->attestation.subject;
	struct pst_statement **before = statement_find(standing, issuer), *statement;
	int rc;

	if (*before && (*before)->created_at > credential->created_at)
		return PST_OK;
	statement = calloc(1, sizeof *statement);
	if (!statement)
		return pst_fail(err, -ENOMEM, "out of memory");
	rc = pst_attributes_new(&statement->attributes, credential, err);
	if (rc) {
		free(statement);
		return rc;
	}
	if (*before)
		statement_drop(before);
	statement->standing = standing;
	statement->len = credential->len;
	statement->created_at = credential->created_at;
	memcpy(statement->change, credential->attestation.change, PST_HASH_LEN);
	statement->next = standing->statements;
	standing->statements = statement;
	order_enter(standing->all, statement);
	changed(standing);
	alarm_set(standing->all);
	return PST_OK;
}

void
pst_standing_drop(struct pst_standing *standing, const struct pst_identifier *issuer)
{
	struct pst_statement **at = statement_find(standing, issuer);

	if (*at)
		statement_drop(at);
}

const struct pst_attributes *
pst_standing_find(const struct pst_standing *standing, const struct pst_identifier *issuer,
    uint64_t now)
{
	const struct pst_statement *at = standing->statements;

	for (; at; at = at->next)
		if (at->attributes->expires_at > now &&
		    (!issuer || pst_identifier_equal(&at->attributes->issuer, issuer)))
			return at->attributes;
	return NULL;
}
