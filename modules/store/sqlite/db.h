/*
 * A store's database: everything here runs in the lane's thread.
 *
 * One table, item(key, value). PRAGMA application_id says that the file is
 * ours, user_version which schema it has.
 */
#ifndef STORE_SQLITE_DB_H
#define STORE_SQLITE_DB_H

#include <sqlite3.h>

#include <postern/store.h>

struct db {
	sqlite3 *sql; /* NULL: not open */
	sqlite3_stmt *get, *list, *put, *drop;
};

/* What a question found. */
struct items {
	struct pst_store_item *item;
	size_t count, room;
};

/* Open the file, making it (0600) and its directory (0700) when missing. */
PST_MUST_CHECK int db_open(struct db *db, const char *path, struct pst_err *err);
void db_close(struct db *db);

/* -ENOENT; other failures have a sentence in err. */
PST_MUST_CHECK int db_get(struct db *db, struct items *out, const char *key,
    struct pst_err *err);
PST_MUST_CHECK int db_list(struct db *db, struct items *out, const char *prefix,
    struct pst_err *err);
/* PST_E_CONFLICT when an expectation does not hold. */
PST_MUST_CHECK int db_commit(struct db *db, const struct pst_store_op *ops, size_t count,
    struct pst_err *err);

/* SQLite's last error as a number of ours, with a sentence that begins with `what`. */
int db_fail(struct db *db, struct pst_err *err, const char *what);

void items_free(struct items *items);

#endif
