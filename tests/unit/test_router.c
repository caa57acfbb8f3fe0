/* Workers, gates, pairs, and who reaches whom. */
#include "sink.h"

#include <string.h>

static struct sink a, b;
static struct door one, two;

static struct pst_route
named(struct pst_route_buf *rb, const char *name)
{
	pst_route_buf_init(rb);
	assert_int_equal(pst_route_add(rb, PST_ADDRESS_LOCAL, name, strlen(name)), PST_OK);
	return pst_route_buf_view(rb);
}

/* ---- workers ---- */

static void
a_worker_is_small(void **state)
{
	assert_in_range(sizeof(struct pst_worker), 1, 199);
}

static void
a_message_reaches_the_worker_it_names(void **state)
{
	struct pst_route_buf rb;
	struct pst_route route;

	sink_start(&a, "alice", PST_REACH_INSIDE);
	sink_start(&b, "bob", PST_REACH_INSIDE);
	route = named(&rb, "alice");
	assert_int_equal(pst_route_add(&rb, PST_ADDRESS_LOCAL, "more", 4), PST_OK);
	route = pst_route_buf_view(&rb);
	assert_int_equal(sink_send(NULL, &route), PST_OK);
	assert_int_equal(a.count, 1);
	assert_int_equal(b.count, 0);
	assert_string_equal(a.onward, "0#alice => 0#more");
	assert_ptr_equal(pst_router_find(test.env.router, &route), &a.worker);
	assert_null(pst_router_gate(test.env.router, &route));
	sink_stop(&a);
	sink_stop(&b);
}

/* As bytes come in by a door, with a way back by it. */
static int
come_in(struct door *door, const struct pst_route *onward, const void *bytes, size_t len)
{
	struct pst_message m = { .onward = *onward, .back = pst_worker_route(&door->gate.worker), .from = &door->gate };

	assert_int_equal(pst_env_buf(&m.payload, &test.env, bytes, len, 0, 0), PST_OK);
	return pst_router_send(test.env.router, &m);
}

static void
an_inlet_whose_outlet_is_nobody_is_told_by_its_channel(void **state)
{
	static const uint8_t ping[] = { 0x00, 0x50, 0x53, 0x54, 0x01 }, word[] = { 'h', 'i' };
	struct pst_route_buf rb;
	struct pst_route route = named(&rb, "nobody");

	door_open(&one);
	assert_int_equal(come_in(&one, &route, ping, sizeof ping), PST_E_NO_ROUTE);
	assert_int_equal(one.leaves, 0); /* a link, of whoever it is */
	one.gate.peer = (struct pst_peer *)&one; /* who it is, nobody asks here */
	assert_int_equal(come_in(&one, &route, word, sizeof word), PST_E_NO_ROUTE);
	assert_int_equal(come_in(&one, &route, ping, 1), PST_E_NO_ROUTE);
	assert_int_equal(one.leaves, 0);
	assert_int_equal(come_in(&one, &route, ping, sizeof ping), PST_E_NO_ROUTE);
	assert_int_equal(one.leaves, 1);
	sink_start(&a, "nobody", PST_REACH_INSIDE);
	assert_int_equal(come_in(&one, &route, ping, sizeof ping), PST_E_DENIED);
	assert_int_equal(one.leaves, 1); /* whom he may not reach, he does not hear of */
	sink_stop(&a);
	door_close(&one);
}

static void
a_message_to_nobody_is_dropped(void **state)
{
	const struct pst_route none = PST_ROUTE_EMPTY;
	struct pst_route_buf rb;
	struct pst_route route = named(&rb, "nobody");

	assert_int_equal(sink_send(NULL, &route), PST_E_NO_ROUTE);
	assert_int_equal(sink_send(NULL, &none), PST_E_NO_ROUTE);
	assert_null(pst_router_find(test.env.router, &none));
	/* the same name with another type is another address */
	sink_start(&a, "nobody", PST_REACH_ANY);
	pst_route_buf_init(&rb);
	assert_int_equal(pst_route_add(&rb, PST_ADDRESS_TCP, "nobody", 6), PST_OK);
	route = pst_route_buf_view(&rb);
	assert_int_equal(sink_send(NULL, &route), PST_E_NO_ROUTE);
	sink_stop(&a);
}

static void
a_name_is_held_by_one_and_free_again_after(void **state)
{
	char longest[300];

	sink_start(&a, "name", PST_REACH_ANY);
	memset(&b, 0, sizeof b);
	assert_int_equal(pst_worker_start_named(test.env.router, &b.worker, "name", PST_REACH_ANY,
	    a.worker.receive), -EEXIST);
	sink_stop(&b); /* it was never started */
	sink_stop(&a);
	sink_stop(&a);
	sink_start(&b, "name", PST_REACH_ANY);
	assert_int_equal(pst_router_workers(test.env.router), 1);
	sink_stop(&b);
	memset(longest, 'n', sizeof longest);
	longest[256] = '\0';
	assert_int_equal(pst_worker_start_named(test.env.router, &b.worker, longest, PST_REACH_ANY,
	    a.worker.receive), PST_E_LIMIT);
	longest[255] = '\0';
	sink_start(&b, longest, PST_REACH_ANY);
	assert_int_equal(sink_send_to(NULL, &b), PST_OK);
	sink_stop(&b);
}

static void
random_names_are_32_hex_characters_and_differ(void **state)
{
	struct pst_address x, y;
	struct pst_route route;

	sink_start(&a, NULL, PST_REACH_ANY);
	sink_start(&b, NULL, PST_REACH_ANY);
	route = pst_worker_route(&a.worker);
	assert_true(pst_route_first(&route, &x));
	route = pst_worker_route(&b.worker);
	assert_true(pst_route_first(&route, &y));
	assert_int_equal(x.type, PST_ADDRESS_LOCAL);
	assert_int_equal(x.len, PST_RANDOM_NAME_LEN);
	for (size_t i = 0; i < x.len; i++)
		assert_non_null(memchr("0123456789abcdef", x.value[i], 16));
	assert_memory_not_equal(x.value, y.value, x.len);
	sink_stop(&a);
	sink_stop(&b);
}

static void
many_workers_come_and_go(void **state)
{
	enum { MANY = 20000 };
	struct sink *many = malloc(MANY * sizeof *many);

	for (size_t i = 0; i < MANY; i++)
		sink_start(&many[i], NULL, PST_REACH_ANY);
	for (size_t i = 0; i < MANY; i += 2)
		sink_stop(&many[i]);
	assert_int_equal(pst_router_workers(test.env.router), MANY / 2);
	for (size_t i = 1; i < MANY; i += 2) {
		assert_int_equal(sink_send_to(NULL, &many[i]), PST_OK);
		assert_int_equal(many[i].count, 1);
		sink_stop(&many[i]);
	}
	free(many);
}

static void
stops_itself(struct sink *sink, struct pst_message *m)
{
	sink_stop(sink);
}

static void
a_worker_may_stop_within_its_message(void **state)
{
	sink_start(&a, "once", PST_REACH_ANY);
	a.then = stops_itself;
	assert_int_equal(sink_send_to(NULL, &a), PST_OK);
	assert_int_equal(pst_router_workers(test.env.router), 0);
}

static struct pst_buf taken;

static void
takes_payload(struct sink *sink, struct pst_message *m)
{
	taken = pst_buf_take(&m->payload);
}

static void
a_payload_that_is_taken_stays(void **state)
{
	sink_start(&a, "taker", PST_REACH_ANY);
	a.then = takes_payload;
	assert_int_equal(sink_send_to(NULL, &a), PST_OK);
	assert_int_equal(pst_buf_len(&taken), 5);
	assert_memory_equal(taken.start, "hello", 5);
	pst_buf_free(&taken);
	sink_stop(&a);
}

static void
sends_to_itself(struct sink *sink, struct pst_message *m)
{
	sink_send_to(NULL, sink);
}

static void
a_loop_of_deliveries_ends(void **state)
{
	sink_start(&a, "loop", PST_REACH_ANY);
	a.then = sends_to_itself;
	assert_int_equal(sink_send_to(NULL, &a), PST_OK);
	assert_in_range(a.count, 10, 1000);
	a.then = NULL;
	assert_int_equal(sink_send_to(NULL, &a), PST_OK); /* and all is as before */
	sink_stop(&a);
}

/* ---- who reaches whom ---- */

static void
a_worker_inside_is_reached_from_inside_only(void **state)
{
	door_open(&one);
	sink_start(&a, "inside", PST_REACH_INSIDE);
	assert_int_equal(sink_send_to(&one, &a), PST_E_DENIED);
	assert_int_equal(a.count, 0);
	assert_int_equal(sink_send_to(NULL, &a), PST_OK);
	assert_null(a.from);
	sink_stop(&a);
	door_close(&one);
}

static void
any_gate_reaches_a_worker_for_all(void **state)
{
	door_open(&one);
	sink_start(&a, "all", PST_REACH_ANY);
	assert_int_equal(sink_send_to(&one, &a), PST_OK);
	assert_ptr_equal(a.from, &one.gate);
	sink_stop(&a);
	door_close(&one);
}

static void
one_gate_alone_reaches_a_worker_of_its_own(void **state)
{
	door_open(&one);
	door_open(&two);
	sink_start(&a, NULL, PST_REACH_GATE);
	assert_int_equal(sink_send_to(&one, &a), PST_E_DENIED); /* of nobody yet */
	a.worker.reach_gate = one.gate.id;
	assert_int_equal(sink_send_to(&one, &a), PST_OK);
	assert_int_equal(sink_send_to(&two, &a), PST_E_DENIED);
	assert_int_equal(sink_send_to(NULL, &a), PST_OK);
	/* a gate opened anew is another gate */
	door_close(&one);
	door_open(&one);
	assert_int_equal(sink_send_to(&one, &a), PST_E_DENIED);
	sink_stop(&a);
	door_close(&one);
	door_close(&two);
}

static bool
exposes_echo(const struct pst_gate *gate, const uint8_t *name, size_t len)
{
	return len == 4 && !memcmp(name, "echo", 4);
}

static void
a_section_is_reached_by_gates_that_expose_its_name(void **state)
{
	door_open(&one);
	door_open(&two);
	two.gate.exposes = exposes_echo;
	sink_start(&a, "echo", PST_REACH_SECTION);
	sink_start(&b, "echoes", PST_REACH_SECTION);
	assert_int_equal(sink_send_to(&one, &a), PST_OK);
	assert_int_equal(sink_send_to(&one, &b), PST_OK);
	assert_int_equal(sink_send_to(&two, &a), PST_OK);
	assert_int_equal(sink_send_to(&two, &b), PST_E_DENIED);
	sink_stop(&a);
	sink_stop(&b);
	door_close(&one);
	door_close(&two);
}

static void
what_is_local_is_reached_by_the_operator_only(void **state)
{
	door_open(&one);
	door_open(&two);
	two.gate.local = true;
	sink_start(&a, "control", PST_REACH_LOCAL);
	assert_int_equal(sink_send_to(&one, &a), PST_E_DENIED); /* it exposes all */
	assert_int_equal(sink_send_to(&two, &a), PST_OK);
	assert_int_equal(sink_send_to(NULL, &a), PST_OK);
	assert_int_equal(a.count, 2);
	/* whom a relay lets through is no operator */
	assert_int_equal(pst_gate_pair(test.env.router, &one.gate, &two.gate), PST_OK);
	assert_int_equal(sink_send_to(&one, &a), PST_E_DENIED);
	sink_stop(&a);
	/* and the operator is no more than that */
	sink_start(&a, "inside", PST_REACH_INSIDE);
	assert_int_equal(sink_send_to(&two, &a), PST_E_DENIED);
	sink_stop(&a);
	door_close(&one);
	door_close(&two);
}

/* ---- gates ---- */

static struct pst_route
way_out(struct pst_route_buf *rb, const struct door *door)
{
	struct pst_route route = pst_worker_route(&door->gate.worker);

	pst_route_buf_init(rb);
	assert_int_equal(pst_route_add_route(rb, &route), PST_OK);
	assert_int_equal(pst_route_add(rb, PST_ADDRESS_LOCAL, "far", 3), PST_OK);
	return pst_route_buf_view(rb);
}

static void
what_is_sent_to_a_gate_leaves_by_it(void **state)
{
	struct pst_route_buf rb;
	struct pst_route out;

	door_open(&one);
	out = way_out(&rb, &one);
	assert_ptr_equal(pst_router_gate(test.env.router, &out), &one.gate);
	assert_int_equal(sink_send(NULL, &out), PST_OK);
	assert_int_equal(one.leaves, 1);
	assert_string_equal(one.onward, "0#far");
	door_close(&one);
	assert_int_equal(sink_send(NULL, &out), PST_E_NO_ROUTE);
	door_close(&one); /* a second time is nothing */
}

static void
only_paired_gates_pass_messages_on(void **state)
{
	struct pst_route_buf rb1, rb2;
	struct pst_route out1, out2;

	door_open(&one);
	door_open(&two);
	out1 = way_out(&rb1, &one);
	out2 = way_out(&rb2, &two);
	assert_int_equal(sink_send(&one, &out2), PST_E_DENIED);
	assert_int_equal(sink_send(&one, &out1), PST_E_DENIED);
	assert_int_equal(pst_gate_pair(test.env.router, &two.gate, &one.gate), PST_OK);
	assert_int_equal(pst_gate_pair(test.env.router, &one.gate, &two.gate), PST_OK);
	assert_int_equal(sink_send(&one, &out2), PST_OK);
	assert_int_equal(sink_send(&two, &out1), PST_OK);
	assert_int_equal(sink_send(&one, &out1), PST_E_DENIED); /* not back to itself */
	assert_int_equal(pst_gate_pair(test.env.router, &one.gate, &one.gate), PST_OK);
	door_close(&two);
	door_open(&two);
	out2 = way_out(&rb2, &two);
	assert_int_equal(sink_send(&one, &out2), PST_E_DENIED);
	assert_int_equal(sink_send(&two, &out1), PST_E_DENIED);
	door_close(&one);
	door_close(&two);
}

static void
a_pair_lets_nobody_to_other_workers(void **state)
{
	door_open(&one);
	door_open(&two);
	sink_start(&a, "inside", PST_REACH_INSIDE);
	assert_int_equal(pst_gate_pair(test.env.router, &one.gate, &two.gate), PST_OK);
	assert_int_equal(sink_send_to(&one, &a), PST_E_DENIED);
	sink_stop(&a);
	door_close(&one);
	door_close(&two);
}

static void
pairs_of_many_gates_are_kept_apart(void **state)
{
	enum { MANY = 60 };
	static struct door doors[MANY];
	struct pst_route_buf rb;

	for (int i = 0; i < MANY; i++)
		door_open(&doors[i]);
	for (int i = 0; i < MANY; i++)
		for (int j = i + 1; j < MANY; j++)
			if ((i * 7 + j) % 3 == 0)
				assert_int_equal(pst_gate_pair(test.env.router, &doors[i].gate, &doors[j].gate), 0);
	for (int i = 0; i < MANY; i += 5) /* some go */
		door_close(&doors[i]);
	for (int i = 0; i < MANY; i++) {
		for (int j = i + 1; j < MANY; j++) {
			struct pst_route out;

			if (i % 5 == 0 || j % 5 == 0)
				continue;
			out = way_out(&rb, &doors[j]);
			assert_int_equal(sink_send(&doors[i], &out),
			    (i * 7 + j) % 3 == 0 ? PST_OK : PST_E_DENIED);
		}
	}
	for (int i = 0; i < MANY; i++)
		door_close(&doors[i]);
}

/* ---- who is told of a gate's end ---- */

struct watcher {
	struct pst_gate_watch watch;
	unsigned told;
	struct pst_gate_watch *drops; /* when told */
	struct door *closes;
};

static void
watcher_told(struct pst_gate_watch *watch)
{
	struct watcher *w = pst_container_of(watch, struct watcher, watch);

	w->told++;
	if (w->drops)
		pst_gate_unwatch(w->drops);
	if (w->closes)
		door_close(w->closes);
}

static void
watchers_are_told_once(void **state)
{
	struct watcher w[3] = { 0 };

	door_open(&one);
	for (int i = 0; i < 3; i++)
		pst_gate_watch(&one.gate, &w[i].watch, watcher_told);
	pst_gate_unwatch(&w[1].watch);
	pst_gate_unwatch(&w[1].watch);
	door_close(&one);
	door_close(&one);
	assert_int_equal(w[0].told, 1);
	assert_int_equal(w[1].told, 0);
	assert_int_equal(w[2].told, 1);
}

static void
a_watcher_watches_one_gate_at_a_time(void **state)
{
	struct watcher w = { 0 };

	door_open(&one);
	door_open(&two);
	pst_gate_watch(&one.gate, &w.watch, watcher_told);
	pst_gate_watch(&two.gate, &w.watch, watcher_told);
	door_close(&one);
	assert_int_equal(w.told, 0);
	door_close(&two);
	assert_int_equal(w.told, 1);
}

static void
a_watcher_may_drop_another_and_close_the_gate_again(void **state)
{
	struct watcher w[3] = { 0 };

	door_open(&one);
	for (int i = 0; i < 3; i++)
		pst_gate_watch(&one.gate, &w[i].watch, watcher_told);
	/* the latest is told first */
	w[2].drops = &w[1].watch;
	w[2].closes = &one;
	door_close(&one);
	assert_int_equal(w[0].told, 1);
	assert_int_equal(w[1].told, 0);
	assert_int_equal(w[2].told, 1);
}

static struct pst_route goodbye_route;

static void
says_goodbye(struct pst_gate_watch *watch)
{
	assert_int_equal(sink_send(NULL, &goodbye_route), PST_OK);
}

static void
a_watcher_may_say_goodbye_through_the_gate(void **state)
{
	struct pst_gate_watch watch = { 0 };
	struct pst_route_buf rb;

	door_open(&one);
	goodbye_route = way_out(&rb, &one);
	pst_gate_watch(&one.gate, &watch, says_goodbye);
	door_close(&one);
	assert_int_equal(one.leaves, 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, sink_setup, sink_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_worker_is_small),
		TEST(a_message_reaches_the_worker_it_names),
		TEST(a_message_to_nobody_is_dropped),
		TEST(an_inlet_whose_outlet_is_nobody_is_told_by_its_channel),
		TEST(a_name_is_held_by_one_and_free_again_after),
		TEST(random_names_are_32_hex_characters_and_differ),
		TEST(many_workers_come_and_go),
		TEST(a_worker_may_stop_within_its_message),
		TEST(a_payload_that_is_taken_stays),
		TEST(a_loop_of_deliveries_ends),
		TEST(a_worker_inside_is_reached_from_inside_only),
		TEST(any_gate_reaches_a_worker_for_all),
		TEST(one_gate_alone_reaches_a_worker_of_its_own),
		TEST(a_section_is_reached_by_gates_that_expose_its_name),
		TEST(what_is_local_is_reached_by_the_operator_only),
		TEST(what_is_sent_to_a_gate_leaves_by_it),
		TEST(only_paired_gates_pass_messages_on),
		TEST(a_pair_lets_nobody_to_other_workers),
		TEST(pairs_of_many_gates_are_kept_apart),
		TEST(watchers_are_told_once),
		TEST(a_watcher_watches_one_gate_at_a_time),
		TEST(a_watcher_may_drop_another_and_close_the_gate_again),
		TEST(a_watcher_may_say_goodbye_through_the_gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
