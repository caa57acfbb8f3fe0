#include "instance.hh"

#include <memory>
#include <new>

using namespace wabt::interp;

static const u64 ELEMENT = sizeof(Ref); /* bytes of a table's element */

/* ---- limits ---- */

uint64_t
instance_bytes(const pst_wasm_instance *in)
{
	u64 sum = 0;

	for (Memory *memory : in->memories)
		sum += memory->ByteSize();
	for (Table *table : in->tables)
		sum += table->size() * ELEMENT;
	return sum;
}

/* What the module begins with; more than there can be when it asks for more than numbers hold. */
static u64
bytes_asked(const ModuleDesc &desc)
{
	u64 sum = 0;

	for (const MemoryDesc &memory : desc.memories)
		sum += memory.type.limits.initial * WABT_PAGE_SIZE;
	for (const TableDesc &table : desc.tables)
		sum += table.type.limits.initial * ELEMENT;
	return sum;
}

static bool
has_room(const pst_wasm_instance *in, u64 bytes)
{
	const u64 held = instance_bytes(in);

	return held <= in->limits.memory && bytes <= in->limits.memory - held;
}

static Value
grown(pst_wasm_instance *in, bool done, u32 before)
{
	in->refused |= !done;
	return Value::Make(done ? before : ~u32{ 0 });
}

/* memory.grow and table.grow, as functions (module.cc calls them instead). */
static void
growers_push(pst_wasm_instance *in)
{
	RefVec &funcs = const_cast<RefVec &>(in->instance->funcs());
	const ValueType i32 = ValueType::I32;

	for (Memory *memory : in->memories)
		funcs.push_back(HostFunc::New(in->store, FuncType({ i32 }, { i32 }),
		    [in, memory](Thread &, const Values &params, Values &results, Trap::Ptr *) {
			    const u32 before = static_cast<u32>(memory->PageSize()), by = params[0].Get<u32>();
			    bool done = has_room(in, u64{ by } * WABT_PAGE_SIZE);

			    results[0] = grown(in, done && wabt::Succeeded(memory->Grow(by)), before);
			    return wabt::Result::Ok;
		    }).ref());
	for (Table *table : in->tables)
		funcs.push_back(HostFunc::New(in->store,
		    FuncType({ table->type().element, i32 }, { i32 }),
		    [in, table](Thread &, const Values &params, Values &results, Trap::Ptr *) {
			    const u32 before = table->size(), by = params[1].Get<u32>();
			    bool done = has_room(in, u64{ by } * ELEMENT);

			    results[0] = grown(in,
			        done && wabt::Succeeded(table->Grow(in->store, by, params[0].Get<Ref>())), before);
			    return wabt::Result::Ok;
		    }).ref());
}

/* ---- a life ---- */

static int
instance_make(pst_wasm_instance *in, pst_err *err)
{
	Module::Ptr module = Module::New(in->store, in->module->desc);
	Trap::Ptr trap;
	RefVec refs;

	for (size_t i = 0; i < in->module->imports.size(); i++)
		refs.push_back(import_func(in, i).ref());
	in->instance = Instance::Instantiate(in->store, module.ref(), refs, &trap);
	if (!in->instance)
		return pst_fail(err, PST_E_REFUSED, "%s", trap ? trap->message().c_str() : "no instance");
	for (Ref ref : in->instance->memories())
		in->memories.push_back(in->store.UnsafeGet<Memory>(ref).get());
	for (Ref ref : in->instance->tables())
		in->tables.push_back(in->store.UnsafeGet<Table>(ref).get());
	growers_push(in);
	for (const ExportDesc &e : in->module->desc.exports)
		if (e.type.type->kind == ExternKind::Memory && e.type.name == "memory")
			in->shown = in->memories[e.index];
	return PST_OK;
}

/* Whatever its import said. */
static int
start_failed(pst_err *err, int rc)
{
	pst_fail_in(err, rc, "its start section");
	if (err)
		err->rc = rc;
	return rc;
}

static int
instance_start(pst_wasm_instance *in, pst_err *err)
{
	uint64_t slots[1];

	for (wabt::Index start : in->module->starts)
		switch (func_call(in, in->instance->funcs()[start], slots, err)) {
		case PST_WASM_DONE: break;
		case PST_WASM_DEADLINE:
		case PST_WASM_STOPPED:
		case PST_WASM_MEMORY: return start_failed(err, PST_E_LIMIT);
		case PST_WASM_EXIT: return pst_fail(err, PST_E_REFUSED, "its start section exits");
		default: return start_failed(err, PST_E_REFUSED);
		}
	return PST_OK;
}

static bool
place_take(struct engine *engine)
{
	if (__atomic_fetch_add(&engine->now, 1, __ATOMIC_RELAXED) < engine->most)
		return true;
	__atomic_fetch_sub(&engine->now, 1, __ATOMIC_RELAXED);
	return false;
}

static void
place_give(struct engine *engine)
{
	__atomic_fetch_sub(&engine->now, 1, __ATOMIC_RELAXED);
}

static void
places_give(pst_wasm_module *module)
{
	place_give(&module->own);
	place_give(module->engine);
}

static void
due_set(pst_wasm_instance *in, uint64_t deadline_ms)
{
	in->deadline_ms = deadline_ms && !in->module->endless ? instance_now_ms() + deadline_ms : 0;
}

/* There is a place for it. */
static int
instance_new(pst_wasm_module *module, const pst_wasm_limits *limits, const pst_wasm_wasi *wasi,
    void *user, pst_wasm_instance **out, pst_err *err)
{
	std::unique_ptr<pst_wasm_instance> in(new pst_wasm_instance{});
	int rc;

	in->module = module;
	in->limits = *limits;
	due_set(in.get(), limits->deadline_ms);
	in->wasi.shown = wasi ? *wasi : pst_wasm_wasi{};
	in->wasi.user = in->user = user;
	in->wasi.memory = engine_memory;
	rc = instance_make(in.get(), err);
	if (!rc)
		rc = instance_start(in.get(), err);
	if (!rc)
		*out = in.release();
	return rc;
}

int
engine_spawn(struct pst_wasm_module *module, const struct pst_wasm_limits *limits,
    const struct pst_wasm_wasi *wasi, void *user, struct pst_wasm_instance **out,
    struct pst_err *err)
{
	const u64 asked = bytes_asked(module->desc);
	int rc;

	if (asked > limits->memory)
		return pst_fail(err, PST_E_LIMIT, "it begins with %llu bytes of memory, and may have %llu",
		    static_cast<unsigned long long>(asked), static_cast<unsigned long long>(limits->memory));
	if (!place_take(module->engine))
		return pst_fail(err, PST_E_LIMIT, "the runtime has %zu instances", module->engine->most);
	if (!place_take(&module->own)) {
		place_give(module->engine);
		return pst_fail(err, PST_E_LIMIT, "it has %zu instances", module->own.most);
	}
	try {
		rc = instance_new(module, limits, wasi, user, out, err);
	} catch (const std::bad_alloc &) {
		rc = pst_fail(err, PST_E_LIMIT, "the host is out of memory");
	}
	if (rc)
		places_give(module);
	return rc;
}

void
engine_free(struct pst_wasm_instance **instance)
{
	pst_wasm_module *module = *instance ? (*instance)->module : nullptr;

	delete *instance;
	*instance = nullptr;
	if (module)
		places_give(module);
}

void
engine_again(struct pst_wasm_instance *in, uint64_t deadline_ms)
{
	due_set(in, deadline_ms);
	in->refused = false;
	in->wasi.in_at = 0;
}

uint8_t *
engine_memory(struct pst_wasm_instance *in, size_t *len)
{
	*len = in->shown ? in->shown->ByteSize() : 0;
	return in->shown ? in->shown->UnsafeData() : nullptr;
}

void
engine_stats(const struct pst_wasm_instance *in, struct pst_wasm_stats *out)
{
	out->memory = instance_bytes(in);
	out->refused = in->refused;
}
