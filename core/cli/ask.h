/* Asking a running node: the command is a node itself, and sends its control service one message. */
#ifndef PST_CLI_ASK_H
#define PST_CLI_ASK_H

#include <jansson.h>
#include <stdio.h>

#include "cli/cli.h"

/* The longest that is waited for: a section that opens may ask a token, one that closes may drain. */
#define ASK_TIMEOUT_MS 300000

/* Options that every command has which asks a node. */
struct ask {
	const char *state;   /* --state; NULL: $POSTERN_STATE, or the user's own */
	bool no_start;       /* --no-start */
	bool makes;          /* the command makes what is to last: where no state directory is, that too */
	bool json;           /* --output json */
	uint64_t timeout_ms; /* 0: ASK_TIMEOUT_MS */
};

/*
 * Take one of these options off the front of argv: how many words it had, 0
 * when it is none of them, negative (after a message) when it is wrong.
 */
int ask_option(struct ask *ask, const char *command, char **argv);
#define ASK_OPTIONS_HELP \
	"  --state DIR     the node's state directory (default: $POSTERN_STATE, or the user's own)\n" \
	"  --no-start      fail when no node runs there, rather than start one\n" \
	ASK_OUTPUT_HELP
/* The same of those that start none. */
#define ASK_RUNNING_HELP \
	"  --state DIR     the node's state directory (default: $POSTERN_STATE, or the user's own)\n" \
	ASK_OUTPUT_HELP
#define ASK_OUTPUT_HELP \
	"  --output text|json  for people, or for programs\n"

/* Is there such a state directory? If not that is said, and the exit code is that of wrong usage: it was mistyped. */
int ask_there(const char *dir);
/*
 * Ask, and start a node if none runs (and --no-start does not forbid it).
 * question is taken. *answer is a new reference, or NULL. Returns the exit
 * code; what went wrong has been printed.
 */
int ask_node(const struct ask *ask, json_t *question, json_t **answer);

/*
 * Make section KIND NAME, unless there is one; *made says which. options is taken.
 * The exit code; what went wrong has been printed.
 */
int ask_need(const struct ask *ask, const char *kind, const char *name, json_t *options, bool *made);
/* Take it away again, after a failure; a node that was stopped meanwhile is not started for it. */
void ask_drop(const struct ask *ask, const char *kind, const char *name);

/* start.c: a node in the background, on a state directory; waits until it answers. */
int start_node(const char *dir);

/* print.c */
/* Text for a person, a ? for each character that is none or is a control. */
void print_text(FILE *out, const char *text, size_t len);
void print_json(const json_t *answer);
/* A line each, in columns. */
void print_sections(const json_t *sections);
void print_section(const json_t *section);
void print_status(const json_t *status);
void print_trace(const json_t *trace);

#endif
