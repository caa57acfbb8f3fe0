#include "trust/known.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS_MIN 16

struct pst_known **
pst_known_find(const struct pst_peers *table, const struct pst_identifier *id)
{
	uint64_t hash;
	struct pst_known **at;

	_Static_assert(sizeof hash == crypto_shorthash_BYTES, "hash");
	crypto_shorthash((uint8_t *)&hash, id->bytes, sizeof id->bytes, table->key);
	at = &table->bucket[hash & (table->bucket_count - 1)];
	while (*at && !pst_identifier_equal(pst_history_identifier((*at)->history), id))
		at = &(*at)->next;
	return at;
}

static void
table_free(struct pst_peers *table)
{
	pst_revoked_free(table);
	free(table->bucket);
	free(table);
}

/* Twice as many buckets; without memory it goes on with longer chains. */
static void
table_grow(struct pst_peers *table)
{
	struct pst_known **old = table->bucket;
	size_t old_count = table->bucket_count;
	struct pst_known **bucket = calloc(old_count * 2, sizeof *bucket);

	if (!bucket)
		return;
	table->bucket = bucket;
	table->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct pst_known *known = old[i];

			old[i] = known->next;
			known->next = NULL;
			*pst_known_find(table, pst_history_identifier(known->history)) = known;
		}
	}
	free(old);
}

struct pst_known *
pst_known_add(struct pst_peers *table, struct pst_history *history)
{
	struct pst_known *known = calloc(1, sizeof *known);

	if (!known)
		return NULL;
	if (table->count >= table->bucket_count)
		table_grow(table);
	known->table = table;
	known->history = pst_history_ref(history);
	pst_standing_init(&known->standing, &table->standings);
	*pst_known_find(table, pst_history_identifier(history)) = known;
	table->count++;
	return known;
}

void
pst_known_settle(struct pst_known *known)
{
	struct pst_peers *table = known->table;

	if (known->peers || (known->kept && !table->closed))
		return;
	*pst_known_find(table, pst_history_identifier(known->history)) = known->next;
	pst_standing_fini(&known->standing);
	pst_history_unref(&known->history);
	free(known);
	if (--table->count == 0 && table->closed)
		table_free(table);
}

void
pst_known_keep(struct pst_known *known)
{
	if (known->kept || known->table->closed)
		return;
	known->kept = true;
	if (known->table->keep)
		known->table->keep(known->table->arg, known->history);
}

void
pst_known_renew(struct pst_known *known, struct pst_history *history)
{
	const struct pst_peers *table = known->table;

	pst_history_unref(&known->history);
	known->history = pst_history_ref(history);
	memset(known->attested, 0, sizeof known->attested); /* by the key before */
	if (known->kept && table->keep)
		table->keep(table->arg, history);
}

int
pst_peers_new(struct pst_peers **out, struct pst_env *env,
    void (*keep)(void *arg, const struct pst_history *history), void *arg)
{
	struct pst_peers *table = calloc(1, sizeof *table);

	*out = NULL;
	if (table)
		table->bucket = calloc(BUCKETS_MIN, sizeof *table->bucket);
	if (!table || !table->bucket) {
		free(table);
		return -ENOMEM;
	}
	table->bucket_count = BUCKETS_MIN;
	randombytes_buf(table->key, sizeof table->key);
	table->keep = keep;
	table->arg = arg;
	pst_standings_init(&table->standings, env);
	*out = table;
	return PST_OK;
}

void
pst_peers_close(struct pst_peers **peers)
{
	struct pst_peers *table = *peers;

	*peers = NULL;
	if (!table)
		return;
	table->keep = NULL;
	table->closed = true;
	pst_standings_fini(&table->standings);
	table->count++; /* it shall not go while we walk it */
	for (size_t i = 0; i < table->bucket_count; i++) {
		struct pst_known *known = table->bucket[i];

		while (known) {
			struct pst_known *next = known->next;

			pst_standing_fini(&known->standing);
			pst_known_settle(known);
			known = next;
		}
	}
	if (--table->count == 0)
		table_free(table);
}
