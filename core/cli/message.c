/* postern message send: the command is a node of its own for a moment. */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <postern/dial.h>

#include "cli/words.h"
#include "node/path.h"

#define MESSAGE_MAX (1024 * 1024)

struct send {
	struct cli_node cli;
	const char *to, *text;
	struct pst_list authorized;
	bool hex;
	uint64_t timeout_ms;
	char *own; /* its state directory, if it was not given one */
	struct pst_path *path;
	struct pst_request request;
	struct pst_timer timer;
	bool ended;
	int exit;
	int tried; /* what came of trying; 0: nothing that would not be tried again */
};

static void
path_gone(void *arg)
{
	struct send *send = arg;

	cli_done(&send->cli, send->exit);
}

static void
finish(struct send *send, int exit)
{
	if (send->ended)
		return;
	send->ended = true;
	send->exit = exit;
	pst_timer_stop(pst_node_env(send->cli.node), &send->timer);
	pst_request_cancel(&send->request);
	if (send->path)
		pst_path_close(&send->path, path_gone, send);
	else
		path_gone(send);
}

static void
send_stop(struct cli_node *cli)
{
	finish(pst_container_of(cli, struct send, cli), EXIT_FAILED);
}

static void
expired(struct pst_timer *timer)
{
	struct send *send = pst_container_of(timer, struct send, timer);
	char why[PST_ERR_TEXT + PST_HOST_TEXT];

	if (send->tried)
		pst_path_stuck(send->path, send->tried, why, sizeof why);
	if (send->tried == PST_E_DENIED)
		finish(send, cli_fail(PST_E_DENIED, "%s: whoever is there is not one that --authorized names",
		    send->to));
	else if (send->tried)
		finish(send, cli_fail(send->tried, "%s", why));
	else
		finish(send, cli_fail(UV_ETIMEDOUT, "no answer from %s", send->to));
}

/* The link is refused, or the like: trying again until the time is over would tell no more. */
static void
tried(void *arg, int rc)
{
	struct send *send = arg;

	if (send->ended || (rc != PST_E_DENIED && (!send->path->dials || rc == UV_ETIMEDOUT)))
		return;
	send->tried = rc;
	pst_timer_start(pst_node_env(send->cli.node), &send->timer, 0, expired);
}

static void
answered(struct pst_request *request, int rc, struct pst_message *answer)
{
	struct send *send = pst_container_of(request, struct send, request);
	struct pst_reader r;
	const uint8_t *text;
	size_t len;

	if (rc)
		return; /* the timer says it */
	r = pst_buf_reader(&answer->payload);
	text = send->hex ? NULL : pst_read_data(&r, &len);
	if (text && !r.status && isatty(STDOUT_FILENO)) {
		print_text(stdout, (const char *)text, len);
	} else if (text && !r.status) {
		fwrite(text, 1, len, stdout);
	} else {
		for (const uint8_t *p = answer->payload.start; p < answer->payload.end; p++)
			printf("%02x", *p);
	}
	putchar('\n');
	finish(send, EXIT_DONE);
}

/* A String message, or bytes given in hex. */
static int
payload_make(struct send *send, struct pst_buf *out)
{
	size_t len = strlen(send->text), n;
	uint8_t *bytes = malloc(len + 10);
	struct pst_writer w = pst_writer(bytes, len + 10);
	int rc = bytes ? PST_OK : -ENOMEM;

	if (!rc && send->hex) {
		if (sodium_hex2bin(bytes, len + 10, send->text, len, NULL, &n, NULL) || n * 2 != len)
			rc = -EINVAL;
	} else if (!rc) {
		pst_write_data(&w, send->text, len);
		n = pst_writer_len(&w);
	}
	if (!rc)
		rc = pst_env_buf(out, pst_node_env(send->cli.node), bytes, n, PST_RX_HEADROOM,
		    PST_RX_TAILROOM);
	free(bytes);
	return rc;
}

static void
path_up(void *arg, const struct pst_route *route, struct pst_gate *gate)
{
	struct send *send = arg;
	struct pst_buf payload;
	int rc = payload_make(send, &payload);

	(void)gate;
	if (!rc)
		rc = pst_request_send(pst_node_env(send->cli.node), &send->request, route, &payload,
		    send->timeout_ms, answered);
	if (rc)
		finish(send, cli_fail(rc, "cannot send: %s", pst_strerror(rc)));
}

static void
path_down(void *arg, int rc)
{
	struct send *send = arg;

	(void)rc;
	pst_request_cancel(&send->request); /* sent again when it is up again */
}

static const struct pst_path_events path_events = {
	.up = path_up,
	.down = path_down,
};

/* ---- a state directory for one message ---- */

/* In memory if there is a place: what is killed leaves its key where it does not last. */
static char *
state_make(void)
{
	const char *const places[] = { getenv("XDG_RUNTIME_DIR"), "/dev/shm", getenv("TMPDIR"), "/tmp" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(path, sizeof path, "%s/postern-message.XXXXXX", places[i] ? places[i] : "");
		if (places[i] && *places[i] == '/' && mkdtemp(path))
			return strdup(path);
	}
	return NULL;
}

static int
entry_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

static void
state_remove(struct send *send)
{
	if (send->own)
		nftw(send->own, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
	free(send->own);
	send->own = NULL;
}

/* ---- the command ---- */

static void
send_ready(struct cli_node *cli)
{
	static const struct pst_list none;
	struct send *send = pst_container_of(cli, struct send, cli);
	struct pst_path_conf conf = {
		.to = send->to,
		.key = "--to",
		.authorized = &send->authorized,
		.hops = &none,
		.channel = "api",
	};
	struct pst_err err = PST_ERR_INIT;
	int rc = pst_path_check(&conf, &err);

	/* vault and store have read what they need, and write no more by these names */
	state_remove(send);
	pst_timer_start(pst_node_env(cli->node), &send->timer, send->timeout_ms, expired);
	if (!rc)
		rc = pst_path_open(&send->path, pst_node_own_env(cli->node), &conf,
		    &path_events, send, &err);
	if (!rc)
		send->path->on_tried = tried;
	if (rc)
		finish(send, cli_fail(rc, "%s", err.text));
}

/* A transport that nodes have only where it is written. */
static void
websocket_add(struct send *send)
{
	struct pst_multiaddr *ma = malloc(sizeof *ma);

	if (ma && !pst_multiaddr_parse(ma, send->to, NULL) && ma->count > 1 &&
	    (ma->hop[1].protocol == PST_WS || ma->hop[1].protocol == PST_WSS))
		send->cli.edit = (struct pst_config_edit){ "transport", "message", "transport message { use = websocket }" };
	free(ma);
}

static int
send_run(struct send *send, const char *state)
{
	int exit;

	websocket_add(send);
	if (!state)
		send->own = state_make();
	if (!state && !send->own)
		return cli_fail(-errno, "cannot make a directory for this message: %s", strerror(errno));
	send->cli.use = PST_NODE_BRIEF;
	send->cli.ready = send_ready;
	send->cli.stop = send_stop;
	send->cli.log_level = send->cli.edit.kind ? PST_LOG_WARN : PST_LOG_ERROR; /* TLS has reasons of its own */
	exit = cli_node_run(&send->cli, NULL, state ? state : send->own);
	state_remove(send);
	return exit;
}

/* An even number of hex digits. */
static bool
is_hex(const char *text)
{
	size_t len = strlen(text);

	return len % 2 == 0 && strspn(text, "0123456789abcdefABCDEF") == len;
}

static int
message_read(struct send *send, const struct words *words)
{
	send->to = words_value(words, "to");
	send->text = words->word[1];
	send->hex = words_value(words, "hex");
	if (!words->word[0] || strcmp(words->word[0], "send") || !send->text || !send->to)
		return cli_usage("message", "want send, a text, and --to");
	if (strlen(send->text) > MESSAGE_MAX)
		return cli_usage("message", "a text of at most 1 MiB");
	if (send->hex && !is_hex(send->text))
		return cli_usage("message", "--hex: \"%.40s\" is not bytes in hex, two digits each", send->text);
	return words_time(words, "timeout", &send->timeout_ms);
}

int
cmd_message(int argc, char **argv)
{
	static const char *const known[] = { "to=", "authorized=", "hex", "state=", "timeout=", NULL };
	struct words words = { .alone = true };
	const char *whom[] = { "*", NULL };
	struct send send = { .authorized = { 1, whom }, .timeout_ms = 10000 };
	int exit = words_read(&words, known, 2, argc, argv);

	if (exit == EXIT_DONE)
		exit = message_read(&send, &words);
	if (words_value(&words, "authorized"))
		whom[0] = words_value(&words, "authorized");
	if (exit == EXIT_DONE && words_value(&words, "state"))
		exit = ask_there(words_value(&words, "state"));
	if (exit == EXIT_DONE)
		exit = send_run(&send, words_value(&words, "state"));
	json_decref(words.options);
	return exit;
}
