/* Changes of the file: queued, one at a time in libuv's pool. */
#include <errno.h>
#include <stdlib.h>

#include "vault.h"

/* One key more or one less. */
struct change {
	struct change *next;
	struct vault *vault;
	struct pst_vault_call *call;
	struct key *added; /* owned until it is in the ring */
	struct key *left_out; /* the ring's */
	struct secret image;
};

static void changes_go_on(struct vault *vault);

/* Answer the first change and begin the next. */
static void
change_end(struct change *change, int rc)
{
	struct vault *vault = change->vault;
	struct pst_vault_call *call = change->call;

	if (rc && vault->err.text[0])
		pst_error(pst_section_log(vault->env), "the vault could not be written",
		    PST_STR("reason", vault->err.text), PST_RC(rc));
	vault->err = (struct pst_err)PST_ERR_INIT;
	if (!rc && change->added)
		keyring_add(&vault->ring, &change->added);
	if (!rc && change->left_out)
		keyring_remove(&vault->ring, change->left_out);
	vault->changes = change->next;
	if (!vault->changes)
		vault->changes_end = &vault->changes;
	key_free(&change->added);
	secret_free(&change->image);
	free(change);
	changes_go_on(vault);
	call_answer(vault, call, rc);
}

static int
change_work(void *arg)
{
	struct change *change = arg;
	struct vault *vault = change->vault;

	return disk_replace(vault->path, &change->image, &vault->mark, &vault->err);
}

static void
change_done(void *arg, int rc)
{
	change_end(arg, rc);
}

/* What there is to change, seen at the time it is done. */
static int
change_begin(struct change *change)
{
	struct vault *vault = change->vault;
	struct pst_vault_call *call = change->call;

	if (change->added && keyring_find(&vault->ring, change->added->handle))
		return -EEXIST; /* the same secret: nothing to do */
	if (!change->added) {
		int rc;

		change->left_out = call_key(vault, call, &rc);
		if (!change->left_out)
			return rc;
	}
	return image_make(&change->image, &vault->ring, change->added, change->left_out,
	    &vault->seal);
}

static void
changes_go_on(struct vault *vault)
{
	struct change *change = vault->changes;
	int rc;

	if (!change)
		return;
	rc = change_begin(change);
	if (!rc)
		rc = pst_work(pst_section_env(vault->env), change_work, change_done, change);
	if (rc) {
		key_free(&change->added);
		change_end(change, rc == -EEXIST ? PST_OK : rc);
	}
}

void
change_queue(struct vault *vault, struct pst_vault_call *call, struct key **added)
{
	struct change *change = calloc(1, sizeof *change);

	if (!change) {
		key_free(added);
		call_answer(vault, call, -ENOMEM);
		return;
	}
	change->vault = vault;
	change->call = call;
	change->added = *added;
	*added = NULL;
	*vault->changes_end = change;
	vault->changes_end = &change->next;
	if (vault->changes == change)
		changes_go_on(vault);
}
