/* What a guest sees of WASI: of a plain command, its input, its output and what it was given. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "function.h"

/* Ours: of what a command writes to its standard error at once, the log has so much. */
#define ERROR_LINE_MAX 1024

static bool
output_put(struct execution *x, const uint8_t *bytes, size_t len)
{
	if (len > x->program->setup->body - x->output_len) {
		pst_fail(&x->err, PST_E_LIMIT, "its output is longer than `body` says");
		return false;
	}
	if (x->output_room - x->output_len < len) {
		size_t room = (x->output_len + len) * 2;
		uint8_t *more = realloc(x->output, room);

		if (!more)
			return false;
		x->output = more;
		x->output_room = room;
	}
	memcpy(x->output + x->output_len, bytes, len);
	x->output_len += len;
	return true;
}

static bool
command_writes(void *user, int fd, const uint8_t *bytes, size_t len)
{
	struct execution *x = user;
	char line[ERROR_LINE_MAX + 1];
	size_t n = len < ERROR_LINE_MAX ? len : ERROR_LINE_MAX;

	if (fd == 1)
		return output_put(x, bytes, len);
	while (n && (bytes[n - 1] == '\n' || !bytes[n - 1]))
		n--;
	memcpy(line, bytes, n);
	line[n] = '\0';
	if (n)
		pst_info(x->function->log, "the function writes", PST_STR("text", line));
	return true;
}

void
wasi_prepare(struct execution *x)
{
	x->wasi = (struct pst_wasm_wasi){
		.args = (const char *const *)x->program->setup->args,
		.env = (const char *const *)x->program->setup->env,
	};
	if (!x->program->command)
		return;
	x->wasi.in = x->call->body;
	x->wasi.in_len = x->call->body_len;
	x->wasi.out = command_writes;
}
