/*
 * The control service: what commands ask of a running node.
 *
 * A worker called `control` that only gates of this machine's operator reach
 * (PST_REACH_LOCAL: transport/unix, after it has looked at the peer's user).
 * A question is one message with a JSON object, `{"do": "status", …}`; the
 * answer is one message to the return route, `{"answer": …}` or
 * `{"error": "nothing", "rc": -10011, "sentence": "there is no inlet x"}`.
 *
 *   do       with                                   answer
 *   status                                          the node (status.h)
 *   ping                                            {}
 *   list     kind                                   its sections
 *   show     kind, name or none, written             a section with its options; written (true): times as files have them
 *   create   kind, name, options, cwd               the section
 *   delete   kind, name                             {"opened", "closed", "changed", "kept"}
 *   reload                                          the same
 *   stop     now                                    {}
 *   explain  what, a resource; who, attributes      what its rules say of them (explain.c)
 *   trace    to, or kind and name; count, timeout   the hops (trace.c)
 *   ask      kind, name or none, word, options      what that section says (ask.c)
 *   call     to, a route or a function; authorized, method, resource, headers, body, deadline
 *                                                   what came of it (call.c)
 */
#ifndef PST_NODE_CONTROL_H
#define PST_NODE_CONTROL_H

#include <jansson.h>

#include "node/node.h"

#define NODE_CONTROL "control" /* the worker's name */
/* A question is a few words. */
#define NODE_CONTROL_MAX (1024 * 1024)

PST_MUST_CHECK int node_control_start(struct pst_node *node);
/* Those who still wait are forgotten. */
void node_control_stop(struct pst_node *node);

/* A question under way. Exactly one of the two ends it. */
struct control_request;
struct pst_node *control_node(struct control_request *request);
const json_t *control_ask(const struct control_request *request);
/* What must be let go of when the node stops before the answer. */
void control_on_drop(struct control_request *request, void (*fn)(void *arg), void *arg);
/* answer is taken. */
void control_answer(struct control_request *request, json_t *answer);
void control_fail(struct control_request *request, int rc, const char *sentence);

/* ask.c: the verb "ask". */
void control_section_ask(struct control_request *request);
/* The section of that name; without one, the only one of its kind, or else `default`. NULL and a sentence. */
struct pst_section_env *control_section_find(struct pst_node *node, const char *kind, const char *name,
    struct pst_err *err);
/* call.c: the verb "call". */
void control_call(struct control_request *request);
/* explain.c: the verb "explain". */
void control_explain(struct control_request *request);
/* trace.c: the verb "trace". */
void control_trace(struct control_request *request);
/* control_edit.c: the verbs that change the node. */
void control_create(struct control_request *request);
void control_delete(struct control_request *request);
void control_reload(struct control_request *request);

/* What the parser makes of a question's bytes; NULL and a sentence if nothing. For fuzzing, too. */
PST_API json_t *control_parse(const uint8_t *bytes, size_t len, struct pst_err *err);

#endif
