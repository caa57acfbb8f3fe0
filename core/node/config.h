/*
 * A configuration that has been read whole: every section with its module,
 * its values and what it refers to. Nothing is started by making one.
 */
#ifndef PST_NODE_CONFIG_H
#define PST_NODE_CONFIG_H

#include <stdio.h>

#include "conf/conf.h"
#include "conf/index.h"
#include "node/kinds.h"
#include "node/loader.h"

struct pst_node_conf {
	const char *state;
	int log; /* enum pst_log_level */
	struct pst_list log_rooms;
	int log_format; /* enum pst_log_format */
	uint64_t memory;
	uint64_t drain;
	bool extensions;
};

/* One section more, or one less, than STATE/conf.d holds. */
struct pst_config_edit {
	const char *kind, *name; /* NULL: none */
	const char *text;        /* of the one more; NULL: one less */
};

#define PST_CONFIG_EDIT_FILE (2 * PST_CONF_WORD_MAX + 32)
/* The file of a section that a command makes, relative to the state directory. */
void pst_config_edit_file(const struct pst_config_edit *edit,
    char name[static PST_CONFIG_EDIT_FILE]);

/* Where a configuration is read from. */
struct pst_config_source {
	const char *path;  /* FILE or DIRECTORY; NULL: STATE/conf.d and nothing else */
	const char *state; /* the state directory, whatever the file says; or NULL */
	struct pst_config_edit edit;
	FILE *problems; /* where each is shown that a sentence has no room for; NULL: nowhere */
	FILE *warnings; /* what a look at it finds (look.h), with an edit at its section alone; NULL: nowhere */
	bool looks; /* it will not be run: nothing may be written for it */
	bool goes_on; /* a section of STATE/conf.d that is wrong fails by itself; but a policy never does, */
	const struct pst_config *before; /* nor one that was right in this; or NULL */
};

/* A section, ready to be opened. */
struct pst_item {
	const struct pst_section_kind *kind;
	const struct pst_conf_section *source;
	const struct pst_loaded *module; /* NULL: the core serves it */
	const struct pst_section *row;
	struct pst_values *values;
	char *wrong;   /* why it cannot be opened, with its place; NULL: nothing is wrong with it */
	size_t at;     /* as written, from 0 */
	bool implicit; /* not in the file */
	bool made;     /* by a command: it stands in STATE/conf.d */
	bool used;     /* written, or needed by one that is */
	struct pst_section_env *section; /* of a change: the open one that goes on as this one, */
	bool changed;                    /* by other values than it had */
};

struct pst_config {
	struct pst_conf *conf;
	struct pst_loader *loader; /* borrowed */
	struct pst_item *items;    /* by rank, then as written */
	size_t count;
	struct pst_index index; /* of them */
	const char *defaults[PST_SECTION_KINDS_MAX]; /* by kind: what a reference means that is left out, or NULL */
	const struct pst_node_conf *node;
	const char *node_name;
	char *state_dir; /* absolute, no slash at the end */
	struct pst_config_source source; /* to read it again; the edit is left out */
	char *path, *state; /* of the source, ours */
};

/*
 * Read FILE or DIRECTORY, and what commands have put into STATE/conf.d, and
 * check all of it. PST_E_CONF or PST_E_MODULE with a sentence.
 */
PST_API PST_MUST_CHECK int pst_config_new(struct pst_config **out, struct pst_loader *loader,
    const struct pst_config_source *source, struct pst_err *err);
/* Of a command that asks a running node: one transport, unix, that listens nowhere. */
PST_API PST_MUST_CHECK int pst_config_new_client(struct pst_config **out,
    struct pst_loader *loader, struct pst_err *err);
/* The state directory that a command's --state, or its absence, means; to be freed. */
PST_API char *pst_config_state_dir(const char *state);
PST_API void pst_config_free(struct pst_config **config);
/* All sections with every value, in a form that reads back. */
PST_API void pst_config_print(const struct pst_config *config, FILE *out);
/* The row of options of a section of that kind, which module `use` (or NULL) serves. */
PST_API PST_MUST_CHECK int pst_config_row(const struct pst_section **out,
    struct pst_loader *loader, const char *kind, const char *name, const char *use,
    struct pst_err *err);
/* The name of the nth section that an option refers to, from 0; NULL: it refers to no more. */
const char *pst_item_ref(const struct pst_item *item, const struct pst_opt *opt, size_t n);
/* NULL when there is none. */
PST_API struct pst_item *pst_config_item(const struct pst_config *config, const char *kind,
    const char *name);
/*
 * A section's own sentence, with its place in front: the file and the line,
 * that of the option it begins with ("to: …") if it begins with one. What
 * is not written has only kind and name. Returns PST_E_CONF.
 */
PST_API int pst_item_fail(const struct pst_item *item, struct pst_err *err, const char *sentence);
/* The manual of a module's options. */
PST_API void pst_module_help(FILE *out, const struct pst_loaded *loaded);
/* The same of a section that the core serves; false if it serves no such one. */
PST_API bool pst_core_help(FILE *out, const char *kind);

#endif
