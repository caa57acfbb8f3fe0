/*
 * postern sat --stdin: a function as a filter. Its input is the first line of
 * standard input, what it answers goes to standard output (spec functions.md 7).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/call.h>
#include <postern/coordinated.h>

#include "cli/words.h"
#include "node/config.h"

/* The original's. */
#define LINE_MAX_BYTES (64 * 1024)
#define REQUEST_ID "stdin"

struct filter {
	struct cli_node cli;
	char *line;
	size_t len;
	struct pst_caller caller;
	struct pst_call call;
	struct pst_map headers;
	struct pst_task end_task;
	bool ended;
	int exit;
};

static void
end_now(struct pst_task *task)
{
	struct filter *filter = pst_container_of(task, struct filter, end_task);

	pst_caller_close(&filter->caller);
	cli_done(&filter->cli, filter->exit);
}

/* Behind the call's event that says so. */
static void
finish(struct filter *filter, int exit)
{
	if (filter->ended)
		return;
	filter->ended = true;
	filter->exit = exit;
	pst_task_post(pst_node_env(filter->cli.node), &filter->end_task, end_now);
}

static void
filter_stop(struct cli_node *cli)
{
	finish(pst_container_of(cli, struct filter, cli), EXIT_FAILED);
}

/* ---- what came ---- */

static void
on_answer(struct pst_call *call, unsigned status, const struct pst_map *headers)
{
	struct filter *filter = call->arg;
	const struct pst_map_item *error = pst_map_get(headers, PST_COORDINATED_ERROR_HEADER);

	if (error)
		finish(filter, cli_fail(PST_E_REFUSED, "the function failed: %s", (const char *)error->value));
	else if (status >= 400)
		finish(filter, cli_fail(PST_E_REFUSED, "answered with status %u", status));
}

static void
on_body(struct pst_call *call, struct pst_buf *piece, bool last)
{
	struct filter *filter = call->arg;

	if (filter->ended) /* what was said of a failure goes to standard error */
		return;
	fwrite(piece->start, 1, pst_buf_len(piece), stdout);
	if (!last)
		return;
	putchar('\n');
	if (fflush(stdout) || ferror(stdout))
		finish(filter, cli_fail(-errno, "standard output: %s", strerror(errno)));
	else
		finish(filter, EXIT_DONE);
}

static void
on_failed(struct pst_call *call, const struct pst_call_failure *failure)
{
	finish(call->arg, cli_fail(failure->code == PST_CALL_DEADLINE ? UV_ETIMEDOUT : PST_E_REFUSED, "%s",
	    failure->text));
}

static const struct pst_call_events call_events = {
	.answer = on_answer,
	.body = on_body,
	.failed = on_failed,
};

/* ---- what goes ---- */

/* A module is one function, and the node has no other. */
static const char *
function_name(const struct pst_config *config)
{
	for (size_t i = 0; i < config->count; i++)
		if (!strcmp(config->items[i].source->kind, "function"))
			return config->items[i].source->name;
	return "";
}

/* As if it had come by POST, to /, without headers. */
static int
headers_make(struct filter *filter)
{
	struct pst_coordinated request;
	char *json = NULL;
	size_t len;
	int rc = pst_coordinated_init(&request, "POST", "/", REQUEST_ID);

	if (!rc)
		rc = pst_coordinated_write(&request, false, &json, &len);
	if (!rc)
		rc = pst_map_put(&filter->headers, PST_CALL_REQUEST_HEADER, json, len);
	free(json);
	pst_coordinated_fini(&request);
	return rc;
}

static int
call_begin(struct filter *filter)
{
	struct pst_env *env = pst_node_env(filter->cli.node);
	const char *name = function_name(pst_node_config(filter->cli.node));
	const struct pst_call_head head = { .method = "POST", .resource = "/", .headers = &filter->headers };
	struct pst_route_buf rb;
	struct pst_route route;
	struct pst_buf body;
	int rc;

	pst_route_buf_init(&rb);
	rc = pst_route_add(&rb, PST_ADDRESS_LOCAL, name, strlen(name));
	if (!rc)
		rc = headers_make(filter);
	if (!rc)
		rc = pst_env_buf(&body, env, filter->line, filter->len, PST_RX_HEADROOM, PST_RX_TAILROOM);
	if (rc)
		return rc;
	route = pst_route_buf_view(&rb);
	filter->call.arg = filter;
	return pst_call_begin(&filter->caller, &filter->call, &route, &head, &body, &call_events);
}

static void
filter_ready(struct cli_node *cli)
{
	struct filter *filter = pst_container_of(cli, struct filter, cli);
	int rc = pst_caller_open(&filter->caller, pst_node_env(cli->node));

	if (!rc)
		rc = call_begin(filter);
	if (rc)
		finish(filter, cli_fail(rc, "cannot call it: %s", pst_strerror(rc)));
}

/* ---- the command ---- */

static int
line_read(struct filter *filter)
{
	size_t room = LINE_MAX_BYTES + 1;
	int c;

	filter->line = malloc(room);
	if (!filter->line)
		return cli_fail(-ENOMEM, "out of memory");
	while ((c = getchar()) != EOF && c != '\n' && filter->len < room)
		filter->line[filter->len++] = (char)c;
	if (ferror(stdin))
		return cli_fail(-errno, "standard input: %s", strerror(errno));
	if (filter->len > LINE_MAX_BYTES)
		return cli_fail(PST_E_LIMIT, "standard input: a line is at most %d KiB", LINE_MAX_BYTES / 1024);
	return EXIT_DONE;
}

int
cli_filter(const char *file, const char *state)
{
	struct filter filter = {
		.cli = { .use = PST_NODE_BRIEF, .ready = filter_ready, .stop = filter_stop, .log_level = -1 },
	};
	int exit = line_read(&filter);

	if (exit == EXIT_DONE)
		exit = cli_node_run(&filter.cli, file, state);
	pst_map_fini(&filter.headers);
	free(filter.line);
	return exit;
}
