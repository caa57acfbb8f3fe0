/* The table of host functions. */
#include "abi.h"

#include <string.h>

#include "host.h"

/* ---- what is not enabled ---- */

static void
off_error(struct pst_host_call *call)
{
	pst_host_error(call, "capability is not enabled");
}

/* The type is looked at first (spec functions.md 3.5). */
static void
off_query(struct pst_host_call *call)
{
	if (call->number[0] < 0 || call->number[0] > 3)
		pst_host_error(call, "query type invalid");
	else
		off_error(call);
}

/* Never an error: guests depend on that (spec functions.md 1.5, 1.3). */
static void
off_empty(struct pst_host_call *call)
{
	pst_host_result(call, "", 0);
}

static void
off_unknown(struct pst_host_call *call)
{
	pst_host_code(call, -1);
}

static void
off_refused(struct pst_host_call *call)
{
	pst_host_code(call, -2);
}

/* ---- the table ---- */

const struct abi_function abi_functions[ABI_FUNCTIONS] = {
	{ "return_result", "t", ABI_NONE, .own = host_return_result },
	{ "return_error", "nt", ABI_NONE, .own = host_return_error },
	{ "return_abort", "ttnn", ABI_NONE, .own = host_return_abort },
	{ "get_ffi_result", "n", ABI_CODE, .own = host_get_ffi_result },
	{ "add_ffi_var", "tt", ABI_CODE, .own = host_add_ffi_var },
	{ "log_msg", "tn", ABI_NONE, .off = off_unknown },
	{ "fetch_url", "ntt", ABI_SIZE, .off = off_error },
	{ "graphql_query", "tt", ABI_SIZE, .off = off_error },
	{ "cache_set", "ttn", ABI_CODE, .off = off_refused },
	{ "cache_get", "t", ABI_SIZE, .off = off_error },
	{ "request_get_field", "nt", ABI_SIZE, .off = off_unknown },
	{ "request_set_field", "ntt", ABI_SIZE, .off = off_empty, .changes = true },
	{ "resp_set_header", "tt", ABI_NONE, .off = off_unknown },
	{ "get_static_file", "t", ABI_SIZE, .off = off_error },
	{ "db_exec", "nt", ABI_SIZE, .off = off_query, .takes_vars = true },
	{ "get_secret_value", "t", ABI_SIZE, .off = off_empty },
	{ "outlet_open", "t", ABI_CODE, .off = off_unknown, .named = true },
	{ "outlet_write", "nt", ABI_CODE, .off = off_unknown, .alike = true },
	{ "outlet_read", "np", ABI_PLACE, .off = off_unknown, .alike = true },
	{ "outlet_close", "n", ABI_CODE, .off = off_unknown, .alike = true },
};

unsigned
abi_ident(const struct abi_function *function)
{
	unsigned at = 0;

	for (const char *s = function->shape; *s; s++)
		at += *s == 'n' ? 1 : 2;
	return at;
}

void
abi_type(char out[ABI_TYPE_MAX], const struct abi_function *function, bool swift)
{
	unsigned count = abi_ident(function) + 1 + (swift ? 2 : 0);

	memset(out, 'i', count);
	strcpy(out + count, function->result == ABI_NONE ? ":" : ":i");
}
