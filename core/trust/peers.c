#include "trust/peers.h"

#include <sodium.h>
#include <stdlib.h>

#define BUCKETS_MIN 16

/* What is known of one identity: there while it has peers, or is kept. */
struct known {
	struct known *next;
	struct pst_peers *table;
	struct pst_history *history;
	uint32_t peers;
	bool kept;
	bool attested; /* the attestation whose signature was found right last: */
	uint8_t attestation[PST_HASH_LEN];
	struct pst_signature signature;
};

struct pst_peers {
	/* who picks identifiers by brute force does not know where they go */
	uint8_t key[crypto_shorthash_KEYBYTES];
	size_t count;
	size_t bucket_count; /* a power of two */
	struct known **bucket;
	bool closed;
	void (*keep)(void *arg, const struct pst_history *history);
	void *arg;
};

struct pst_peer {
	uint32_t refs;
	struct known *known;
	struct pst_identifier identifier;
	char text[PST_IDENTIFIER_TEXT];
};

/* ---- the table ---- */

static struct known **
table_find(const struct pst_peers *table, const struct pst_identifier *id)
{
	uint64_t hash;
	struct known **at;

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
	free(table->bucket);
	free(table);
}

/* Twice as many buckets; without memory it goes on with longer chains. */
static void
table_grow(struct pst_peers *table)
{
	struct known **old = table->bucket;
	size_t old_count = table->bucket_count;
	struct known **bucket = calloc(old_count * 2, sizeof *bucket);

	if (!bucket)
		return;
	table->bucket = bucket;
	table->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct known *known = old[i];

			old[i] = known->next;
			known->next = NULL;
			*table_find(table, pst_history_identifier(known->history)) = known;
		}
	}
	free(old);
}

static struct known *
table_add(struct pst_peers *table, struct pst_history *history)
{
	struct known *known = calloc(1, sizeof *known);

	if (!known)
		return NULL;
	if (table->count >= table->bucket_count)
		table_grow(table);
	known->table = table;
	known->history = pst_history_ref(history);
	*table_find(table, pst_history_identifier(history)) = known;
	table->count++;
	return known;
}

/* Forget it, unless there is a reason not to; the last one of a closed table
 * takes the table along. */
static void
known_settle(struct known *known)
{
	struct pst_peers *table = known->table;

	if (known->peers || (known->kept && !table->closed))
		return;
	*table_find(table, pst_history_identifier(known->history)) = known->next;
	pst_history_unref(&known->history);
	free(known);
	if (--table->count == 0 && table->closed)
		table_free(table);
}

int
pst_peers_new(struct pst_peers **out, void (*keep)(void *arg, const struct pst_history *history),
    void *arg)
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
	table->count++; /* it shall not go while we walk it */
	for (size_t i = 0; i < table->bucket_count; i++) {
		struct known *known = table->bucket[i];

		while (known) {
			struct known *next = known->next;

			known_settle(known);
			known = next;
		}
	}
	if (--table->count == 0)
		table_free(table);
}

int
pst_peers_load(struct pst_peers *peers, struct pst_history *history)
{
	struct known *known = *table_find(peers, pst_history_identifier(history));

	if (!known)
		known = table_add(peers, history);
	if (!known)
		return -ENOMEM;
	known->kept = true;
	return PST_OK;
}

int
pst_peers_read(const struct pst_peers *peers, struct pst_history **out, struct pst_reader *r,
    struct pst_err *err)
{
	struct pst_identifier claimed;
	const struct known *known = NULL;
	const struct pst_history *same;

	if (!pst_history_peek(&claimed, *r))
		known = *table_find(peers, &claimed);
	same = known ? known->history : NULL;
	/* a history ends by itself, so its bytes at the front are all of it */
	if (!same || pst_reader_left(r) < same->len || memcmp(r->p, same->bytes, same->len))
		return pst_history_read(out, r, err);
	r->p += same->len;
	*out = pst_history_ref(known->history);
	return PST_OK;
}

static bool
was_attested(const struct known *known, const struct pst_attestation *attestation)
{
	return known->attested && known->signature.kind == attestation->signature.kind &&
	    !memcmp(known->attestation, attestation->hash, sizeof known->attestation) &&
	    !memcmp(known->signature.bytes, attestation->signature.bytes, sizeof known->signature.bytes);
}

int
pst_peers_verify(struct pst_peers *peers, const struct pst_attestation *attestation,
    const struct pst_history *history, uint64_t now, struct pst_err *err)
{
	struct known *known = *table_find(peers, pst_history_identifier(history));
	int rc;

	if (known && was_attested(known, attestation))
		return pst_attestation_check(attestation, history, now, err);
	rc = pst_attestation_verify(attestation, history, now, err);
	if (rc || !known)
		return rc;
	known->attested = true;
	memcpy(known->attestation, attestation->hash, sizeof known->attestation);
	known->signature = attestation->signature;
	return PST_OK;
}

int
pst_peers_compare(struct pst_peers *peers, struct pst_history **out,
    struct pst_history *received, struct pst_err *err)
{
	struct known *known = *table_find(peers, pst_history_identifier(received));

	*out = received;
	if (!known)
		return PST_OK;
	switch (pst_history_compare(received, known->history)) {
	case PST_HISTORY_EQUAL:
		*out = known->history;
		return PST_OK;
	case PST_HISTORY_NEWER:
		pst_history_unref(&known->history);
		known->history = pst_history_ref(received);
		known->attested = false; /* by the key before */
		if (known->kept && peers->keep)
			peers->keep(peers->arg, received);
		return PST_OK;
	case PST_HISTORY_OLDER:
		return pst_fail(err, PST_E_AUTH,
		    "the history is older than the one that is known of this identity");
	case PST_HISTORY_CONFLICT:
		break;
	}
	return pst_fail(err, PST_E_AUTH,
	    "the history contradicts the one that is known of this identity");
}

/* ---- peers ---- */

int
pst_peers_add(struct pst_peers *peers, struct pst_peer **out, struct pst_history *history)
{
	struct pst_peer *peer = calloc(1, sizeof *peer);
	struct known *known = *table_find(peers, pst_history_identifier(history));

	*out = NULL;
	if (peer && !known)
		known = table_add(peers, history);
	if (!peer || !known) {
		free(peer);
		return -ENOMEM;
	}
	known->peers++;
	peer->refs = 1;
	peer->known = known;
	peer->identifier = *pst_history_identifier(history);
	pst_identifier_format(peer->text, &peer->identifier);
	*out = peer;
	return PST_OK;
}

struct pst_peer *
pst_peer_ref(struct pst_peer *peer)
{
	peer->refs++;
	return peer;
}

void
pst_peer_unref(struct pst_peer **peer)
{
	struct pst_peer *gone = *peer;

	*peer = NULL;
	if (!gone || --gone->refs)
		return;
	gone->known->peers--;
	known_settle(gone->known);
	free(gone);
}

const struct pst_identifier *
pst_peer_identifier(const struct pst_peer *peer)
{
	return &peer->identifier;
}

const char *
pst_peer_text(const struct pst_peer *peer)
{
	return peer->text;
}

void
pst_peer_keep(const struct pst_peer *peer)
{
	struct known *known = peer->known;

	if (known->kept || known->table->closed)
		return;
	known->kept = true;
	if (known->table->keep)
		known->table->keep(known->table->arg, known->history);
}
