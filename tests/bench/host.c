#define _XOPEN_SOURCE 700
#include "host.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <time.h>

double
host_clock_s(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int
conf_write(const struct host *host, const char *path, void (*conf)(FILE *file, void *arg), void *arg)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -errno;
	fprintf(file, "node bench { state = \"%s/state\"  log = error }\n", host->dir);
	conf(file, arg);
	return fclose(file) ? -errno : PST_OK;
}

static void
node_up(void *arg)
{
	struct host *host = arg;

	host->up(host->arg);
}

static void
node_failed(void *arg, int rc, const char *sentence)
{
	struct host *host = arg;

	fprintf(stderr, "bench: %s [%s]\n", sentence, pst_errname(rc));
	host->failed = true;
}

static void
node_closed(void *arg)
{
	(void)arg; /* the loop ends by itself */
}

static const struct pst_node_events node_events = { .up = node_up, .failed = node_failed, .closed = node_closed };

static int
node_run(struct host *host, const char *path, struct pst_err *err)
{
	struct pst_config_source source = { .path = path };
	struct pst_config *config = NULL;
	int rc = pst_config_new(&config, host->loader, &source, err);

	if (!rc)
		rc = pst_node_new(&host->node, &host->loop, &config, &host->book, PST_NODE_BRIEF, &node_events, host, err);
	if (rc)
		return rc;
	pst_node_start(host->node);
	uv_run(&host->loop, UV_RUN_DEFAULT);
	return PST_OK;
}

int
host_run(struct host *host, void (*conf)(FILE *file, void *arg), void (*up)(void *arg), void *arg)
{
	const char *tmp = getenv("TMPDIR");
	struct pst_err err = PST_ERR_INIT;
	char path[PATH_MAX];
	int rc;

	host->up = up;
	host->arg = arg;
	snprintf(host->dir, sizeof host->dir, "%s/bench.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(host->dir)) {
		perror(host->dir);
		return 1;
	}
	snprintf(path, sizeof path, "%s/bench.conf", host->dir);
	pst_logbook_init(&host->book, stderr, "node");
	uv_loop_init(&host->loop);
	rc = pst_loader_new(&host->loader);
	if (!rc)
		rc = conf_write(host, path, conf, arg);
	if (!rc)
		rc = node_run(host, path, &err);
	if (rc)
		fprintf(stderr, "bench: %s\n", err.text[0] ? err.text : pst_strerror(rc));
	pst_node_free(&host->node);
	pst_loader_free(&host->loader);
	uv_loop_close(&host->loop);
	nftw(host->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return rc || host->failed;
}
