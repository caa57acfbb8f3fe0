/* One request over HTTP to this host, on the node's own loop, and what comes of it: a connection each. */
#ifndef TESTS_FUNCTIONS_VISIT_H
#define TESTS_FUNCTIONS_VISIT_H

#include "run.h"

/* A POST; headers may be NULL. answered: there was a whole answer. Names of its headers are in lower case. */
void visit(struct reply *reply, unsigned port, const char *target, const struct pst_map *headers, const void *body,
    size_t len);

#endif
