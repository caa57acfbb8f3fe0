/*
 * WASI preview 1 is wasmtime's own, but for four functions. Its standard input
 * and output go through threads of its own and come some time later; its
 * poll_oneoff sleeps as long as the guest says, where no clock of ours reaches;
 * and its proc_exit takes no code above 125.
 */
#include <stdlib.h>
#include <string.h>

#include "engine.h"

/* As many pieces of one fd_read or fd_write, of as many bytes together: the rest is not moved. */
#define PIECES_MAX 1024
#define MOVE_MAX (1U << 20)

/* errno of WASI, which are not the system's. */
enum {
	SUCCESS = 0,
	BADF = 8,
	FAULT = 21,
	INVAL = 28,
	NOSPC = 51,
	NOSYS = 52,
};

/* Moves some of a piece, up to all; less ends it. */
typedef size_t (*mover)(struct pst_wasm_instance *instance, int fd, uint8_t *bytes, size_t len);

static uint8_t *
view_at(struct pst_wasm_instance *instance, uint64_t at, uint64_t len)
{
	size_t size;
	uint8_t *memory = instance_memory(instance, &size);

	return at <= size && len <= size - at ? memory + at : NULL;
}

/* Wasm is little-endian, whatever the machine. */
static uint32_t
get32(const uint8_t *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

static size_t
move_out(struct pst_wasm_instance *instance, int fd, uint8_t *bytes, size_t len)
{
	const struct pst_wasm_wasi *wasi = instance->wasi;

	return !wasi || !wasi->out || wasi->out(instance->user, fd, bytes, len) ? len : 0;
}

static size_t
move_in(struct pst_wasm_instance *instance, int fd, uint8_t *bytes, size_t len)
{
	const struct pst_wasm_wasi *wasi = instance->wasi;
	size_t left = wasi ? wasi->in_len - instance->in_at : 0;

	if (len > left)
		len = left;
	if (len > 0)
		memcpy(bytes, wasi->in + instance->in_at, len);
	instance->in_at += len;
	return len;
}

/* (descriptor, pieces, their count, bytes moved): errno */
static uint64_t
pieces_move(struct pst_wasm_instance *instance, const uint64_t *slots, mover move)
{
	const uint8_t *pieces;
	uint8_t *sum_at;
	uint32_t sum = 0;

	if (slots[2] > PIECES_MAX)
		return INVAL;
	pieces = view_at(instance, slots[1], slots[2] * 8);
	sum_at = view_at(instance, slots[3], 4);
	if (!pieces || !sum_at)
		return FAULT;
	for (uint64_t i = 0; i < slots[2]; i++, pieces += 8) {
		uint32_t len = get32(pieces + 4), moved;
		uint8_t *bytes = view_at(instance, get32(pieces), len);

		if (!bytes)
			return FAULT;
		if (len > MOVE_MAX - sum)
			len = MOVE_MAX - sum;
		if (!len)
			continue;
		moved = (uint32_t)move(instance, (int)slots[0], bytes, len);
		sum += moved;
		if (moved < len && sum == 0 && move == move_out)
			return NOSPC;
		if (moved < len)
			break;
	}
	for (unsigned i = 0; i < 4; i++)
		sum_at[i] = (uint8_t)(sum >> (8 * i));
	return SUCCESS;
}

static enum pst_wasm_end
fd_write(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	bool known = slots[0] == 1 || slots[0] == 2;

	slots[0] = known ? pieces_move(instance, slots, move_out) : BADF;
	return PST_WASM_DONE;
}

static enum pst_wasm_end
fd_read(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	slots[0] = slots[0] == 0 ? pieces_move(instance, slots, move_in) : BADF;
	return PST_WASM_DONE;
}

static enum pst_wasm_end
poll_oneoff(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	slots[0] = NOSYS;
	return PST_WASM_DONE;
}

/* (code), which is in the first slot as it is */
static enum pst_wasm_end
proc_exit(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	return PST_WASM_EXIT;
}

#define WASI "wasi_snapshot_preview1"

const struct pst_wasm_import wasi_imports[] = {
	{ .module = WASI, .name = "fd_read", .type = "iiii:i", .fn = fd_read },
	{ .module = WASI, .name = "fd_write", .type = "iiii:i", .fn = fd_write },
	{ .module = WASI, .name = "poll_oneoff", .type = "iiii:i", .fn = poll_oneoff },
	{ .module = WASI, .name = "proc_exit", .type = "i:", .fn = proc_exit },
	{ .module = NULL },
};

/* ---- what it is shown ---- */

static size_t
list_count(const char *const *list)
{
	size_t count = 0;

	while (list && list[count])
		count++;
	return count;
}

/* "NAME=VALUE" as wasmtime takes it: cut in two. */
static bool
env_set(wasi_config_t *config, const char *const *env)
{
	size_t count = list_count(env);
	const char **names = calloc(2 * count + 1, sizeof *names);
	const char **values = names + count;
	bool set = names != NULL;

	for (size_t i = 0; set && i < count; i++) {
		char *name = strdup(env[i]);
		char *equals = name ? strchr(name, '=') : NULL;

		names[i] = name;
		values[i] = equals ? equals + 1 : "";
		if (equals)
			*equals = '\0';
		set = name != NULL;
	}
	set = set && wasi_config_set_env(config, count, names, values);
	for (size_t i = 0; names && i < count; i++)
		free((char *)names[i]);
	free(names);
	return set;
}

int
wasi_show(struct pst_wasm_instance *instance, const struct pst_wasm_wasi *wasi,
    struct pst_err *err)
{
	wasi_config_t *config = wasi_config_new();
	wasmtime_error_t *error;
	bool set = true;

	instance->wasi = wasi;
	if (wasi && wasi->args && wasi->args[0])
		set = wasi_config_set_argv(config, list_count(wasi->args), (const char **)wasi->args);
	if (set && wasi && wasi->env && wasi->env[0])
		set = env_set(config, wasi->env);
	error = wasmtime_context_set_wasi(instance->context, config);
	if (error)
		return sentence_of_error(err, PST_E_LIMIT, error);
	return set ? PST_OK :
	             pst_fail(err, -EINVAL, "arguments or environment are not in UTF-8, or too many");
}
