/*
 * The vault in a file: keys in guarded memory, one file on disk.
 *
 * Questions are answered from a task, in the next turn of the loop. What
 * changes the file (make, import, remove) waits in a queue, one at a time in
 * libuv's pool, and is answered when the file is on disk; only then does the
 * ring in memory change.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "vault.h"

/* An answer to `list`. */
struct listing {
	struct pst_task task;
	struct vault *vault;
	void (*fn)(void *arg, int rc, const struct pst_vault_key *keys, size_t count);
	void *arg;
};

void
vault_settle(struct vault *vault)
{
	struct pst_section_env *env = vault->env;

	if (!vault->closing || vault->pending)
		return;
	keyring_clear(&vault->ring);
	seal_free(&vault->seal);
	free(vault);
	pst_section_closed(env);
}

/* ---- questions ---- */

static void
call_post(void *self, struct pst_vault_call *call, void (*fn)(struct pst_task *task))
{
	struct vault *vault = self;

	call->vault = vault;
	call->task.link = NULL; /* the caller may not have cleared it */
	vault->pending++;
	pst_task_post(pst_section_env(vault->env), &call->task, fn);
}

void
call_answer(struct vault *vault, struct pst_vault_call *call, int rc)
{
	call->vault = NULL;
	sodium_memzero(call->secret, sizeof call->secret);
	vault->pending--;
	call->fn(call, rc);
	vault_settle(vault);
}

struct key *
call_key(struct vault *vault, struct pst_vault_call *call, int *rc)
{
	struct key *key;

	call->handle[sizeof call->handle - 1] = '\0';
	key = vault->open ? keyring_find(&vault->ring, call->handle) : NULL;
	*rc = key ? PST_OK : vault->open ? -ENOENT : PST_E_CLOSED;
	return key;
}

/* What is asked of a key that there is. */
static void
ask(struct pst_task *task, int (*what)(struct key *key, struct pst_vault_call *call))
{
	struct pst_vault_call *call = pst_container_of(task, struct pst_vault_call, task);
	struct vault *vault = call->vault;
	int rc;
	struct key *key = call_key(vault, call, &rc);

	if (key)
		rc = what(key, call);
	call_answer(vault, call, rc);
}

static int
tell(struct key *key, struct pst_vault_call *call)
{
	call->key = key->public_key;
	return PST_OK;
}

static int
sign(struct key *key, struct pst_vault_call *call)
{
	return key_sign(key, call->result, call->message);
}

static int
agree(struct key *key, struct pst_vault_call *call)
{
	return key_agree(key, call->result, &call->key);
}

static void
public_key_run(struct pst_task *task)
{
	ask(task, tell);
}

static void
sign_run(struct pst_task *task)
{
	ask(task, sign);
}

static void
agree_run(struct pst_task *task)
{
	ask(task, agree);
}

/* ---- changes: change.c ---- */

/* A key more: tell the caller its names, and put it on disk. */
static void
bring(struct pst_task *task, int (*how)(struct key **out, struct pst_vault_call *call))
{
	struct pst_vault_call *call = pst_container_of(task, struct pst_vault_call, task);
	struct vault *vault = call->vault;
	struct key *key = NULL;
	int rc = vault->open ? how(&key, call) : PST_E_CLOSED;

	sodium_memzero(call->secret, sizeof call->secret);
	if (rc) {
		call_answer(vault, call, rc);
		return;
	}
	call->key = key->public_key;
	snprintf(call->handle, sizeof call->handle, "%s", key->handle);
	change_queue(vault, call, &key);
}

static int
make(struct key **out, struct pst_vault_call *call)
{
	return key_make(out, call->key.kind);
}

static int
import(struct key **out, struct pst_vault_call *call)
{
	return key_new(out, call->key.kind, call->secret);
}

static void
make_run(struct pst_task *task)
{
	bring(task, make);
}

static void
import_run(struct pst_task *task)
{
	bring(task, import);
}

static void
remove_run(struct pst_task *task)
{
	struct pst_vault_call *call = pst_container_of(task, struct pst_vault_call, task);
	struct key *none = NULL;

	change_queue(call->vault, call, &none);
}

/* ---- the table ---- */

#define OP(name) \
	static void \
	op_##name(void *vault, struct pst_vault_call *call) \
	{ \
		call_post(vault, call, name##_run); \
	}

OP(make)
OP(import)
OP(public_key)
OP(sign)
OP(agree)
OP(remove)

static void
list_run(struct pst_task *task)
{
	struct listing *listing = pst_container_of(task, struct listing, task);
	struct vault *vault = listing->vault;
	size_t count = 0;
	/* while it opens, the ring is not ours to look at */
	size_t room = vault->open ? vault->ring.count : 0;
	struct pst_vault_key *keys = calloc(room + 1, sizeof *keys);

	for (struct key *key = room ? vault->ring.first : NULL; keys && key; key = key->next)
		keys[count++] = (struct pst_vault_key){ key->handle, key->public_key };
	vault->pending--;
	listing->fn(listing->arg, keys ? vault->open ? PST_OK : PST_E_CLOSED : -ENOMEM, keys,
	    count);
	free(keys);
	free(listing);
	vault_settle(vault);
}

static void
op_list(void *self, void (*fn)(void *arg, int rc, const struct pst_vault_key *keys, size_t count),
    void *arg)
{
	struct vault *vault = self;
	struct listing *listing = calloc(1, sizeof *listing);

	if (!listing) {
		fn(arg, -ENOMEM, NULL, 0);
		return;
	}
	listing->vault = vault;
	listing->fn = fn;
	listing->arg = arg;
	vault->pending++;
	pst_task_post(pst_section_env(vault->env), &listing->task, list_run);
}

static const char *
op_protection(void *self)
{
	const struct vault *vault = self;

	return vault->seal.key ? "sealed" : "clear";
}

static const struct pst_vault_ops file_ops = {
	.size = sizeof file_ops,
	.make = op_make,
	.import = op_import,
	.public_key = op_public_key,
	.sign = op_sign,
	.agree = op_agree,
	.remove = op_remove,
	.list = op_list,
	.protection = op_protection,
};

/* ---- the section ---- */

static void
open_done(void *arg, int rc)
{
	struct vault *vault = arg;

	vault->pending--;
	if (vault->closing) {
		vault_settle(vault);
		return;
	}
	if (rc) {
		keyring_clear(&vault->ring);
		pst_section_down(vault->env, rc,
		    vault->err.text[0] ? vault->err.text : pst_strerror(rc));
		return;
	}
	vault->err = (struct pst_err)PST_ERR_INIT;
	vault->open = true;
	pst_section_up(vault->env);
}

static int
path_set(struct vault *vault)
{
	const char *name = pst_section_name(vault->env);
	int len;

	if (vault->conf->path)
		len = snprintf(vault->path, sizeof vault->path, "%s", vault->conf->path);
	else if (!strcmp(name, "default"))
		len = snprintf(vault->path, sizeof vault->path, "%s/vault.cbor",
		    pst_section_state_dir(vault->env));
	else
		len = snprintf(vault->path, sizeof vault->path, "%s/vault-%s.cbor",
		    pst_section_state_dir(vault->env), name);
	return len < (int)sizeof vault->path ? PST_OK : -ENAMETOOLONG;
}

static void
file_status(void *self, struct pst_status *status)
{
	const struct vault *vault = self;

	pst_status_put(status, PST_FIELDS(PST_STR("protection", op_protection(self)),
	    PST_U64("keys", vault->ring.count), PST_STR("path", vault->path)));
}

static const struct pst_section_hooks file_hooks = {
	.size = sizeof file_hooks,
	.status = file_status,
};

static int
file_open(void **self, struct pst_section_env *env, const void *conf, struct pst_err *err)
{
	struct vault *vault = calloc(1, sizeof *vault);
	int rc;

	if (!vault)
		return pst_fail(err, -ENOMEM, "out of memory");
	vault->env = env;
	vault->conf = conf;
	vault->changes_end = &vault->changes;
	rc = path_set(vault);
	if (!rc)
		rc = pst_work(pst_section_env(env), vault_load, open_done, vault);
	if (rc) {
		free(vault);
		return pst_fail(err, rc, "the vault cannot be opened: %s", pst_strerror(rc));
	}
	vault->pending++;
	pst_section_hook(env, &file_hooks);
	*self = vault;
	return PST_OK;
}

static void
file_close(void *self)
{
	struct vault *vault = self;

	vault->closing = true;
	vault_settle(vault);
}

static const struct pst_opt file_options[] = {
	PST_OPT(PATH, struct file_conf, path, NULL,
	    "file of the keys; left out: vault.cbor in the state directory "
	    "(of a vault not called default: vault-NAME.cbor)"),
	PST_OPT(PATH, struct file_conf, passphrase_file, NULL,
	    "file whose content seals the keys; left out: they are in clear"),
	PST_OPT_END,
};

static const struct pst_section sections[] = {
	PST_SECTION("vault", struct file_conf, file_options, NULL, file_open, file_close),
	PST_SECTION_END,
};

PST_MODULE(vault_file,
    .kind = PST_KIND_VAULT,
    .version = "0.1.0",
    .summary = "keys in one file, in clear or sealed with a passphrase",
    .sections = sections,
    .ops = &file_ops,
);
