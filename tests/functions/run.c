#include "run.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "node/change.h"
#include "node/node.h"
#include "node/rooms.h"

#define DEADLINE_MS 60000

struct running {
	struct pst_call call;
	struct reply *reply;
	struct running *next;
	bool over;
};

static struct {
	char dir[PATH_MAX];
	uv_loop_t loop;
	struct pst_loader *loader;
	struct pst_logbook book;
	struct pst_node *node;
	struct pst_caller caller;
	struct running *running;
	bool up, closed;
	char why[PST_ERR_TEXT];
} run;

static void
die(const char *what)
{
	char *log = run.book.out ? run_log() : NULL;

	printf("Bail out! %s\n%s\n", what, log ? log : "");
	fflush(stdout);
	_exit(99);
}

static void
late(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Run the loop until done() or the deadline. */
static bool
wait_until(bool (*done)(const void *arg), const void *arg)
{
	bool over = false;
	uv_timer_t timer;

	uv_timer_init(&run.loop, &timer);
	timer.data = &over;
	uv_timer_start(&timer, late, DEADLINE_MS, 0);
	while (!done(arg) && !over)
		uv_run(&run.loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&run.loop, UV_RUN_NOWAIT);
	return done(arg);
}

static bool
flag_is_set(const void *arg)
{
	return *(const bool *)arg;
}

/* ---- the node ---- */

const char *
run_dir(void)
{
	return run.dir;
}

uv_loop_t *
run_loop(void)
{
	return &run.loop;
}

void
run_until(const bool *flag)
{
	if (!wait_until(flag_is_set, flag))
		die("what is waited for does not come");
}

void
run_begin(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(run.dir, sizeof run.dir, "%s/postern-functions.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(run.dir) || uv_loop_init(&run.loop) || pst_loader_new(&run.loader))
		die("no directory, or no memory");
}

void
run_end(void)
{
	char command[PATH_MAX + 16];

	pst_loader_free(&run.loader);
	if (uv_loop_close(&run.loop))
		die("something is left on the loop");
	snprintf(command, sizeof command, "rm -rf '%s'", run.dir);
	if (system(command))
		die("the directory does not go");
}

static void
node_up(void *arg)
{
	run.up = true;
}

static void
node_failed(void *arg, int rc, const char *sentence)
{
	snprintf(run.why, sizeof run.why, "%s", sentence);
}

static void
node_closed(void *arg)
{
	run.closed = run.up = true;
}

static const struct pst_node_events events = {
	.up = node_up,
	.failed = node_failed,
	.closed = node_closed,
};

static void
conf_write(char path[PATH_MAX], const char *conf)
{
	FILE *out;

	if (snprintf(path, PATH_MAX, "%s/t.conf", run.dir) >= PATH_MAX)
		die("a path too long");
	out = fopen(path, "w");
	if (!out || fputs(conf, out) < 0 || fclose(out))
		die("a file does not get written");
}

const char *
run_node(const char *conf)
{
	struct pst_config *config;
	struct pst_err err = PST_ERR_INIT;
	char path[PATH_MAX], state[PATH_MAX + 8];
	int rc;

	conf_write(path, conf);
	snprintf(state, sizeof state, "%s/state", run.dir);
	struct pst_config_source source = { .path = path, .state = state };

	run.why[0] = '\0';
	run.up = run.closed = false;
	pst_logbook_init(&run.book, tmpfile(), PST_ROOM_MAIN);
	if (!run.book.out)
		die("no file for the log");
	rc = pst_config_new(&config, run.loader, &source, &err);
	if (!rc)
		rc = pst_node_new(&run.node, &run.loop, &config, &run.book, PST_NODE_BRIEF, &events, NULL, &err);
	if (rc) {
		snprintf(run.why, sizeof run.why, "%s", err.text);
		fclose(run.book.out);
		return run.why;
	}
	pst_node_start(run.node);
	if (!wait_until(flag_is_set, &run.up))
		die("the node does not start");
	if (!run.closed && !run.why[0] && pst_caller_open(&run.caller, pst_node_env(run.node)))
		die("out of memory");
	if (run.why[0]) {
		wait_until(flag_is_set, &run.closed);
		pst_node_free(&run.node);
		fclose(run.book.out);
		return run.why;
	}
	return NULL;
}

static void
changed(struct pst_change *change, int rc, const char *sentence)
{
	snprintf(run.why, sizeof run.why, "%s", rc ? sentence : "");
	run.up = true;
}

const char *
run_reload(const char *conf)
{
	struct pst_change change = { .done = changed };
	char path[PATH_MAX];

	conf_write(path, conf);
	run.up = false;
	pst_node_change(run.node, &change);
	if (!wait_until(flag_is_set, &run.up))
		die("the node does not reload");
	return run.why[0] ? run.why : NULL;
}

void
run_stop(void)
{
	pst_caller_close(&run.caller);
	pst_node_stop(run.node);
	if (!wait_until(flag_is_set, &run.closed))
		die("the node does not stop");
	pst_node_free(&run.node);
	fclose(run.book.out);
	uv_run(&run.loop, UV_RUN_NOWAIT);
	if (uv_loop_alive(&run.loop))
		die("the node has left something on the loop");
}

/* ---- the log ---- */

char *
run_log(void)
{
	FILE *file = run.book.out;
	char *text;
	long end;

	flockfile(file);
	fflush(file);
	end = ftell(file);
	text = calloc(1, (size_t)end + 1);
	if (!text || pread(fileno(file), text, (size_t)end, 0) != end) {
		free(text);
		text = NULL;
	}
	funlockfile(file);
	return text;
}

struct wanted {
	const char *text;
	unsigned times;
};

static bool
log_has(const void *arg)
{
	const struct wanted *wanted = arg;
	char *log = run_log(), *p = log;
	unsigned n = 0;

	while (p && (p = strstr(p, wanted->text))) {
		n++;
		p++;
	}
	free(log);
	return n >= wanted->times;
}

bool
run_logged(const char *text, unsigned times)
{
	const struct wanted wanted = { text, times };

	return wait_until(log_has, &wanted);
}

/* ---- calls ---- */

static struct running *
running_of(struct pst_call *call)
{
	return pst_container_of(call, struct running, call);
}

static void
answer(struct pst_call *call, unsigned status, const struct pst_map *headers)
{
	struct reply *reply = running_of(call)->reply;

	reply->answered = true;
	reply->status = status;
	if (pst_map_copy(&reply->headers, headers))
		die("out of memory");
}

static void
body(struct pst_call *call, struct pst_buf *piece, bool last)
{
	struct running *r = running_of(call);
	struct reply *reply = r->reply;
	size_t len = pst_buf_len(piece);
	uint8_t *more = realloc(reply->body, reply->len + len + 1);

	if (!more)
		die("out of memory");
	if (len)
		memcpy(more + reply->len, piece->start, len);
	reply->body = more;
	reply->len += len;
	more[reply->len] = '\0';
	r->over = last;
}

static void
failed(struct pst_call *call, const struct pst_call_failure *failure)
{
	struct running *r = running_of(call);

	r->reply->answered = false;
	r->reply->failure = *failure;
	snprintf(r->reply->text, sizeof r->reply->text, "%s", failure->text);
	r->reply->failure.text = r->reply->text;
	r->over = true;
}

static const struct pst_call_events call_events = { answer, body, failed };

struct running *
run_begin_call(struct reply *reply, const char *function, const char *method, const char *resource,
    const struct pst_map *headers, const void *bytes, size_t len, uint64_t deadline_ms)
{
	struct running *r = calloc(1, sizeof *r);
	struct pst_env *env = pst_node_env(run.node);
	const struct pst_call_head head = {
		.method = method,
		.resource = resource,
		.headers = headers,
		.deadline_ms = deadline_ms,
	};
	struct pst_route_buf route;
	struct pst_route to;
	struct pst_buf buf;

	*reply = (struct reply){ 0 };
	pst_route_buf_init(&route);
	if (!r || pst_route_add(&route, PST_ADDRESS_LOCAL, function, strlen(function)) ||
	    pst_env_buf(&buf, env, bytes, len, 0, 0))
		die("out of memory");
	to = pst_route_buf_view(&route);
	r->reply = reply;
	r->next = run.running;
	run.running = r;
	if (pst_call_begin(&run.caller, &r->call, &to, &head, &buf, &call_events))
		die("a call does not begin");
	return r;
}

void
run_cancel(struct running *running)
{
	pst_call_cancel(&running->call);
	running->over = true;
}

static bool
all_over(const void *arg)
{
	const struct running *r = run.running;

	while (r && r->over)
		r = r->next;
	return !r;
}

void
run_wait(void)
{
	if (!wait_until(all_over, NULL))
		die("a call does not end");
	run_wait_no_more();
}

void
run_wait_for(const struct running *running)
{
	if (!wait_until(flag_is_set, &running->over))
		die("a call does not end");
}

void
run_wait_no_more(void)
{
	struct running *r;

	while ((r = run.running)) {
		run.running = r->next;
		free(r);
	}
}

void
run_call(struct reply *reply, const char *function, const char *method, const char *resource,
    const struct pst_map *headers, const void *bytes, size_t len, uint64_t deadline_ms)
{
	run_begin_call(reply, function, method, resource, headers, bytes, len, deadline_ms);
	run_wait();
}

void
reply_fini(struct reply *reply)
{
	pst_map_fini(&reply->headers);
	free(reply->body);
	*reply = (struct reply){ 0 };
}

static struct {
	struct pst_call_probe probe;
	struct pst_call_load load;
	bool over;
} probing;

static void
probed(struct pst_call_probe *probe, int rc, const struct pst_call_load *load)
{
	if (rc)
		die("no answer to a probe");
	probing.load = *load;
	probing.over = true;
}

void
run_probe(struct pst_call_load *load, const char *function)
{
	struct pst_route_buf route;
	struct pst_route to;

	pst_route_buf_init(&route);
	if (pst_route_add(&route, PST_ADDRESS_LOCAL, function, strlen(function)))
		die("out of memory");
	to = pst_route_buf_view(&route);
	probing.over = false;
	if (pst_call_probe(pst_node_env(run.node), &probing.probe, &to, DEADLINE_MS, probed) ||
	    !wait_until(flag_is_set, &probing.over))
		die("a probe does not go out");
	*load = probing.load;
}
