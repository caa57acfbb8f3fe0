/* A channel over a Unix link, between identities that are real: what it reaches. */
#include "links.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <postern/channel.h>

#include "trust/trust.h"

extern const struct pst_module channel_noise_LTX_pst_module;
extern const struct pst_module store_sqlite_LTX_pst_module;
extern const struct pst_module transport_unix_LTX_pst_module;
extern const struct pst_module vault_file_LTX_pst_module;

/* A node that has a channel with itself. */
static struct fake_node node;
static struct links_section vault, store, identity, listener, transport;
static struct near near;
static struct pst_channel *channel;
static bool channel_is_up;

static void
open_as(struct links_section *s, const struct pst_module *module, const char *text)
{
	assert_int_equal(links_open(s, &node, module->sections, module->ops, text), PST_OK);
}

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
channel_open(struct pst_admission *admission)
{
	static const struct pst_channel_events events = { .up = channel_up, .lost = channel_lost };
	const struct pst_channel_ops *ops = listener.section.ops;
	struct pst_route link = pst_worker_route(&near.link->gate.worker);
	struct pst_route_buf rb;
	struct pst_route route;

	pst_route_buf_init(&rb);
	assert_int_equal(pst_route_add_route(&rb, &link), PST_OK);
	assert_int_equal(pst_route_add(&rb, PST_ADDRESS_LOCAL, "api", 3), PST_OK);
	route = pst_route_buf_view(&rb);
	channel_is_up = false;
	assert_int_equal(ops->connect(&channel, listener.section.self, &route, admission, &events, NULL),
	    PST_OK);
	fake_wait(&node, &channel_is_up);
}

static void
a_channel_over_a_unix_link_does_not_reach_what_is_local(void **state)
{
	static const char *const anybody[] = { "*", NULL };
	const struct pst_list authorized = { 1, anybody };
	const struct pst_channel_ops *ops = listener.section.ops;
	struct pst_admission *admission;
	struct pst_err err = PST_ERR_INIT;
	struct desk control, open;
	char path[PATH_MAX + 32];

	snprintf(path, sizeof path, "%s/x.sock", node.state_dir);
	assert_int_equal(pst_admission_new(&admission, &authorized, &err), PST_OK);
	desk_start(&control, &node, "control", PST_REACH_LOCAL);
	desk_start(&open, &node, "open", PST_REACH_SECTION);
	near_open(&near, &transport, path, 0);
	channel_open(admission);
	assert_non_null(channel->gate.peer);

	assert_false(gate_reaches(&node, &channel->gate, &control, "control", "open"));
	/* while the link below does, and does not reach what the channel does */
	gate_ask(&node, &near.link->gate, "control", 5);
	assert_false(gate_reaches(&node, &near.link->gate, &open, "open", "control"));
	gate_ask(&node, &channel->gate, "open", 5);

	ops->close(&channel);
	near_close(&near, &transport);
	desk_stop(&control);
	desk_stop(&open);
	pst_admission_free(&admission);
}

static int
setup(void **state)
{
	links_setup(&node);
	open_as(&vault, &vault_file_LTX_pst_module, "vault default { }");
	open_as(&store, &store_sqlite_LTX_pst_module, "store default { }");
	fake_refer(&identity.section, "vault", "default", &vault.section);
	fake_refer(&identity.section, "store", "default", &store.section);
	assert_int_equal(links_open(&identity, &node, pst_trust_sections, NULL,
	    "identity default { vault = default  store = default }"), PST_OK);
	fake_refer(&listener.section, "identity", "default", &identity.section);
	open_as(&listener, &channel_noise_LTX_pst_module, "channel api { identity = default }");
	open_as(&transport, &transport_unix_LTX_pst_module,
	    "transport x { listen = \"x.sock\"  expose = {\"api\"} }");
	return 0;
}

static int
teardown(void **state)
{
	links_close(&transport);
	links_close(&listener);
	links_close(&identity);
	links_close(&store);
	links_close(&vault);
	links_teardown(&node);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_channel_over_a_unix_link_does_not_reach_what_is_local,
		    setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
