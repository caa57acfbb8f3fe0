/*
 * Two who want the same of one store at the same time: two sections of a node,
 * and two processes, which are two runs of `pst-conform rival`.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store.h"

/* Keys that the two of a node are after. */
#define RACES 200
/* So many are under way at once. */
#define HANDS 8

/* Of two sections each wants each key: one gets it. */
void
conform_store_race(struct conform *c)
{
	static struct store_answer answers[RACES][2], found[RACES];
	const struct pst_store_ops *ops = c->ops;
	void *self[2] = { c->self, pst_node_section(c->node, "store", "again", NULL) };
	size_t one = 0, so = 0;
	char key[64];

	if (!self[1]) {
		conform_skip(c, "there is no section store again", "of two that race one wins");
		return;
	}
	memset(answers, 0, sizeof answers);
	memset(found, 0, sizeof found);
	for (size_t i = 0; i < 2 * RACES; i++) {
		struct pst_store_op batch[2] = {
			store_op(PST_STORE_EXPECT_ABSENT, key, NULL),
			store_op(PST_STORE_PUT, key, i % 2 ? "1" : "0"),
		};

		snprintf(key, sizeof key, PREFIX "race/%zu", i / 2);
		ops->commit(self[i % 2], batch, 2, store_done, &answers[i / 2][i % 2]);
	}
	for (size_t i = 0; i < RACES; i++) {
		struct store_answer *pair = answers[i];

		conform_wait(c, &pair[0].done, "a call is not answered");
		conform_wait(c, &pair[1].done, "a call is not answered");
		one += pair[0].rc + pair[1].rc == PST_E_CONFLICT && (!pair[0].rc || !pair[1].rc);
		snprintf(key, sizeof key, PREFIX "race/%zu", i);
		found[i].wanted = (const uint8_t *)(pair[0].rc ? "1" : "0");
		found[i].wanted_len = 1;
		ops->get(c->self, key, store_item, &found[i]);
		conform_wait(c, &found[i].done, "a call is not answered");
		so += found[i].same;
	}
	conform_ok(c, one == RACES, "of two that race one wins, the other is told of a conflict");
	conform_ok(c, so == RACES, "and it is the winner's value that is there");
}

/* ---- rivals ---- */

struct rival {
	struct conform *c;
	char name[16]; /* the process: what it puts */
	size_t next;   /* key to be tried */
	size_t hands;  /* that are not through */
	size_t won, lost, failed, doubted;
	bool over;
	int rc; /* of the list in the end */
	size_t has, all;
	bool listed;
};

struct hand {
	struct rival *rival;
	char key[64];
	bool doubt; /* it may have been got */
	struct pst_timer again;
};

static void hand_told(void *arg, int rc);

static void
hand_reach(struct pst_timer *timer)
{
	struct hand *hand = pst_container_of(timer, struct hand, again);
	struct conform *c = hand->rival->c;
	const struct pst_store_ops *ops = c->ops;
	struct pst_store_op batch[2] = {
		store_op(PST_STORE_EXPECT_ABSENT, hand->key, NULL),
		store_op(PST_STORE_PUT, hand->key, hand->rival->name),
	};

	ops->commit(c->self, batch, 2, hand_told, hand);
}

static void
hand_next(struct hand *hand)
{
	struct rival *rival = hand->rival;

	if (rival->next == rival->c->keys) {
		rival->over = --rival->hands == 0;
		return;
	}
	snprintf(hand->key, sizeof hand->key, PREFIX "rival/%04zu", rival->next++);
	hand->doubt = false;
	hand_reach(&hand->again);
}

/* An error says that nothing has been done, so it is tried again; and so it is in doubt, which a conflict then leaves. */
static void
hand_told(void *arg, int rc)
{
	struct hand *hand = arg;
	struct rival *rival = hand->rival;

	if (!rc || rc == PST_E_CONFLICT) {
		rival->won += !rc;
		rival->lost += rc && !hand->doubt;
		rival->doubted += rc && hand->doubt;
		hand_next(hand);
		return;
	}
	rival->failed++;
	hand->doubt = hand->doubt || rc == PST_E_IN_DOUBT;
	pst_timer_start(rival->c->env, &hand->again, 20, hand_reach);
}

static void
rival_found(void *arg, int rc, const struct pst_store_item *items, size_t count)
{
	struct rival *rival = arg;

	for (size_t i = 0; !rc && i < count; i++)
		rival->has += items[i].len == strlen(rival->name) &&
		    !memcmp(items[i].value, rival->name, items[i].len);
	rival->all = count;
	rival->rc = rc;
	rival->listed = true;
}

void
conform_store_rival(struct conform *c)
{
	struct rival rival = { .c = c, .hands = HANDS };
	struct hand hands[HANDS] = { 0 };
	const struct pst_store_ops *ops;

	snprintf(rival.name, sizeof rival.name, "%ld", (long)getpid());
	conform_open(c);
	for (size_t i = 0; i < HANDS; i++) {
		hands[i].rival = &rival;
		hand_next(&hands[i]);
	}
	conform_wait(c, &rival.over, "the last key is neither won nor lost");
	printf("# rival %s won %zu lost %zu failed %zu in doubt %zu\n", rival.name, rival.won,
	    rival.lost, rival.failed, rival.doubted);
	conform_ok(c, rival.won + rival.lost + rival.doubted == c->keys,
	    "each of %zu keys is won or lost", c->keys);
	while (!rival.listed || rival.rc == -ENOMEM) {
		rival.listed = false;
		ops = c->ops;
		ops->list(c->self, PREFIX "rival/", rival_found, &rival);
		conform_wait(c, &rival.listed, "a call is not answered");
	}
	conform_ok(c, !rival.rc && rival.all >= c->keys, "and somebody has each");
	conform_ok(c, rival.has >= rival.won && rival.has <= rival.won + rival.doubted,
	    "those that were won are had, and no other");
	conform_close(c);
}
