/*
 * A Runnable in C: what it imports, and what its host calls. A guest includes this and has run(). With
 * OWN_MEMORY it is built as a reactor with wasi-libc, whose malloc() makes room for the input; else it is linked
 * without a library. Sizes are 32 bits here.
 */
#ifndef RUNNABLE_H
#define RUNNABLE_H

typedef unsigned char byte;
typedef unsigned int size;

#define HOST(name) __attribute__((import_module("env"), import_name(#name)))
#define GUEST(name) __attribute__((export_name(#name)))

HOST(return_result) void return_result(const void *bytes, size len, int ident);
HOST(return_error) void return_error(int code, const void *text, size len, int ident);
HOST(return_abort) void return_abort(const void *text, size len, const void *file, size file_len,
    int line, int column, int ident);
HOST(log_msg) void log_msg(const void *text, size len, int level, int ident);
HOST(get_ffi_result) int get_ffi_result(void *to, int ident);
HOST(add_ffi_var) int add_ffi_var(const void *name, size name_len, const void *value, size len, int ident);
HOST(fetch_url) int fetch_url(int method, const void *url, size url_len, const void *body, size len, int ident);
HOST(graphql_query) int graphql_query(const void *to, size to_len, const void *query, size len, int ident);
HOST(cache_set) int cache_set(const void *key, size key_len, const void *value, size len, int ttl, int ident);
HOST(cache_get) int cache_get(const void *key, size len, int ident);
HOST(request_get_field) int request_get_field(int kind, const void *key, size len, int ident);
HOST(request_set_field) int request_set_field(int kind, const void *key, size key_len,
    const void *value, size len, int ident);
HOST(resp_set_header) void resp_set_header(const void *key, size key_len, const void *value, size len, int ident);
HOST(get_static_file) int get_static_file(const void *name, size len, int ident);
HOST(db_exec) int db_exec(int type, const void *name, size len, int ident);
HOST(get_secret_value) int get_secret_value(const void *key, size len, int ident);
/* One of the twins with two numbers more. */
HOST(cache_get_swift) int cache_get_swift(const void *key, size len, int ident, int more, int still);

/* Postern's own: streams to an outlet that a capability names (modules/capability/outlet/outlet.md). */
#define POSTERN(name) __attribute__((import_module("postern"), import_name(#name)))
POSTERN(outlet_open) int outlet_open(const void *name, size len, int ident);
POSTERN(outlet_write) int outlet_write(int stream, const void *bytes, size len, int ident);
POSTERN(outlet_read) int outlet_read(int stream, void *place, size room, int ident);
POSTERN(outlet_close) int outlet_close(int stream, int ident);

void run(const byte *input, size len, int ident);

#ifdef OWN_MEMORY
GUEST(allocate) void *
allocate(size len)
{
	return malloc(len);
}

GUEST(deallocate) void
deallocate(void *p, size len)
{
	free(p);
}
#else
extern byte __heap_base;
static byte *heap_end;

/* Memory is never given back: the instance goes after one call, or, with `reuse`, after some. */
static void *
take(size len)
{
	byte *p = heap_end ? heap_end : &__heap_base;
	size have = __builtin_wasm_memory_size(0) * 65536;

	heap_end = p + ((len + 15) & ~15u);
	if ((size)heap_end > have &&
	    __builtin_wasm_memory_grow(0, ((size)heap_end - have + 65535) / 65536) == (size)-1)
		__builtin_trap();
	return p;
}

GUEST(allocate) void *
allocate(size len)
{
	return take(len);
}

GUEST(deallocate) void
deallocate(void *p, size len)
{
}
#endif

GUEST(run_e) void
run_e(const byte *input, size len, int ident)
{
	run(input, len, ident);
}

__attribute__((unused)) static void
copy(void *to, const void *from, size len)
{
	for (size i = 0; i < len; i++)
		((volatile byte *)to)[i] = ((const byte *)from)[i];
}

#endif
