/*
 * How a node and its sections are, as JSON: what `status`, `list`, `show`
 * and a report give. The shapes stand in postern.1, "OUTPUT".
 */
#ifndef PST_NODE_STATUS_H
#define PST_NODE_STATUS_H

#include <jansson.h>

#include "node/node.h"

/* What a module fills in. */
struct pst_status {
	json_t *object;
};

/* Text as JSON: what is no UTF-8 (a path, a key of a file) becomes '?'. NULL is null. */
PST_API json_t *node_text(const char *text);

/* Where a section is written: FILE:LINE, or "built in". */
json_t *node_place(const struct pst_item *item);

/* New references; NULL when out of memory. kind and name: only those; or NULL. */
json_t *node_status(struct pst_node *node);
json_t *node_sections(struct pst_node *node, const char *kind, const char *name);
/* One section, with all its options; NULL when there is none. written: times as a file has them, not in milliseconds. */
json_t *node_section_show(struct pst_node *node, const char *kind, const char *name, bool written);

#endif
