/* pst-conform: which kit, the section that it asks, and TAP. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "node/rooms.h"

#define EXIT_BAIL 3

static const struct kit {
	const char *name, *kind;
	void (*run)(struct conform *c);
} kits[] = {
	{ "alike", "runtime", conform_alike },
	{ "rival", "store", conform_store_rival },
	{ "runtime", "runtime", conform_runtime },
	{ "store", "store", conform_store },
	{ "transport", "transport", conform_transport },
	{ "vault", "vault", conform_vault },
	{ NULL, NULL, NULL },
};

/* ---- TAP ---- */

static void
case_print(struct conform *c, bool ok, const char *why, const char *sentence, va_list args)
{
	printf("%s %u - ", ok ? "ok" : "not ok", ++c->cases);
	vprintf(sentence, args);
	if (ok && why)
		printf(" # SKIP %s", why);
	else if (why)
		printf("\n# %s", why);
	putchar('\n');
	fflush(stdout);
	c->failures += !ok;
}

bool
conform_ok(struct conform *c, bool ok, const char *sentence, ...)
{
	va_list args;

	va_start(args, sentence);
	case_print(c, ok, NULL, sentence, args);
	va_end(args);
	return ok;
}

bool
conform_rc(struct conform *c, int rc, int wanted, const char *sentence, ...)
{
	char why[256];
	va_list args;

	snprintf(why, sizeof why, "got %s, wanted %s", rc ? pst_errname(rc) : "no error",
	    wanted ? pst_errname(wanted) : "none");
	va_start(args, sentence);
	case_print(c, rc == wanted, rc == wanted ? NULL : why, sentence, args);
	va_end(args);
	return rc == wanted;
}

void
conform_skip(struct conform *c, const char *why, const char *sentence, ...)
{
	va_list args;

	va_start(args, sentence);
	case_print(c, true, why, sentence, args);
	va_end(args);
}

void
conform_bail(const char *why, ...)
{
	char text[PST_ERR_TEXT];
	va_list args;

	va_start(args, why);
	vsnprintf(text, sizeof text, why, args);
	va_end(args);
	printf("Bail out! %s\n", text);
	fprintf(stderr, "pst-conform: %s\n", text);
	exit(EXIT_BAIL);
}

/* ---- the section ---- */

static void
node_up(void *arg)
{
	struct conform *c = arg;

	c->up = true;
}

static void
node_failed(void *arg, int rc, const char *sentence)
{
	struct conform *c = arg;

	fprintf(stderr, "pst-conform: %s [%s]\n", sentence, pst_errname(rc));
	c->rc = rc;
	c->up = true; /* there is no more to wait for */
}

static void
node_closed(void *arg)
{
	struct conform *c = arg;

	c->closed = true;
}

static const struct pst_node_events events = {
	.up = node_up,
	.failed = node_failed,
	.closed = node_closed,
};

static void
late(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

void
conform_wait(struct conform *c, const bool *flag, const char *what)
{
	bool too_late = false;
	uv_timer_t timer;

	uv_timer_init(&c->loop, &timer);
	timer.data = &too_late;
	uv_timer_start(&timer, late, CONFORM_DEADLINE_MS, 0);
	while (!*flag && !too_late)
		uv_run(&c->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&c->loop, UV_RUN_NOWAIT);
	if (!*flag)
		conform_bail("%s", what);
}

static int
node_make(struct conform *c, struct pst_err *err)
{
	struct pst_config_source source = { .path = c->file };
	struct pst_config *config;
	int rc = pst_config_new(&config, c->loader, &source, err);

	if (rc)
		return rc;
	if (!pst_config_item(config, c->kind, c->name)) {
		pst_config_free(&config);
		return pst_fail(err, PST_E_NOTHING, "%s: there is no %s %s", c->file, c->kind, c->name);
	}
	return pst_node_new(&c->node, &c->loop, &config, &c->book,
	    strcmp(c->kind, "transport") ? PST_NODE_KEEPS : PST_NODE_ASKS, &events, c, err);
}

void
conform_open(struct conform *c)
{
	struct pst_err err = PST_ERR_INIT;

	c->up = c->closed = false;
	c->rc = node_make(c, &err);
	if (c->rc) {
		fprintf(stderr, "pst-conform: %s [%s]\n", err.text[0] ? err.text : pst_strerror(c->rc),
		    pst_errname(c->rc));
		conform_bail("the section cannot be opened");
	}
	pst_node_start(c->node);
	conform_wait(c, &c->up, "the section does not open");
	if (c->rc)
		conform_bail("the section cannot be opened");
	c->env = pst_node_env(c->node);
	c->self = pst_node_section(c->node, c->kind, c->name, &c->ops);
}

void
conform_close(struct conform *c)
{
	pst_node_close(c->node);
	conform_wait(c, &c->closed, "the section does not close");
	pst_node_free(&c->node);
	uv_run(&c->loop, UV_RUN_NOWAIT);
	if (uv_loop_alive(&c->loop))
		conform_bail("the section has closed, and left something on the loop");
	c->self = NULL;
	c->ops = NULL;
	c->env = NULL;
}

/* ---- the command ---- */

static int
usage(void)
{
	fputs("Usage: pst-conform KIND FILE [NAME [KEYS]]\n"
	      "       pst-conform transport FILE NAME WHERE\n"
	      "       pst-conform alike FILE NAME OTHER MODULE...\n\n"
	      "Does the section KIND NAME (\"default\" when left out) of the configuration FILE keep what\n"
	      "<postern/KIND.h> promises? Prints TAP. Exit code: 0 it does, 1 it does not, 2 usage,\n"
	      "3 it could not be asked. `rival` is one of several that are after the same KEYS (1000) of a\n"
	      "store, each with a FILE of its own; it empties nothing. A transport listens at WHERE, a path or a\n"
	      "route such as /ip4/127.0.0.1/tcp/4000. `alike`: do the runtimes NAME and OTHER\n"
	      "come to the same with each MODULE? KIND is one of:", stderr);
	for (const struct kit *kit = kits; kit->name; kit++)
		fprintf(stderr, " %s", kit->name);
	fputc('\n', stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	struct conform c = { 0 };
	const struct kit *kit = kits;

	while (argc > 1 && kit->name && strcmp(kit->name, argv[1]))
		kit++;
	if (argc < 3 || !kit->name || (kit->run == conform_alike ? argc < 6 : argc > 5) ||
	    (kit->run == conform_transport && argc != 5))
		return usage();
	c.kind = kit->kind;
	c.file = argv[2];
	c.name = argc > 3 ? argv[3] : "default";
	c.rest = (const char *const *)argv + 4;
	c.count = argc > 4 ? (size_t)argc - 4 : 0;
	c.keys = argc > 4 ? strtoul(argv[4], NULL, 10) : 1000;
	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	pst_logbook_init(&c.book, stderr, PST_ROOM_MAIN);
	c.book.fixed = PST_LOG_WARN;
	if (uv_loop_init(&c.loop) || pst_loader_new(&c.loader))
		conform_bail("out of memory");
	kit->run(&c);
	printf("1..%u\n", c.cases);
	pst_loader_free(&c.loader);
	if (uv_loop_close(&c.loop))
		conform_bail("something is left on the loop");
	return c.failures > 0;
}
