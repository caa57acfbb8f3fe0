/* Punctures over real sockets, asked of us and by us: the test is the rendezvous and the other side. */
#include "links.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <postern/dial.h>

#include "datagram.h"
#include "puncture_wire.h"

extern const struct pst_module transport_udp_LTX_pst_module;

/* How long a datagram may take that has to come. */
#define PATIENCE_MS 20000
/* A ping comes each second: so many other messages before what has to come. */
#define MOST 20

static struct fake_node node;
static struct links_section section;
static struct desk desk;

/* Where an Initiate comes from or goes, and its answer goes or comes from. */
static struct {
	struct pst_gate gate;
	char known; /* somebody */
	bool answered;
	struct negotiation answer; /* or question, */
	struct pst_route *back;    /* which is answered there */
} asker;

/* One that we ask for. */
static struct near hole;
static const struct pst_transport_ops *ops;

/* A socket of the other side, and what came there last. */
struct outside {
	int fd;
	struct sockaddr_storage own, from;
	uint8_t number;
	struct pst_route_buf onward, back;
	struct pst_buf message;
};
static struct outside rendezvous, peer, stranger;

/* ---- the other side ---- */

static void
outside_open(struct outside *o)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof o->own;

	memset(o, 0, sizeof *o);
	o->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(o->fd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(getsockname(o->fd, (struct sockaddr *)&o->own, &len), 0);
}

static void
outside_close(struct outside *o)
{
	pst_buf_free(&o->message);
	close(o->fd);
}

/* Wait for a datagram, and open it. */
static void
outside_hears(struct outside *o)
{
	uint64_t end = pst_now_ms(&node.env) + PATIENCE_MS;
	socklen_t len = sizeof o->from;
	struct datagram d;
	uint8_t bytes[DATAGRAM_MAX];
	ssize_t n;

	while ((n = recvfrom(o->fd, bytes, sizeof bytes, 0, (struct sockaddr *)&o->from, &len)) < 0) {
		assert_true(pst_now_ms(&node.env) < end);
		uv_run(&node.loop, UV_RUN_NOWAIT);
		len = sizeof o->from;
	}
	assert_int_equal(datagram_read(&d, bytes, (size_t)n), PST_OK);
	assert_int_equal(d.total, 1);
	pst_buf_free(&o->message);
	pst_route_buf_init(&o->onward);
	pst_route_buf_init(&o->back);
	assert_int_equal(pst_env_buf(&o->message, &node.env, d.part, d.len, 0, 0), PST_OK);
	assert_int_equal(pst_frame_open(&o->message, &o->onward, &o->back), PST_OK);
}

static struct pst_route
to_worker(struct pst_route_buf *rb, const void *name, size_t len)
{
	pst_route_buf_init(rb);
	assert_int_equal(pst_route_add(rb, PST_ADDRESS_LOCAL, name, len), PST_OK);
	return pst_route_buf_view(rb);
}

static void
outside_says(struct outside *o, const struct sockaddr_storage *to, const struct pst_route *onward,
    struct pst_buf *payload)
{
	struct pst_route_buf rb;
	struct pst_route back = to_worker(&rb, "outside", 7);
	uint8_t bytes[DATAGRAM_MAX];
	struct datagram d;
	size_t head;

	assert_int_equal(pst_frame_push(payload, onward, &back), PST_OK);
	d = datagram_split(payload->start, pst_buf_len(payload), o->number++, 0);
	head = datagram_head(bytes, &d);
	memcpy(bytes + head, d.part, d.len);
	assert_int_equal(sendto(o->fd, bytes, head + d.len, 0, (const struct sockaddr *)to,
			     sizeof(struct sockaddr_in)),
	    head + d.len);
	pst_buf_free(payload);
}

static void
outside_says_bytes(struct outside *o, const struct sockaddr_storage *to,
    const struct pst_route *onward, const void *bytes, size_t len)
{
	struct pst_buf buf;

	assert_int_equal(pst_env_buf(&buf, &node.env, bytes, len, PST_LINK_FRONT, 0), PST_OK);
	outside_says(o, to, onward, &buf);
}

/* The type of what came last; a Payload's routes replace those of the frame. */
static enum puncture_type
outside_heard(struct outside *o)
{
	enum puncture_type type;

	pst_route_buf_init(&o->onward);
	pst_route_buf_init(&o->back);
	assert_int_equal(puncture_open(&type, &o->message, &o->onward, &o->back), PST_OK);
	return type;
}

/* ---- this side ---- */

static void
answer_leaves(struct pst_worker *worker, struct pst_message *m)
{
	assert_int_equal(negotiation_read(&asker.answer, &m->payload), PST_OK);
	asker.answered = true;
	free(asker.back);
	asker.back = pst_route_copy(&m->back);
	assert_non_null(asker.back);
}

static void
initiate(const struct outside *o)
{
	struct negotiation ours = { .address = o->own, .name_len = 4, .name = "peer" };
	struct pst_route own = pst_worker_route(&asker.gate.worker);
	struct pst_message m = { .from = &asker.gate, .back = own };
	struct pst_route_buf rb;
	uint8_t bytes[NEGOTIATION_MAX];

	m.onward = to_worker(&rb, "udp", 3);
	assert_int_equal(pst_env_buf(&m.payload, &node.env, bytes, negotiation_write(bytes, &ours), 0, 0),
	    PST_OK);
	assert_int_equal(pst_router_send(node.env.router, &m), PST_OK);
}

static int
setup(void **state)
{
	const struct pst_module *module = &transport_udp_LTX_pst_module;
	char text[200];

	memset(&section, 0, sizeof section);
	memset(&asker, 0, sizeof asker);
	links_setup(&node);
	outside_open(&rendezvous);
	outside_open(&peer);
	outside_open(&stranger);
	snprintf(text, sizeof text,
	    "transport t { use = udp  rendezvous = \"localhost:%u\"  expose = {\"desk\"}  punctures = 1 }",
	    ntohs(((struct sockaddr_in *)&rendezvous.own)->sin_port));
	assert_int_equal(links_open(&section, &node, module->sections, module->ops, text), PST_OK);
	assert_int_equal(pst_gate_open(node.env.router, &asker.gate, answer_leaves), PST_OK);
	asker.gate.peer = (struct pst_peer *)&asker.known;
	desk_start(&desk, &node, "desk", PST_REACH_SECTION);
	memset(&hole, 0, sizeof hole);
	for (ops = module->ops; ops && strcmp(ops->protocol, "puncture"); ops = ops->also)
		;
	assert_non_null(ops);
	return 0;
}

static int
teardown(void **state)
{
	if (hole.link)
		ops->close(&hole.link);
	desk_stop(&desk);
	pst_gate_close(node.env.router, &asker.gate);
	free(asker.back);
	outside_close(&rendezvous);
	outside_close(&peer);
	outside_close(&stranger);
	links_close(&section);
	links_teardown(&node);
	return 0;
}

/* The rendezvous answers whatever was asked that the socket is seen there. */
static void
rendezvous_tells(const struct sockaddr_storage *seen)
{
	struct pst_route back = pst_route_buf_view(&rendezvous.back);
	uint8_t bytes[RENDEZVOUS_MAX];

	outside_says_bytes(&rendezvous, &rendezvous.from, &back, bytes,
	    rendezvous_answer(bytes, RENDEZVOUS_ADDRESS, seen));
}

static void
short_said(struct outside *o, enum puncture_type type)
{
	uint8_t bytes[PUNCTURE_SHORT];
	struct pst_route_buf rb;
	struct pst_route onward = to_worker(&rb, asker.answer.name, asker.answer.name_len);

	puncture_short(bytes, type);
	outside_says_bytes(o, &asker.answer.address, &onward, bytes, sizeof bytes);
}

static void
negotiate(void)
{
	initiate(&peer);
	outside_hears(&rendezvous);
	rendezvous_tells(&rendezvous.from);
	fake_wait(&node, &asker.answered);
	assert_true(pst_sockaddr_equal(&asker.answer.address, &rendezvous.from));
}

/* "hello" to the desk, from inside the peer's node. */
static void
hello_said(struct outside *o)
{
	struct pst_route_buf rb, inner, back;
	struct pst_route onward = to_worker(&rb, asker.answer.name, asker.answer.name_len);
	struct pst_route to = to_worker(&inner, "desk", 4), from = to_worker(&back, "client", 6);
	struct pst_buf payload, wrapped;

	assert_int_equal(pst_env_buf(&payload, &node.env, "hello", 5, 0, 0), PST_OK);
	assert_int_equal(puncture_wrap(&wrapped, pst_env_pool(&node.env), NULL, &to, &from, &payload),
	    PST_OK);
	pst_buf_free(&payload);
	outside_says(o, &asker.answer.address, &onward, &wrapped);
}

/* Until an answer of that type comes; pings come between. */
static void
hears_type(struct outside *o, enum puncture_type type)
{
	for (int i = 0; i < MOST; i++) {
		outside_hears(o);
		if (outside_heard(o) == type)
			return;
	}
	fail_msg("%d other messages", MOST);
}

static void
open_puncture(void)
{
	negotiate();
	outside_hears(&peer); /* a hole opener */
	assert_int_equal(peer.onward.hops, 0);
	assert_int_equal(outside_heard(&peer), PUNCTURE_PING);
	short_said(&peer, PUNCTURE_PING);
	hears_type(&peer, PUNCTURE_PONG);
	short_said(&peer, PUNCTURE_PONG);
}

/* ---- tests ---- */

static void
messages_cross_an_open_puncture_both_ways(void **state)
{
	struct pst_route inner, client;
	struct pst_route_buf rb;

	open_puncture();
	hello_said(&peer);
	hears_type(&peer, PUNCTURE_PAYLOAD);
	assert_int_equal(desk.count, 1);
	assert_int_equal(desk.len, 5);
	inner = pst_route_buf_view(&peer.onward);
	client = to_worker(&rb, "client", 6);
	assert_int_equal(inner.len, client.len);
	assert_memory_equal(inner.data, client.data, client.len);
	assert_int_equal(pst_buf_len(&peer.message), 3);
	assert_memory_equal(peer.message.start, "yes", 3);
}

static void
pings_name_the_worker_of_a_peer_that_has_pinged(void **state)
{
	struct pst_route onward, worker;
	struct pst_route_buf rb;

	open_puncture();
	for (int i = 0; i < MOST && !peer.onward.hops; i++)
		outside_hears(&peer); /* one that went out before */
	onward = pst_route_buf_view(&peer.onward);
	worker = to_worker(&rb, "peer", 4);
	assert_memory_equal(onward.data, worker.data, worker.len);
	assert_int_equal(outside_heard(&peer), PUNCTURE_PING);
}

/* The peer's own message, which comes after it, is the first that arrives. */
static void
what_others_send_is_not_taken(void **state)
{
	uint8_t bytes[PUNCTURE_SHORT];
	struct pst_route_buf rb;
	struct pst_route other = to_worker(&rb, "other", 5);

	negotiate();
	short_said(&stranger, PUNCTURE_PONG); /* from another address */
	puncture_short(bytes, PUNCTURE_PONG);
	outside_says_bytes(&peer, &asker.answer.address, &other, bytes, sizeof bytes); /* by another name */
	hello_said(&peer); /* it is not open */
	short_said(&peer, PUNCTURE_PING);
	hears_type(&peer, PUNCTURE_PONG);
	short_said(&peer, PUNCTURE_PONG);
	hello_said(&stranger);
	hello_said(&peer);
	hears_type(&peer, PUNCTURE_PAYLOAD);
	assert_int_equal(desk.count, 1);
}

static void
an_address_is_taken_of_the_rendezvous_only(void **state)
{
	struct pst_route back;
	uint8_t bytes[RENDEZVOUS_MAX];

	initiate(&peer);
	outside_hears(&rendezvous);
	back = pst_route_buf_view(&rendezvous.back);
	outside_says_bytes(&stranger, &rendezvous.from, &back, bytes,
	    rendezvous_answer(bytes, RENDEZVOUS_ADDRESS, &stranger.own));
	rendezvous_tells(&rendezvous.from);
	fake_wait(&node, &asker.answered);
	assert_true(pst_sockaddr_equal(&asker.answer.address, &rendezvous.from));
}

static void
who_has_no_channel_gets_no_puncture_nor_a_second_one_beyond_the_limit(void **state)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	uint8_t byte;

	asker.gate.peer = NULL;
	initiate(&stranger);
	asker.gate.peer = (struct pst_peer *)&asker.known;
	negotiate();
	asker.answered = false;
	initiate(&stranger); /* punctures = 1 */
	outside_hears(&peer);
	/* asked once more, perhaps, but by nobody else */
	while (recvfrom(rendezvous.fd, &byte, 1, 0, (struct sockaddr *)&from, &len) >= 0)
		assert_true(pst_sockaddr_equal(&from, &rendezvous.from));
	assert_false(asker.answered);
}

/* ---- those that we ask for ---- */

static void
hole_up(void *arg, struct pst_link *link)
{
	assert_ptr_equal(link, hole.link);
	hole.up = true;
}

static void
hole_lost(void *arg, int rc)
{
	hole.link = NULL;
	hole.lost = true;
	hole.rc = rc;
}

static const struct pst_link_events hole_events = {
	.up = hole_up,
	.lost = hole_lost,
};

/* Until the Initiate has come, which the asker's gate leads to. */
static void
ask(void)
{
	struct pst_route own = pst_worker_route(&asker.gate.worker);
	struct pst_route via;
	struct pst_route_buf rb;

	pst_route_buf_init(&rb);
	assert_int_equal(pst_route_add_route(&rb, &own), PST_OK);
	assert_int_equal(pst_route_add(&rb, PST_ADDRESS_LOCAL, "udp", 3), PST_OK);
	via = pst_route_buf_view(&rb);
	assert_int_equal(ops->puncture(&hole.link, section.section.self, &via, &hole_events, NULL), PST_OK);
	outside_hears(&rendezvous);
	rendezvous_tells(&rendezvous.from);
	fake_wait(&node, &asker.answered);
	assert_true(pst_sockaddr_equal(&asker.answer.address, &rendezvous.from));
}

/* The peer says that it is there. */
static void
acknowledge(const struct outside *o)
{
	struct negotiation theirs = { .address = o->own, .name_len = 4, .name = "peer" };
	struct pst_message m = { .from = &asker.gate, .onward = *asker.back };
	uint8_t bytes[NEGOTIATION_MAX];

	assert_int_equal(pst_env_buf(&m.payload, &node.env, bytes, negotiation_write(bytes, &theirs), 0, 0),
	    PST_OK);
	assert_int_equal(pst_router_send(node.env.router, &m), PST_OK);
}

static void
one_that_we_ask_for_is_a_link(void **state)
{
	struct pst_route onward, worker;
	struct pst_route_buf rb;

	ask();
	acknowledge(&peer);
	outside_hears(&peer);
	onward = pst_route_buf_view(&peer.onward);
	worker = to_worker(&rb, "peer", 4);
	assert_memory_equal(onward.data, worker.data, worker.len); /* from the first one on */
	assert_int_equal(outside_heard(&peer), PUNCTURE_PING);
	assert_false(hole.up);
	short_said(&peer, PUNCTURE_PONG);
	fake_wait(&node, &hole.up);
	assert_true(hole.link->gate.unreliable);
	hello_said(&peer);
	hears_type(&peer, PUNCTURE_PAYLOAD);
	assert_int_equal(desk.count, 1);
}

static void
who_asks_is_told_when_nobody_answers(void **state)
{
	struct pst_route own = pst_worker_route(&asker.gate.worker);

	assert_int_equal(ops->puncture(&hole.link, section.section.self, &own, &hole_events, NULL), PST_OK);
	fake_wait(&node, &hole.lost);
	assert_int_equal(hole.rc, UV_ETIMEDOUT);
	assert_false(hole.up);
}

static void
who_asks_is_told_when_the_section_closes(void **state)
{
	ask();
	acknowledge(&peer);
	outside_hears(&peer);
	assert_int_equal(outside_heard(&peer), PUNCTURE_PING);
	short_said(&peer, PUNCTURE_PONG);
	fake_wait(&node, &hole.up);
	links_close(&section);
	assert_true(hole.lost);
	assert_null(hole.link);
}

static void
closing_one_at_any_time_tells_nobody(void **state)
{
	struct pst_route own = pst_worker_route(&asker.gate.worker);

	uint8_t byte;

	/* while the name is looked up, then while the peer is asked, then while it is pinged */
	assert_int_equal(ops->puncture(&hole.link, section.section.self, &own, &hole_events, NULL), PST_OK);
	ops->close(&hole.link);
	ask();
	ops->close(&hole.link);
	while (recv(rendezvous.fd, &byte, 1, 0) >= 0)
		; /* it may have been asked twice */
	asker.answered = false;
	ask();
	acknowledge(&peer);
	ops->close(&hole.link);
	assert_false(hole.up || hole.lost);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(messages_cross_an_open_puncture_both_ways),
		TEST(pings_name_the_worker_of_a_peer_that_has_pinged),
		TEST(what_others_send_is_not_taken),
		TEST(an_address_is_taken_of_the_rendezvous_only),
		TEST(who_has_no_channel_gets_no_puncture_nor_a_second_one_beyond_the_limit),
		TEST(one_that_we_ask_for_is_a_link),
		TEST(who_asks_is_told_when_nobody_answers),
		TEST(who_asks_is_told_when_the_section_closes),
		TEST(closing_one_at_any_time_tells_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
