/*
 * What the two halves say to each other: one string in BARE each way (spec
 * routing.md 9.1). The name is asked for; the answer is the relay's address,
 * which ends with it.
 */
#ifndef RELAY_MESSAGE_H
#define RELAY_MESSAGE_H

#include <postern/buf.h>

#include "relay.h"

/* The longest of both: the string and its length. */
#define MESSAGE_MAX (2 + sizeof RELAY_PREFIX + RELAY_NAME_MAX)

/* False when it is none, or its name has bytes that no address may have. */
bool registration_read(char name[RELAY_NAME_MAX + 1], const struct pst_buf *payload);
/* Its length; name: at most RELAY_NAME_MAX bytes. */
size_t registration_write(uint8_t out[MESSAGE_MAX], const char *name);

/* Whether it is the address of a relay of this name. */
bool answer_names(const struct pst_buf *payload, const char *name);
size_t answer_write(uint8_t out[MESSAGE_MAX], const char *name);

#endif
