/* One vault section, and the parts of it that stand in files of their own. */
#ifndef VAULT_FILE_VAULT_H
#define VAULT_FILE_VAULT_H

#include <limits.h>

#include "image.h"

struct file_conf {
	const char *path;
	const char *passphrase_file;
};

struct change;

struct vault {
	struct pst_section_env *env;
	const struct file_conf *conf;
	char path[PATH_MAX];
	bool open; /* the ring is there */
	bool closing;
	unsigned pending; /* answers owed, and the work that opens */
	struct keyring ring;
	struct seal seal;
	struct change *changes, **changes_end; /* the first one is under way */

	/* of the work in libuv's pool, one at a time: */
	struct disk_mark mark;
	struct pst_err err;
};

/* Free it when it is closing and owes nothing. */
void vault_settle(struct vault *vault);
void call_answer(struct vault *vault, struct pst_vault_call *call, int rc);
/* The key a call names; NULL and *rc when there is none. */
struct key *call_key(struct vault *vault, struct pst_vault_call *call, int *rc);

/*
 * Bring the key `added` into the file, or take out the one the call names
 * when it is NULL; then change the ring, and answer. Takes the key.
 */
void change_queue(struct vault *vault, struct pst_vault_call *call, struct key **added);

/* Fill the ring from the file; work for libuv's pool, arg is the vault.
 * Nothing else touches the vault meanwhile. */
int vault_load(void *arg);

#endif
