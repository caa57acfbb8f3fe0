/*
 * JSON as the originals write it: members sorted, no blanks, <, >, & and the two line ends of Unicode
 * escaped, numbers as doubles in their shortest form.
 */
#ifndef GRAPHQL_ENCODE_H
#define GRAPHQL_ENCODE_H

#include <jansson.h>
#include <stddef.h>

/* {"data":…}; data NULL: the reply had none. free() the text. -ENOMEM. */
int encode_data(char **out, size_t *len, const json_t *data);

#endif
