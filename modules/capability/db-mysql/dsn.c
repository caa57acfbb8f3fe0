#include "dsn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PORT 3306

void
dsn_fini(struct dsn *dsn)
{
	free(dsn->text);
	*dsn = (struct dsn){ 0 };
}

/* ---- "name=value&name=value" ---- */

static bool
flag_read(bool *out, const char *value)
{
	*out = !strcasecmp(value, "true") || !strcmp(value, "1");
	return *out || !strcasecmp(value, "false") || !strcmp(value, "0");
}

static bool
tls_read(struct dsn *dsn, const char *value)
{
	dsn->verify = !strcmp(value, "true");
	dsn->tls = dsn->verify || !strcmp(value, "skip-verify");
	return dsn->tls || !strcmp(value, "false");
}

/* Those that say how the driver goes about it: ours goes about it in its own way. */
static bool
is_theirs(const char *name)
{
	static const char *const theirs[] = { "allowCleartextPasswords", "allowNativePasswords", "charset", "checkConnLiveness",
		"collation", "interpolateParams", "loc", "maxAllowedPacket", "readTimeout", "timeout", "writeTimeout" };

	for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
		if (!strcmp(theirs[i], name))
			return true;
	return false;
}

static int
parameter_read(struct dsn *dsn, char *parameter, struct pst_err *err)
{
	char *value = strchr(parameter, '=');
	bool ok = value;

	if (value)
		*value++ = '\0';
	if (ok && !strcmp(parameter, "parseTime"))
		ok = flag_read(&dsn->parse_time, value);
	else if (ok && !strcmp(parameter, "clientFoundRows"))
		ok = flag_read(&dsn->found_rows, value);
	else if (ok && !strcmp(parameter, "tls"))
		ok = tls_read(dsn, value);
	else if (!is_theirs(parameter))
		ok = false;
	return ok ? PST_OK : pst_fail(err, PST_E_CONF, "connection_string: parameter %.32s: it, or its value, is not known", parameter);
}

static int
parameters_read(struct dsn *dsn, char *text, struct pst_err *err)
{
	char *rest, *one;
	int rc = PST_OK;

	for (one = strtok_r(text, "&", &rest); one && !rc; one = strtok_r(NULL, "&", &rest))
		rc = parameter_read(dsn, one, err);
	return rc;
}

/* ---- "tcp(host:port)" ---- */

static bool
host_read(struct dsn *dsn, const char *address)
{
	size_t len = strlen(address);

	if (!pst_host_port(address, dsn->host, &dsn->port))
		return true;
	dsn->port = PORT;
	if (*address == '[' && address[len - 1] == ']')
		return snprintf(dsn->host, sizeof dsn->host, "%.*s", (int)len - 2, address + 1) < (int)sizeof dsn->host;
	return !strchr(address, ':') && snprintf(dsn->host, sizeof dsn->host, "%s", address) < (int)sizeof dsn->host;
}

static bool
place_read(struct dsn *dsn, char *text)
{
	char *address = strchr(text, '('), *end = address ? strchr(address, ')') : NULL;

	if (address) {
		if (!end || end[1])
			return false;
		*address++ = *end = '\0';
	}
	if (!strcmp(text, "unix")) {
		dsn->socket = address;
		return address && *address == '/';
	}
	return (!*text || !strcmp(text, "tcp")) && host_read(dsn, address && *address ? address : "127.0.0.1");
}

/* ---- all of it ---- */

/* Cuts the text before `at` in two; what is behind it. */
static char *
cut(char *at)
{
	if (at)
		*at++ = '\0';
	return at;
}

static int
parts_read(struct dsn *dsn, struct pst_err *err)
{
	char *database = cut(strrchr(dsn->text, '/'));
	char *parameters = database ? cut(strchr(database, '?')) : NULL;
	char *place = cut(strrchr(dsn->text, '@'));
	char *password = place ? cut(strchr(dsn->text, ':')) : NULL;

	if (!database)
		return pst_fail(err, PST_E_CONF, "connection_string: not one of MySQL: USER:PASSWORD@tcp(HOST:PORT)/DATABASE");
	dsn->database = database;
	dsn->user = place ? dsn->text : "";
	dsn->password = password ? password : "";
	if (!place_read(dsn, place ? place : dsn->text))
		return pst_fail(err, PST_E_CONF, "connection_string: the place is neither tcp(HOST:PORT) nor unix(PATH)");
	return parameters ? parameters_read(dsn, parameters, err) : PST_OK;
}

int
dsn_read(struct dsn *out, const char *text, struct pst_err *err)
{
	int rc;

	*out = (struct dsn){ .text = strdup(text) };
	rc = out->text ? parts_read(out, err) : -ENOMEM;
	if (rc)
		dsn_fini(out);
	return rc;
}
