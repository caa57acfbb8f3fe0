/*
 * handshakes: how many secure channels a second a node can answer.
 *
 *   handshakes PID PORT LANES SECONDS    with the listener `api` of process PID, at 127.0.0.1:PORT
 *
 * It is a node itself, an initiator: each of its lanes has an identity of its
 * own and makes one channel after the other, closing each as soon as it is
 * open; all over one link. Nobody there knows these identities, so each
 * handshake is one between strangers. Prints lines "name value":
 *
 *   per_s         handshakes a second
 *   core_per_s    handshakes by second of CPU time that PID spent: what one core can answer
 *   keys_per_s    the same if a side computed the public-key operations of a handshake and nothing else
 *   of_keys       core_per_s to keys_per_s
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <postern/channel.h>
#include <postern/transport.h>

#include "host.h"

#define LANES_MAX 64
/* Until caches and pools have filled. */
#define WARM_UP_MS 300
/* What one side computes: its ephemeral key, ee, es, se; their history (one
 * change) and the attestation of their static key. */
#define AGREEMENTS 3
#define VERIFICATIONS 2

struct lane {
	struct bench *bench;
	void *section; /* its channel section */
	struct pst_channel *channel;
	struct pst_task again;
};

struct bench {
	struct host host;
	const struct pst_transport_ops *transport;
	const struct pst_channel_ops *channels;
	struct pst_admission *anybody;
	struct pst_link *link;
	struct lane lane[LANES_MAX];
	struct pst_timer timer;
	int pid, port, lanes;
	double seconds, began_s, began_cpu_s;
	uint64_t count;
	int exit;
};

/* Seconds of CPU time of a process, all its threads. */
static double
cpu_s(int pid)
{
	clockid_t id;

	return clock_getcpuclockid(pid, &id) ? 0 : host_clock_s(id);
}

/* ---- what the keys allow ---- */

static double
keys_per_s(void)
{
	uint8_t secret[32], point[32], shared[32], message[32] = { 1 };
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES], pair[crypto_sign_SECRETKEYBYTES], signature[crypto_sign_BYTES];
	double begin, spent;
	uint64_t count = 0;

	randombytes_buf(secret, sizeof secret);
	crypto_scalarmult_base(point, secret);
	crypto_sign_keypair(public_key, pair);
	crypto_sign_detached(signature, NULL, message, sizeof message, pair);
	begin = host_clock_s(CLOCK_THREAD_CPUTIME_ID);
	do {
		int rc = crypto_scalarmult_base(shared, secret);

		for (int i = 0; i < AGREEMENTS; i++)
			rc |= crypto_scalarmult(shared, secret, point);
		for (int i = 0; i < VERIFICATIONS; i++)
			rc |= crypto_sign_verify_detached(signature, message, sizeof message, public_key);
		if (rc)
			return 0;
		count++;
		spent = host_clock_s(CLOCK_THREAD_CPUTIME_ID) - begin;
	} while (spent < 0.3);
	return (double)count / spent;
}

/* ---- the node ---- */

static void
finish(struct bench *bench, int exit)
{
	bench->exit = exit;
	pst_timer_stop(pst_node_env(bench->host.node), &bench->timer);
	for (int i = 0; i < bench->lanes; i++) {
		pst_task_cancel(pst_node_env(bench->host.node), &bench->lane[i].again);
		if (bench->lane[i].channel)
			bench->channels->close(&bench->lane[i].channel);
	}
	if (bench->link)
		bench->transport->close(&bench->link);
	pst_node_close(bench->host.node);
}

static void
results(struct pst_timer *timer)
{
	struct bench *bench = pst_container_of(timer, struct bench, timer);
	double took = host_clock_s(CLOCK_MONOTONIC) - bench->began_s;
	double cpu = cpu_s(bench->pid) - bench->began_cpu_s, keys = keys_per_s();

	printf("per_s %.6g\n", (double)bench->count / took);
	if (bench->count && cpu > 0) {
		printf("core_per_s %.6g\n", (double)bench->count / cpu);
		printf("keys_per_s %.6g\n", keys);
		printf("of_keys %.4g\n", (double)bench->count / cpu / keys);
	}
	finish(bench, bench->count ? 0 : 1);
}

static void
warm(struct pst_timer *timer)
{
	struct bench *bench = pst_container_of(timer, struct bench, timer);

	bench->count = 0;
	bench->began_s = host_clock_s(CLOCK_MONOTONIC);
	bench->began_cpu_s = cpu_s(bench->pid);
	pst_timer_start(pst_node_env(bench->host.node), timer, (uint64_t)(bench->seconds * 1e3), results);
}

static void lane_next(struct pst_task *task);

static void
lane_up(void *arg, struct pst_channel *channel)
{
	struct lane *lane = arg;

	(void)channel;
	lane->bench->count++;
	pst_task_post(pst_node_env(lane->bench->host.node), &lane->again, lane_next);
}

static void
lane_lost(void *arg, int rc)
{
	struct lane *lane = arg;

	fprintf(stderr, "handshakes: a channel is lost: %s\n", pst_strerror(rc));
	lane->channel = NULL;
	pst_task_post(pst_node_env(lane->bench->host.node), &lane->again, lane_next);
}

static const struct pst_channel_events lane_events = { .up = lane_up, .lost = lane_lost };

static void
lane_next(struct pst_task *task)
{
	struct lane *lane = pst_container_of(task, struct lane, again);
	struct bench *bench = lane->bench;
	struct pst_route link;
	struct pst_route_buf rb;
	struct pst_route route;

	if (lane->channel)
		bench->channels->close(&lane->channel);
	if (!bench->link)
		return;
	link = pst_worker_route(&bench->link->gate.worker);
	pst_route_buf_init(&rb);
	if (pst_route_add_route(&rb, &link) || pst_route_add(&rb, PST_ADDRESS_LOCAL, "api", 3))
		return;
	route = pst_route_buf_view(&rb);
	if (bench->channels->connect(&lane->channel, lane->section, &route, bench->anybody, &lane_events, lane))
		lane->channel = NULL;
}

static void
link_up(void *arg, struct pst_link *link)
{
	struct bench *bench = arg;

	(void)link;
	for (int i = 0; i < bench->lanes; i++)
		pst_task_post(pst_node_env(bench->host.node), &bench->lane[i].again, lane_next);
	pst_timer_start(pst_node_env(bench->host.node), &bench->timer, WARM_UP_MS, warm);
}

static void
link_lost(void *arg, int rc)
{
	struct bench *bench = arg;

	fprintf(stderr, "handshakes: no link: %s\n", pst_strerror(rc));
	bench->link = NULL;
	finish(bench, 1);
}

static const struct pst_link_events link_events = { .up = link_up, .lost = link_lost };

static void
node_up(void *arg)
{
	struct bench *bench = arg;
	const void *ops;
	void *transport = pst_node_section(bench->host.node, "transport", "tcp", &ops);

	bench->transport = ops;
	for (int i = 0; i < bench->lanes; i++) {
		char name[16];

		snprintf(name, sizeof name, "lane%d", i);
		bench->lane[i].bench = bench;
		bench->lane[i].section = pst_node_section(bench->host.node, "channel", name, &ops);
		bench->channels = ops;
	}
	if (!transport || !bench->channels || bench->transport->connect(&bench->link, transport, "127.0.0.1", (uint16_t)bench->port, &link_events,
	    bench)) {
		bench->link = NULL;
		finish(bench, 1);
	}
}

static void
conf(FILE *file, void *arg)
{
	const struct bench *bench = arg;

	for (int i = 0; i < bench->lanes; i++)
		fprintf(file, "identity lane%d { }\nchannel lane%d { identity = lane%d }\n", i, i, i);
}

int
main(int argc, char **argv)
{
	static const char *const star[] = { "*", NULL };
	static struct bench bench;
	int rc;

	if (argc != 5 || atoi(argv[3]) < 1 || atoi(argv[3]) > LANES_MAX) {
		fprintf(stderr, "usage: handshakes PID PORT LANES SECONDS\n");
		return 2;
	}
	bench.pid = atoi(argv[1]);
	bench.port = atoi(argv[2]);
	bench.lanes = atoi(argv[3]);
	bench.seconds = atof(argv[4]);
	if (pst_admission_new(&bench.anybody, &(struct pst_list){ 1, star }, NULL))
		return 1;
	rc = host_run(&bench.host, conf, node_up, &bench);
	pst_admission_free(&bench.anybody);
	return rc ? rc : bench.exit;
}
