/* The inside of a configuration: its making (config.c) in parts. */
#ifndef PST_NODE_CONFIG_PARTS_H
#define PST_NODE_CONFIG_PARTS_H

#include <postern/look.h>

#include "node/config.h"

extern const struct pst_section config_node_section;

/* config_files.c: read the files, STATE/conf.d and the edit into config->conf. */
int config_files(struct pst_config *config, struct pst_err *err);
/* Does the section stand in STATE/conf.d? */
bool config_is_dropped_in(const struct pst_config *config, const struct pst_conf_section *section);

/* config_module.c: the kind of a section; then its module, loaded, and its row. */
int config_item_kind(struct pst_item *item, struct pst_err *err);
int config_item_module(struct pst_config *config, struct pst_item *item, struct pst_err *err);
/* The module's name as `use` has it: "tcp". */
const char *config_module_name(const struct pst_item *item);
/* The transport's module that speaks a protocol, or is called so; NULL: none of ours. */
const char *config_speaker(const char *word);
/* The module that the section's name speaks of, where nobody wrote `use` and another was taken; NULL: none. */
const char *config_namesake(const struct pst_item *item);
/* The row of a section that the core serves; NULL when it serves no such one. */
const struct pst_section *config_core_row(const char *kind);

/* config_implicit.c: add what every node has unless it is written. */
int config_implicit(struct pst_conf *conf, struct pst_loader *loader, struct pst_err *err);
bool config_is_implicit(const struct pst_conf_section *section);
/* Does every node have a section of that kind and name? */
bool config_is_built_in(const char *kind, const char *name);

/* config_imply.c: add the sections that this one stands for, if it does. */
int config_imply(struct pst_config *config, struct pst_item *item, struct pst_err *err);
bool config_is_implied(const struct pst_conf_section *section);

/* config_refs.c: find out what a reference that is left out means, by kind. */
void config_defaults(struct pst_config *config);
/* Fill in references that are left out, refuse those that lead nowhere. */
int config_refs(struct pst_config *config, struct pst_item *item, struct pst_err *err);
/* Which of several projects does a section that is wrong mean? Says so, and is true, when naming one would make it right. */
bool config_ref_wanted(struct pst_config *config, struct pst_item *item, struct pst_err *err);
/*
 * config_wrong.c: something of the section is wrong, as rc and err say. May it be so by itself (struct pst_config_source)?
 * Then it has no values, fails with that sentence when it is opened, and PST_OK is returned; else rc is.
 */
int config_wrong(struct pst_config *config, struct pst_item *item, int rc, struct pst_err *err);
/*
 * config_taken.c: what only one section can have. Each is told, then all are compared: of two that take
 * the same one is refused, with the place of the other.
 */
struct taken;
struct config_taken {
	struct taken *first, **end;
	int rc; /* -ENOMEM: there was no memory for one */
};
void config_take_worker(struct config_taken *all, struct pst_item *item, const char *name);
void config_take_place(struct config_taken *all, struct pst_item *item, const char *protocol, const char *where);
int config_taken_check(struct config_taken *all, struct pst_config *config, struct pst_err *err);
void config_taken_fini(struct config_taken *all);
/* config_look.c: what its module says of it among the others, and what it takes. */
int config_look(struct pst_config *config, struct pst_item *item, struct config_taken *taken, struct pst_err *err);
/* The first of the transports that speaks that; NULL: none. */
const struct pst_transport_ops *config_look_transport(const struct pst_look *look, const char *protocol);
/* This section will be opened, and so what it refers to. */
void config_use(struct pst_config *config, struct pst_item *item);

#endif
