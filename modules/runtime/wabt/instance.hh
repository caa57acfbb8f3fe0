/* What instance.cc, its life, and call.cc, its calls, share of an instance. */
#ifndef RUNTIME_WABT_INSTANCE_HH
#define RUNTIME_WABT_INSTANCE_HH

#include "module.hh"
#include "wasi.h"

struct pst_wasm_instance {
	pst_wasm_module *module;
	pst_wasm_limits limits;
	uint64_t deadline_ms; /* on the monotonic clock; 0: none */
	struct wasi wasi;
	void *user;
	wabt::interp::Store store{ wabt::Features() }; /* all that follows is in it, and goes before it */
	wabt::interp::Instance::Ptr instance;
	std::vector<wabt::interp::Memory *> memories;
	std::vector<wabt::interp::Table *> tables;
	wabt::interp::Memory *shown = nullptr; /* the memory that is exported as "memory" */
	bool refused = false;
	/* of the call that runs */
	pst_err *err = nullptr;
	pst_wasm_end end;
	uint64_t exit_code;
};

uint64_t instance_now_ms();
/* Bytes of memories and tables. */
uint64_t instance_bytes(const pst_wasm_instance *in);
wabt::interp::HostFunc::Ptr import_func(pst_wasm_instance *in, size_t import);
/* As engine_call(), of any function in the store. */
pst_wasm_end func_call(pst_wasm_instance *in, wabt::interp::Ref ref, uint64_t *slots, pst_err *err);

#endif
