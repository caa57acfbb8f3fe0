/*
 * A module, and how the C++ here reaches what wabt hides.
 *
 * A store of wabt is one thread's, so each instance has a store of its own and
 * a copy of the module's description. Guests run in slices of instructions, between
 * which the clock and the stack are looked at.
 *
 * What wabt leaves open is closed here. It limits no memory: memory.grow and table.grow are
 * replaced by calls of ours as the module is compiled. It does not bound the stack of
 * values. It believes the section that counts data segments even where none follow.
 */
#ifndef RUNTIME_WABT_MODULE_HH
#define RUNTIME_WABT_MODULE_HH

#include <string>
#include <vector>

#include <wabt/interp/interp.h>

#include "engine.h"

/*
 * wabt shows nobody what it is made of. But an explicit instantiation may name private
 * members, and the friend that it makes hands them on: OPEN(tag, pointer to member) names one,
 * OPENED(tag, &Class::member) gives it, open(tag()) is it.
 */
template <typename Tag, typename Tag::type member> struct opened {
	friend typename Tag::type open(Tag) { return member; }
};
#define OPEN(tag, ...) \
	struct tag { \
		typedef __VA_ARGS__; \
		friend type open(tag); \
	}
#define OPENED(tag, ...) template struct opened<tag, __VA_ARGS__>

/* An import of the module, and what it is bound to. */
struct bound {
	const struct pst_wasm_import *import;
	bool wasi; /* it is one of wasi.h's */
	size_t slots;
};

struct pst_wasm_module {
	wabt::interp::ModuleDesc desc; /* without its start, which runs under limits */
	std::vector<bound> imports;    /* in the order of desc.imports */
	std::vector<wabt::Index> starts;
	wabt::interp::u32 locals = 1; /* of the function that has most */
	bool bulk = false;            /* one instruction may move all of the memory */
	bool endless;
	struct engine *engine;
	struct engine own; /* instances of this module */
};

#endif
