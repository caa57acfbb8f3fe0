#include <postern/err.h>

#include <stdio.h>
#include <string.h>
#include <uv.h>

static const struct {
	int rc;
	const char *name;
	const char *sentence;
} table[] = {
	{ PST_OK, "ok", "done" },
	{ PST_E_AUTH, "auth", "authentication failed" },
	{ PST_E_CONF, "conf", "configuration error" },
	{ PST_E_MODULE, "module", "module cannot be used" },
	{ PST_E_DENIED, "denied", "denied by policy" },
	{ PST_E_REFUSED, "refused", "refused by the other side" },
	{ PST_E_LIMIT, "limit", "limit reached" },
	{ PST_E_NO_ROUTE, "no-route", "no route" },
	{ PST_E_CLOSED, "closed", "closed" },
	{ PST_E_PROTOCOL, "protocol", "protocol error" },
	{ PST_E_CONFLICT, "conflict", "changed by somebody else" },
	{ PST_E_NOTHING, "nothing", "there is no such thing" },
	{ PST_E_NO_NODE, "no-node", "no node is running" },
	{ PST_E_IN_DOUBT, "in-doubt", "it is not known whether it was done" },
	{ PST_E_CERTIFICATE, "certificate", "the certificate is refused" },
};

#define TABLE_LEN (sizeof table / sizeof *table)

const char *
pst_strerror(int rc)
{
	const char *text;

	for (size_t i = 0; i < TABLE_LEN; i++)
		if (table[i].rc == rc)
			return table[i].sentence;
	text = rc > -10000 && rc < 0 ? strerrordesc_np(-rc) : NULL;
	if (text)
		return text;
	return rc <= UV_EAI_ADDRFAMILY && rc > -10000 ? uv_strerror(rc) : "unknown error";
}

const char *
pst_errname(int rc)
{
	const char *name;

	for (size_t i = 0; i < TABLE_LEN; i++)
		if (table[i].rc == rc)
			return table[i].name;
	name = rc > -10000 && rc < 0 ? strerrorname_np(-rc) : NULL;
	if (name)
		return name;
	return rc <= UV_EAI_ADDRFAMILY && rc > -10000 ? uv_err_name(rc) : "unknown";
}

int
pst_fail(struct pst_err *err, int rc, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return rc;
	err->rc = rc;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, args);
	va_end(args);
	return rc;
}

int
pst_fail_in(struct pst_err *err, int rc, const char *fmt, ...)
{
	char where[PST_ERR_TEXT], what[PST_ERR_TEXT];
	va_list args;

	if (!err)
		return rc;
	va_start(args, fmt);
	vsnprintf(where, sizeof where, fmt, args);
	va_end(args);
	memcpy(what, err->text, sizeof what);
	if (!what[0])
		snprintf(what, sizeof what, "%s", pst_strerror(rc));
	snprintf(err->text, sizeof err->text, "%.200s: %.300s", where, what);
	err->rc = err->rc ? err->rc : rc;
	return err->rc;
}
