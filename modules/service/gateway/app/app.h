/*
 * An application: what a Directive.yaml, a tenant.json or the bundle of
 * either (`*.wasm.zip`) says (spec functions.md 4): its functions, what they may
 * ask of their host, and the plan of its requests.
 *
 * It is read twice: when a configuration is read, for the sections that it
 * stands for (imply.c), and when the gateway opens, for its plan. In a
 * bundle, functions are sections SECTION.NAME, or SECTION.NAMESPACE.NAME where
 * the namespace is not the default one. A file alone names workers that are there
 * already: functions, or constellations.
 *
 * Whatever is wrong with it is found before it is refused, problem by problem.
 */
#ifndef GATEWAY_APP_H
#define GATEWAY_APP_H

#include <jansson.h>

#include "plan.h"

/* Ours: what a bundle may be, so that none fills the disk or the memory. */
#define APP_TEXT_MAX (4 * 1024 * 1024)    /* Directive.yaml, tenant.json */
#define APP_FILE_MAX (256 * 1024 * 1024)  /* one module or static file, unpacked */
#define APP_TOTAL_MAX (1024 * 1024 * 1024) /* all of them */
#define APP_FILES_MAX 10000
#define APP_NODES_MAX 100000 /* values in a YAML file, each alias counted as what it stands for */
#define APP_DEPTH_MAX 64
#define APP_ANCHORS_MAX 1000

struct app_function {
	struct app_function *next;
	char *name, *namespace_;
	char *fq;     /* FQFN or FQMN, for messages and for calls by name */
	char *ref;    /* of a tenant: SHA-256 of the module, in hex; else NULL */
	char *worker; /* its section, and so its address */
	bool in_bundle; /* its file NAME.wasm is there */
};

/* Functions of one namespace have the same capabilities. */
struct app_namespace {
	struct app_namespace *next;
	char *name;
	json_t *capabilities; /* spec functions.md 3.1, defaults filled in */
};

struct app_problem {
	struct app_problem *next;
	char *text;
};

/* How it is to be read. */
struct app_options {
	const char *path;    /* of a bundle, a Directive.yaml, a tenant.json; or of a module, alone: *.wasm */
	const char *section; /* the gateway's name */
	bool headless; /* functions are called by name; handlers do not count */
	bool schedules;
};

struct app {
	size_t refs; /* of who answers by it, and has made it for that */
	const struct app_options *options;
	bool bundle;
	char *identifier, *version;
	struct app_function *functions;
	struct app_namespace *namespaces;
	struct plan plan;
	struct app_problem *problems, **problems_end;
	size_t problem_count;
	int rc; /* -ENOMEM sticks */
};

/*
 * Read it. PST_OK also where there are problems: look at problem_count. Errors
 * are of files that cannot be read at all: PST_E_CONF, errno. Free it whatever is returned.
 */
int app_read(struct app *out, const struct app_options *options, struct pst_err *err);
/* The same of bytes that are not in a bundle; options->path does not count. */
int app_read_text(struct app *out, const struct app_options *options, bool is_tenant,
    const uint8_t *bytes, size_t len, struct pst_err *err);
void app_fini(struct app *app);
void app_problem(struct app *app, const char *fmt, ...) PST_PRINTF(2, 3);

/* app.c, for the readers. NULL: memory is out, and app->rc says so. */
char *app_copy(struct app *app, const char *text);
struct app_function *app_function_add(struct app *app, const char *name, const char *namespace_);
struct app_namespace *app_namespace_add(struct app *app, const char *name);
struct app_function *app_function_find(const struct app *app, const char *name,
    const char *namespace_);

/* tree.c: YAML as JSON: plain scalars are what they look like, quoted ones are texts. NULL and a
 * sentence for what is none. */
json_t *tree_of_yaml(const uint8_t *bytes, size_t len, struct pst_err *err);
json_t *tree_of_json(const uint8_t *bytes, size_t len, struct pst_err *err);
/* A text member; NULL when it is absent, null or another thing. */
const char *tree_text(const json_t *tree, const char *key);
/* True; or false and a problem: there is a member of another type. Absent and null are fine. */
bool tree_is(struct app *app, const json_t *tree, const char *where, const char *key, json_type type);

/* directive.c, tenant.c: fill in what a tree says. */
void app_directive(struct app *app, const json_t *tree);
void app_tenant(struct app *app, const json_t *tree);

/* steps.c */
struct app_steps {
	const char *where; /* for problems: "handler POST /hello" */
	const json_t *steps;
	const char *response;
	const json_t *state; /* what is known at the beginning: an object, or NULL */
	/* The function that a step names, by the rules of the file's kind; NULL: there is none. */
	const struct plan_fn *(*resolve)(struct app *app, const void *arg, const char *text);
	const void *arg;
	const char *name_key; /* "fn", "fqmn" */
};
void app_steps(struct app *app, struct plan_steps *out, const struct app_steps *in);

/* capabilities.c: from what a namespace's members say to all of its settings. */
struct app_settings {
	const json_t *capabilities, *domains, *queries;
	const json_t *redis, *database; /* connections: their members; NULL: none */
	const char *database_type;      /* "postgresql", "mysql"; NULL: its member `type` */
};
json_t *app_capabilities(struct app *app, const struct app_settings *settings);

/* queries.c: as texts "NAME TYPE COUNT SQL"; dollars: variables are `$1`, not `?`. */
json_t *app_queries(struct app *app, const json_t *queries, bool dollars);

/* bundle.c */
struct bundle;
/* NULL and PST_OK: the file is no zip archive. */
int bundle_open(struct bundle **out, const char *path, struct pst_err *err);
void bundle_close(struct bundle **bundle);
/* A member as a whole; -ENOENT. free() it. */
int bundle_read(struct bundle *bundle, const char *name, size_t max, uint8_t **out, size_t *len,
    struct pst_err *err);
/* The name of each member in turn; NULL beyond the last. */
const char *bundle_name(struct bundle *bundle, size_t i);
/* Its modules and static files below dir, and nothing else: in DIR/HASH, *out, which has static/ always.
 * Nothing is done when that is there. */
int bundle_unpack(const char *path, const char *dir, char **out, struct pst_err *err);
/* Where that would be, if it can be. Nothing is written. */
int bundle_look(const char *path, const char *dir, char **out, struct pst_err *err);
/* Take away what older archives have left in dir: all but `keep`, a DIR/HASH. */
void bundle_sweep(const char *dir, const char *keep);

#endif
