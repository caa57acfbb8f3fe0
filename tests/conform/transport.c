/*
 * What <postern/transport.h> promises of every transport.
 *
 * The section listens where WHERE says, a route such as /ip4/127.0.0.1/tcp/4000
 * or the path of a socket, and links of it go from the same section to there. A transport whose
 * links lose messages (`unreliable` in struct pst_gate) is asked what it can keep.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/multiaddr.h>

#include "transport.h"

#define NAME "conform"
#define MANY 300
#define LONG 60000
#define TOO_LONG (17 * 1024 * 1024)

static const size_t sizes[] = { 4, 5, 100, 126, 4000, 4096, 16384, 65535, 65536, 65537, 200000 };
#define SIZES (sizeof sizes / sizeof *sizes)
#define SHORT_SIZES 5 /* of them go in a datagram or few */

/* A case that what loses messages cannot have. */
static bool
loses(struct transport_kit *kit, const char *sentence)
{
	if (kit->unreliable)
		conform_skip(kit->c, "it may lose messages", "%s", sentence);
	return kit->unreliable;
}

static void
ask_opening(struct transport_kit *kit)
{
	struct conform *c = kit->c;
	struct near near, early;

	near_open(&near, kit);
	kit->unreliable = near.link->gate.unreliable;
	conform_ok(c, near.events == 1 && near.link->account, "a link comes up once, and has an account then");
	conform_ok(c, near.link->peer_name && *near.link->peer_name, "it has a name for its peer");
	near_begin(&early, kit, kit->host, kit->port);
	near_close(&early);
	near_close(&near);
	conform_ok(c, !near.link && !early.link, "close() forgets the link, also of one that is not up");
	settle(kit, &near.events);
	conform_ok(c, near.events == 1 && early.events == 0, "and no event comes after it");
}

static void
ask_refused(struct transport_kit *kit)
{
	static const char *const sentence = "who connects to where nobody is, learns of it once";
	char path[sizeof kit->host + 5];
	struct near near;

	if (loses(kit, sentence))
		return;
	snprintf(path, sizeof path, "%s.none", kit->host);
	near_begin(&near, kit, kit->port ? kit->host : path, 1);
	conform_wait(kit->c, &near.over, "a connection to nobody is not refused");
	conform_ok(kit->c, near.rc < 0 && near.events == 1, "%s", sentence);
}

/* There and back again, each size some times; one at a time where they may overtake each other. */
static void
ask_letters(struct transport_kit *kit)
{
	size_t count = kit->unreliable ? SHORT_SIZES : SIZES;
	struct reader far, home;
	struct near near;

	near_open(&near, kit);
	reader_start(&far, kit, NAME, PST_REACH_ANY);
	reader_start(&home, kit, NULL, PST_REACH_ANY);
	far.answers = true;
	reader_expect(&home, (uint32_t)count);
	for (uint32_t i = 0; i < count; i++) {
		home.wanted = kit->unreliable ? i + 1 : (uint32_t)count;
		home.all = false;
		(void)letter_send(&near, NAME, &home, i, sizes[i]);
		if (kit->unreliable)
			conform_wait(kit->c, &home.all, "an answer does not come");
	}
	conform_wait(kit->c, &home.all, "answers do not come");
	conform_ok(kit->c, !far.wrong && !home.wrong, "messages of all sizes arrive as they were, and so do answers");
	conform_ok(kit->c, far.gate && far.gate != &near.link->gate && home.gate == &near.link->gate,
	    "each carries the gate of the side where it came in");
	reader_expect(&far, MANY);
	reader_expect(&home, MANY);
	for (uint32_t i = 0; i < MANY && !kit->unreliable; i++)
		(void)letter_send(&near, NAME, &home, i, sizes[i % (SIZES - 1)]);
	if (!loses(kit, "many come in the order in which they went, both ways")) {
		conform_wait(kit->c, &home.all, "not all messages come");
		conform_ok(kit->c, far.seen == MANY && home.seen == MANY && !far.wrong && !home.wrong &&
		    !far.disorder && !home.disorder, "many come in the order in which they went, both ways");
	}
	near_close(&near);
	reader_stop(&far);
	reader_stop(&home);
}

static void
ask_reach(struct transport_kit *kit)
{
	struct reader inside, section, fence;
	struct near near;

	near_open(&near, kit);
	reader_start(&inside, kit, NAME "-inside", PST_REACH_INSIDE);
	reader_start(&section, kit, NAME "-section", PST_REACH_SECTION);
	reader_start(&fence, kit, NAME, PST_REACH_ANY);
	reader_expect(&fence, 1);
	(void)letter_send(&near, NAME "-inside", NULL, 0, 100);
	(void)letter_send(&near, NAME "-section", NULL, 0, 100);
	(void)letter_send(&near, NAME "-nobody", NULL, 0, 100);
	(void)letter_send(&near, NAME, NULL, 0, 100);
	conform_wait(kit->c, &fence.all, "what is let in does not arrive beside what is not");
	conform_ok(kit->c, !inside.seen && near.link, "a worker for this node's own messages is not reached");
	conform_ok(kit->c, !section.seen, "nor is one of a section that is not exposed");
	near_close(&near);
	reader_stop(&inside);
	reader_stop(&section);
	reader_stop(&fence);
}

static void
ask_pressure(struct transport_kit *kit)
{
	static const char *const sentence = "who reads slowly slows the other side, and loses nothing";
	struct reader far;
	struct near near;
	uint32_t before;

	if (loses(kit, sentence))
		return;
	near_open(&near, kit);
	reader_start(&far, kit, NAME, PST_REACH_ANY);
	reader_expect(&far, KEPT_MAX);
	far.keeps = true;
	for (uint32_t i = 0; i < KEPT_MAX; i++)
		(void)letter_send(&near, NAME, NULL, i, LONG);
	settle(kit, &far.seen);
	before = far.seen;
	conform_ok(kit->c, before > 0 && before < KEPT_MAX / 2, "of %d MiB to who keeps all it gets, %u KiB come",
	    KEPT_MAX * LONG >> 20, before * (LONG / 1024));
	far.keeps = false;
	reader_let_go(&far);
	conform_wait(kit->c, &far.all, "what waited does not come");
	conform_ok(kit->c, far.seen == KEPT_MAX && !far.wrong && !far.disorder, "%s", sentence);
	near_close(&near);
	reader_stop(&far);
}

struct watched {
	struct pst_gate_watch watch;
	bool closed;
};

static void
gate_closed(struct pst_gate_watch *watch)
{
	pst_container_of(watch, struct watched, watch)->closed = true;
}

static void
ask_close(struct transport_kit *kit)
{
	static const char *const sentence = "what is sent before a close still arrives";
	struct watched watched = { .closed = false };
	struct reader far;
	struct near near;

	if (loses(kit, sentence) | loses(kit, "one side's end is the other's"))
		return;
	reader_start(&far, kit, NAME, PST_REACH_ANY);
	near_open(&near, kit);
	reader_expect(&far, 3);
	for (uint32_t i = 0; i < 3; i++)
		(void)letter_send(&near, NAME, NULL, i, 1000);
	near_close(&near);
	conform_wait(kit->c, &far.all, "last words do not arrive");
	conform_ok(kit->c, !far.wrong && !far.disorder, "%s", sentence);

	near_open(&near, kit);
	reader_expect(&far, 1);
	(void)letter_send(&near, NAME, NULL, 0, 10);
	conform_wait(kit->c, &far.all, "a message does not come");
	pst_gate_watch(far.gate, &watched.watch, gate_closed);
	near_close(&near);
	conform_wait(kit->c, &watched.closed, "the accepted side does not end");

	near_open(&near, kit);
	reader_expect(&far, 1);
	(void)letter_send(&near, NAME, NULL, 0, 10);
	conform_wait(kit->c, &far.all, "a message does not come");
	far.gate->end(far.gate, UV_ECANCELED);
	conform_wait(kit->c, &near.over, "the connecting side does not end");
	conform_ok(kit->c, near.rc < 0 && near.events == 2, "one side's end is the other's");
	reader_stop(&far);
}

static void
ask_limits(struct transport_kit *kit)
{
	struct reader far;
	struct near near, again;

	reader_start(&far, kit, NAME, PST_REACH_ANY);
	near_open(&near, kit);
	reader_expect(&far, 1);
	(void)letter_send(&near, NAME, NULL, 0, TOO_LONG);
	settle(kit, &far.seen);
	conform_ok(kit->c, !far.seen, "a message of 17 MiB goes nowhere");
	near_open(&again, kit);
	(void)letter_send(&again, NAME, NULL, 0, 100);
	conform_wait(kit->c, &far.all, "nothing comes after it");
	conform_ok(kit->c, far.seen == 1 && !far.wrong, "and others have their links");
	near_close(&near);
	near_close(&again);
	reader_stop(&far);
}

/* Of others WHERE is whatever they connect to, as a path. */
static bool
has_routes(const struct pst_transport_ops *ops)
{
	for (int i = 0; i < PST_PROTOCOLS; i++)
		if (!strcmp(pst_protocol_name((enum pst_protocol)i), ops->protocol))
			return true;
	return false;
}

/* The ops that speak the route's protocol, and where it leads. */
static void
where(struct transport_kit *kit)
{
	const char *text = kit->c->rest[0], *protocol;
	struct pst_multiaddr *ma = calloc(1, sizeof *ma);
	struct pst_err err = PST_ERR_INIT;

	kit->ops = kit->c->ops;
	if (!ma)
		conform_bail("out of memory");
	if (!has_routes(kit->ops)) {
		snprintf(kit->host, sizeof kit->host, "%s", text);
	} else if (pst_multiaddr_parse(ma, text, &err) || ma->count != 2) {
		conform_bail("WHERE: %s", err.text[0] ? err.text : "want a host and a port, as /ip4/127.0.0.1/tcp/4000");
	} else {
		protocol = pst_protocol_name(ma->hop[1].protocol);
		while (kit->ops && strcmp(kit->ops->protocol, protocol))
			kit->ops = kit->ops->also;
		if (!kit->ops)
			conform_bail("WHERE: transport %s does not speak %s", kit->c->name, protocol);
		if (kit->ops->lacks)
			conform_bail("WHERE: %s", kit->ops->lacks);
		snprintf(kit->host, sizeof kit->host, "%s", ma->hop[0].value);
		kit->port = (uint16_t)strtoul(ma->hop[1].value, NULL, 10);
	}
	free(ma);
}

void
conform_transport(struct conform *c)
{
	static void (*const questions[])(struct transport_kit *kit) = {
		ask_opening, ask_refused, ask_letters, ask_reach, ask_pressure, ask_close, ask_limits, ask_hostile,
	};
	struct transport_kit kit = { .c = c };

	conform_open(c);
	where(&kit);
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
		questions[i](&kit);
	conform_close(c);
}
