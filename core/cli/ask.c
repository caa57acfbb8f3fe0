#include "cli/ask.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <postern/transport.h>

#include "node/control.h"
#include "node/state.h"

#define SOCKET "control.sock"
/* A node that is just starting has no socket yet. */
#define CONNECT_EVERY_MS 20
#define CONNECT_TRIES 250
/* After so long a person wants to know that something is being waited for. */
#define PATIENCE_MS 1000

/* ---- options ---- */

int
ask_option(struct ask *ask, const char *command, char **argv)
{
	const char *value = NULL;
	int n;

	if (!strcmp(argv[0], "--no-start")) {
		ask->no_start = true;
		return 1;
	}
	if ((n = cli_option("--state", argv, &value)) != 0) {
		ask->state = value;
	} else if ((n = cli_option("--output", argv, &value)) != 0) {
		ask->json = value && !strcmp(value, "json");
		if (value && !ask->json && strcmp(value, "text")) {
			cli_usage(command, "--output: \"%s\" is neither text nor json", value);
			return -1;
		}
	}
	if (n && !value) {
		cli_usage(command, "%s: want a value", argv[0]);
		return -1;
	}
	return n;
}

/* ---- one question ---- */

struct question {
	struct cli_node cli;
	const char *dir, *path; /* of the state, of the socket */
	char *text;
	uint64_t timeout_ms;
	const char *what; /* it asks for */
	const struct pst_transport_ops *ops;
	struct pst_link *link;
	struct pst_request request;
	struct pst_timer progress;
	unsigned waited_s, tries;
	bool gone; /* the node, before it was asked */
	json_t *answer;
};

static void
progress_clear(const struct question *q)
{
	if (q->waited_s)
		fputs("\r\033[K", stderr);
}

static void
progress_tick(struct pst_timer *timer)
{
	struct question *q = pst_container_of(timer, struct question, progress);

	fprintf(stderr, "\rpostern: %s: waiting, %u s", q->what, ++q->waited_s);
	fflush(stderr);
	pst_timer_start(pst_node_env(q->cli.node), timer, PATIENCE_MS, progress_tick);
}

static void
end(struct question *q, int exit)
{
	progress_clear(q);
	pst_timer_stop(pst_node_env(q->cli.node), &q->progress);
	pst_request_cancel(&q->request);
	if (q->link)
		q->ops->close(&q->link);
	cli_done(&q->cli, exit);
}

static void
answered(struct pst_request *request, int rc, struct pst_message *answer)
{
	struct question *q = pst_container_of(request, struct question, request);

	if (rc) {
		end(q, rc == UV_ETIMEDOUT ? cli_fail(rc, "no answer after %g s", (double)q->timeout_ms / 1000)
					  : cli_fail(rc, "the node does not answer"));
		return;
	}
	q->answer = json_loadb((const char *)answer->payload.start, pst_buf_len(&answer->payload),
	    JSON_REJECT_DUPLICATES, NULL);
	end(q, q->answer ? EXIT_DONE : cli_fail(PST_E_PROTOCOL, "the node's answer is no JSON"));
}

static void
link_up(void *arg, struct pst_link *link)
{
	struct question *q = arg;
	struct pst_env *env = pst_node_env(q->cli.node);
	struct pst_route_buf rb;
	struct pst_route route = pst_worker_route(&link->gate.worker);
	struct pst_buf payload;
	int rc;

	pst_route_buf_init(&rb);
	rc = pst_route_add_route(&rb, &route);
	if (!rc)
		rc = pst_route_add(&rb, PST_ADDRESS_LOCAL, NODE_CONTROL, strlen(NODE_CONTROL));
	if (!rc)
		rc = pst_env_buf(&payload, env, q->text, strlen(q->text), PST_RX_HEADROOM,
		    PST_RX_TAILROOM);
	route = pst_route_buf_view(&rb);
	if (!rc)
		rc = pst_request_send(env, &q->request, &route, &payload,
		    q->timeout_ms, answered);
	if (rc)
		end(q, cli_fail(rc, "cannot ask the node: %s", pst_strerror(rc)));
	else if (isatty(STDERR_FILENO))
		pst_timer_start(env, &q->progress, PATIENCE_MS, progress_tick);
}

static void connect_node(struct pst_timer *timer);

/* The node is just starting or stopping, and has certainly not heard of us. */
static bool
is_unheard(int rc)
{
	return rc == UV_ENOENT || rc == UV_ECONNREFUSED || rc == UV_EPIPE;
}

static void
link_lost(void *arg, int rc)
{
	struct question *q = arg;

	q->link = NULL;
	pst_request_cancel(&q->request);
	q->gone = is_unheard(rc) && !pst_state_taken(q->dir);
	if (q->gone || rc == PST_E_CLOSED) /* closed: by a signal to us */
		end(q, EXIT_FAILED);
	else if (is_unheard(rc) && ++q->tries < CONNECT_TRIES)
		pst_timer_start(pst_node_env(q->cli.node), &q->progress, CONNECT_EVERY_MS, connect_node);
	else if (rc == UV_EOF || rc == UV_ECONNRESET)
		end(q, cli_fail(PST_E_CLOSED, "%s: the node closed the connection", q->path));
	else
		end(q, cli_fail(rc, "%s: %s", q->path, pst_strerror(rc)));
}

static const struct pst_link_events link_events = {
	.up = link_up,
	.lost = link_lost,
};

static void
connect_node(struct pst_timer *timer)
{
	struct question *q = pst_container_of(timer, struct question, progress);
	const void *ops;
	void *transport = pst_node_section(q->cli.node, "transport", "command", &ops);
	int rc;

	if (!transport) { /* a signal has ended us meanwhile */
		end(q, EXIT_FAILED);
		return;
	}
	q->ops = ops;
	rc = q->ops->connect(&q->link, transport, q->path, 0, &link_events, q);
	if (rc) {
		q->link = NULL;
		end(q, cli_fail(rc, "%s: %s", q->path, pst_strerror(rc)));
	}
}

static void
ready(struct cli_node *cli)
{
	connect_node(&pst_container_of(cli, struct question, cli)->progress);
}

/* The node's own words for what went wrong become ours. */
static int
answer_take(json_t *message, json_t **answer)
{
	const char *error, *sentence;
	int rc, exit = EXIT_DONE;

	if (!json_unpack(message, "{s:s, s:i, s:s}", "error", &error, "rc", &rc, "sentence", &sentence)) {
		fputs("postern: ", stderr);
		print_text(stderr, sentence, strlen(sentence));
		fprintf(stderr, " [%s]\n", error);
		exit = rc ? cli_exit_of(rc) : EXIT_FAILED;
	} else if (json_unpack(message, "{s:O}", "answer", answer)) {
		exit = cli_fail(PST_E_PROTOCOL, "the node's answer is not understood");
	}
	json_decref(message);
	return exit;
}

/* ---- where the node is ---- */

int
ask_there(const char *dir)
{
	if (!access(dir, F_OK) || (errno != ENOENT && errno != ENOTDIR))
		return EXIT_DONE;
	cli_fail(PST_E_NO_NODE, "no node there: %s", dir);
	return EXIT_USAGE;
}

static int
node_reach(const struct ask *ask, const char *dir, const char *path)
{
	struct pst_err err = PST_ERR_INIT;

	if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
		return cli_fail(-ENAMETOOLONG, "%s: longer than the %zu bytes that a socket's name may have; "
		    "choose a shorter --state", path, sizeof((struct sockaddr_un *)0)->sun_path - 1);
	if (access(dir, X_OK) && errno == EACCES)
		return cli_fail(PST_E_DENIED, "%s: the node of another user", dir);
	if (pst_state_check(dir, &err))
		return cli_fail(err.rc, "%s", err.text);
	if (pst_state_taken(dir))
		return EXIT_DONE;
	if (ask->no_start)
		return cli_fail(PST_E_NO_NODE, "no node runs on %s", dir);
	if (!ask->makes && ask_there(dir) != EXIT_DONE)
		return EXIT_USAGE;
	return start_node(dir);
}

/* Again where a node was just stopping, and has gone without having heard of us. */
static int
question_ask(struct question *q, const struct ask *ask)
{
	int exit;

	do {
		q->gone = false;
		exit = node_reach(ask, q->dir, q->path);
		if (exit == EXIT_DONE)
			exit = cli_node_run(&q->cli, NULL, NULL);
	} while (q->gone);
	return exit;
}

int
ask_node(const struct ask *ask, json_t *question, json_t **answer)
{
	char *dir = pst_config_state_dir(ask->state), path[PATH_MAX];
	struct question q = {
		.cli = { .use = PST_NODE_ASKS, .ready = ready, .log_level = PST_LOG_ERROR },
		.dir = dir,
		.path = path,
		.text = json_dumps(question, JSON_COMPACT),
		.timeout_ms = ask->timeout_ms ? ask->timeout_ms : ASK_TIMEOUT_MS,
	};
	int exit;

	*answer = NULL;
	q.what = json_string_value(json_object_get(question, "do"));
	snprintf(path, sizeof path, "%s/" SOCKET, dir ? dir : "");
	exit = dir && q.text ? question_ask(&q, ask) : cli_fail(-ENOMEM, "out of memory");
	if (exit == EXIT_DONE)
		exit = answer_take(q.answer, answer);
	else
		json_decref(q.answer);
	json_decref(question);
	free(q.text);
	free(dir);
	return exit;
}

/* ---- sections that others need ---- */

static bool
is_among(const json_t *sections, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(sections, i, one)
		if (!strcmp(json_string_value(json_object_get(one, "name")), name))
			return true;
	return false;
}

int
ask_need(const struct ask *ask, const char *kind, const char *name, json_t *options, bool *made)
{
	json_t *answer = NULL;
	int exit = ask_node(ask, json_pack("{s:s, s:s}", "do", "list", "kind", kind), &answer);
	bool there = is_among(answer, name);

	json_decref(answer);
	*made = false;
	if (exit || there) {
		json_decref(options);
		return exit;
	}
	exit = ask_node(ask, json_pack("{s:s, s:s, s:s, s:o, s:s}", "do", "create", "kind", kind, "name", name,
	    "options", options, "cwd", "/"), &answer);
	*made = exit == EXIT_DONE;
	json_decref(answer);
	return exit;
}

void
ask_drop(const struct ask *ask, const char *kind, const char *name)
{
	struct ask only = *ask;
	json_t *answer = NULL;

	only.no_start = true;
	ask_node(&only, json_pack("{s:s, s:s, s:s}", "do", "delete", "kind", kind, "name", name), &answer);
	json_decref(answer);
}
