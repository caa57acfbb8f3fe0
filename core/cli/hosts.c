/*
 * postern sat, postern atmo: one module, or one bundle, served over HTTP, with the variables and arguments of the
 * programs of these names (spec functions.md 5.1, 7). Each writes the file of a node that does it, and runs that.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/words.h"
#include "conf/conf.h"
#include "node/state.h"

/* Several of the same may run on one machine; each has a state directory. */
#define HOSTS_MAX 100

struct host {
	const char *command; /* "sat" */
	const char *file;    /* the module, the bundle */
	const char *listen;  /* an address; NULL: all of the machine's */
	const char *port;
	const char *state;   /* NULL: one of its own */
	const char *log;     /* level */
	bool headless, schedules, wait;
	bool filter; /* it listens nowhere */
};

/* ---- what the originals take from the environment ---- */

/* Variables of the mesh and the control plane, which are not here. */
static int
environment_refuse(const char *command)
{
	static const char mesh[] = "there is no mesh and no control plane here; a gateway's constellations call functions of other nodes";
	static const char *const refused[][2] = {
		{ "SAT_CONTROL_PLANE", mesh },
		{ "SAT_PEERS", mesh },
		{ "ATMO_CONTROL_PLANE", mesh },
		{ "ATMO_PEERS", mesh },
		{ "ATMO_DOMAIN", "there are no automatic certificates here; give a gateway section a certificate of yours" },
		{ NULL, NULL },
	};

	for (size_t i = 0; refused[i][0]; i++)
		if (getenv(refused[i][0]))
			return cli_usage(command, "%s is set: %s", refused[i][0], refused[i][1]);
	for (char **at = environ; *at; at++)
		if (!strncmp(*at, "E2CORE_", 7))
			return cli_usage(command, "%.*s is set: the control plane of E2Core is not here",
			    (int)strcspn(*at, "="), *at);
	return EXIT_DONE;
}

static const char *
environment(const char *name, const char *fallback)
{
	const char *text = getenv(name);

	return text && *text ? text : fallback;
}

static bool
environment_true(const char *name, bool fallback)
{
	const char *text = environment(name, fallback ? "true" : "false");

	return !strcasecmp(text, "true") || !strcmp(text, "1") || !strcasecmp(text, "yes");
}

static const char *
environment_log(const char *name)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	const char *text = getenv(name);

	for (size_t i = 0; text && i < 4; i++)
		if (!strcasecmp(text, levels[i]))
			return levels[i];
	return text && !strcasecmp(text, "trace") ? "debug" : "info";
}

/* ---- where it keeps what must last ---- */

/* What may be a section's name, and is close to the file's. */
static void
name_of(const struct host *host, char out[static PST_CONF_WORD_MAX])
{
	const char *slash = strrchr(host->file, '/'), *base = slash ? slash + 1 : host->file;
	size_t n = strcspn(base, "."), i;

	if (n > PST_CONF_WORD_MAX - 8)
		n = PST_CONF_WORD_MAX - 8;
	for (i = 0; i < n; i++)
		out[i] = isalnum((unsigned char)base[i]) || base[i] == '_' ? base[i] : '-';
	out[i] = '\0';
	if (!i || *out == '-')
		snprintf(out, PST_CONF_WORD_MAX, "%s", host->command);
}

/* The i-th that this one may have. */
static void
state_name(const struct host *host, int i, char out[static PATH_MAX])
{
	const char *home = getenv("HOME");
	char name[PST_CONF_WORD_MAX], more[8] = "";

	name_of(host, name);
	if (i)
		snprintf(more, sizeof more, ".%d", i);
	snprintf(out, PATH_MAX, "%s%s/%s/%s%s", geteuid() == 0 ? "" : home ? home : "",
	    geteuid() == 0 ? "/var/lib/postern" : "/.local/state/postern", host->command, name, more);
}

/* Who has it says which process it is. */
static void
holder_write(int lock)
{
	if (!ftruncate(lock, 0))
		dprintf(lock, "%d\n", (int)getpid());
}

static int
holder_read(int lock)
{
	char text[16] = "";

	return pread(lock, text, sizeof text - 1, 0) > 0 ? atoi(text) : 0;
}

/*
 * Take a directory for this process, and put the node's file there. -EBUSY: another has it. What says so is a lock of
 * its own, since a node takes the directory's only when it begins.
 */
static int
state_take(const char *state, const char *text, struct pst_err *err)
{
	int lock, own, rc = pst_state_lock(&lock, state, PST_STATE_ALONE, err);

	if (rc)
		return rc;
	own = pst_state_open(state, "host.lock", O_RDWR | O_CREAT, err);
	if (own < 0)
		rc = own;
	else if (flock(own, LOCK_EX | LOCK_NB))
		rc = pst_fail(err, -EBUSY, "%s: another sat or atmo (process %d) has this directory; "
		    "without --state each has one of its own", state, holder_read(own));
	else
		holder_write(own);
	if (!rc)
		rc = pst_state_write(state, "host.conf", text, err);
	if (rc && own >= 0)
		close(own); /* else it is held until the process ends */
	close(lock);
	return rc;
}

/* The first that is free; what it has compiled is still there the next time. */
static int
state_choose(const struct host *host, const char *text, char out[static PATH_MAX], struct pst_err *err)
{
	int rc = -EBUSY;

	if (host->state) {
		snprintf(out, PATH_MAX, "%s", host->state);
		return state_take(out, text, err);
	}
	for (int i = 0; rc == -EBUSY && i < HOSTS_MAX; i++) {
		state_name(host, i, out);
		rc = state_take(out, text, err);
	}
	return rc;
}

/* ---- its file ---- */

static void
listen_write(FILE *out, const struct host *host)
{
	const char *address = host->listen ? host->listen : "0.0.0.0";
	bool v6 = strchr(address, ':') != NULL;

	fprintf(out, "\tlisten = {\"%s%s%s:%s\"", v6 ? "[" : "", address, v6 ? "]" : "", host->port);
	if (!host->listen && !access("/proc/net/if_inet6", F_OK))
		fprintf(out, ", \"[::]:%s\"", host->port);
	fputs("}\n", out);
}

static char *
file_text(const struct host *host, const char *file)
{
	bool is_sat = !strcmp(host->command, "sat");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fprintf(out, "node %s { log = %s }\nservice %s {\n\tuse = gateway\n", host->command, host->log, host->command);
	if (!host->filter)
		listen_write(out, host);
	fputs("\tapp = ", out);
	pst_conf_quote(out, file);
	if (!is_sat)
		fprintf(out, "\n\theadless = %s\n\tschedules = %s", host->headless ? "yes" : "no",
		    host->schedules ? "yes" : "no");
	fputs("\n}\n", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* The originals start without their bundle when told to, and look again once a second. */
static bool
file_find(const struct host *host, char path[static PATH_MAX])
{
	bool said = false;

	while (!realpath(host->file, path)) {
		if (!host->wait || errno != ENOENT)
			return false;
		if (!said)
			fprintf(stderr, "postern: waiting for %s\n", host->file);
		said = true;
		sleep(1);
	}
	return true;
}

static int
host_run(const struct host *host)
{
	char path[PATH_MAX], state[PATH_MAX], *text;
	struct pst_err err = PST_ERR_INIT;
	int rc;

	if (!file_find(host, path))
		return cli_fail(errno == ENOENT ? PST_E_NOTHING : -errno, "%s: %s", host->file,
		    pst_strerror(-errno));
	text = file_text(host, path);
	rc = text ? state_choose(host, text, state, &err) : -ENOMEM;
	free(text);
	if (rc)
		return cli_fail(rc, "%s", err.text[0] ? err.text : pst_strerror(rc));
	snprintf(path, sizeof path, "%.4000s/host.conf", state);
	return host->filter ? cli_filter(path, state) : cli_serve(path, state);
}

/* ---- the commands ---- */

static int
place_look(const struct host *host)
{
	char *end;
	unsigned long port = strtoul(host->port, &end, 10);

	if (*end || end == host->port || port > 65535)
		return cli_usage(host->command, "\"%.32s\" is no port", host->port);
	if (host->listen && strspn(host->listen, "0123456789abcdefABCDEF.:") != strlen(host->listen))
		return cli_usage(host->command, "\"%.64s\" is no address", host->listen);
	return EXIT_DONE;
}

static bool
is_module(const char *file)
{
	size_t n = strlen(file);

	return n > 5 && !strcmp(file + n - 5, ".wasm");
}

/* What both take from their arguments, over what the environment says. */
static int
host_read(struct host *host, const struct words *words, const char *port)
{
	host->file = words->word[0] ? words->word[0] : host->file;
	host->listen = words_value(words, "listen");
	host->state = words_value(words, "state");
	host->port = port ? port : host->port;
	return environment_refuse(host->command);
}

int
cmd_sat(int argc, char **argv)
{
	static const char *const known[] = { "http-port=", "listen=", "state=", "stdin", NULL };
	struct host host = { .command = "sat", .log = environment_log("SAT_LOG_LEVEL"),
		.port = environment("SAT_HTTP_PORT", "0") };
	struct words words = { .alone = true };
	int exit = words_read(&words, known, 1, argc, argv);

	if (exit == EXIT_DONE)
		exit = host_read(&host, &words, words_value(&words, "http_port"));
	host.filter = words_value(&words, "stdin") != NULL;
	if (exit == EXIT_DONE && !host.file)
		exit = cli_usage("sat", "missing argument: module");
	else if (exit == EXIT_DONE && (!strncmp(host.file, "https://", 8) || !is_module(host.file)))
		exit = cli_usage("sat", "a module is a file here, and ends in .wasm: not %.200s", host.file);
	if (exit == EXIT_DONE)
		exit = place_look(&host);
	if (exit == EXIT_DONE)
		exit = host_run(&host);
	json_decref(words.options);
	return exit;
}

int
cmd_atmo(int argc, char **argv)
{
	static const char *const known[] = { "http-port=", "httpPort=", "listen=", "state=", "wait", NULL };
	struct host host = {
		.command = "atmo",
		.file = environment("ATMO_BUNDLE_PATH", "runnables.wasm.zip"),
		.port = environment("ATMO_HTTP_PORT", "8080"),
		.log = environment_log("ATMO_LOG_LEVEL"),
		.headless = environment_true("ATMO_HEADLESS", false),
		.schedules = environment_true("ATMO_RUN_SCHEDULES", true),
		.wait = environment_true("ATMO_WAIT", false),
	};
	struct words words = { .alone = true };
	const char *port;
	int exit = words_read(&words, known, 1, argc, argv);

	if (exit == EXIT_DONE) {
		port = words_value(&words, "http_port");
		exit = host_read(&host, &words, port ? port : words_value(&words, "httpPort"));
		host.wait |= words_value(&words, "wait") != NULL;
	}
	if (exit == EXIT_DONE)
		exit = place_look(&host);
	if (exit == EXIT_DONE)
		exit = host_run(&host);
	json_decref(words.options);
	return exit;
}
