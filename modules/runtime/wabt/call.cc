#include "instance.hh"

#include <algorithm>
#include <ctime>
#include <new>

using namespace wabt::interp;

OPEN(push_call, RunResult (Thread::*type)(const DefinedFunc &, Trap::Ptr *));
OPEN(push_values, void (Thread::*type)(const ValueTypes &, const Values &));
OPEN(pop_values, void (Thread::*type)(const ValueTypes &, Values *));
OPEN(frames_of, std::vector<Frame> Thread::*type);
OPEN(values_of, std::vector<Value> Thread::*type);
OPEN(refs_of, std::vector<u32> Thread::*type);
OPENED(push_call, &Thread::PushCall);
OPENED(push_values, &Thread::PushValues);
OPENED(pop_values, &Thread::PopValues);
OPENED(frames_of, &Thread::frames_);
OPENED(values_of, &Thread::values_);
OPENED(refs_of, &Thread::refs_);

static const size_t CALLS_MAX = 8192;     /* within each other */
static const size_t VALUES_MAX = 1 << 17; /* on the stack, 16 bytes each */
static const u64 SLICE = 10000;           /* instructions: 0.1 ms */
static const u64 SLICE_BYTES = 512 << 20; /* that memory.copy and its like can move in a slice */

/* ---- when it stops ---- */

uint64_t
instance_now_ms()
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return static_cast<u64>(now.tv_sec) * 1000 + static_cast<u64>(now.tv_nsec) / 1000000;
}

/* Must it end here, and how? DONE: it goes on. */
static pst_wasm_end
due(const pst_wasm_instance *in)
{
	if (in->limits.stopped && !in->module->endless && in->limits.stopped(in->user))
		return PST_WASM_STOPPED;
	return in->deadline_ms && instance_now_ms() >= in->deadline_ms ? PST_WASM_DEADLINE : PST_WASM_DONE;
}

/* How many instructions run until the next look: none of them can put the stack far over its
 * bound, nor can all together move so much memory that it takes long. */
static int
slice(const pst_wasm_instance *in)
{
	u64 n = std::min(SLICE, u64{ VALUES_MAX / in->module->locals });

	if (in->module->bulk)
		n = std::min(n, SLICE_BYTES / (instance_bytes(in) + 1));
	return static_cast<int>(std::max(n, u64{ 1 }));
}

/* ---- values ---- */

static void
values_from_slots(Values &values, const ValueTypes &types, const uint64_t *slots)
{
	values.resize(types.size());
	for (size_t i = 0; i < types.size(); i++)
		values[i] = types[i] == ValueType::I64 || types[i] == ValueType::F64 ?
		    Value::Make(u64{ slots[i] }) : Value::Make(static_cast<u32>(slots[i]));
}

static void
values_to_slots(const Values &values, const ValueTypes &types, uint64_t *slots)
{
	for (size_t i = 0; i < types.size(); i++)
		slots[i] = types[i] == ValueType::I64 || types[i] == ValueType::F64 ?
		    values[i].Get<u64>() : values[i].Get<u32>();
}

/* ---- imports ---- */

static wabt::Result
import_call(pst_wasm_instance *in, const bound &b, const FuncType &type, const Values &params,
    Values &results, Trap::Ptr *trap)
{
	const pst_wasm_import *import = b.import;
	std::vector<uint64_t> slots(b.slots + 1); /* data() is never NULL */

	values_to_slots(params, type.params, slots.data());
	in->end = import->fn(b.wasi ? &in->wasi : in->user, in, slots.data(), import->arg, in->err);
	if (in->end == PST_WASM_EXIT)
		in->exit_code = slots[0];
	if (in->end == PST_WASM_PENDING) {
		pst_fail(in->err, PST_E_REFUSED, "%s.%s waits, which no call of this engine can",
		    import->module, import->name);
		in->end = PST_WASM_TRAP;
	}
	if (in->end == PST_WASM_TRAP && in->err && !in->err->text[0])
		pst_fail(in->err, PST_E_REFUSED, "%s.%s trapped", import->module, import->name);
	if (in->end == PST_WASM_DONE)
		in->end = due(in);
	if (in->end != PST_WASM_DONE) {
		*trap = Trap::New(in->store, "");
		return wabt::Result::Error;
	}
	values_from_slots(results, type.results, slots.data());
	return wabt::Result::Ok;
}

HostFunc::Ptr
import_func(pst_wasm_instance *in, size_t import)
{
	const FuncType *type =
	    wabt::cast<FuncType>(in->module->desc.imports[import].type.type.get());
	const bound *b = &in->module->imports[import];

	return HostFunc::New(in->store, *type,
	    [in, b, type](Thread &, const Values &params, Values &results, Trap::Ptr *trap) {
		    return import_call(in, *b, *type, params, results, trap);
	    });
}

/* ---- calls ---- */

/* Until it returns, traps or is stopped. An import that has ended it has left why in in->end. */
static RunResult
thread_run(pst_wasm_instance *in, Thread &thread, Trap::Ptr *trap)
{
	RunResult rc;

	while ((rc = thread.Run(slice(in), trap)) == RunResult::Ok) {
		/* What a collection of garbage would want to know; there is none, and it only grows. */
		(thread.*open(refs_of())).clear();
		if ((thread.*open(values_of())).size() > VALUES_MAX) {
			*trap = Trap::New(in->store, "value stack exhausted");
			return RunResult::Trap;
		}
		in->end = due(in);
		if (in->end != PST_WASM_DONE) {
			*trap = Trap::New(in->store, "");
			return RunResult::Trap;
		}
	}
	return rc;
}

static RunResult
func_run(pst_wasm_instance *in, const DefinedFunc &func, Values &values, Trap::Ptr *trap)
{
	Thread thread(in->store);
	RunResult rc;

	(thread.*open(frames_of())).reserve(CALLS_MAX);
	(thread.*open(push_values()))(func.type().params, values);
	rc = (thread.*open(push_call()))(func, trap);
	if (rc == RunResult::Ok)
		rc = thread_run(in, thread, trap);
	if (rc == RunResult::Return)
		(thread.*open(pop_values()))(func.type().results, &values);
	return rc;
}

/* An import that is exported again has no code of its own. */
static RunResult
any_run(pst_wasm_instance *in, Func &func, Values &values, Trap::Ptr *trap)
{
	const DefinedFunc *defined = wabt::dyn_cast<DefinedFunc>(&func);
	Values results(func.type().results.size());

	if (defined)
		return func_run(in, *defined, values, trap);
	if (wabt::Failed(func.Call(in->store, values, results, trap)))
		return RunResult::Trap;
	values = results;
	return RunResult::Return;
}

static pst_wasm_end
ended(pst_wasm_instance *in, const Trap::Ptr &trap, uint64_t *slots)
{
	switch (in->end) {
	case PST_WASM_EXIT:
		slots[0] = in->exit_code;
		return PST_WASM_EXIT;
	case PST_WASM_DEADLINE:
		pst_fail(in->err, PST_E_LIMIT, "it ran longer than %llu ms",
		    static_cast<unsigned long long>(in->limits.deadline_ms));
		return PST_WASM_DEADLINE;
	case PST_WASM_STOPPED:
		pst_fail(in->err, PST_E_LIMIT, "it was stopped");
		return PST_WASM_STOPPED;
	case PST_WASM_DONE:
		pst_fail(in->err, PST_E_REFUSED, "%s", trap ? trap->message().c_str() : "an exception");
		break;
	default: /* the import has said */
		break;
	}
	return in->refused ? PST_WASM_MEMORY : PST_WASM_TRAP;
}

pst_wasm_end
func_call(pst_wasm_instance *in, Ref ref, uint64_t *slots, pst_err *err)
{
	Func::Ptr func{ in->store, ref };
	Trap::Ptr trap;
	Values values;
	pst_err own = PST_ERR_INIT;

	in->err = err ? err : &own;
	in->end = due(in);
	if (in->end)
		return ended(in, trap, slots);
	values_from_slots(values, func->type().params, slots);
	try {
		if (any_run(in, *func, values, &trap) != RunResult::Return)
			return ended(in, trap, slots);
	} catch (const std::bad_alloc &) {
		pst_fail(in->err, PST_E_LIMIT, "the host is out of memory");
		return PST_WASM_MEMORY;
	}
	values_to_slots(values, func->type().results, slots);
	return PST_WASM_DONE;
}

enum pst_wasm_end
engine_call(struct pst_wasm_instance *in, int function, uint64_t *slots, struct pst_err *err)
{
	return func_call(in, in->instance->exports()[static_cast<size_t>(function)], slots, err);
}
