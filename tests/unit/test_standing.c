/* What credentials make of peers, and until when. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_section.h"
#include "make_credential.h"
#include "trust/attributes.h"
#include "trust/clock.h"
#include "trust/peers.h"

#define NOW 1700000000
#define DAY 86400
#define ROOM 70000


static uint64_t clock_now = NOW;
static uint8_t bytes[ROOM];

/* The linker gives it for pst_clock_now(). */
uint64_t __wrap_pst_clock_now(void);

uint64_t
__wrap_pst_clock_now(void)
{
	return clock_now;
}

struct world {
	struct fake_node node;
	struct pst_peers *peers;
	struct issuer one, two;
	struct pst_peer *peer;
	struct pst_peer_watch watch;
	unsigned told, kept;
	bool told_once;
};

static void
on_keep(void *arg, const struct pst_history *history)
{
	((struct world *)arg)->kept++;
}

static void
on_told(struct pst_peer_watch *watch)
{
	struct world *w = pst_container_of(watch, struct world, watch);

	w->told++;
	w->told_once = true;
}

static struct pst_peer *
peer_make(struct world *w, uint32_t number)
{
	struct maker m = { .len = 0 };
	struct pst_history *history;
	struct pst_peer *peer;

	maker_change(&m, number, NOW, NOW + DAY);
	assert_int_equal(maker_read(&m, &history), PST_OK);
	assert_int_equal(pst_peers_add(w->peers, &peer, history), PST_OK);
	pst_history_unref(&history);
	return peer;
}

static int
accept_issuer(struct world *w, const struct issuer *issuer)
{
	struct pst_history *history;
	int rc;

	assert_int_equal(maker_read(&issuer->maker, &history), PST_OK);
	rc = pst_peers_accept(w->peers, history, NULL);
	pst_history_unref(&history);
	return rc;
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	clock_now = NOW;
	fake_node_init(&w->node);
	assert_int_equal(pst_peers_new(&w->peers, &w->node.env, on_keep, w), PST_OK);
	issuer_make(&w->one, 101, NOW, NOW + 10 * DAY);
	issuer_make(&w->two, 102, NOW, NOW + 10 * DAY);
	w->peer = peer_make(w, 1);
	pst_peer_watch(w->peer, &w->watch, on_told);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	pst_peer_unwatch(&w->watch);
	pst_peer_unref(&w->peer);
	pst_peers_close(&w->peers);
	fake_node_fini(&w->node);
	free(w);
	return 0;
}

static int
say(struct world *w, const struct issuer *issuer, const char *value, uint64_t from, uint64_t until)
{
	size_t len = issuer_say(issuer, pst_peer_identifier(w->peer), "app", value, from, until, bytes, ROOM);

	return pst_peer_attest(w->peer, bytes, len, clock_now, NULL);
}

/* What is said of the peer; "" where nothing is. */
static const char *
said_by(struct world *w, const struct issuer *issuer)
{
	static char value[16];
	const struct pst_attributes *attributes =
	    pst_peer_attributes(w->peer, issuer ? &issuer->maker.identifier : NULL);
	const struct pst_attribute *a = attributes ? pst_attributes_find(attributes, "app", 3) : NULL;

	snprintf(value, sizeof value, "%.*s", a ? (int)a->value_len : 0, a ? (const char *)a->value : "");
	return value;
}

static void
turn(struct world *w)
{
	w->told_once = false;
	fake_wait(&w->node, &w->told_once);
}

static void
who_is_not_accepted_attests_nothing(void **state)
{
	struct world *w = *state;

	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 100), PST_E_AUTH);
	assert_null(pst_peer_attributes(w->peer, NULL));
	assert_int_equal(w->kept, 0);
	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	assert_int_equal(w->kept, 1);
	assert_int_equal(say(w, &w->two, "web", NOW, NOW + 100), PST_E_AUTH);
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 100), PST_OK);
	assert_string_equal(said_by(w, &w->one), "web");
	assert_string_equal(said_by(w, NULL), "web");
	assert_string_equal(said_by(w, &w->two), "");
	assert_int_equal(w->kept, 2); /* who has a credential is known for good */
	turn(w);
	assert_int_equal(w->told, 1);
}

static void
two_issuers_do_not_overwrite_each_other(void **state)
{
	struct world *w = *state;

	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	assert_int_equal(accept_issuer(w, &w->two), PST_OK);
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 100), PST_OK);
	assert_int_equal(say(w, &w->two, "db", NOW, NOW + 200), PST_OK);
	assert_string_equal(said_by(w, &w->one), "web");
	assert_string_equal(said_by(w, &w->two), "db");
	/* a newer one replaces, an older one does not */
	assert_int_equal(say(w, &w->one, "new", NOW + 10, NOW + 50), PST_OK);
	assert_string_equal(said_by(w, &w->one), "new");
	assert_int_equal(say(w, &w->one, "old", NOW + 9, NOW + 500), PST_OK);
	assert_string_equal(said_by(w, &w->one), "new");
	assert_string_equal(said_by(w, &w->two), "db");
	turn(w);
	assert_int_equal(w->told, 1); /* once a turn */
	/* of one that is accepted twice the first end changes nothing */
	assert_int_equal(accept_issuer(w, &w->two), PST_OK);
	pst_peers_unaccept(w->peers, &w->two.maker.identifier);
	assert_string_equal(said_by(w, &w->two), "db");
	pst_peers_unaccept(w->peers, &w->two.maker.identifier);
	assert_string_equal(said_by(w, &w->two), "");
	assert_string_equal(said_by(w, &w->one), "new");
	turn(w);
	assert_int_equal(w->told, 2);
	assert_int_equal(say(w, &w->two, "db", NOW, NOW + 200), PST_E_AUTH);
}

static void
attributes_expire_and_watchers_hear_of_it(void **state)
{
	struct world *w = *state;

	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	assert_int_equal(accept_issuer(w, &w->two), PST_OK);
	/* in the wrong order, so that the timer is set anew */
	assert_int_equal(say(w, &w->two, "db", NOW, NOW + 500), PST_OK);
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 1), PST_OK);
	turn(w);
	assert_string_equal(said_by(w, &w->one), "web");
	clock_now = NOW + 1;
	assert_string_equal(said_by(w, &w->one), ""); /* at once, whatever the timer does */
	assert_string_equal(said_by(w, &w->two), "db");
	turn(w); /* the timer, within a second */
	assert_int_equal(w->told, 2);
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 1), PST_OK); /* it still verifies … */
	assert_string_equal(said_by(w, &w->one), ""); /* … and says nothing */
	turn(w);
	clock_now = NOW + 500;
	assert_string_equal(said_by(w, NULL), "");
}

static void
the_same_bytes_hold_only_while_their_issuer_does(void **state)
{
	struct world *w = *state;
	size_t len;

	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	len = issuer_say(&w->one, pst_peer_identifier(w->peer), "app", "web", NOW, NOW + 100, bytes, ROOM);
	assert_int_equal(pst_peer_attest(w->peer, bytes, len, NOW, NULL), PST_OK);
	turn(w);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pst_peer_attest(w->peer, bytes, len, NOW, NULL), PST_OK);
	uv_run(&w->node.loop, UV_RUN_NOWAIT);
	assert_int_equal(w->told, 1); /* nothing has changed */
	/* known bytes with another signature are other bytes */
	bytes[len - 1] ^= 1;
	assert_int_equal(pst_peer_attest(w->peer, bytes, len, NOW, NULL), PST_E_AUTH);
	bytes[len - 1] ^= 1;
	assert_int_equal(pst_peer_attest(w->peer, bytes, len, NOW + 101, NULL), PST_E_AUTH);
	/* the issuer's key changes: shown again it is refused, as to others */
	maker_change(&w->one.maker, 103, NOW, NOW + 10 * DAY);
	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	assert_int_equal(pst_peer_attest(w->peer, bytes, len, NOW, NULL), PST_E_AUTH);
}

static void
strangers_leave_nothing(void **state)
{
	struct world *w = *state;
	struct issuer self;

	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	assert_int_equal(w->kept, 1);
	for (uint32_t i = 1000; i < 2000; i++) {
		struct pst_peer *peer = peer_make(w, i);
		size_t len;

		/* what it says of itself, and what was said of another */
		issuer_make(&self, i, NOW, NOW + DAY);
		len = issuer_say(&self, pst_peer_identifier(peer), "app", "web", NOW, NOW + 100, bytes, ROOM);
		assert_int_equal(pst_peer_attest(peer, bytes, len, NOW, NULL), PST_E_AUTH);
		len = issuer_say(&w->one, pst_peer_identifier(w->peer), "app", "web", NOW, NOW + 100, bytes, ROOM);
		assert_int_equal(pst_peer_attest(peer, bytes, len, NOW, NULL), PST_E_AUTH);
		pst_peer_unref(&peer);
	}
	assert_int_equal(w->kept, 1);
	assert_int_equal(w->told, 0);
}

static struct pst_peer_watch second;

static void
on_told_and_gone(struct pst_peer_watch *watch)
{
	struct world *w = pst_container_of(watch, struct world, watch);

	pst_peer_unwatch(watch);
	pst_peer_unwatch(&second);
	pst_peer_unref(&w->peer);
	w->told_once = true;
}

static void
on_never(struct pst_peer_watch *watch)
{
	fail_msg("told after it left");
}

static void
a_watch_may_end_everything(void **state)
{
	struct world *w = *state;
	const struct pst_attributes *attributes;
	struct pst_attributes *counted;

	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	pst_peer_watch(w->peer, &second, on_never);
	pst_peer_watch(w->peer, &w->watch, on_told_and_gone); /* the front: told first */
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 100), PST_OK);
	attributes = pst_peer_attributes(w->peer, NULL);
	counted = pst_attributes_ref(attributes);
	pst_peers_close(&w->peers); /* the table goes with its last peer */
	assert_null(pst_peer_attributes(w->peer, NULL));
	assert_int_equal(counted->count, 1); /* who counted it still has it */
	pst_attributes_unref(&counted);
	pst_peer_unwatch(&second);
	/* the same while the table lives */
	pst_peer_unwatch(&w->watch);
	pst_peer_unref(&w->peer);
	assert_int_equal(pst_peers_new(&w->peers, &w->node.env, NULL, NULL), PST_OK);
	w->peer = peer_make(w, 1);
	assert_int_equal(accept_issuer(w, &w->one), PST_OK);
	pst_peer_watch(w->peer, &second, on_never);
	pst_peer_watch(w->peer, &w->watch, on_told_and_gone);
	assert_int_equal(say(w, &w->one, "web", NOW, NOW + 100), PST_OK);
	turn(w);
	assert_null(w->peer);
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(who_is_not_accepted_attests_nothing),
		test(two_issuers_do_not_overwrite_each_other),
		test(attributes_expire_and_watchers_hear_of_it),
		test(the_same_bytes_hold_only_while_their_issuer_does),
		test(strangers_leave_nothing),
		test(a_watch_may_end_everything),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
