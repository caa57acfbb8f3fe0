#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <postern/err.h>

int
output_put(struct output *output, const void *bytes, size_t len, size_t max)
{
	if (len > max - output->len)
		return PST_E_LIMIT;
	if (len > output->room - output->len) {
		size_t want = output->len + len, room = output->room * 2 > want ? output->room * 2 : want;
		uint8_t *more = realloc(output->bytes, room);

		if (!more)
			return -ENOMEM;
		output->bytes = more;
		output->room = room;
	}
	if (len)
		memcpy(output->bytes + output->len, bytes, len);
	output->len += len;
	return PST_OK;
}

uint8_t *
output_take(struct output *output, size_t *len)
{
	uint8_t *bytes = output->bytes;

	*len = output->len;
	*output = (struct output){ 0 };
	return bytes;
}

void
output_fini(struct output *output)
{
	free(output->bytes);
	*output = (struct output){ 0 };
}
