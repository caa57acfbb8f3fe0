/*
 * The rooms of the log: each kind of section is one, and `node` is that of
 * all that belongs to no section. In a configuration the kind of a module
 * stands for the sections it serves (portal: inlet and outlet).
 */
#ifndef PST_NODE_ROOMS_H
#define PST_NODE_ROOMS_H

#include "base/logger.h"
#include "node/config.h"

/* The room of what belongs to no section. */
#define PST_ROOM_MAIN "node"

/* `log_rooms` names rooms and levels that there are; else PST_E_CONF. */
PST_MUST_CHECK int pst_rooms_check(const struct pst_list *log_rooms, struct pst_err *err);
/* Levels and format as the node's section says, from now on; at the start and by a reload. */
PST_API void pst_rooms_set(struct pst_logbook *book, const struct pst_node_conf *conf);

#endif
