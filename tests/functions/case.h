/*
 * A case of expected.json: modules of the originals, what they may ask there, and what they answered. As sections
 * of a configuration (case_conf.c), and held against what comes of it here (case_judge.c).
 */
#ifndef TESTS_FUNCTIONS_CASE_H
#define TESTS_FUNCTIONS_CASE_H

#include <jansson.h>
#include <limits.h>

#include "run.h"

struct case_setup {
	const char *modules; /* where expected.json is */
	const char *runtime;
	const char *tls; /* where the certificates are; NULL: nobody is reached over https: */
	unsigned gateway; /* a port; 0: no gateway */
};

/* What it needs that is not here; NULL: nothing. */
const char *case_lacks(const struct case_setup *setup, const json_t *one);
/* Its capabilities were refused. */
bool case_fails_at_start(const json_t *one);
/* The configuration of a node with some cases, and their files below run_dir(); to be freed. */
char *case_conf(const struct case_setup *setup, const json_t *cases);
/* Where a module is; false: it is not there. */
bool case_module(char path[PATH_MAX], const struct case_setup *setup, const char *file);
/* The function that a module is in a case. */
void case_function(char out[256], const char *file, const char *id);
/* Where the gateway has it. */
void case_target(char out[512], const json_t *step, const char *function);

/* Is an answer as it was there, by a call or over HTTP? */
bool case_answered(const struct reply *reply, const json_t *expect);
bool case_answered_http(const struct reply *reply, const json_t *expect);
/* Has the guest logged what it did there, and nothing else, since the log was `from` long? Over HTTP it has seen
 * another method, URL and id, and says these: target is that URL, or NULL. */
bool case_logged(size_t from, const json_t *step, const struct reply *reply, const char *target);

#endif
