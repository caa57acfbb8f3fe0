/* How a capability answers a host call. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern/capability.h>

/* Without memory the guest gets the failure that has no details. */
static void
answer(struct pst_host_call *call, enum pst_host_outcome outcome, uint8_t *bytes, size_t len)
{
	call->outcome = bytes ? outcome : PST_HOST_CODE;
	call->result = bytes;
	call->result_len = bytes ? len : 0;
	call->code = -1;
	call->answered(call);
}

void
pst_host_take(struct pst_host_call *call, uint8_t *bytes, size_t len)
{
	answer(call, PST_HOST_RESULT, bytes, len);
}

void
pst_host_result(struct pst_host_call *call, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len + 1);

	if (copy && len)
		memcpy(copy, bytes, len);
	pst_host_take(call, copy, len);
}

void
pst_host_error(struct pst_host_call *call, const char *fmt, ...)
{
	char *text;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	answer(call, PST_HOST_ERROR, len < 0 ? NULL : (uint8_t *)text, len < 0 ? 0 : (size_t)len);
}

void
pst_host_code(struct pst_host_call *call, int32_t code)
{
	call->outcome = PST_HOST_CODE;
	call->code = code;
	call->answered(call);
}

const char *
pst_capability_setting(const char *value)
{
	char name[256];
	size_t len = value ? strlen(value) : 0;

	if (len < 6 || len >= sizeof name || strncmp(value, "env(", 4) || value[len - 1] != ')')
		return value;
	snprintf(name, sizeof name, "%.*s", (int)(len - 5), value + 4);
	return getenv(name) ? getenv(name) : "";
}

bool
pst_capability_unset(const char *value)
{
	return value && *value && !*pst_capability_setting(value);
}
