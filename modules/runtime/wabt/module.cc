#include "module.hh"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <new>

#include <wabt/binary-reader.h>
#include <wabt/interp/binary-reader-interp.h>

#include "wasi.h"

using namespace wabt::interp;

#ifdef PIC
/* libwabt.a is compiled for programs: it reaches these without the table that a shared object
 * wants. They are ours, then, seen by nobody else; a program has its own. */
static FILE *
stdio(const char *name)
{
	return *static_cast<FILE **>(dlsym(RTLD_NEXT, name));
}
FILE *engine_stdin asm("stdin") = stdio("stdin");
FILE *engine_stdout asm("stdout") = stdio("stdout");
FILE *engine_stderr asm("stderr") = stdio("stderr");
#endif

const char engine_version[] = "wabt " WABT_VERSION_STRING;

OPEN(bytes_of, Buffer Istream::*type);
OPENED(bytes_of, &Istream::data_);

static const size_t MODULE_MAX = 64 << 20; /* bytes; offsets into what it is translated to are 32 bits */
static const u32 LOCALS_MAX = 50000;       /* of a function: what browsers take (Wasm JS API, 5.4) */

/* ---- imports ---- */

static char
type_letter(ValueType type)
{
	switch (type) {
	case ValueType::I32: return 'i';
	case ValueType::I64: return 'I';
	case ValueType::F32: return 'f';
	case ValueType::F64: return 'F';
	default: return '?'; /* vectors and references do not go in a slot */
	}
}

static std::string
type_text(const FuncType &type)
{
	std::string text;

	for (ValueType t : type.params)
		text += type_letter(t);
	text += ':';
	for (ValueType t : type.results)
		text += type_letter(t);
	return text;
}

static const struct pst_wasm_import *
import_find(const struct pst_wasm_import *offered, const ImportType &wanted)
{
	while (offered && offered->module &&
	    (wanted.module != offered->module || wanted.name != offered->name))
		offered++;
	return offered && offered->module ? offered : nullptr;
}

static int
import_link(pst_wasm_module *module, const pst_wasm_import *offered, const ImportType &wanted,
    pst_err *err)
{
	const char *from = wanted.module.c_str(), *name = wanted.name.c_str();
	const FuncType *type = wabt::dyn_cast<FuncType>(wanted.type.get());
	bound l = { import_find(offered, wanted), false, 0 };

	if (!type)
		return pst_fail(err, PST_E_NOTHING, "it imports %s.%s, a %s", from, name,
		    GetName(wanted.type->kind));
	if (!l.import) {
		l.import = import_find(wasi_imports, wanted);
		l.wasi = true;
	}
	if (!l.import)
		return pst_fail(err, PST_E_NOTHING, "it imports %s.%s, which is not offered", from, name);
	if (type_text(*type) != l.import->type)
		return pst_fail(err, PST_E_NOTHING, "it imports %s.%s as %s; it is %s", from, name,
		    type_text(*type).c_str(), l.import->type);
	l.slots = std::max(type->params.size(), type->results.size());
	module->imports.push_back(l);
	return PST_OK;
}

/* ---- code ---- */

/* Instead of the instruction at `at`, whose only immediate an index is: call function `index`. */
static void
instruction_replace(Istream &code, Istream::Offset at, u32 index)
{
	const Istream::SerializedOpcode op = wabt::Opcode::InterpCallImport;
	u8 *bytes = (code.*open(bytes_of())).data() + at;

	memcpy(bytes, &op, sizeof op);
	memcpy(bytes + sizeof op, &index, sizeof index);
}

/* Look at one instruction, whose growth is replaced by the functions after all others: one for
 * each memory, then one for each table. */
static int
instruction_check(pst_wasm_module *module, Istream::Offset at, const Instr &instr, pst_err *err)
{
	ModuleDesc &desc = module->desc;
	const u32 growers = static_cast<u32>(desc.imports.size() + desc.funcs.size());
	const u32 memories = static_cast<u32>(desc.memories.size());

	switch (instr.op) {
	case wabt::Opcode::MemoryGrow:
		instruction_replace(desc.istream, at, growers + instr.imm_u32);
		break;
	case wabt::Opcode::TableGrow:
		instruction_replace(desc.istream, at, growers + memories + instr.imm_u32);
		break;
	case wabt::Opcode::InterpAlloca:
		module->locals = std::max(module->locals, instr.imm_u32);
		if (instr.imm_u32 > LOCALS_MAX)
			return pst_fail(err, PST_E_PROTOCOL, "a function has %u locals", instr.imm_u32);
		break;
	case wabt::Opcode::MemoryInit:
		module->bulk = true;
		if (instr.imm_u32x2.snd >= desc.datas.size())
			return pst_fail(err, PST_E_PROTOCOL, "there is no data segment %u", instr.imm_u32x2.snd);
		break;
	case wabt::Opcode::DataDrop:
		if (instr.imm_u32 >= desc.datas.size())
			return pst_fail(err, PST_E_PROTOCOL, "there is no data segment %u", instr.imm_u32);
		break;
	case wabt::Opcode::MemoryCopy:
	case wabt::Opcode::MemoryFill:
	case wabt::Opcode::TableCopy:
	case wabt::Opcode::TableFill:
	case wabt::Opcode::TableInit:
		module->bulk = true;
		break;
	default:
		break;
	}
	return PST_OK;
}

static int
module_read(pst_wasm_module *module, const pst_wasm_code *code, pst_err *err)
{
	wabt::ReadBinaryOptions options;
	wabt::Errors errors;

	options.fail_on_custom_section_error = false;
	if (wabt::Failed(ReadBinaryInterp("", code->bytes, code->len, options, &errors, &module->desc)))
		return pst_fail(err, PST_E_PROTOCOL, "%s",
		    errors.empty() ? "not a module" : errors[0].message.c_str());
	for (const StartDesc &start : module->desc.starts)
		module->starts.push_back(start.func_index);
	module->desc.starts.clear();
	return PST_OK;
}

static int
module_make(pst_wasm_module *module, const pst_wasm_code *code, pst_err *err)
{
	const Istream &stream = module->desc.istream;
	int rc = module_read(module, code, err);

	for (size_t i = 0; !rc && i < module->desc.imports.size(); i++)
		rc = import_link(module, code->imports, module->desc.imports[i].type, err);
	for (Istream::Offset at = 0, next = 0; !rc && at < stream.end(); at = next) {
		const Instr instr = stream.Read(&next);

		rc = instruction_check(module, at, instr, err);
	}
	return rc;
}

int
engine_compile(struct engine *engine, struct pst_wasm_module **out,
    const struct pst_wasm_code *code, struct pst_err *err)
{
	struct pst_wasm_module *module = nullptr;
	int rc = PST_OK;

	if (code->len > MODULE_MAX)
		return pst_fail(err, PST_E_LIMIT, "a module of %zu bytes", code->len);
	try {
		module = new pst_wasm_module;
		module->endless = code->endless;
		module->engine = engine;
		module->own = { code->instances, 0 };
		rc = module_make(module, code, err);
	} catch (const std::bad_alloc &) {
		rc = pst_fail(err, PST_E_LIMIT, "memory does not suffice to compile it");
	}
	if (rc)
		delete module;
	else
		*out = module;
	return rc;
}

void
engine_release(struct pst_wasm_module **module)
{
	delete *module;
	*module = nullptr;
}

int
engine_find(struct pst_wasm_module *module, const char *name, const char *type)
{
	const std::vector<ExportDesc> &exports = module->desc.exports;

	for (size_t i = 0; i < exports.size(); i++) {
		const FuncType *func = wabt::dyn_cast<FuncType>(exports[i].type.type.get());

		if (func && exports[i].type.name == name)
			return type_text(*func) == type ? static_cast<int>(i) : -EINVAL;
	}
	return PST_E_NOTHING;
}
