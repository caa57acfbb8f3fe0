/* store/postgresql: what is asked, and the section. */
#include "postgresql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MIN_MS 1000
#define SCHEMA_NAME_MAX 63 /* PostgreSQL's NAMEDATALEN - 1 */

/* ---- questions and batches ---- */

/* Takes the call; its callbacks are set. */
static void
ask(struct store *store, struct call *call)
{
	if (store->closing) {
		call->rc = PST_E_CLOSED;
		call_answer(&call);
		return;
	}
	server_ask(store, &call);
}

static void
postgresql_get(void *store, const char *key,
    void (*fn)(void *arg, int rc, const struct pst_store_item *item), void *arg)
{
	struct call *call = call_question(CALL_GET, key, pst_store_key_check(key));

	if (!call) {
		fn(arg, -ENOMEM, NULL);
		return;
	}
	call->on_item = fn;
	call->arg = arg;
	ask(store, call);
}

static void
postgresql_list(void *store, const char *prefix,
    void (*fn)(void *arg, int rc, const struct pst_store_item *items, size_t count), void *arg)
{
	struct call *call = call_question(CALL_LIST, prefix, pst_store_prefix_check(prefix));

	if (!call) {
		fn(arg, -ENOMEM, NULL, 0);
		return;
	}
	call->on_items = fn;
	call->arg = arg;
	ask(store, call);
}

static void
postgresql_commit(void *self, const struct pst_store_op *ops, size_t count,
    void (*fn)(void *arg, int rc), void *arg)
{
	struct store *store = self;
	struct call *call = call_batch(ops, count);

	if (!call) {
		fn(arg, -ENOMEM);
		return;
	}
	call->number = ++store->batches;
	call->on_done = fn;
	call->arg = arg;
	ask(store, call);
}

static const struct pst_store_ops postgresql_ops = {
	.size = sizeof postgresql_ops,
	.get = postgresql_get,
	.list = postgresql_list,
	.commit = postgresql_commit,
};

/* ---- the section ---- */

static void
postgresql_status(void *self, struct pst_status *status)
{
	struct store *store = self;
	uint64_t waiting = 0;

	for (const struct call *call = store->session.first; call; call = call->next)
		waiting++;
	if (store->session.ready)
		pst_status_put(status, PST_FIELDS(PST_STR("server", PQhost(store->db.conn)),
			PST_STR("database", PQdb(store->db.conn))));
	pst_status_put(status, PST_FIELDS(PST_STR("schema", store->conf->schema),
		PST_U64("waiting", waiting)));
}

static const struct pst_section_hooks postgresql_hooks = {
	.size = sizeof postgresql_hooks,
	.status = postgresql_status,
};

static void
postgresql_close(void *self)
{
	server_close(self);
}

static int
postgresql_open(void **self, struct pst_section_env *env, const void *conf, struct pst_err *err)
{
	struct store *store = calloc(1, sizeof *store);
	int rc = -ENOMEM;

	if (store) {
		store->env = env;
		store->conf = conf;
		rc = server_begin(store);
	}
	if (rc) {
		free(store);
		return pst_fail(err, rc, "the store cannot be opened: %s", pst_strerror(rc));
	}
	pst_section_hook(env, &postgresql_hooks);
	*self = store;
	return PST_OK;
}

/* libpq's sentences quote what they do not understand, which may be a password. */
static int
conninfo_check(const char *conninfo, struct pst_err *err)
{
	static const char unknown[] = "invalid connection option";
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &why);
	int rc = PST_OK;

	if (!options) {
		bool tell = why && !strncmp(why, unknown, sizeof unknown - 1);

		rc = pst_fail(err, PST_E_CONF, "conninfo: %.*s", tell ? (int)strcspn(why, "\n") : 64,
		    tell ? why : "not a connection string of PostgreSQL");
	}
	for (PQconninfoOption *o = options; !rc && o->keyword; o++)
		if (o->val && (!strcmp(o->keyword, "password") || !strcmp(o->keyword, "sslpassword")))
			rc = pst_fail(err, PST_E_CONF,
			    "conninfo: a password does not stand in a file like this: "
			    "passfile = FILE names one, or $PGPASSWORD, or a service does");
	PQconninfoFree(options);
	PQfreemem(why);
	return rc;
}

static int
postgresql_check(const void *arg, struct pst_err *err)
{
	const struct postgresql_conf *conf = arg;
	size_t len = strlen(conf->schema);

	if (!len || len > SCHEMA_NAME_MAX)
		return pst_fail(err, PST_E_CONF, "schema: a name of 1 to %d bytes", SCHEMA_NAME_MAX);
	if (conf->timeout < TIMEOUT_MIN_MS)
		return pst_fail(err, PST_E_CONF, "timeout: at least 1s");
	return conninfo_check(conf->conninfo, err);
}

static const struct pst_opt postgresql_options[] = {
	PST_OPT(STR, struct postgresql_conf, conninfo, "",
	    "which database: keys and values of libpq, or a URI; what is left out is of the environment"),
	PST_OPT(STR, struct postgresql_conf, schema, "postern",
	    "schema in the database; nodes that name the same one share what is in it"),
	PST_OPT(TIME, struct postgresql_conf, timeout, "10s",
	    "calls wait so long for a server that is away or does not answer"),
	PST_OPT_END,
};

static const struct pst_section sections[] = {
	PST_SECTION("store", struct postgresql_conf, postgresql_options, postgresql_check,
	    postgresql_open, postgresql_close),
	PST_SECTION_END,
};

PST_MODULE(store_postgresql,
    .kind = PST_KIND_STORE,
    .version = "0.1.0",
    .summary = "state in a PostgreSQL database, which nodes may share",
    .sections = sections,
    .ops = &postgresql_ops,
);
