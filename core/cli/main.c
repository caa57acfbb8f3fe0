#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "node/kinds.h"

/*
 * complete.c reads these tables. An option begins a line; behind it, after one blank, is its argument, and after two or more what
 * it does; one that stands deeper, below a verb, is that verb's alone. Words in capitals are names of what stands there.
 */
#define SECTION_HELP(show, more) \
	"  create [NAME] [--KEY VALUE …]   make a section and open it; it is kept in STATE/conf.d\n" \
	"  show [NAME]                     " show \
	"  list                            all of them\n" \
	"  delete [NAME]                   close it and take it away\n" \
	more "\n" \
	"A list's KEY is written again for each item. NAME is \"default\" when left out; to be shown, the\n" \
	"only one there is.\n\n" \
	ASK_OPTIONS_HELP

#define SECTION_ARGUMENTS "create|show|list|delete [NAME]"
#define SECTION(kind, summary, example) \
	{ kind, SECTION_ARGUMENTS, summary, SECTION_HELP("one of them, with all its options\n", ""), cmd_section, example }

const struct command commands[] = {
	{ "run", "[FILE|DIRECTORY]", "run a node in the foreground",
	    "  --state DIR     keep the node's state there, whatever the file says\n"
	    "  --log error|warn|info|debug  log lines of this level, whatever the file says\n\n"
	    "Sections that commands have made, in STATE/conf.d, are part of it. SIGHUP reloads.\n"
	    "SIGINT and SIGTERM stop it in order: sessions may end by themselves within `drain`;\n"
	    "a second signal closes at once.\n", cmd_run },
	{ "check", "FILE|DIRECTORY", "check a configuration without running it",
	    "  --print         print every section with every value, defaults too\n", cmd_check },
	{ "status", "", "how a running node and its sections are", ASK_RUNNING_HELP, cmd_status },
	{ "reload", "", "read the files of a running node again",
	    "Sections that are as they were keep their connections; a file that is wrong changes nothing.\n\n"
	    ASK_RUNNING_HELP, cmd_reload },
	{ "stop", "", "stop a running node, and wait until it has gone",
	    "  --now           do not wait for sessions to end\n" ASK_RUNNING_HELP, cmd_stop },
	{ "ping", "[ROUTE | inlet NAME | relay NAME | channel NAME]", "ask the far end of a route, or the node itself, for an answer",
	    "  --count N       so often (default: 3)\n"
	    "  --timeout TIME  give up after so long in all (default: 5s)\n"
	    "  --route N       of a section with several routes the Nth (default: the one that serves)\n" ASK_OPTIONS_HELP, cmd_trace },
	{ "trace", "ROUTE | inlet NAME | relay NAME | channel NAME", "say of each hop of a route who is there, and how far",
	    "  --count N       echoes at the end (default: 1)\n"
	    "  --timeout TIME  give up after so long in all (default: 5s)\n"
	    "  --route N       of a section with several routes the Nth (default: the one that serves)\n" ASK_OPTIONS_HELP, cmd_trace },
	{ "report", "", "write down what somebody who helps will ask for, without secrets",
	    "  --to FILE       where to (default: postern-report-DATE-TIME.txt here)\n" ASK_RUNNING_HELP,
	    cmd_report },
	{ "project", "create|members|revoke|show|list|delete …", "where nodes meet: an authority, and a relay",
	    "  create [NAME]   make a project of this node: an authority and a relay service\n"
	    "    --at HOST:PORT      where members reach it, as tickets will say; again for further nodes of it\n"
	    "    --listen ADDRESS    listen there, too\n"
	    "    --id TEXT           the project's identifier (default: made of the identity's)\n"
	    "  members [NAME]  who belongs to it\n"
	    "  revoke IDENTIFIER  no longer: its channels and relays here end at once, elsewhere when its\n"
	    "                  credential expires (service authority: credential_ttl)\n"
	    "    --project NAME      of several\n"
	    "  show [NAME]     how it is, and how we stand to it\n"
	    "  list            all of them\n"
	    "  delete [NAME]   leave it\n\n" ASK_OPTIONS_HELP, cmd_project,
	    "project create acme --at hub.example.org:4000 --listen 0.0.0.0:4000" },
	{ "ticket", "[PROJECT]", "make a ticket for somebody who is to join our project",
	    "  --attribute NAME=VALUE  what its bearer's credentials will say; again for each\n"
	    "  --relay NAME    it may register this relay (\"*\": any)\n"
	    "  --enroller      it may make tickets, too\n"
	    "  --expires TIME  it must be used within, such as 2h or 7d (default: 10m, at most 365d)\n"
	    "  --uses N        so many may join by it (default: 1)\n"
	    "  --form plain|json|hex  how it is written (default: plain)\n" ASK_OPTIONS_HELP, cmd_ticket,
	    "ticket --attribute component=db --relay postgres > bank.ticket" },
	{ "join", "FILE|-", "become a member of a project, by a ticket",
	    "  --name NAME     call it so here (default: as the ticket does)\n"
	    "A ticket is a secret; as an argument others can see it, and it is wiped from there.\n\n" ASK_OPTIONS_HELP,
	    cmd_join, "join bank.ticket" },
	{ "identity", SECTION_ARGUMENTS, "a node's identities",
	    SECTION_HELP("print its identifier, and make it if need be; no node has to run\n"
	    "    --state DIR                   the node's state directory\n"
	    "    --file FILE                   the node's configuration, when its vault or store are not the default\n"
	    "    --output text|json            for people, or for programs\n", ""),
	    cmd_identity, "identity show --state /var/lib/postern/bank" },
	{ "policy", "explain|" SECTION_ARGUMENTS, "rules of who may use what",
	    "  explain                         what the rules of a resource say of somebody\n"
	    "    --what [KIND:]NAME            the resource, such as outlet:postgres; or a KIND, which means all of it\n"
	    "    --who IDENTIFIER              who: by the attributes that the node knows of it\n"
	    "    --attribute NAME=VALUE        who: by this attribute, as often as there are some; or -a\n"
	    "    --state DIR                   the node's state directory\n"
	    "    --no-start                    fail when no node runs there, rather than start one\n"
	    "    --output text|json            for people, or for programs\n"
	    SECTION_HELP("one of them, with all its options\n", ""), cmd_policy,
	    "policy create databases --type tcp-outlet --allow component=analysis" },
	SECTION("inlet", "where programs connect", "inlet create --listen 127.0.0.1:15432 --via postgres"),
	SECTION("outlet", "what a node connects to for others",
	    "outlet create postgres --to 127.0.0.1:5432 --allow component=analysis"),
	SECTION("relay", "the relay that stands for a node", "relay create postgres"),
	SECTION("function", "Wasm modules that can be called", "function create hello --module hello.wasm --allow component=web"),
	SECTION("constellation", "the nodes that offer a function", NULL),
	SECTION("runtime", "the engines that run them", NULL),
	SECTION("capability", "what functions may ask of their node", NULL),
	SECTION("channel", "listeners for secure channels, and channels that are kept open", NULL),
	SECTION("transport", "listeners and links between nodes", "transport create wan --listen 0.0.0.0:4000"),
	{ "vault", SECTION_ARGUMENTS " | move [IDENTITY] --to VAULT", "where private keys are",
	    SECTION_HELP("one of them, with all its options\n",
	    "  move [IDENTITY]                 make it a new key in another vault, and forget the old one; it stays who it is\n"
	    "    --to VAULT                    the other vault\n"
	    "    --state DIR                   the node's state directory\n"), cmd_vault, "vault move --to token" },
	SECTION("store", "where lasting state is", NULL),
	SECTION("service", "workers of a node", NULL),
	{ "call", "NAME | MULTIADDR", "call a function, and print what it answers",
	    "  --body TEXT     what it is given; @FILE: what is in a file, -: from standard input\n"
	    "  --method WORD   of the request (default: POST)\n"
	    "  --resource PATH  path and query of the request (default: /)\n"
	    "  --header NAME=VALUE  of the request; again for each\n"
	    "  --deadline TIME  give up after so long in all (default: 30s)\n"
	    "  --authorized I…  who the far end of a route may be (default: anybody)\n" ASK_OPTIONS_HELP
	    "\nNAME is a function of the node, MULTIADDR the route to one, which the node opens.\n", cmd_call },
	{ "sat", "MODULE", "serve one function over HTTP, as Sat does",
	    "  --http-port N   listen there (default: $SAT_HTTP_PORT, else any that is free, which the log tells)\n"
	    "  --listen ADDRESS  of this address only, such as 127.0.0.1 (default: all of the machine's)\n"
	    "  --state DIR     keep its state there (default: a directory of its own)\n"
	    "  --stdin         serve nothing: answer the first line of standard input on standard output\n\n"
	    "It may do what Sat lets it do: the web, private addresses too, a cache, its request.\n", cmd_sat },
	{ "atmo", "[BUNDLE]", "serve an application over HTTP, as Atmo does",
	    "  --http-port N   listen there (default: $ATMO_HTTP_PORT, else 8080); --httpPort is the same\n"
	    "  --listen ADDRESS  of this address only, such as 127.0.0.1 (default: all of the machine's)\n"
	    "  --state DIR     keep its state there (default: a directory of its own)\n"
	    "  --wait          wait until there is such a file\n\n"
	    "BUNDLE is a .wasm.zip with a Directive.yaml or a tenant.json (default: $ATMO_BUNDLE_PATH, else\n"
	    "runnables.wasm.zip).\n", cmd_atmo },
	{ "message", "send TEXT --to MULTIADDR", "send a message and print the answer",
	    "  --to ROUTE      where to, such as /ip4/127.0.0.1/tcp/4000/service/echo\n"
	    "  --authorized I… who the far end may be (default: anybody)\n"
	    "  --hex           TEXT and the answer are bytes, in hex\n"
	    "  --state DIR     who we are (default: a new identity for this message)\n"
	    "  --timeout TIME  give up after so long (default: 10s)\n", cmd_message },
	{ "module", "list | info FILE", "list the modules, or describe the module in a file",
	    "  list            those that are installed\n"
	    "    --output text|json  for people, or for programs\n"
	    "  info FILE       one that is in a file: its options, and its ABI\n", cmd_module },
	{ "help", "[COMMAND | KIND MODULE]", "describe a command, or the options of a module",
	    "`postern help core node` and `postern help core identity` list those of the core's own sections.\n",
	    cmd_help },
	{ "complete", "[WORD ...]", "what may come next, for a shell",
	    "Prints a line for each: a word, a tab, what it means; or <file> or <directory>, where one is wanted.\n"
	    "The last WORD is the one being written.\n", cmd_complete },
	{ "version", "", "print the version", "", cmd_version },
	{ NULL, NULL, NULL, NULL, NULL, NULL },
};

int
cmd_version(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[0], "--version"))
		return cli_usage(argv[0], "%s: wants no argument", argv[1]);
	printf("postern %s (module ABI %d.%d)\n", PST_VERSION, PST_ABI_MAJOR, PST_ABI_MINOR);
	return EXIT_DONE;
}

const struct command *
cli_command(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

static void
commands_print(FILE *out)
{
	fprintf(out, "Usage: postern COMMAND …\n\n"
	             "End-to-end encrypted, mutually authenticated portals through any network.\n\n");
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->summary);
	fprintf(out, "\n`postern help COMMAND` says how it is used; `postern help KIND MODULE` lists a module's options.\n");
}

/* The keys of its sections, where their module (`use`, or the usual one) is known and there. */
static void
keys_print(const struct pst_section_kind *kind, const char *use, FILE *out)
{
	const char *module = use ? use : kind->module;
	const struct pst_section *row = NULL;
	struct pst_err err = PST_ERR_INIT;
	struct pst_loader *loader;

	if (pst_loader_new(&loader))
		return;
	if (pst_config_row(&row, loader, kind->name, "default", use, &err)) {
		fprintf(out, "\nIts keys are not known: %s.\n", err.text);
	} else {
		fprintf(out, "\nKeys%s%s%s:\n\n", module ? " (module " : "", module ? module : "", module ? ")" : "");
		pst_options_help(out, row->options);
	}
	pst_loader_free(&loader);
}

static void
kind_print(const struct pst_section_kind *kind, const char *use, FILE *out)
{
	if (kind->module_kind && !kind->fixed)
		fprintf(out, "  --use MODULE    create: the module that serves it (default: %s)\n",
		    kind->module ? kind->module : "NAME"); /* the one named like the section */
	if (kind->module_kind && !kind->module && !use)
		fprintf(out, "\n`postern help %s NAME` lists the keys of one.\n", kind->module_kind);
	else
		keys_print(kind, use, out);
}

/* use: the module of which the keys are wanted; NULL: the usual one. */
static void
command_print(const struct command *c, const char *use, FILE *out)
{
	const struct pst_section_kind *kind = pst_section_kind_find(c->name);

	fprintf(out, "Usage: postern %s%s%s\n\n%s.\n", c->name, *c->arguments ? " " : "", c->arguments,
	    c->summary);
	if (*c->help)
		fprintf(out, "\n%s", c->help);
	if (kind)
		kind_print(kind, use, out);
	if (c->example)
		fprintf(out, "\nExample: postern %s\n", c->example);
}

static int
command_unknown(const char *word)
{
	struct pst_nearest near = { .word = word };

	for (const struct command *c = commands; c->name; c++)
		pst_nearest_offer(&near, c->name);
	if (near.best)
		fprintf(stderr, "postern: there is no command \"%s\", did you mean \"%s\"?\n", word, near.best);
	else
		fprintf(stderr, "postern: there is no command \"%s\"; see postern --help\n", word);
	return EXIT_USAGE;
}

/* The kind of a module, or of a section that it serves. */
static int
help_module(const char *kind, const char *name)
{
	const struct pst_section_kind *section = pst_section_kind_find(kind);
	struct pst_err err = PST_ERR_INIT;
	const struct pst_loaded *loaded;
	struct pst_loader *loader;
	int rc;

	if (section && section->module_kind)
		kind = section->module_kind;
	if (!strcmp(kind, "core") && pst_core_help(stdout, name))
		return EXIT_DONE;
	rc = pst_loader_new(&loader);
	if (!rc)
		rc = pst_loader_get(loader, &loaded, kind, name, &err);
	if (rc)
		cli_fail(rc, "%s", err.text);
	else
		pst_module_help(stdout, loaded);
	pst_loader_free(&loader);
	return rc ? EXIT_NOTHING : EXIT_DONE;
}

int
cmd_help(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		commands_print(stdout);
		return EXIT_DONE;
	}
	c = cli_command(argv[1]);
	/* `help inlet create` is about the command, `help transport tcp` about a module */
	if (argc == 3 && (!c || !strstr(c->arguments, argv[2])))
		return help_module(argv[1], argv[2]);
	if (!c)
		return command_unknown(argv[1]);
	command_print(c, NULL, stdout);
	return EXIT_DONE;
}

/* Whatever we open shall not be taken for standard error. */
static void
standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

/* Is --help one of the words? And of which module. */
static bool
help_wanted(int argc, char **argv, const char **use)
{
	bool wanted = false;

	for (int i = 0; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			wanted = true;
		else if (i && !strcmp(argv[i - 1], "--use"))
			*use = argv[i];
		else if (!strncmp(argv[i], "--use=", 6))
			*use = argv[i] + 6;
	}
	return wanted;
}

static int
command_run(int argc, char **argv)
{
	const struct command *c;
	const char *use = NULL;

	if (argc < 2) {
		commands_print(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		commands_print(stdout);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--version"))
		return cmd_version(argc - 1, argv + 1);
	c = cli_command(argv[1]);
	if (c && help_wanted(argc - 2, argv + 2, &use)) {
		command_print(c, use, stdout);
		return EXIT_DONE;
	}
	if (c)
		return c->run(argc - 1, argv + 1);
	return command_unknown(argv[1]);
}

/* What was printed and did not arrive is a failure: an empty identifier is no identifier. */
int
main(int argc, char **argv)
{
	int exit;

	standard_files();
#ifdef PST_STATIC_MODULES
	cli_built_in();
#endif
	exit = command_run(argc, argv);
	if ((fflush(stdout) || ferror(stdout)) && exit == EXIT_DONE)
		exit = cli_fail(-errno, "cannot write to standard output: %s", strerror(errno));
	return exit;
}
