#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define WASI "wasi_snapshot_preview1"

/* What stands before wasmtime's bytes in what is saved. */
struct saved {
	char magic[8];
	struct tables tables;
};
static const char saved_magic[8] = "pstwasm1";

static bool
name_is(const wasm_name_t *name, const char *text)
{
	return name->size == strlen(text) && !memcmp(name->data, text, name->size);
}

/* ---- linking ---- */

static const struct pst_wasm_import *
import_find(const struct pst_wasm_import *imports, const wasm_importtype_t *wanted)
{
	for (; imports && imports->module; imports++)
		if (name_is(wasm_importtype_module(wanted), imports->module) &&
		    name_is(wasm_importtype_name(wanted), imports->name))
			return imports;
	return NULL;
}

/* Nobody serves it, or it is of another type than who does says. */
static int
import_refuse(const wasm_importtype_t *wanted, const char *why, struct pst_err *err)
{
	const wasm_name_t *module = wasm_importtype_module(wanted);
	const wasm_name_t *name = wasm_importtype_name(wanted);

	return pst_fail(err, PST_E_NOTHING, "it imports %.*s.%.*s, which %s", (int)module->size,
	    module->data, (int)name->size, name->data, why);
}

static int
import_link(struct pst_wasm_module *module, wasmtime_linker_t *linker,
    const wasm_importtype_t *wanted, const struct pst_wasm_import *offered, struct pst_err *err)
{
	const wasm_functype_t *type =
	    wasm_externtype_as_functype_const(wasm_importtype_type(wanted));
	const struct pst_wasm_import *import = import_find(offered, wanted);
	struct link *link = &module->links[module->link_count];
	wasmtime_error_t *error;

	if (name_is(wasm_importtype_module(wanted), WASI)) {
		module->wasi = true;
		if (!import)
			import = import_find(wasi_imports, wanted);
		if (!import)
			return PST_OK; /* wasmtime's, or nobody's */
	}
	if (!import || !type)
		return import_refuse(wanted, "there is not", err);
	if (type_parse(&link->type, import->type))
		return pst_fail(err, -EINVAL, "%s.%s: %s is no type", import->module, import->name,
		    import->type);
	if (!type_is(&link->type, type))
		return import_refuse(wanted, "is of another type", err);
	link->import = import;
	module->link_count++;
	module->waits |= import->waits;
	error = import_define(linker, link);
	return error ? sentence_of_error(err, PST_E_NOTHING, error) : PST_OK;
}

static int
imports_link(struct pst_wasm_module *module, wasmtime_linker_t *linker,
    const struct pst_wasm_import *offered, struct pst_err *err)
{
	wasm_importtype_vec_t wanted;
	wasmtime_error_t *error = NULL;
	int rc = PST_OK;

	wasmtime_module_imports(module->code, &wanted);
	module->links = calloc(wanted.size + 1, sizeof *module->links);
	if (!module->links)
		rc = -ENOMEM;
	/* the same name may be imported twice, and ours go before wasmtime's */
	wasmtime_linker_allow_shadowing(linker, true);
	for (size_t i = 0; !rc && !error && i < wanted.size; i++)
		if (!module->wasi && name_is(wasm_importtype_module(wanted.data[i]), WASI)) {
			module->wasi = true;
			error = wasmtime_linker_define_wasi(linker);
		}
	for (size_t i = 0; !rc && !error && i < wanted.size; i++)
		rc = import_link(module, linker, wanted.data[i], offered, err);
	wasm_importtype_vec_delete(&wanted);
	return error ? sentence_of_error(err, PST_E_NOTHING, error) : rc;
}

static int
module_link(struct pst_wasm_module *module, const struct pst_wasm_import *offered,
    struct pst_err *err)
{
	wasmtime_linker_t *linker = wasmtime_linker_new(module->engine->wasm);
	wasmtime_error_t *error = NULL;
	int rc = imports_link(module, linker, offered, err);

	if (!rc)
		error = wasmtime_linker_instantiate_pre(linker, module->code, &module->linked);
	if (error)
		rc = sentence_of_error(err, PST_E_NOTHING, error);
	wasmtime_linker_delete(linker);
	return rc;
}

/* ---- making one ---- */

static struct pst_wasm_module *
module_new(struct runtime *runtime, const struct pst_wasm_code *code)
{
	struct pst_wasm_module *module = calloc(1, sizeof *module);

	if (!module)
		return NULL;
	module->engine = runtime_engine(runtime, code->endless);
	module->instances_max = code->instances;
	uv_mutex_init(&module->mutex);
	return module;
}

void
module_release(struct pst_wasm_module **module)
{
	struct pst_wasm_module *m = *module;

	*module = NULL;
	if (!m)
		return;
	if (m->linked)
		wasmtime_instance_pre_delete(m->linked);
	if (m->code)
		wasmtime_module_delete(m->code);
	for (int i = 0; i < m->function_count; i++)
		free(m->functions[i].name);
	uv_mutex_destroy(&m->mutex);
	free(m->links);
	free(m);
}

int
module_compile(void *runtime, struct pst_wasm_module **out, const struct pst_wasm_code *code,
    struct pst_err *err)
{
	struct pst_wasm_module *module = module_new(runtime, code);
	wasmtime_error_t *error;
	int rc;

	if (!module)
		return -ENOMEM;
	error = wasmtime_module_new(module->engine->wasm, code->bytes, code->len, &module->code);
	if (error)
		rc = sentence_of_error(err, PST_E_PROTOCOL, error);
	else {
		tables_read(&module->tables, code->bytes, code->len);
		rc = module_link(module, code->imports, err);
	}
	if (rc)
		module_release(&module);
	*out = module;
	return rc;
}

/* ---- saving and loading ---- */

int
module_save(struct pst_wasm_module *module, struct pst_wasm_blob *out, struct pst_err *err)
{
	struct saved saved = { .tables = module->tables };
	wasm_byte_vec_t code;
	wasmtime_error_t *error = wasmtime_module_serialize(module->code, &code);

	if (error)
		return sentence_of_error(err, PST_E_LIMIT, error);
	memcpy(saved.magic, saved_magic, sizeof saved_magic);
	out->len = sizeof saved + code.size;
	out->bytes = malloc(out->len);
	if (out->bytes) {
		memcpy(out->bytes, &saved, sizeof saved);
		memcpy(out->bytes + sizeof saved, code.data, code.size);
	}
	wasm_byte_vec_delete(&code);
	return out->bytes ? PST_OK : -ENOMEM;
}

int
module_load(void *runtime, struct pst_wasm_module **out, const struct pst_wasm_code *code,
    struct pst_err *err)
{
	struct saved saved;
	struct pst_wasm_module *module;
	wasmtime_error_t *error;
	int rc;

	*out = NULL;
	if (code->len < sizeof saved || memcmp(code->bytes, saved_magic, sizeof saved_magic))
		return pst_fail(err, -EBADMSG, "not saved by this module");
	memcpy(&saved, code->bytes, sizeof saved);
	module = module_new(runtime, code);
	if (!module)
		return -ENOMEM;
	module->tables = saved.tables;
	error = wasmtime_module_deserialize(module->engine->wasm, code->bytes + sizeof saved,
	    code->len - sizeof saved, &module->code);
	rc = error ? sentence_of_error(err, -EBADMSG, error) :
	             module_link(module, code->imports, err);
	if (rc)
		module_release(&module);
	*out = module;
	return rc;
}

/* ---- its functions ---- */

/* PST_OK; PST_E_NOTHING: there is none, -EINVAL: of another type. */
static int
export_check(const struct pst_wasm_module *module, const char *name, const struct type *type)
{
	wasm_exporttype_vec_t exports;
	int rc = PST_E_NOTHING;

	wasmtime_module_exports(module->code, &exports);
	for (size_t i = 0; i < exports.size; i++) {
		const wasm_functype_t *wasm =
		    wasm_externtype_as_functype_const(wasm_exporttype_type(exports.data[i]));

		if (wasm && name_is(wasm_exporttype_name(exports.data[i]), name))
			rc = type_is(type, wasm) ? PST_OK : -EINVAL;
	}
	wasm_exporttype_vec_delete(&exports);
	return rc;
}

/* Under the mutex. */
static int
function_number(struct pst_wasm_module *module, const char *name, const struct type *type)
{
	struct function *next = &module->functions[module->function_count];

	for (int i = 0; i < module->function_count; i++)
		if (!strcmp(module->functions[i].name, name))
			return i;
	if (module->function_count == FUNCTIONS_MAX)
		return PST_E_LIMIT;
	next->name = strdup(name);
	if (!next->name)
		return -ENOMEM;
	next->type = *type;
	return module->function_count++;
}

int
module_find(struct pst_wasm_module *module, const char *name, const char *text)
{
	struct type type;
	int rc = type_parse(&type, text);

	if (!rc)
		rc = export_check(module, name, &type);
	if (rc)
		return rc;
	uv_mutex_lock(&module->mutex);
	rc = function_number(module, name, &type);
	uv_mutex_unlock(&module->mutex);
	return rc;
}
