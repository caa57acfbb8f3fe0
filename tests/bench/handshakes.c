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
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <postern/channel.h>
#include <postern/transport.h>

#include "node/node.h"

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
	char dir[PATH_MAX / 2];
	uv_loop_t loop;
	struct pst_loader *loader;
	struct pst_logbook book;
	struct pst_node *node;
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

static double
clock_s(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Seconds of CPU time of a process, all its threads. */
static double
cpu_s(int pid)
{
	clockid_t id;

	return clock_getcpuclockid(pid, &id) ? 0 : clock_s(id);
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
	begin = clock_s(CLOCK_THREAD_CPUTIME_ID);
	do {
		int rc = crypto_scalarmult_base(shared, secret);

		for (int i = 0; i < AGREEMENTS; i++)
			rc |= crypto_scalarmult(shared, secret, point);
		for (int i = 0; i < VERIFICATIONS; i++)
			rc |= crypto_sign_verify_detached(signature, message, sizeof message, public_key);
		if (rc)
			return 0;
		count++;
		spent = clock_s(CLOCK_THREAD_CPUTIME_ID) - begin;
	} while (spent < 0.3);
	return (double)count / spent;
}

/* ---- the node ---- */

static void
finish(struct bench *bench, int exit)
{
	bench->exit = exit;
	pst_timer_stop(pst_node_env(bench->node), &bench->timer);
	for (int i = 0; i < bench->lanes; i++) {
		pst_task_cancel(pst_node_env(bench->node), &bench->lane[i].again);
		if (bench->lane[i].channel)
			bench->channels->close(&bench->lane[i].channel);
	}
	if (bench->link)
		bench->transport->close(&bench->link);
	pst_node_close(bench->node);
}

static void
results(struct pst_timer *timer)
{
	struct bench *bench = pst_container_of(timer, struct bench, timer);
	double took = clock_s(CLOCK_MONOTONIC) - bench->began_s;
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
	bench->began_s = clock_s(CLOCK_MONOTONIC);
	bench->began_cpu_s = cpu_s(bench->pid);
	pst_timer_start(pst_node_env(bench->node), timer, (uint64_t)(bench->seconds * 1e3), results);
}

static void lane_next(struct pst_task *task);

static void
lane_up(void *arg, struct pst_channel *channel)
{
	struct lane *lane = arg;

	(void)channel;
	lane->bench->count++;
	pst_task_post(pst_node_env(lane->bench->node), &lane->again, lane_next);
}

static void
lane_lost(void *arg, int rc)
{
	struct lane *lane = arg;

	fprintf(stderr, "handshakes: a channel is lost: %s\n", pst_strerror(rc));
	lane->channel = NULL;
	pst_task_post(pst_node_env(lane->bench->node), &lane->again, lane_next);
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
		pst_task_post(pst_node_env(bench->node), &bench->lane[i].again, lane_next);
	pst_timer_start(pst_node_env(bench->node), &bench->timer, WARM_UP_MS, warm);
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
	void *transport = pst_node_section(bench->node, "transport", "tcp", &ops);

	bench->transport = ops;
	for (int i = 0; i < bench->lanes; i++) {
		char name[16];

		snprintf(name, sizeof name, "lane%d", i);
		bench->lane[i].bench = bench;
		bench->lane[i].section = pst_node_section(bench->node, "channel", name, &ops);
		bench->channels = ops;
	}
	if (!transport || !bench->channels || bench->transport->connect(&bench->link, transport, "127.0.0.1", (uint16_t)bench->port, &link_events,
	    bench)) {
		bench->link = NULL;
		finish(bench, 1);
	}
}

static void
node_failed(void *arg, int rc, const char *sentence)
{
	struct bench *bench = arg;

	fprintf(stderr, "handshakes: %s [%s]\n", sentence, pst_errname(rc));
	bench->exit = 1;
}

static void
node_closed(void *arg)
{
	(void)arg; /* the loop ends by itself */
}

static const struct pst_node_events node_events = { .up = node_up, .failed = node_failed, .closed = node_closed };

/* ---- its state and configuration ---- */

static int
conf_write(const struct bench *bench, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -1;
	fprintf(file, "node handshakes { state = \"%s/state\"  log = error }\n", bench->dir);
	for (int i = 0; i < bench->lanes; i++)
		fprintf(file, "identity lane%d { }\nchannel lane%d { identity = lane%d }\n", i, i, i);
	return fclose(file);
}

static int
remove_one(const char *dir, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return remove(path);
}

static void
dir_remove(const char *dir)
{
	static const char *const files[] = {
		"state/lock", "state/state.db", "state/state.db-wal", "state/state.db-shm", "state/vault.cbor",
		"state/identity-default",
		"state", "handshakes.conf", "",
	};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		remove_one(dir, files[i]);
}

static int
bench_run(struct bench *bench)
{
	static const char *const star[] = { "*", NULL };
	const struct pst_list list = { 1, star };
	struct pst_config_source source = { 0 };
	struct pst_config *config = NULL;
	struct pst_err err = PST_ERR_INIT;
	char path[PATH_MAX];
	int rc = pst_loader_new(&bench->loader);

	snprintf(path, sizeof path, "%s/handshakes.conf", bench->dir);
	source.path = path;
	pst_logbook_init(&bench->book, stderr, "node");
	uv_loop_init(&bench->loop);
	if (!rc)
		rc = conf_write(bench, path) ? -EIO : pst_config_new(&config, bench->loader, &source, &err);
	if (!rc)
		rc = pst_admission_new(&bench->anybody, &list, &err);
	if (!rc)
		rc = pst_node_new(&bench->node, &bench->loop, &config, &bench->book, PST_NODE_BRIEF, &node_events,
		    bench, &err);
	if (rc) {
		fprintf(stderr, "handshakes: %s\n", err.text[0] ? err.text : pst_strerror(rc));
	} else {
		pst_node_start(bench->node);
		uv_run(&bench->loop, UV_RUN_DEFAULT);
	}
	pst_node_free(&bench->node);
	pst_admission_free(&bench->anybody);
	pst_loader_free(&bench->loader);
	uv_loop_close(&bench->loop);
	return rc ? 1 : bench->exit;
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	const char *tmp = getenv("TMPDIR");
	int exit;

	if (argc != 5 || atoi(argv[3]) < 1 || atoi(argv[3]) > LANES_MAX) {
		fprintf(stderr, "usage: handshakes PID PORT LANES SECONDS\n");
		return 2;
	}
	bench.pid = atoi(argv[1]);
	bench.port = atoi(argv[2]);
	bench.lanes = atoi(argv[3]);
	bench.seconds = atof(argv[4]);
	snprintf(bench.dir, sizeof bench.dir, "%s/handshakes.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(bench.dir)) {
		perror("handshakes");
		return 1;
	}
	exit = bench_run(&bench);
	dir_remove(bench.dir);
	return exit;
}
