#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "function.h"

/* Ours: what a guest says when it fails is for a person. */
#define MESSAGE_MAX 4096
/* Ours: a query has fewer. */
#define VARS_MAX 1000

/* ---- the guest's memory ---- */

/* Numbers of the guest are unsigned 32-bit. An empty piece may be anywhere: nothing is read there. */
static bool
guest_bytes(struct execution *x, uint64_t at, uint64_t len, struct pst_host_bytes *out)
{
	size_t size, from = (uint32_t)at, count = (uint32_t)len;
	const uint8_t *memory = x->program->runtime->memory(x->instance, &size);

	*out = (struct pst_host_bytes){ (const uint8_t *)"", 0 };
	if (!count)
		return true;
	if (from > size || count > size - from)
		return false;
	*out = (struct pst_host_bytes){ memory + from, count };
	return true;
}

static bool
arguments_read(struct execution *x, const struct abi_function *abi, const uint64_t *slots)
{
	struct pst_host_call *call = &x->host;
	unsigned texts = 0, numbers = 0;

	for (const char *s = abi->shape; *s; s++) {
		if (*s == 'n') {
			call->number[numbers++] = (int32_t)(uint32_t)*slots++;
		} else {
			if (!guest_bytes(x, slots[0], slots[1], &call->text[texts++]))
				return false;
			slots += 2;
		}
	}
	return true;
}

enum pst_wasm_end
host_trap(struct pst_err *err, const char *sentence)
{
	pst_fail(err, PST_E_PROTOCOL, "%s", sentence);
	return PST_WASM_TRAP;
}

static enum pst_wasm_end
number(uint64_t *slots, int32_t value)
{
	slots[0] = (uint32_t)value;
	return PST_WASM_DONE;
}

/* ---- the outcome ---- */

enum pst_wasm_end
host_return_result(struct execution *x, uint64_t *slots, struct pst_err *err)
{
	const struct pst_host_bytes *bytes = &x->host.text[0];

	if (x->returned || x->failed) /* the first counts */
		return PST_WASM_DONE;
	if (bytes->len > x->program->setup->body)
		return host_trap(err, "its result is longer than `body` says");
	x->output = malloc(bytes->len + 1);
	if (!x->output)
		return host_trap(err, "out of memory for its result");
	memcpy(x->output, bytes->bytes, bytes->len);
	x->output_len = bytes->len;
	x->returned = true;
	return PST_WASM_DONE;
}

static enum pst_wasm_end
fail(struct execution *x, int32_t code, const uint8_t *text, size_t len)
{
	if (x->returned || x->failed)
		return PST_WASM_DONE;
	x->failed = true;
	x->code = code;
	x->message_len = len < MESSAGE_MAX ? len : MESSAGE_MAX;
	x->message = malloc(x->message_len + 1);
	if (x->message)
		memcpy(x->message, text, x->message_len);
	else
		x->message_len = 0;
	return PST_WASM_DONE;
}

enum pst_wasm_end
host_return_error(struct execution *x, uint64_t *slots, struct pst_err *err)
{
	const struct pst_host_call *call = &x->host;

	return fail(x, call->number[0], call->text[0].bytes, call->text[0].len);
}

/* The text is that of spec functions.md 1.3. */
enum pst_wasm_end
host_return_abort(struct execution *x, uint64_t *slots, struct pst_err *err)
{
	const struct pst_host_call *call = &x->host;
	const struct pst_host_bytes *said = &call->text[0], *file = &call->text[1];
	char text[MESSAGE_MAX];
	int len = snprintf(text, sizeof text, "runnable abort: %.*s; file: %.*s, line: %d, col: %d",
	    (int)(said->len < 2048 ? said->len : 2048), (const char *)said->bytes,
	    (int)(file->len < 1024 ? file->len : 1024), (const char *)file->bytes, call->number[0],
	    call->number[1]);

	return fail(x, -1, (const uint8_t *)text, (size_t)len);
}

/* ---- results that wait ---- */

enum pst_wasm_end
host_get_ffi_result(struct execution *x, uint64_t *slots, struct pst_err *err)
{
	struct pst_host_bytes to;

	if (!x->waits)
		return number(slots, -1);
	if (!guest_bytes(x, slots[0], x->waiting_len, &to))
		return host_trap(err, "a pointer outside of its memory");
	if (to.len)
		memcpy((uint8_t *)to.bytes, x->waiting, to.len);
	free(x->waiting);
	x->waiting = NULL;
	x->waits = false;
	return number(slots, 0);
}

static void
vars_forget(struct execution *x)
{
	while (x->var_count)
		free((void *)x->vars[--x->var_count].bytes);
	free(x->vars);
	x->vars = NULL;
}

enum pst_wasm_end
host_add_ffi_var(struct execution *x, uint64_t *slots, struct pst_err *err)
{
	const struct pst_host_bytes *value = &x->host.text[1];
	uint8_t *copy;

	if (x->var_count == VARS_MAX || value->len > x->program->setup->body)
		return number(slots, -1);
	if (!x->vars)
		x->vars = calloc(VARS_MAX, sizeof *x->vars);
	copy = x->vars ? malloc(value->len + 1) : NULL;
	if (!copy)
		return number(slots, -1);
	memcpy(copy, value->bytes, value->len);
	x->vars[x->var_count++] = (struct pst_host_bytes){ copy, value->len };
	return number(slots, 0);
}

/* What get_ffi_result will give, and its size (spec functions.md 1.4). An error of one byte cannot be
 * told from the one without a text. */
static int32_t
wait_for_guest(struct execution *x, struct pst_host_call *call)
{
	bool error = call->outcome == PST_HOST_ERROR;

	if (call->result_len > INT32_MAX || (error && call->result_len < 2))
		return -1;
	x->waits = true;
	x->waiting = call->result;
	x->waiting_len = call->result_len;
	call->result = NULL;
	return error ? -(int32_t)x->waiting_len : (int32_t)x->waiting_len;
}

/* Where the answer goes was looked at before; the guest has rested since. */
static int32_t
put_into_place(struct execution *x, const struct abi_function *abi, const uint64_t *slots)
{
	const struct pst_host_call *call = &x->host;
	struct pst_host_bytes place;
	size_t len;

	for (const char *s = abi->shape; *s != 'p'; s++)
		slots += *s == 'n' ? 1 : 2;
	if (call->outcome == PST_HOST_ERROR || !guest_bytes(x, slots[0], slots[1], &place) || place.len > INT32_MAX)
		return -2;
	len = call->result_len < place.len ? call->result_len : place.len;
	if (len)
		memcpy((uint8_t *)place.bytes, call->result, len);
	return (int32_t)len;
}

enum pst_wasm_end
host_settle(struct execution *x, const struct abi_function *abi, uint64_t *slots)
{
	struct pst_host_call *call = &x->host;
	int32_t value = call->outcome == PST_HOST_CODE ? call->code
	    : abi->result == ABI_SIZE ? wait_for_guest(x, call)
	    : abi->result == ABI_PLACE ? put_into_place(x, abi, slots)
	    : call->outcome == PST_HOST_ERROR ? -2 : 0;

	free(call->result);
	call->result = NULL;
	if (abi->takes_vars)
		vars_forget(x);
	return number(slots, value);
}

/* ---- asking ---- */

/* The request is read by who first asks for it: most functions never do. */
static void
request_look(struct execution *x)
{
	struct pst_called *call = x->call;
	const struct pst_map_item *json = pst_map_get(&call->headers, PST_CALL_REQUEST_HEADER);
	const struct pst_map_item *id = pst_map_get(&call->headers, PST_CALL_ID_HEADER);
	int rc;

	x->looked = true;
	if (!json && !*call->method) /* bare bytes */
		return;
	if (json)
		rc = pst_coordinated_read(&x->request, json->value, json->len);
	else
		rc = pst_coordinated_init(&x->request, call->method, call->resource,
		    id ? (const char *)id->value : "");
	if (rc)
		return;
	x->has_request = true;
	free(x->request.body);
	x->request.body = call->body;
	x->request.body_len = call->body_len;
	call->body = NULL;
	if (json || !pst_map_copy(&x->request.headers, &call->headers))
		x->shown.request = &x->request;
}

static void
note_change(struct execution *x)
{
	const struct pst_host_call *call = &x->host;

	x->changed = true;
	x->changed_body |= call->number[0] == 1 || (call->number[0] == 0 && call->text[0].len == 4 &&
	    !memcmp(call->text[0].bytes, "body", 4));
}

/* Within the call: host_called() goes on. */
static void
answered_at_once(struct pst_host_call *call)
{
}

/* Who is asked by that name; of a function that is not asked by name, whoever serves it. NULL: nobody. */
static const struct binding *
whom(const struct binding *b, const struct pst_host_bytes *name)
{
	while (b && b->abi->named && b->serves &&
	    (strlen(b->of) != name->len || memcmp(b->of, name->bytes, name->len)))
		b = b->other;
	return b && b->serves ? b : NULL;
}

static enum pst_wasm_end
ask_capability(struct execution *x, const struct binding *b, uint64_t *slots, struct pst_err *err)
{
	struct pst_host_call *call = &x->host;
	const struct binding *asked = whom(b, &call->text[0]);

	if (!x->looked)
		request_look(x);
	if (b->abi->changes)
		note_change(x);
	call->execution = &x->shown;
	call->vars = x->vars;
	call->var_count = x->var_count;
	call->cancel = NULL;
	call->answered = answered_at_once;
	if (!asked)
		b->abi->off(call);
	else if (asked->serves->now)
		asked->serves->now(asked->capability, call);
	else
		return host_ask_later(x, asked, slots, err);
	return host_settle(x, b->abi, slots);
}

enum pst_wasm_end
host_called(void *user, struct pst_wasm_instance *instance, uint64_t *slots, void *arg,
    struct pst_err *err)
{
	struct execution *x = user;
	const struct binding *b = arg;

	if (x->asking) { /* resumed */
		x->asking = NULL;
		return host_settle(x, b->abi, slots);
	}
	if (atomic_load(&x->over))
		return host_trap(err, "nobody waits for it any more");
	/* an ident that is not this execution's: it is over, or was never told */
	if (x->step != STEP_RUN || (uint32_t)slots[b->ident] != x->shown.ident)
		return number(slots, -1);
	if (b->abi->result == ABI_SIZE && x->waits)
		return number(slots, -1);
	if (!arguments_read(x, b->abi, slots))
		return host_trap(err, "a pointer outside of its memory");
	return b->abi->own ? b->abi->own(x, slots, err) : ask_capability(x, b, slots, err);
}

void
host_forget(struct execution *x)
{
	free(x->host.result);
	free(x->waiting);
	vars_forget(x);
	x->host = (struct pst_host_call){ 0 };
	x->waiting = NULL;
	x->waits = x->asked = false;
	x->asking = NULL;
}
