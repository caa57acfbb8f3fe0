/*
 * The file of a function's module. It is read and compiled off the loop, when the section opens and
 * whenever it, or the section, has changed: the directory is watched, and a reload looks too. A new program
 * takes the place of the old one at once; one that cannot run does not, unless the old one goes by other options.
 */
#ifndef FUNCTIONS_SOURCE_H
#define FUNCTIONS_SOURCE_H

#include <sys/stat.h>

#include <postern/vault.h>

#include "cache.h"
#include "program.h"

struct function;

struct source {
	uv_fs_event_t watch;
	bool watching;  /* the handle is there */
	bool agreeing;  /* the vault is asked for the key of the cache */
	bool loading;   /* somebody off the loop has what is below */
	bool again;     /* it changed, or may have */
	bool anew;      /* the section did: another key, and another program in any case */
	struct setup *setup; /* of what is being loaded */
	bool looked;    /* it was loaded once, or could not be */
	struct pst_timer settle; /* a file is written in many pieces */
	struct pst_vault_call agree;
	struct cache cache;
	const char *name; /* in its directory; of the function's setup */

	struct stat mark, seen; /* of the file that runs, or could not; of the one that was read */
	struct program *fresh;
	struct pst_err err;
	uint64_t began_ns;
};

void source_open(struct function *f);
/* The section has: its setup is another. */
void source_change(struct function *f);
/* Has the file changed? */
void source_look(struct function *f);
/* source_rests() when nothing is on its way any more: function_rests() is told then. */
void source_close(struct function *f);
bool source_rests(const struct function *f);
void source_free(struct function *f);

#endif
