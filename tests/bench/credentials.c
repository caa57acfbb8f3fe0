/*
 * credentials: what they add to a channel.
 *
 *   credentials PORT COUNT    PORT: one on 127.0.0.1 that is free
 *
 * One node is both sides, over TCP: COUNT identities make a channel each with
 * the same listener, one after the other, and close it. All of them three times:
 * without credentials; with one on each side, which the other has never seen,
 * nor the identity; and with the same again. Prints lines "name value":
 *
 *   without_us, first_us, known_us   CPU time of both sides, and of what they write, for each channel
 *   first, known                     to that without
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <postern/channel.h>
#include <postern/credential.h>
#include <postern/transport.h>

#include "host.h"

#define COUNT_MAX 1000
/* What is still being done when the last channel is open, such as writing, has its time. */
#define REST_MS 300

enum turn { WARM_UP, WITHOUT, FIRST, KNOWN, TURNS };

struct person {
	struct pst_identity *identity;
	void *channels; /* its section */
};

struct bench {
	struct host host;
	const struct pst_transport_ops *transport;
	const struct pst_channel_ops *ops;
	struct pst_identity *issuer;
	struct pst_admission *anybody;
	struct pst_link *link;
	struct pst_channel *channel;
	struct person far, near[COUNT_MAX];
	struct pst_issue_call issue;
	struct pst_peer *subject;
	struct pst_task task;
	struct pst_timer timer;
	int port, count, done; /* of this turn; or of those that have a credential, the far side's last */
	enum turn turn;
	double began_s, us[TURNS];
	int exit;
};

static struct pst_env *
env_of(struct bench *bench)
{
	return pst_node_env(bench->host.node);
}

static void
finish(struct bench *bench, const char *why)
{
	if (why)
		fprintf(stderr, "credentials: %s\n", why);
	bench->exit = why != NULL;
	pst_timer_stop(env_of(bench), &bench->timer);
	pst_task_cancel(env_of(bench), &bench->task);
	if (bench->channel)
		bench->ops->close(&bench->channel);
	if (bench->link)
		bench->transport->close(&bench->link);
	pst_node_close(bench->host.node);
}

/* ---- credentials ---- */

static void turn_begin(struct bench *bench);
static void issue_next(struct bench *bench);

static void
issued(struct pst_issue_call *call, int rc)
{
	struct bench *bench = pst_container_of(call, struct bench, issue);
	struct person *who = bench->done < bench->count ? &bench->near[bench->done] : &bench->far;

	pst_peer_unref(&bench->subject);
	if (!rc)
		rc = pst_identity_present(who->identity, call->credential, call->len, NULL, NULL);
	if (rc) {
		finish(bench, "a credential is not issued");
		return;
	}
	bench->done++;
	issue_next(bench);
}

static void
issue_next(struct bench *bench)
{
	static const struct pst_attribute attributes[] = {
		{ (const uint8_t *)"component", (const uint8_t *)"analysis", 9, 8 },
		{ (const uint8_t *)"ockam-relay", (const uint8_t *)"postgres", 11, 8 },
	};
	struct person *who = bench->done < bench->count ? &bench->near[bench->done] : &bench->far;
	const uint8_t *shown;
	size_t len;

	if (bench->done > bench->count) {
		turn_begin(bench);
		return;
	}
	shown = pst_identity_presentation(who->identity, &len);
	if (pst_identity_admit(bench->issuer, &bench->subject, shown, len, pst_identity_static_key(who->identity), NULL)) {
		finish(bench, "the issuer does not know its subject");
		return;
	}
	bench->issue = (struct pst_issue_call){
		.fn = issued, .subject = bench->subject, .attributes = attributes, .count = 2, .ttl_s = 3600,
	};
	pst_identity_issue(bench->issuer, &bench->issue);
}

/* ---- channels ---- */

static void channel_next(struct pst_task *task);

static void
results(struct bench *bench)
{
	static const char *const names[TURNS] = { NULL, "without", "first", "known" };

	for (int t = WITHOUT; t < TURNS; t++)
		printf("%s_us %.4g\n", names[t], bench->us[t]);
	for (int t = FIRST; t < TURNS; t++)
		printf("%s %.4g\n", names[t], bench->us[t] / bench->us[WITHOUT]);
}

static void
turn_ends(struct pst_timer *timer)
{
	struct bench *bench = pst_container_of(timer, struct bench, timer);
	double spent_s = host_clock_s(CLOCK_PROCESS_CPUTIME_ID) - bench->began_s;

	bench->us[bench->turn] = spent_s * 1e6 / bench->count;
	bench->done = 0;
	if (++bench->turn == TURNS) {
		results(bench);
		finish(bench, NULL);
	} else if (bench->turn == FIRST) {
		issue_next(bench);
	} else {
		turn_begin(bench);
	}
}

static void
turn_begin(struct bench *bench)
{
	bench->done = 0;
	bench->began_s = host_clock_s(CLOCK_PROCESS_CPUTIME_ID);
	pst_task_post(env_of(bench), &bench->task, channel_next);
}

static void
channel_up(void *arg, struct pst_channel *channel)
{
	struct bench *bench = arg;

	(void)channel;
	bench->done++;
	pst_task_post(env_of(bench), &bench->task, channel_next);
}

static void
channel_lost(void *arg, int rc)
{
	struct bench *bench = arg;

	bench->channel = NULL;
	finish(bench, pst_strerror(rc));
}

static const struct pst_channel_events channel_events = { .up = channel_up, .lost = channel_lost };

static void
channel_next(struct pst_task *task)
{
	struct bench *bench = pst_container_of(task, struct bench, task);
	struct pst_route link = pst_worker_route(&bench->link->gate.worker), route;
	struct pst_route_buf rb;

	if (bench->channel)
		bench->ops->close(&bench->channel);
	if (bench->done == bench->count) {
		pst_timer_start(env_of(bench), &bench->timer, REST_MS, turn_ends);
		return;
	}
	pst_route_buf_init(&rb);
	if (pst_route_add_route(&rb, &link) || pst_route_add(&rb, PST_ADDRESS_LOCAL, "api", 3))
		return;
	route = pst_route_buf_view(&rb);
	if (bench->ops->connect(&bench->channel, bench->near[bench->done].channels, &route, bench->anybody,
	    &channel_events, bench)) {
		bench->channel = NULL;
		finish(bench, "a channel cannot begin");
	}
}

/* ---- the node ---- */

static void
link_up(void *arg, struct pst_link *link)
{
	(void)link;
	turn_begin(arg);
}

static void
link_lost(void *arg, int rc)
{
	struct bench *bench = arg;

	bench->link = NULL;
	finish(bench, pst_strerror(rc));
}

static const struct pst_link_events link_events = { .up = link_up, .lost = link_lost };

static int
person_find(struct bench *bench, struct person *person, const char *identity, const char *channel)
{
	size_t len;
	const uint8_t *history = pst_identity_history(bench->issuer, &len);
	const void *ops;

	person->identity = pst_node_section(bench->host.node, "identity", identity, &ops);
	person->channels = pst_node_section(bench->host.node, "channel", channel, &ops);
	bench->ops = ops;
	return pst_identity_accept(person->identity, NULL, history, len, NULL);
}

static void
node_up(void *arg)
{
	struct bench *bench = arg;
	const void *ops;
	void *transport = pst_node_section(bench->host.node, "transport", "wan", &ops);
	int rc;

	bench->transport = ops;
	bench->issuer = pst_node_section(bench->host.node, "identity", "issuer", &ops);
	rc = person_find(bench, &bench->far, "far", "api");
	for (int i = 0; !rc && i < bench->count; i++) {
		char name[16];

		snprintf(name, sizeof name, "near%d", i);
		rc = person_find(bench, &bench->near[i], name, name);
	}
	if (!rc)
		rc = bench->transport->connect(&bench->link, transport, "127.0.0.1", (uint16_t)bench->port, &link_events, bench);
	if (rc) {
		bench->link = NULL;
		finish(bench, pst_strerror(rc));
	}
}

static void
conf(FILE *file, void *arg)
{
	const struct bench *bench = arg;

	fprintf(file, "transport wan { listen = {\"127.0.0.1:%d\"} }\n", bench->port);
	fprintf(file, "identity issuer { }\nidentity far { }\nchannel api { identity = far }\n");
	for (int i = 0; i < bench->count; i++)
		fprintf(file, "identity near%d { }\nchannel near%d { identity = near%d }\n", i, i, i);
}

int
main(int argc, char **argv)
{
	static const char *const star[] = { "*", NULL };
	static struct bench bench;
	int rc;

	bench.port = argc == 3 ? atoi(argv[1]) : 0;
	bench.count = argc == 3 ? atoi(argv[2]) : 0;
	if (!bench.port || bench.count < 1 || bench.count > COUNT_MAX) {
		fprintf(stderr, "usage: credentials PORT COUNT (at most %d)\n", COUNT_MAX);
		return 2;
	}
	if (pst_admission_new(&bench.anybody, &(struct pst_list){ 1, star }, NULL))
		return 1;
	rc = host_run(&bench.host, conf, node_up, &bench);
	pst_admission_free(&bench.anybody);
	return rc ? rc : bench.exit;
}
