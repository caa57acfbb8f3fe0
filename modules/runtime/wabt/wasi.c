#include "wasi.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

/* As much as one fd_write or fd_read moves, in so many pieces: a guest cannot hold its thread by
 * naming the same memory again and again. */
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
	SPIPE = 70,
};

/* What one function sees. */
struct view {
	struct wasi *wasi;
	uint8_t *memory;
	size_t len;
};

static uint8_t *
view_at(const struct view *view, uint64_t at, uint64_t len)
{
	return at <= view->len && len <= view->len - at ? view->memory + at : NULL;
}

/* Wasm is little-endian, whatever the machine. */
static bool
put(const struct view *view, uint64_t at, uint64_t value, size_t width)
{
	uint8_t *to = view_at(view, at, width);

	for (size_t i = 0; to && i < width; i++)
		to[i] = (uint8_t)(value >> (8 * i));
	return to;
}

static bool
get32(const struct view *view, uint64_t at, uint32_t *out)
{
	const uint8_t *from = view_at(view, at, 4);

	if (from)
		*out = from[0] | from[1] << 8 | from[2] << 16 | (uint32_t)from[3] << 24;
	return from;
}

static bool
is_open(const struct view *view, uint64_t fd)
{
	return fd < 3 && !(view->wasi->closed >> fd & 1);
}

/* ---- arguments and environment ---- */

/* (count, bytes with their NULs) */
static uint64_t
list_sizes(const struct view *view, const char *const *list, const uint64_t *slots)
{
	size_t count = 0, bytes = 0;

	for (; list && list[count]; count++)
		bytes += strlen(list[count]) + 1;
	return put(view, slots[0], count, 4) && put(view, slots[1], bytes, 4) ? SUCCESS : FAULT;
}

/* (pointers, the bytes they point to) */
static uint64_t
list_get(const struct view *view, const char *const *list, const uint64_t *slots)
{
	uint64_t bytes = slots[1];

	for (size_t i = 0; list && list[i]; i++) {
		size_t len = strlen(list[i]) + 1;
		uint8_t *to = view_at(view, bytes, len);

		if (!to || !put(view, slots[0] + 4 * i, bytes, 4))
			return FAULT;
		memcpy(to, list[i], len);
		bytes += len;
	}
	return SUCCESS;
}

static uint64_t
args_sizes_get(const struct view *view, const uint64_t *slots)
{
	return list_sizes(view, view->wasi->shown.args, slots);
}

static uint64_t
args_get(const struct view *view, const uint64_t *slots)
{
	return list_get(view, view->wasi->shown.args, slots);
}

static uint64_t
environ_sizes_get(const struct view *view, const uint64_t *slots)
{
	return list_sizes(view, view->wasi->shown.env, slots);
}

static uint64_t
environ_get(const struct view *view, const uint64_t *slots)
{
	return list_get(view, view->wasi->shown.env, slots);
}

/* ---- clocks, random bytes ---- */

static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC };

static uint64_t
clock_put(const struct view *view, uint64_t id, uint64_t at,
    int (*ask)(clockid_t clock, struct timespec *out))
{
	struct timespec now;

	if (id >= sizeof clocks / sizeof *clocks || ask(clocks[id], &now))
		return INVAL;
	return put(view, at, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec, 8) ? SUCCESS :
	                                                                                     FAULT;
}

/* (clock, resolution) */
static uint64_t
clock_res_get(const struct view *view, const uint64_t *slots)
{
	return clock_put(view, slots[0], slots[1], clock_getres);
}

/* (clock, precision, time) */
static uint64_t
clock_time_get(const struct view *view, const uint64_t *slots)
{
	return clock_put(view, slots[0], slots[2], clock_gettime);
}

/* (bytes, count) */
static uint64_t
random_get(const struct view *view, const uint64_t *slots)
{
	uint8_t *to = view_at(view, slots[0], slots[1]);
	size_t left = slots[1];

	if (!to)
		return FAULT;
	while (left > 0) {
		ssize_t n = getrandom(to, left, 0);

		if (n < 0)
			continue; /* a signal */
		to += n;
		left -= (size_t)n;
	}
	return SUCCESS;
}

/* ---- standard input, output and error ---- */

/* The pieces (pointer, length) of fd_read and fd_write: each is moved by `move` until one is cut
 * short. Their sum goes to slots[3]. */
static uint64_t
pieces(const struct view *view, const uint64_t *slots,
    size_t (*move)(const struct view *view, uint64_t fd, uint8_t *bytes, size_t len))
{
	size_t sum = 0;

	if (slots[2] > PIECES_MAX)
		return INVAL;
	for (uint64_t i = 0; i < slots[2]; i++) {
		uint32_t at, len;
		uint8_t *bytes;
		size_t moved;

		if (!get32(view, slots[1] + 8 * i, &at) || !get32(view, slots[1] + 8 * i + 4, &len) ||
		    !(bytes = view_at(view, at, len)))
			return FAULT;
		if (len > MOVE_MAX - sum)
			len = MOVE_MAX - (uint32_t)sum;
		moved = move(view, slots[0], bytes, len);
		sum += moved;
		if (moved < len) {
			if (sum == 0 && slots[0] != 0)
				return NOSPC;
			break;
		}
	}
	return put(view, slots[3], sum, 4) ? SUCCESS : FAULT;
}

static size_t
move_out(const struct view *view, uint64_t fd, uint8_t *bytes, size_t len)
{
	struct wasi *wasi = view->wasi;

	return len == 0 || !wasi->shown.out || wasi->shown.out(wasi->user, (int)fd, bytes, len) ? len :
	                                                                                         0;
}

static size_t
move_in(const struct view *view, uint64_t fd, uint8_t *bytes, size_t len)
{
	struct wasi *wasi = view->wasi;
	size_t left = wasi->shown.in_len - wasi->in_at;

	if (len > left)
		len = left;
	if (len > 0)
		memcpy(bytes, wasi->shown.in + wasi->in_at, len);
	wasi->in_at += len;
	return len;
}

/* (descriptor, pieces, their count, bytes written) */
static uint64_t
fd_write(const struct view *view, const uint64_t *slots)
{
	return is_open(view, slots[0]) && slots[0] > 0 ? pieces(view, slots, move_out) : BADF;
}

static uint64_t
fd_read(const struct view *view, const uint64_t *slots)
{
	return is_open(view, slots[0]) && slots[0] == 0 ? pieces(view, slots, move_in) : BADF;
}

static uint64_t
fd_close(const struct view *view, const uint64_t *slots)
{
	if (!is_open(view, slots[0]))
		return BADF;
	view->wasi->closed |= 1U << slots[0];
	return SUCCESS;
}

/* (descriptor, status): type, flags, rights, rights inherited. Of unknown type, as a pipe is. */
static uint64_t
fd_fdstat_get(const struct view *view, const uint64_t *slots)
{
	uint64_t rights = slots[0] == 0 ? 1 << 1 : 1 << 6; /* fd_read, fd_write */

	if (!is_open(view, slots[0]))
		return BADF;
	return put(view, slots[1], 0, 8) && put(view, slots[1] + 8, rights, 8) &&
	        put(view, slots[1] + 16, 0, 8) ?
	    SUCCESS : FAULT;
}

/* fd_seek, fd_tell: what has no place */
static uint64_t
no_place(const struct view *view, const uint64_t *slots)
{
	return is_open(view, slots[0]) ? SPIPE : BADF;
}

/* ---- what there is not ---- */

/* no such file, directory or socket */
static uint64_t
no_file(const struct view *view, const uint64_t *slots)
{
	return BADF;
}

static uint64_t
no_such(const struct view *view, const uint64_t *slots)
{
	return NOSYS;
}

static uint64_t
nothing_done(const struct view *view, const uint64_t *slots)
{
	return SUCCESS;
}

/* ---- the table ---- */

struct wasi_call {
	uint64_t (*fn)(const struct view *view, const uint64_t *slots);
};

static enum pst_wasm_end
answer(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	const struct wasi_call *call = arg;
	struct view view = { .wasi = user };

	view.memory = view.wasi->memory(instance, &view.len);
	slots[0] = call->fn(&view, slots);
	return PST_WASM_DONE;
}

/* (code), which is in the first slot as it is */
static enum pst_wasm_end
proc_exit(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	return PST_WASM_EXIT;
}

#define MODULE "wasi_snapshot_preview1"
#define WASI(name_, type_, fn_) \
	{ .module = MODULE, .name = #name_, .type = (type_), .fn = answer, \
	    .arg = &(struct wasi_call){ fn_ } }

const struct pst_wasm_import wasi_imports[] = {
	WASI(args_get, "ii:i", args_get),
	WASI(args_sizes_get, "ii:i", args_sizes_get),
	WASI(clock_res_get, "ii:i", clock_res_get),
	WASI(clock_time_get, "iIi:i", clock_time_get),
	WASI(environ_get, "ii:i", environ_get),
	WASI(environ_sizes_get, "ii:i", environ_sizes_get),
	WASI(fd_advise, "iIIi:i", no_file),
	WASI(fd_allocate, "iII:i", no_file),
	WASI(fd_close, "i:i", fd_close),
	WASI(fd_datasync, "i:i", no_file),
	WASI(fd_fdstat_get, "ii:i", fd_fdstat_get),
	WASI(fd_fdstat_set_flags, "ii:i", no_file),
	WASI(fd_fdstat_set_rights, "iII:i", no_file),
	WASI(fd_filestat_get, "ii:i", no_file),
	WASI(fd_filestat_set_size, "iI:i", no_file),
	WASI(fd_filestat_set_times, "iIIi:i", no_file),
	WASI(fd_pread, "iiiIi:i", no_file),
	WASI(fd_prestat_dir_name, "iii:i", no_file),
	WASI(fd_prestat_get, "ii:i", no_file),
	WASI(fd_pwrite, "iiiIi:i", no_file),
	WASI(fd_read, "iiii:i", fd_read),
	WASI(fd_readdir, "iiiIi:i", no_file),
	WASI(fd_renumber, "ii:i", no_file),
	WASI(fd_seek, "iIii:i", no_place),
	WASI(fd_sync, "i:i", no_file),
	WASI(fd_tell, "ii:i", no_place),
	WASI(fd_write, "iiii:i", fd_write),
	WASI(path_create_directory, "iii:i", no_file),
	WASI(path_filestat_get, "iiiii:i", no_file),
	WASI(path_filestat_set_times, "iiiiIIi:i", no_file),
	WASI(path_link, "iiiiiii:i", no_file),
	WASI(path_open, "iiiiiIIii:i", no_file),
	WASI(path_readlink, "iiiiii:i", no_file),
	WASI(path_remove_directory, "iii:i", no_file),
	WASI(path_rename, "iiiiii:i", no_file),
	WASI(path_symlink, "iiiii:i", no_file),
	WASI(path_unlink_file, "iii:i", no_file),
	WASI(poll_oneoff, "iiii:i", no_such),
	{ .module = MODULE, .name = "proc_exit", .type = "i:", .fn = proc_exit },
	WASI(proc_raise, "i:i", no_such),
	WASI(random_get, "ii:i", random_get),
	WASI(sched_yield, ":i", nothing_done),
	WASI(sock_accept, "iii:i", no_file),
	WASI(sock_recv, "iiiiii:i", no_file),
	WASI(sock_send, "iiiii:i", no_file),
	WASI(sock_shutdown, "ii:i", no_file),
	{ .module = NULL },
};
