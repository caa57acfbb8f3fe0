/*
 * Where a database is, as Go's driver of MySQL has it, which is how applications of Suborbital do:
 *
 *     [USER[:PASSWORD]@][tcp[(HOST[:PORT])]|unix(PATH)]/DATABASE[?NAME=VALUE&…]
 *
 * Nothing is encoded; a password may have any character, as the last `@` before the last `/` ends it.
 */
#ifndef DB_MYSQL_DSN_H
#define DB_MYSQL_DSN_H

#include <stdbool.h>
#include <stdint.h>

#include <postern/dial.h>

struct dsn {
	char *text; /* holds what the others point into */
	const char *user, *password, *database;
	const char *socket; /* NULL: host and port */
	char host[PST_HOST_TEXT];
	uint16_t port;
	bool parse_time; /* dates are times, not bytes */
	bool found_rows; /* an update counts what it finds, not what it changes */
	bool tls, verify;
};

/* The sentence tells nothing of what may be a password. */
PST_MUST_CHECK int dsn_read(struct dsn *out, const char *text, struct pst_err *err);
void dsn_fini(struct dsn *dsn);

#endif
