#include "db.h"

#include <errno.h>
#include <stdlib.h>

/* Of an error in writing or reading SQLite knows what the system said. */
static bool
is_full(struct db *db, int code)
{
	int error = code == SQLITE_IOERR ? sqlite3_system_errno(db->sql) : 0;

	return code == SQLITE_FULL || error == ENOSPC || error == EDQUOT;
}

int
db_fail(struct db *db, struct pst_err *err, const char *what)
{
	static const struct {
		int code, rc;
	} table[] = {
		{ SQLITE_BUSY, -EBUSY },
		{ SQLITE_CANTOPEN, -EACCES },
		{ SQLITE_LOCKED, -EBUSY },
		{ SQLITE_NOMEM, -ENOMEM },
		{ SQLITE_NOTADB, -EBADMSG },
		{ SQLITE_PERM, -EACCES },
		{ SQLITE_READONLY, -EROFS },
	};
	int code = sqlite3_errcode(db->sql) & 0xff;
	int rc = -EIO;

	if (is_full(db, code))
		return pst_fail(err, -ENOSPC, "%s: %s", what, pst_strerror(-ENOSPC));
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].code == code)
			rc = table[i].rc;
	return pst_fail(err, rc, "%s: %s", what, sqlite3_errmsg(db->sql));
}

/* ---- questions ---- */

static int
items_add(struct items *items, sqlite3_stmt *row)
{
	const unsigned char *key = sqlite3_column_text(row, 0);
	size_t key_len = (size_t)sqlite3_column_bytes(row, 0);
	const void *value = sqlite3_column_blob(row, 1);
	size_t len = (size_t)sqlite3_column_bytes(row, 1);
	char *memory;

	if (items->count == items->room) {
		size_t room = items->room ? items->room * 2 : 4;
		void *more = realloc(items->item, room * sizeof *items->item);

		if (!more)
			return -ENOMEM;
		items->item = more;
		items->room = room;
	}
	/* key and value in one piece, the key first */
	memory = key ? malloc(key_len + 1 + len) : NULL;
	if (!memory)
		return -ENOMEM;
	memcpy(memory, key, key_len + 1);
	if (len)
		memcpy(memory + key_len + 1, value, len);
	items->item[items->count].key = memory;
	items->item[items->count].value = (uint8_t *)memory + key_len + 1;
	items->item[items->count].len = len;
	items->count++;
	return PST_OK;
}

void
items_free(struct items *items)
{
	for (size_t i = 0; i < items->count; i++)
		free((char *)items->item[i].key);
	free(items->item);
	memset(items, 0, sizeof *items);
}

int
db_get(struct db *db, struct items *out, const char *key, struct pst_err *err)
{
	int rc = -ENOENT, step;

	sqlite3_bind_text(db->get, 1, key, -1, SQLITE_STATIC);
	step = sqlite3_step(db->get);
	if (step == SQLITE_ROW)
		rc = items_add(out, db->get);
	else if (step != SQLITE_DONE)
		rc = db_fail(db, err, "reading");
	sqlite3_reset(db->get);
	return rc;
}

int
db_list(struct db *db, struct items *out, const char *prefix, struct pst_err *err)
{
	size_t len = strlen(prefix);
	int rc = PST_OK, step;

	/* in order from the prefix on, as long as it is one: no upper bound
	 * has to be thought out for a last byte that has no next */
	sqlite3_bind_text(db->list, 1, prefix, -1, SQLITE_STATIC);
	while ((step = sqlite3_step(db->list)) == SQLITE_ROW && !rc) {
		const unsigned char *key = sqlite3_column_text(db->list, 0);

		if (!key || strncmp((const char *)key, prefix, len))
			break;
		rc = items_add(out, db->list);
	}
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = db_fail(db, err, "reading");
	sqlite3_reset(db->list);
	return rc;
}

/* ---- changes ---- */

static int
db_exec(struct db *db, const char *sql, struct pst_err *err)
{
	return sqlite3_exec(db->sql, sql, NULL, NULL, NULL) == SQLITE_OK ? PST_OK :
									    db_fail(db, err, sql);
}

static int
change_run(struct db *db, sqlite3_stmt *stmt, struct pst_err *err)
{
	int rc = sqlite3_step(stmt) == SQLITE_DONE ? PST_OK : db_fail(db, err, "writing");

	sqlite3_reset(stmt);
	return rc;
}

static int
expect(struct db *db, const struct pst_store_op *op, struct pst_err *err)
{
	struct items found = { NULL, 0, 0 };
	int rc = db_get(db, &found, op->item.key, err);

	if (op->verb == PST_STORE_EXPECT_ABSENT) {
		rc = rc == -ENOENT ? PST_OK : rc ? rc : PST_E_CONFLICT;
	} else if (!rc || rc == -ENOENT) {
		bool same = !rc && found.item[0].len == op->item.len &&
		    (!op->item.len || !memcmp(found.item[0].value, op->item.value, op->item.len));

		rc = same ? PST_OK : PST_E_CONFLICT;
	}
	items_free(&found);
	return rc;
}

static int
op_run(struct db *db, const struct pst_store_op *op, struct pst_err *err)
{
	const struct pst_store_item *item = &op->item;

	switch (op->verb) {
	case PST_STORE_PUT:
		sqlite3_bind_text(db->put, 1, item->key, -1, SQLITE_STATIC);
		/* a NULL pointer would be an SQL NULL */
		sqlite3_bind_blob64(db->put, 2, item->len ? (const void *)item->value : "",
		    item->len, SQLITE_STATIC);
		return change_run(db, db->put, err);
	case PST_STORE_DELETE:
		sqlite3_bind_text(db->drop, 1, item->key, -1, SQLITE_STATIC);
		return change_run(db, db->drop, err);
	case PST_STORE_EXPECT:
	case PST_STORE_EXPECT_ABSENT:
		break;
	}
	return expect(db, op, err);
}

int
db_commit(struct db *db, const struct pst_store_op *ops, size_t count, struct pst_err *err)
{
	int rc = db_exec(db, "BEGIN IMMEDIATE", err);

	if (rc)
		return rc;
	for (size_t i = 0; i < count && !rc; i++)
		rc = op_run(db, &ops[i], err);
	if (!rc)
		rc = db_exec(db, "COMMIT", err);
	/* also a COMMIT that failed may have left the transaction open */
	if (rc && !sqlite3_get_autocommit(db->sql))
		sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}
