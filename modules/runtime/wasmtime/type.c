#include <errno.h>
#include <string.h>

#include "engine.h"

static const char letters[] = "iIfF"; /* WASM_I32, WASM_I64, WASM_F32, WASM_F64 */

_Static_assert(WASM_I32 == 0 && WASM_I64 == 1 && WASM_F32 == 2 && WASM_F64 == 3, "kinds");
/* the same numbers are those of values */
_Static_assert(WASMTIME_I32 == 0 && WASMTIME_I64 == 1 && WASMTIME_F32 == 2 && WASMTIME_F64 == 3,
    "kinds of values");

int
type_parse(struct type *type, const char *text)
{
	const char *colon = strchr(text, ':');
	size_t len = strlen(text), count = 0;

	memset(type, 0, sizeof *type);
	if (!colon || colon - text > SLOTS_MAX || text + len - colon - 1 > SLOTS_MAX)
		return -EINVAL;
	type->params = (uint8_t)(colon - text);
	type->results = (uint8_t)(len - 1 - type->params);
	for (; *text; text++) {
		const char *letter = strchr(letters, *text);

		if (text == colon)
			continue;
		if (!letter)
			return -EINVAL;
		type->kind[count++] = (wasm_valkind_t)(letter - letters);
	}
	return 0;
}

/* Compared, not asked for: wasm_valtype_kind() ends the process over a vector's type, or most references'. */
static bool
kind_is(wasm_valkind_t kind, const wasm_valtype_t *type)
{
	wasm_valtype_t *wanted = wasm_valtype_new(kind);
	bool is = wasmtime_wasm_valtype_equal(wanted, type);

	wasm_valtype_delete(wanted);
	return is;
}

static bool
kinds_are(const wasm_valkind_t *kinds, size_t count, const wasm_valtype_vec_t *types)
{
	if (types->size != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!kind_is(kinds[i], types->data[i]))
			return false;
	return true;
}

bool
type_is(const struct type *type, const wasm_functype_t *wasm)
{
	return kinds_are(type->kind, type->params, wasm_functype_params(wasm)) &&
	    kinds_are(type->kind + type->params, type->results, wasm_functype_results(wasm));
}

static wasm_valtype_vec_t
kinds_make(const wasm_valkind_t *kinds, size_t count)
{
	wasm_valtype_vec_t types;

	wasm_valtype_vec_new_uninitialized(&types, count);
	for (size_t i = 0; i < count; i++)
		types.data[i] = wasm_valtype_new(kinds[i]);
	return types;
}

wasm_functype_t *
type_make(const struct type *type)
{
	wasm_valtype_vec_t params = kinds_make(type->kind, type->params);
	wasm_valtype_vec_t results = kinds_make(type->kind + type->params, type->results);

	return wasm_functype_new(&params, &results);
}
