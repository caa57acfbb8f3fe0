/* The `postern` command: a table of commands, and what they share. */
#ifndef PST_CLI_CLI_H
#define PST_CLI_CLI_H

#include <postern/err.h>

#include "base/notify.h"
#include "base/passed.h"
#include "node/node.h"

/* Exit codes (design: the command). */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOTHING = 3, /* no such thing */
	EXIT_NO_NODE = 4,
	EXIT_DENIED = 5,
	EXIT_TIME = 6,
};

struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help;
	int (*run)(int argc, char **argv); /* argv[0] is the command's own word */
	const char *example; /* behind "postern "; NULL: none */
};

/* All commands, ended by a NULL name. */
extern const struct command commands[];
/* The one of that name; NULL. */
const struct command *cli_command(const char *name);

int cmd_run(int argc, char **argv);
int cmd_call(int argc, char **argv);
int cmd_atmo(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_complete(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_identity(int argc, char **argv);
int cmd_join(int argc, char **argv);
int cmd_message(int argc, char **argv);
int cmd_module(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_project(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_sat(int argc, char **argv);
int cmd_section(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_ticket(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_vault(int argc, char **argv);
int cmd_version(int argc, char **argv);

/* The exit code of a result. */
int cli_exit_of(int rc);
/* Print "postern: sentence [name]"; returns the exit code of rc. */
int cli_fail(int rc, const char *fmt, ...) PST_PRINTF(2, 3);
/* "postern COMMAND: sentence", and where help is; EXIT_USAGE. */
int cli_usage(const char *command, const char *fmt, ...) PST_PRINTF(2, 3);
/* The words that --NAME VALUE or --NAME=VALUE takes at argv: 0 when it is not that; *value is NULL when missing.
 * A value that begins with -- has to stand behind =, so that an option is not taken for the value of another. */
int cli_option(const char *name, char **argv, const char **value);
/* The first word behind the command that is no option nor its value; "" when there is none. */
const char *cli_verb(char **argv);
/* A time as in a file: 500ms, 10s, 2m, or seconds; at most that many, which is 365d. */
#define CLI_TIME_MAX_S (365 * 86400)
PST_MUST_CHECK int cli_time_parse(const char *text, uint64_t *ms);

/* Run a node as a command does: open what it is for, call ready, and stop when cli_done is called. */
struct cli_node {
	uv_loop_t loop;
	struct pst_loader *loader;
	struct pst_logbook book;
	struct pst_passed passed; /* empty but in `run`, */
	struct pst_notify notify; /* as this is silent */
	struct pst_node *node;
	enum pst_node_use use;
	uv_signal_t signals[3]; /* SIGINT, SIGTERM: stop in order; again: at once. SIGHUP: `run` reloads, others stop */
	int asked;              /* times that we were asked to stop */
	int log_level;          /* -1: as the configuration says */
	struct pst_config_edit edit; /* a section more than is written, for as long as it runs */
	void (*ready)(struct cli_node *cli);
	/* A signal asks a command to stop: close what ready opened, then cli_done. NULL: nothing to close. */
	void (*stop)(struct cli_node *cli);
	void *arg;
	int exit;
};
/* file and state as in struct pst_config_source; neither for PST_NODE_ASKS. */
int cli_node_run(struct cli_node *cli, const char *file, const char *state);
void cli_done(struct cli_node *cli, int exit);
/* Run a node of this file, as `run` does. */
int cli_serve(const char *file, const char *state);
/* Run a node of this file, which has one function, for one call: a line of standard input, answered on standard output. */
int cli_filter(const char *file, const char *state);

/* Name the modules that are linked into this program to libltdl, before the first loader (--enable-static-modules). */
void cli_built_in(void);

#endif
