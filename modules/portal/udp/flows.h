/*
 * Flows by key, and by when they were last used: a look-up is one hash, the one that
 * has been quiet longest is known, and what is quiet for too long is told of.
 */
#ifndef PORTAL_UDP_FLOWS_H
#define PORTAL_UDP_FLOWS_H

#include <netinet/in.h>
#include <sodium.h>

#include <postern/env.h>

/* Fixed: with 10,000 flows a look-up walks past five. */
#define FLOWS_BUCKETS 2048

/* At an inlet the application's address, IPv4 or IPv6; at an outlet two numbers. All of
 * it counts: what is not used is zero. */
union flow_key {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct {
		uint64_t far, number;
	} pair;
};

/* Embedded by a flow. */
struct flow_entry {
	struct flow_entry *next, **link; /* in its bucket */
	struct flow_entry *newer, *older;
	union flow_key key;
	uint64_t used_ms;
};

struct flows {
	struct pst_env *env;
	struct flow_entry *bucket[FLOWS_BUCKETS];
	struct flow_entry *newest, *oldest;
	size_t count;
	uint64_t idle_ms;
	struct pst_timer timer;
	/* Has not been used for idle_ms: it has to leave, here or before. */
	void (*idle)(struct flow_entry *entry);
	uint8_t secret[crypto_shorthash_KEYBYTES]; /* keys are strangers' choice */
};

void flows_init(struct flows *flows, struct pst_env *env, uint64_t idle_ms,
    void (*idle)(struct flow_entry *entry));
/* None is left. */
void flows_fini(struct flows *flows);
/* The idle time is another from now on, for those that are there, too. */
void flows_idle(struct flows *flows, uint64_t idle_ms);

struct flow_entry *flows_find(struct flows *flows, const union flow_key *key);
/* entry->key is set, and not there yet. */
void flows_enter(struct flows *flows, struct flow_entry *entry);
void flows_leave(struct flows *flows, struct flow_entry *entry);
/* It was used just now. */
void flows_use(struct flows *flows, struct flow_entry *entry);

#endif
