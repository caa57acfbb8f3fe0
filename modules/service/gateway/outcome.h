/*
 * How a call ended, as HTTP and the steps see it (spec functions.md 1.7; what failures
 * are is in <postern/call.h>).
 */
#ifndef GATEWAY_OUTCOME_H
#define GATEWAY_OUTCOME_H

#include <postern/call.h>

/* What a constellation says, and HTTP is told, when none of its nodes is up. */
#define OUTCOME_NO_NODE "no node is up"

/* A failure's HTTP status, and what is told of it: of what happened inside, nothing. */
unsigned outcome_status(enum pst_call_code code);
const char *outcome_sentence(const struct pst_call_failure *failure);
/* {"status":…,"message":"…"}, on the heap; NULL and 0 when memory is out. */
uint8_t *outcome_json(unsigned status, const char *message, size_t *len);
/* The code of a run error, {"code":…,"message":"…"}; 0 where it says none. */
int outcome_code(const struct pst_map_item *error);
/*
 * What an answer's headers change of the request: headers of the answer to come, and,
 * where `changes` are wanted, what the function did to the request. PST_E_LIMIT, -ENOMEM;
 * what cannot be read changes nothing.
 */
int outcome_take(struct pst_coordinated *request, const struct pst_map *headers, bool changes);

#endif
