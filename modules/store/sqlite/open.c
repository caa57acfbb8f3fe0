/* Opening a database: the file, whose it is, and its schema. */
#include "db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000
#define APPLICATION_ID 0x5053544e /* "PSTN" */
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

/* What makes schema n of schema n - 1 stands at n - 1: new ones at the end, old ones as they are. */
static const char *const migrations[] = {
	"CREATE TABLE item(key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL)",
};
#define SCHEMA ((int)(sizeof migrations / sizeof *migrations))

/* The file and its directory, for nobody else; SQLite would make it 0644. */
static int
file_make(const char *path, struct pst_err *err)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	int fd;

	if (!slash || len >= sizeof dir)
		return pst_fail(err, -EINVAL, "%s is not an absolute path", path);
	memcpy(dir, path, len);
	dir[len] = '\0';
	if (len && mkdir(dir, 0700) && errno != EEXIST)
		return pst_fail(err, -errno, "directory %s cannot be made: %s", dir,
		    pst_strerror(-errno));
	/* only when it is new: closing another descriptor of a database would
	 * drop the locks that this process holds on it */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? PST_OK : pst_fail(err, -errno,
		    "%s cannot be made: %s", path, pst_strerror(-errno));
	close(fd);
	return PST_OK;
}

/* The one number that a query gives; -1 when it fails. */
static sqlite3_int64
number(struct db *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3_int64 n = -1;

	if (sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

/* Whose it is, before anything of it is changed. */
static int
schema_check(struct db *db, const char *path, struct pst_err *err)
{
	sqlite3_int64 tables = number(db, "SELECT count(*) FROM sqlite_master"), schema;

	if (tables < 0)
		return db_fail(db, err, path);
	if (!tables)
		return PST_OK;
	if (number(db, "PRAGMA application_id") != APPLICATION_ID)
		return pst_fail(err, -EBADMSG, "%s is a database of some other program", path);
	schema = number(db, "PRAGMA user_version");
	if (schema > SCHEMA)
		return pst_fail(err, -EBADMSG, "%s has schema %lld, this Postern knows %d", path,
		    (long long)schema, SCHEMA);
	return PST_OK;
}

static bool
run(struct db *db, const char *sql)
{
	return sqlite3_exec(db->sql, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* To our schema, in one transaction; what another process has done meanwhile is not done again. */
static bool
migrate(struct db *db)
{
	char done[64];
	bool ok = run(db, "BEGIN IMMEDIATE");
	sqlite3_int64 at = number(db, "PRAGMA user_version");

	for (ok = ok && at >= 0 && at <= SCHEMA; ok && at < SCHEMA; at++)
		ok = run(db, migrations[at]);
	snprintf(done, sizeof done, "PRAGMA user_version = %d", SCHEMA);
	return ok && run(db, done) && run(db, "PRAGMA application_id = " TEXT(APPLICATION_ID)) &&
	    run(db, "COMMIT");
}

static int
prepare(struct db *db)
{
	const struct {
		sqlite3_stmt **stmt;
		const char *sql;
	} table[] = {
		{ &db->get, "SELECT key, value FROM item WHERE key = ?1" },
		{ &db->list, "SELECT key, value FROM item WHERE key >= ?1 ORDER BY key" },
		{ &db->put, "INSERT INTO item(key, value) VALUES(?1, ?2) "
			    "ON CONFLICT(key) DO UPDATE SET value = excluded.value" },
		{ &db->drop, "DELETE FROM item WHERE key = ?1" },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (sqlite3_prepare_v3(db->sql, table[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
			table[i].stmt, NULL) != SQLITE_OK)
			return -1;
	return 0;
}

int
db_open(struct db *db, const char *path, struct pst_err *err)
{
	int rc = file_make(path, err);

	if (rc)
		return rc;
	if (sqlite3_open_v2(path, &db->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL)) {
		rc = db->sql ? db_fail(db, err, path) : -ENOMEM;
		goto out;
	}
	sqlite3_busy_timeout(db->sql, BUSY_TIMEOUT_MS);
	rc = schema_check(db, path, err);
	if (rc)
		goto out;
	if (!run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		     "PRAGMA trusted_schema = OFF") ||
	    (number(db, "PRAGMA user_version") != SCHEMA && !migrate(db)) || prepare(db))
		rc = db_fail(db, err, path);
out:
	if (rc)
		db_close(db);
	return rc;
}

void
db_close(struct db *db)
{
	sqlite3_finalize(db->get);
	sqlite3_finalize(db->list);
	sqlite3_finalize(db->put);
	sqlite3_finalize(db->drop);
	sqlite3_close(db->sql);
	memset(db, 0, sizeof *db);
}
