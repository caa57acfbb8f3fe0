/*
 * The part of wasmtime's C API that runtime/wasmtime uses, for where its library
 * is without its headers: the package that build-aux/wasmtime fetches has none.
 * Names and layouts are those of version 50, and of no other. Where
 * wasmtime's own <wasmtime.h> is, it is used instead of this file.
 * tests/unit/test_wasmtime_abi.sh holds it against what the package says of itself.
 */
#ifndef WASMTIME_ABI_H
#define WASMTIME_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WASMTIME_VERSION "50.0.1"

/* ---- bytes, types of functions, what a module imports and exports ---- */

typedef struct wasm_byte_vec_t {
	size_t size;
	char *data;
} wasm_byte_vec_t;
typedef wasm_byte_vec_t wasm_name_t;
typedef wasm_name_t wasm_message_t;
void wasm_byte_vec_delete(wasm_byte_vec_t *);

typedef struct wasm_valtype_t wasm_valtype_t;
typedef struct wasm_valtype_vec_t {
	size_t size;
	wasm_valtype_t **data;
} wasm_valtype_vec_t;
typedef uint8_t wasm_valkind_t;
enum wasm_valkind_enum {
	WASM_I32,
	WASM_I64,
	WASM_F32,
	WASM_F64,
};
wasm_valtype_t *wasm_valtype_new(wasm_valkind_t);
void wasm_valtype_delete(wasm_valtype_t *);
bool wasmtime_wasm_valtype_equal(const wasm_valtype_t *, const wasm_valtype_t *);
void wasm_valtype_vec_new_uninitialized(wasm_valtype_vec_t *, size_t);

typedef struct wasm_functype_t wasm_functype_t;
wasm_functype_t *wasm_functype_new(wasm_valtype_vec_t *params, wasm_valtype_vec_t *results);
void wasm_functype_delete(wasm_functype_t *);
const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *);
const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *);

typedef struct wasm_externtype_t wasm_externtype_t;
const wasm_functype_t *wasm_externtype_as_functype_const(const wasm_externtype_t *);

typedef struct wasm_importtype_t wasm_importtype_t;
typedef struct wasm_importtype_vec_t {
	size_t size;
	wasm_importtype_t **data;
} wasm_importtype_vec_t;
void wasm_importtype_vec_delete(wasm_importtype_vec_t *);
const wasm_name_t *wasm_importtype_module(const wasm_importtype_t *);
const wasm_name_t *wasm_importtype_name(const wasm_importtype_t *);
const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *);

typedef struct wasm_exporttype_t wasm_exporttype_t;
typedef struct wasm_exporttype_vec_t {
	size_t size;
	wasm_exporttype_t **data;
} wasm_exporttype_vec_t;
void wasm_exporttype_vec_delete(wasm_exporttype_vec_t *);
const wasm_name_t *wasm_exporttype_name(const wasm_exporttype_t *);
const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *);

/* ---- errors and traps ---- */

typedef struct wasmtime_error wasmtime_error_t;
wasmtime_error_t *wasmtime_error_new(const char *);
void wasmtime_error_delete(wasmtime_error_t *);
void wasmtime_error_message(const wasmtime_error_t *, wasm_name_t *message);

typedef struct wasm_trap_t wasm_trap_t;
wasm_trap_t *wasmtime_trap_new(const char *msg, size_t msg_len);
void wasm_trap_delete(wasm_trap_t *);
void wasm_trap_message(const wasm_trap_t *, wasm_message_t *out);

/* ---- engines ---- */

typedef struct wasm_memorytype_t wasm_memorytype_t;
typedef struct wasmtime_linear_memory {
	void *env;
	uint8_t *(*get_memory)(void *env, size_t *byte_size, size_t *byte_capacity);
	wasmtime_error_t *(*grow_memory)(void *env, size_t new_size);
	void (*finalizer)(void *);
} wasmtime_linear_memory_t;
typedef struct wasmtime_memory_creator {
	void *env;
	wasmtime_error_t *(*new_memory)(void *env, const wasm_memorytype_t *ty, size_t minimum,
	    size_t maximum, size_t reserved_size_in_bytes, size_t guard_size_in_bytes,
	    wasmtime_linear_memory_t *memory_ret);
	void (*finalizer)(void *);
} wasmtime_memory_creator_t;
typedef struct {
	void *env;
	uint8_t *(*get_stack_memory)(void *env, size_t *out_len);
	void (*finalizer)(void *);
} wasmtime_stack_memory_t;
typedef struct {
	void *env;
	wasmtime_error_t *(*new_stack)(void *env, size_t size, bool zeroed,
	    wasmtime_stack_memory_t *stack_ret);
	void (*finalizer)(void *);
} wasmtime_stack_creator_t;

typedef struct wasm_config_t wasm_config_t;
wasm_config_t *wasm_config_new(void);
void wasmtime_config_epoch_interruption_set(wasm_config_t *, bool);
void wasmtime_config_max_wasm_stack_set(wasm_config_t *, size_t);
void wasmtime_config_wasm_threads_set(wasm_config_t *, bool);
void wasmtime_config_gc_support_set(wasm_config_t *, bool);
void wasmtime_config_wasm_multi_memory_set(wasm_config_t *, bool);
void wasmtime_config_wasm_memory64_set(wasm_config_t *, bool);
void wasmtime_config_concurrency_support_set(wasm_config_t *, bool);
void wasmtime_config_memory_init_cow_set(wasm_config_t *, bool);
void wasmtime_config_async_stack_size_set(wasm_config_t *, size_t);
void wasmtime_config_host_memory_creator_set(wasm_config_t *, wasmtime_memory_creator_t *);
void wasmtime_config_host_stack_creator_set(wasm_config_t *, wasmtime_stack_creator_t *);

typedef struct wasm_engine_t wasm_engine_t;
wasm_engine_t *wasm_engine_new_with_config(wasm_config_t *);
void wasm_engine_delete(wasm_engine_t *);
void wasmtime_engine_increment_epoch(const wasm_engine_t *);

/* ---- modules ---- */

typedef struct wasmtime_module wasmtime_module_t;
wasmtime_error_t *wasmtime_module_new(wasm_engine_t *, const uint8_t *wasm, size_t wasm_len,
    wasmtime_module_t **ret);
void wasmtime_module_delete(wasmtime_module_t *);
void wasmtime_module_imports(const wasmtime_module_t *, wasm_importtype_vec_t *out);
void wasmtime_module_exports(const wasmtime_module_t *, wasm_exporttype_vec_t *out);
wasmtime_error_t *wasmtime_module_serialize(const wasmtime_module_t *, wasm_byte_vec_t *ret);
wasmtime_error_t *wasmtime_module_deserialize(wasm_engine_t *, const uint8_t *bytes,
    size_t bytes_len, wasmtime_module_t **ret);
wasmtime_error_t *wasmtime_wat2wasm(const char *wat, size_t wat_len, wasm_byte_vec_t *ret);

/* ---- stores and what is in them ---- */

typedef struct wasmtime_store wasmtime_store_t;
typedef struct wasmtime_context wasmtime_context_t;
typedef uint8_t wasmtime_update_deadline_kind_t;
#define WASMTIME_UPDATE_DEADLINE_CONTINUE 0
wasmtime_store_t *wasmtime_store_new(wasm_engine_t *, void *data, void (*finalizer)(void *));
void wasmtime_store_delete(wasmtime_store_t *);
wasmtime_context_t *wasmtime_store_context(wasmtime_store_t *);
void wasmtime_store_limiter(wasmtime_store_t *, int64_t memory_size, int64_t table_elements,
    int64_t instances, int64_t tables, int64_t memories);
void wasmtime_store_epoch_deadline_callback(wasmtime_store_t *,
    wasmtime_error_t *(*func)(const wasmtime_context_t *context, void *data,
        uint64_t *epoch_deadline_delta, wasmtime_update_deadline_kind_t *update_kind),
    void *data, void (*finalizer)(void *));
void *wasmtime_context_get_data(const wasmtime_context_t *);
void wasmtime_context_set_epoch_deadline(wasmtime_context_t *, uint64_t ticks_beyond_current);

typedef struct wasmtime_func {
	uint64_t store_id;
	void *__private;
} wasmtime_func_t;
typedef struct wasmtime_table {
	struct {
		uint64_t store_id;
		uint32_t __private1;
	};
	uint32_t __private2;
} wasmtime_table_t;
typedef struct wasmtime_memory {
	struct {
		uint64_t store_id;
		uint32_t __private1;
	};
	uint32_t __private2;
} wasmtime_memory_t;
typedef struct wasmtime_global {
	uint64_t store_id;
	uint32_t __private1;
	uint32_t __private2;
	uint32_t __private3;
} wasmtime_global_t;
typedef uint8_t wasmtime_extern_kind_t;
#define WASMTIME_EXTERN_FUNC 0
#define WASMTIME_EXTERN_MEMORY 3
typedef union wasmtime_extern_union {
	wasmtime_func_t func;
	wasmtime_global_t global;
	wasmtime_table_t table;
	wasmtime_memory_t memory;
} wasmtime_extern_union_t;
typedef struct wasmtime_extern {
	wasmtime_extern_kind_t kind;
	wasmtime_extern_union_t of;
} wasmtime_extern_t;
uint8_t *wasmtime_memory_data(wasmtime_context_t *, const wasmtime_memory_t *);
size_t wasmtime_memory_data_size(const wasmtime_context_t *, const wasmtime_memory_t *);

typedef uint8_t wasmtime_v128[16];
typedef uint8_t wasmtime_valkind_t;
#define WASMTIME_I32 0
#define WASMTIME_I64 1
#define WASMTIME_F32 2
#define WASMTIME_F64 3
typedef struct wasmtime_externref {
	uint64_t store_id;
	uint32_t __private1;
	uint32_t __private2;
	void *__private3;
} wasmtime_externref_t;
typedef union wasmtime_valunion {
	int32_t i32;
	int64_t i64;
	float f32;
	double f64;
	wasmtime_externref_t externref; /* the longest */
	wasmtime_func_t funcref;
	wasmtime_v128 v128;
} wasmtime_valunion_t;
typedef struct wasmtime_val {
	wasmtime_valkind_t kind;
	wasmtime_valunion_t of;
} wasmtime_val_t;
typedef union wasmtime_val_raw {
	int32_t i32;
	int64_t i64;
	float f32;
	double f64;
	wasmtime_v128 v128;
	void *funcref;
} wasmtime_val_raw_t;

typedef struct wasmtime_caller wasmtime_caller_t;
wasmtime_context_t *wasmtime_caller_context(wasmtime_caller_t *);
bool wasmtime_caller_export_get(wasmtime_caller_t *, const char *name, size_t name_len,
    wasmtime_extern_t *item);
typedef wasm_trap_t *(*wasmtime_func_unchecked_callback_t)(void *env, wasmtime_caller_t *caller,
    wasmtime_val_raw_t *args_and_results, size_t num_args_and_results);
wasmtime_error_t *wasmtime_func_call_unchecked(wasmtime_context_t *, const wasmtime_func_t *,
    wasmtime_val_raw_t *args_and_results, size_t args_and_results_len, wasm_trap_t **trap);

/* ---- linking ---- */

typedef struct wasmtime_instance {
	uint64_t store_id;
	size_t __private;
} wasmtime_instance_t;
typedef struct wasmtime_instance_pre wasmtime_instance_pre_t;
typedef struct wasmtime_linker wasmtime_linker_t;
wasmtime_linker_t *wasmtime_linker_new(wasm_engine_t *);
void wasmtime_linker_delete(wasmtime_linker_t *);
void wasmtime_linker_allow_shadowing(wasmtime_linker_t *, bool);
wasmtime_error_t *wasmtime_linker_define_func_unchecked(wasmtime_linker_t *, const char *module,
    size_t module_len, const char *name, size_t name_len, const wasm_functype_t *ty,
    wasmtime_func_unchecked_callback_t cb, void *data, void (*finalizer)(void *));
wasmtime_error_t *wasmtime_linker_define_wasi(wasmtime_linker_t *);
wasmtime_error_t *wasmtime_linker_instantiate_pre(const wasmtime_linker_t *,
    const wasmtime_module_t *, wasmtime_instance_pre_t **);
void wasmtime_instance_pre_delete(wasmtime_instance_pre_t *);
wasmtime_error_t *wasmtime_instance_pre_instantiate(const wasmtime_instance_pre_t *,
    wasmtime_context_t *, wasmtime_instance_t *instance, wasm_trap_t **trap_ptr);
bool wasmtime_instance_export_get(wasmtime_context_t *, const wasmtime_instance_t *,
    const char *name, size_t name_len, wasmtime_extern_t *item);

/* ---- calls on a stack of their own ---- */

typedef bool (*wasmtime_func_async_continuation_callback_t)(void *env);
typedef struct wasmtime_async_continuation_t {
	wasmtime_func_async_continuation_callback_t callback;
	void *env;
	void (*finalizer)(void *);
} wasmtime_async_continuation_t;
typedef void (*wasmtime_func_async_callback_t)(void *env, wasmtime_caller_t *caller,
    const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults,
    wasm_trap_t **trap_ret, wasmtime_async_continuation_t *continuation_ret);
typedef struct wasmtime_call_future wasmtime_call_future_t;
bool wasmtime_call_future_poll(wasmtime_call_future_t *);
void wasmtime_call_future_delete(wasmtime_call_future_t *);
wasmtime_call_future_t *wasmtime_func_call_async(wasmtime_context_t *, const wasmtime_func_t *,
    const wasmtime_val_t *args, size_t nargs, wasmtime_val_t *results, size_t nresults,
    wasm_trap_t **trap_ret, wasmtime_error_t **error_ret);
wasmtime_error_t *wasmtime_linker_define_async_func(wasmtime_linker_t *, const char *module,
    size_t module_len, const char *name, size_t name_len, const wasm_functype_t *ty,
    wasmtime_func_async_callback_t cb, void *data, void (*finalizer)(void *));
wasmtime_call_future_t *wasmtime_instance_pre_instantiate_async(const wasmtime_instance_pre_t *,
    wasmtime_context_t *, wasmtime_instance_t *instance, wasm_trap_t **trap_ret,
    wasmtime_error_t **error_ret);

/* ---- WASI ---- */

typedef struct wasi_config_t wasi_config_t;
wasi_config_t *wasi_config_new(void);
bool wasi_config_set_argv(wasi_config_t *, size_t argc, const char *argv[]);
bool wasi_config_set_env(wasi_config_t *, size_t envc, const char *names[], const char *values[]);
wasmtime_error_t *wasmtime_context_set_wasi(wasmtime_context_t *, wasi_config_t *);

#endif
