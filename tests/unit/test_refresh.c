/* Credentials in channels: shown in the handshake, both ways, and refreshed while data flows. */
#include "links.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "make_credential.h"
#include "noise.h"
#include "trust/trust.h"

extern const struct pst_module channel_noise_LTX_pst_module;
extern const struct pst_module store_sqlite_LTX_pst_module;
extern const struct pst_module vault_file_LTX_pst_module;

/* Remembers what issuers say of who sent to it, message by message. */
struct ear {
	struct pst_worker worker;
	unsigned count;
	bool heard;
	char said[200][8];
	struct pst_peer *peer; /* of the last one, borrowed */
};

/* Both ends of the channel are on one node: `client` connects to `server`. */
static struct fake_node node;
static struct links_section vault, store, client_id, server_id, client, server;
static struct ear ear;
static struct issuer issuer;
static struct pst_admission *anybody;
static struct pst_channel *channel;
static bool channel_is_up;
static uint64_t now;
static uint8_t bytes[PST_HISTORY_MAX + 2048];

/* ---- the world ---- */

static void
say(char out[8], struct pst_peer *peer)
{
	const struct pst_attributes *attributes =
	    pst_peer_attributes(peer, &issuer.maker.identifier);
	const struct pst_attribute *a = attributes ? pst_attributes_find(attributes, "app", 3) : NULL;

	snprintf(out, 8, "%.*s", a ? (int)a->value_len : 0, a ? (const char *)a->value : "");
}

static void
ear_receives(struct pst_worker *worker, struct pst_message *message)
{
	struct ear *e = pst_container_of(worker, struct ear, worker);

	e->peer = message->from->peer;
	say(e->said[e->count++ % 200], e->peer);
	e->heard = true;
}

static void
open_as(struct links_section *s, const struct pst_module *module, const char *text)
{
	assert_int_equal(links_open(s, &node, module->sections, module->ops, text), PST_OK);
}

static void
identity_as(struct links_section *identity, struct links_section *channels, const char *text,
    const char *name, const char *channel_text)
{
	fake_refer(&identity->section, "vault", "default", &vault.section);
	fake_refer(&identity->section, "store", "default", &store.section);
	assert_int_equal(links_open(identity, &node, pst_trust_sections, NULL, text), PST_OK);
	fake_refer(&channels->section, "identity", name, &identity->section);
	open_as(channels, &channel_noise_LTX_pst_module, channel_text);
}

static int
setup(void **state)
{
	static const char *const star[] = { "*", NULL };
	const struct pst_list authorized = { 1, star };

	links_setup(&node);
	open_as(&vault, &vault_file_LTX_pst_module, "vault default { }");
	open_as(&store, &store_sqlite_LTX_pst_module, "store default { }");
	identity_as(&client_id, &client, "identity client { vault = default  store = default }", "client",
	    "channel near { identity = client }");
	identity_as(&server_id, &server, "identity server { vault = default  store = default }", "server",
	    "channel api { identity = server }");
	assert_int_equal(pst_admission_new(&anybody, &authorized, NULL), PST_OK);
	memset(&ear, 0, sizeof ear);
	assert_int_equal(pst_worker_start_named(node.env.router, &ear.worker, "ear", PST_REACH_SECTION,
			     ear_receives),
	    PST_OK);
	now = (uint64_t)time(NULL);
	issuer_make(&issuer, 1, now - 100, now + 10000);
	return 0;
}

static void
section_close(struct links_section *s)
{
	links_close(s);
	memset(s, 0, sizeof *s);
}

static int
teardown(void **state)
{
	const struct pst_channel_ops *ops = client.section.ops;

	if (channel)
		ops->close(&channel);
	pst_worker_stop(node.env.router, &ear.worker);
	section_close(&client);
	section_close(&server);
	section_close(&client_id);
	section_close(&server_id);
	section_close(&store);
	section_close(&vault);
	pst_admission_free(&anybody);
	links_teardown(&node);
	return 0;
}

static void
accept_issuer(struct links_section *identity)
{
	size_t len = maker_history(&issuer.maker, bytes);

	assert_int_equal(pst_identity_accept(identity->section.self, NULL, bytes, len, NULL), PST_OK);
}

/* From now on this identity shows { app: value }. */
static void
present(struct links_section *identity, const char *value)
{
	size_t len = issuer_say(&issuer, pst_identity_identifier(identity->section.self), "app", value,
	    now, now + 1000, bytes, sizeof bytes);

	assert_int_equal(pst_identity_present(identity->section.self, bytes, len, NULL, NULL), PST_OK);
}

/* ---- the channel ---- */

static void
channel_up(void *arg, struct pst_channel *c)
{
	channel_is_up = true;
}

static void
channel_lost(void *arg, int rc)
{
	fail_msg("the channel is lost: %s", pst_strerror(rc));
}

static void
channel_begin(void)
{
	static const struct pst_channel_events events = { .up = channel_up, .lost = channel_lost };
	const struct pst_channel_ops *ops = client.section.ops;
	struct pst_route_buf rb;
	struct pst_route route;

	pst_route_buf_init(&rb);
	assert_int_equal(pst_route_add(&rb, PST_ADDRESS_LOCAL, "api", 3), PST_OK);
	route = pst_route_buf_view(&rb);
	channel_is_up = false;
	assert_int_equal(ops->connect(&channel, client.section.self, &route, anybody, &events, NULL), PST_OK);
}

static struct channel *
inside(void)
{
	return pst_container_of(channel, struct channel, base);
}

/* The server's end of it. */
static struct channel *
far_end(void)
{
	return ((struct noise *)server.section.self)->channels;
}

static void
through(struct pst_gate *gate)
{
	struct pst_route gate_route = pst_worker_route(&gate->worker), route;
	const struct pst_route none = PST_ROUTE_EMPTY;
	struct pst_route_buf rb;
	struct pst_buf buf;

	pst_route_buf_init(&rb);
	assert_int_equal(pst_route_add_route(&rb, &gate_route), PST_OK);
	assert_int_equal(pst_route_add(&rb, PST_ADDRESS_LOCAL, "ear", 3), PST_OK);
	route = pst_route_buf_view(&rb);
	assert_int_equal(pst_env_buf(&buf, &node.env, "data", 4, PST_RX_HEADROOM, PST_RX_TAILROOM), PST_OK);
	ear.heard = false;
	assert_int_equal(pst_send(node.env.router, &route, &none, &buf), PST_OK);
	fake_wait(&node, &ear.heard);
}

static const char *
last(void)
{
	return ear.said[(ear.count - 1) % 200];
}

static void
turns(int n)
{
	while (n--)
		uv_run(&node.loop, UV_RUN_NOWAIT);
}

/* ---- tests ---- */

static void
a_handshake_carries_credentials_both_ways(void **state)
{
	accept_issuer(&client_id);
	accept_issuer(&server_id);
	present(&client_id, "web");
	present(&server_id, "db");
	turns(2);
	channel_begin();
	fake_wait(&node, &channel_is_up);
	through(&channel->gate);
	assert_string_equal(last(), "web");
	through(&far_end()->base.gate);
	assert_string_equal(last(), "db");
	/* nothing but the two messages has gone through it */
	assert_int_equal(inside()->sealer.n, 1);
	assert_int_equal(far_end()->sealer.n, 1);
}

static void
without_an_issuer_they_are_ignored(void **state)
{
	accept_issuer(&client_id);
	present(&client_id, "web");
	channel_begin();
	fake_wait(&node, &channel_is_up);
	through(&channel->gate);
	assert_string_equal(last(), "");
	assert_null(pst_peer_attributes(ear.peer, NULL));
}

static void
a_new_credential_reaches_open_channels_in_order(void **state)
{
	accept_issuer(&client_id);
	accept_issuer(&server_id);
	channel_begin();
	fake_wait(&node, &channel_is_up);
	/* over two changes of keys, a new one every 20 messages */
	for (unsigned i = 0; i < 100; i++) {
		char value[8];

		snprintf(value, sizeof value, "v%u", i / 20);
		if (i && i % 20 == 0) {
			present(&client_id, value);
			turns(2);
		}
		through(&channel->gate);
		assert_string_equal(last(), i < 20 ? "" : value);
	}
	assert_int_equal(ear.count, 100);
	assert_int_equal(inside()->sealer.n, 104);
	/* and the other way */
	present(&server_id, "db");
	turns(2);
	through(&far_end()->base.gate);
	assert_string_equal(last(), "db");
}

static void
the_same_is_never_shown_twice(void **state)
{
	accept_issuer(&client_id);
	accept_issuer(&server_id);
	present(&client_id, "web");
	turns(2);
	channel_begin();
	fake_wait(&node, &channel_is_up);
	present(&client_id, "web");
	turns(2);
	assert_int_equal(inside()->sealer.n, 0);
	present(&client_id, "two");
	present(&client_id, "three"); /* within a turn: the last one only */
	turns(2);
	assert_int_equal(inside()->sealer.n, 1);
	through(&channel->gate);
	assert_string_equal(last(), "three");
}

static void
what_comes_while_the_hands_shake_is_not_lost(void **state)
{
	accept_issuer(&client_id);
	accept_issuer(&server_id);
	for (int n = 0; n < 12; n++) {
		const struct pst_channel_ops *ops = client.section.ops;
		char value[8];

		snprintf(value, sizeof value, "c%d", n);
		channel_begin();
		for (int i = 0; i < n && !channel_is_up; i++)
			uv_run(&node.loop, UV_RUN_ONCE);
		present(&client_id, value);
		present(&server_id, value);
		fake_wait(&node, &channel_is_up);
		turns(4);
		through(&channel->gate);
		assert_string_equal(last(), value);
		through(&far_end()->base.gate);
		assert_string_equal(last(), value);
		ops->close(&channel);
		turns(2);
	}
}

static unsigned watched;

static void
on_watch(struct pst_peer_watch *watch)
{
	watched++;
}

static void
who_is_no_longer_accepted_says_no_more(void **state)
{
	struct pst_peer_watch watch = { .link = NULL };

	accept_issuer(&client_id);
	accept_issuer(&server_id);
	present(&client_id, "web");
	channel_begin();
	fake_wait(&node, &channel_is_up);
	through(&channel->gate);
	assert_string_equal(last(), "web");
	watched = 0;
	pst_peer_watch(far_end()->peer, &watch, on_watch);
	pst_identity_unaccept(server_id.section.self, &issuer.maker.identifier);
	turns(3);
	assert_int_equal(watched, 1);
	through(&channel->gate);
	assert_string_equal(last(), "");
	pst_peer_unwatch(&watch);
}

int
main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(a_handshake_carries_credentials_both_ways),
		test(without_an_issuer_they_are_ignored),
		test(a_new_credential_reaches_open_channels_in_order),
		test(the_same_is_never_shown_twice),
		test(what_comes_while_the_hands_shake_is_not_lost),
		test(who_is_no_longer_accepted_says_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
