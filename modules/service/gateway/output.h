/* What a function answers, as it comes piece by piece. */
#ifndef GATEWAY_OUTPUT_H
#define GATEWAY_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

struct output {
	uint8_t *bytes;
	size_t len, room;
};

/* Behind what is there. PST_E_LIMIT when all together is more than max, -ENOMEM. */
int output_put(struct output *output, const void *bytes, size_t len, size_t max);
/* All of it, on the heap; NULL when it is nothing. Leaves an empty one. */
uint8_t *output_take(struct output *output, size_t *len);
void output_fini(struct output *output);

#endif
