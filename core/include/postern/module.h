/*
 * The module ABI: what a .so must export, and how its sections are declared.
 *
 * A module is one directory, one object and one symbol. It exports
 * `KIND_NAME_LTX_pst_module`, which PST_MODULE() defines; libltdl finds it as
 * `pst_module`. It includes <postern/…> headers only and may live outside
 * this tree. See doc/writing-a-module.md.
 *
 * A module serves one or more kinds of section of the configuration file.
 * Each row of its section table has the options (schema, default and manual
 * at once), a check across them, and open and close.
 *
 * ABI changes (major.minor):
 *   1.0  first
 *   1.1  pst_section_hook(), pst_section_drained(), pst_status_put(), pst_status_item();
 *        <postern/listen.h>, <postern/utf8.h>; pst_stream_links_make_way(); end in struct pst_gate
 *   1.2  the ask and uses hooks, and pst_ask_*(); <postern/credential.h>; pst_store_batch_copy() and its like;
 *        <postern/api.h>, <postern/ticket.h>
 *        <postern/policy.h>, <postern/admission.h>, pst_path_admission(); allow, type and
 *        resource in struct pst_path_conf
 *   1.3  <postern/runtime.h>, <postern/capability.h>, <postern/call.h>, <postern/coordinated.h>; the
 *        crew (pst_crew_*); REFS; imply in struct pst_module, <postern/imply.h>; <postern/linked.h>,
 *        <postern/bytes.h>, <postern/json.h>, <postern/map.h>, <postern/local.h>; the change and
 *        settled hooks; PST_OPT_WORD; pst_section_starting(); look in struct pst_module, <postern/look.h>
 *   2.0  unreliable and source in struct pst_gate, of which links and channels are made; pst_exposes(); the changes hook;
 *        <postern/choice.h>; <postern/pipe.h>: streams, their links and outboxes stand on a pipe, not on a uv_stream_t;
 *        also in struct pst_transport_ops; stranded, puncture and lacks there, and <postern/tcp.h>; holds and
 *        one_of_several and any_authority in struct pst_path_conf;
 *        PST_E_CERTIFICATE; keeps in struct pst_pipe_ops, sent in struct pst_pipe_events; <postern/hosts.h>, <postern/quiet.h>: pst_stream_links_init() and pst_stream_link_enter();
 *        struct pst_listeners, which pst_listen() is about now; pst_descriptors_scarce();
 *        <postern/refusal.h>; pst_look_first(), _name(), _alone(), _worker() and _listens(); pst_bytes_room(); pst_log_begins(); <postern/told.h>
 *
 * The loader wants the same major and a minor not above its own, and copies
 * min(size, its own size) into a zeroed struct, so an older module shows NULL
 * for members that came later. Members are added at the end (minor + 1);
 * changed or removed ones raise the major. struct pst_opt and struct
 * pst_section stand in arrays: neither grows within a major.
 */
#ifndef POSTERN_MODULE_H
#define POSTERN_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <postern/env.h>
#include <postern/err.h>
#include <postern/log.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PST_ABI_MAJOR 2
#define PST_ABI_MINOR 0

/* ---- options ---- */

enum pst_opt_type {
	PST_OPT_TYPE_END,
	PST_OPT_TYPE_STR,  /* const char *; NULL when absent without default */
	PST_OPT_TYPE_BOOL, /* bool: true false yes no on off */
	PST_OPT_TYPE_INT,  /* int64_t, decimal */
	PST_OPT_TYPE_SIZE, /* uint64_t, bytes; K M G are powers of 1024 */
	PST_OPT_TYPE_TIME, /* uint64_t, milliseconds; ms s m h d, a bare number is seconds */
	PST_OPT_TYPE_ENUM, /* int: index into the names of `of` */
	PST_OPT_TYPE_LIST, /* struct pst_list */
	PST_OPT_TYPE_REF,  /* const char *: the name of a section of kind `of` */
	PST_OPT_TYPE_PATH, /* const char *: absolute; relative ones start at the file's directory */
	PST_OPT_TYPE_REFS, /* struct pst_list: names of sections of kind `of` (1.3) */
};

/* A list of strings; `count` strings, then a NULL. Never NULL itself. */
struct pst_list {
	size_t count;
	const char *const *item;
};

struct pst_opt {
	const char *name;
	enum pst_opt_type type;
	size_t offset;        /* of the member in the section's conf struct */
	const char *fallback; /* as written in a file; lists: words separated by blanks;
	                         NULL: absent (STR NULL, numbers 0, lists empty) */
	const char *help;     /* one line, lower case, no dot */
	const char *of;       /* ENUM: names separated by blanks; REF, REFS: the section kind;
	                         STR: "required" when it must be written;
	                         SIZE, TIME: a word that may stand there, which is PST_OPT_WORD */
};
#define PST_OPT_WORD UINT64_MAX

#define PST_OPT(TYPE, struct_type, member, fallback_, help_, ...) \
	{ .name = #member, .type = PST_OPT_TYPE_##TYPE, .offset = offsetof(struct_type, member), \
	    .fallback = (fallback_), .help = (help_), ##__VA_ARGS__ }
#define PST_OPT_END { .name = NULL }

/* ---- sections ---- */

struct pst_section_env;

struct pst_section {
	const char *kind; /* the word in the file: "inlet" */
	size_t conf_size;
	const struct pst_opt *options;
	/* Look across the options of one section, without side effects. May be NULL. */
	int (*check)(const void *conf, struct pst_err *err);
	/*
	 * Start. Everything the section refers to is up. *self is the module's.
	 * Report pst_section_up() once it can serve (from inside open is fine).
	 * conf and env live until the section is closed.
	 */
	int (*open)(void **self, struct pst_section_env *env, const void *conf, struct pst_err *err);
	/* Stop; asynchronous: call pst_section_closed(env) once, when all is gone
	 * (from inside close is fine). Called only after open returned PST_OK. */
	void (*close)(void *self);
};

#define PST_SECTION(kind_, conf_, options_, check_, open_, close_) \
	{ .kind = (kind_), .conf_size = sizeof(conf_), .options = (options_), \
	    .check = (check_), .open = (open_), .close = (close_) }
#define PST_SECTION_END { .kind = NULL }

/* The section's surroundings: valid from open until pst_section_closed(). */
PST_API struct pst_env *pst_section_env(struct pst_section_env *env);
PST_API const char *pst_section_name(const struct pst_section_env *env);
/* Carries the fields module and section. */
PST_API const struct pst_log *pst_section_log(const struct pst_section_env *env);
/* The node's state directory, absolute, no slash at the end. */
PST_API const char *pst_section_state_dir(const struct pst_section_env *env);
/* The open object of a section that a REF option names: its module's `self`,
 * and the ops of its module's kind through *ops (may be NULL). */
PST_API void *pst_section_ref(struct pst_section_env *env, const char *kind, const char *name,
    const void **ops);
/* How many other sections of this kind the configuration has. */
PST_API size_t pst_section_siblings(const struct pst_section_env *env);
PST_API void pst_section_up(struct pst_section_env *env);
/* The node is not up yet: one that goes down now, without having been up, ends it; else what made the
 * section fails, and is taken back. (1.3) */
PST_API bool pst_section_starting(const struct pst_section_env *env);
PST_API void pst_section_down(struct pst_section_env *env, int rc, const char *sentence);
PST_API void pst_section_closed(struct pst_section_env *env);

/* ---- what a section may do besides (1.1) ---- */

/*
 * How a section is, for `postern status`, `show` and a report: fields of its
 * own choice, in snake_case, nothing secret. Filled in by the status hook.
 */
struct pst_status;
/* Add fields, ended by a NULL key: pst_status_put(status, PST_FIELDS(PST_U64("streams", n))). */
PST_API void pst_status_put(struct pst_status *status, const struct pst_field *fields);
/* Add an object of such fields to the list `list`, which this makes with its first item. */
PST_API void pst_status_item(struct pst_status *status, const char *list,
    const struct pst_field *fields);

/*
 * What a command asks of one section (1.2): a word, and values by option, as in
 * `postern ticket --attribute component=db`. Who asks is this machine's operator.
 */
struct pst_ask;
PST_API const char *pst_ask_word(const struct pst_ask *ask);
/* The values of `--NAME VALUE`, in order; they live as long as the ask. One value: NULL when not given. */
PST_API struct pst_list pst_ask_values(struct pst_ask *ask, const char *name);
PST_API const char *pst_ask_value(const struct pst_ask *ask, const char *name);
/* The answer, to be filled with pst_status_put() and pst_status_item(). */
PST_API struct pst_status *pst_ask_answer(struct pst_ask *ask);
/* It is answered, or refused with a sentence (NULL: that of rc). Sets *ask to NULL. */
PST_API void pst_ask_done(struct pst_ask **ask, int rc, const char *sentence);

/* Each may be NULL; `self` is what open() gave. None may close its own section. */
struct pst_section_hooks {
	size_t size;
	/* Fill in the status. Runs while the section is up or down. */
	void (*status)(void *self, struct pst_status *status);
	/* Other sections have been closed, and others will be opened next:
	 * pst_section_siblings() may have changed. */
	void (*neighbours)(void *self);
	/*
	 * The node will stop: take on nothing new, and call pst_section_drained()
	 * once nothing is under way (from inside is fine). close() follows then, or
	 * when `node { drain = … }` has run out.
	 */
	void (*drain)(void *self);
	/* Answer a command by pst_ask_done(), once, now or later, and before
	 * pst_section_closed(). A word that is not known: PST_E_NOTHING. (1.2) */
	void (*ask)(void *self, struct pst_ask *ask);
	/* True when it holds an object of that section, which none of its options names:
	 * it is closed before that one is, then, and opened again after it. (1.2) */
	bool (*uses)(void *self, const char *kind, const char *name);
	/*
	 * Go on with these options, which are checked, instead of those before: what is under way is not cut
	 * off, as it is where this is NULL and the section is closed and opened. What the options refer to
	 * is open. From here on conf is the section's; the one before is not looked at any more. On failure
	 * all is as before, and nothing of the configuration that comes is taken over. (1.3)
	 */
	int (*change)(void *self, const void *conf, struct pst_err *err);
	/* The node has settled: whatever was to be opened is up, or has failed. After the start, and
	 * whenever something has changed since. (1.3) */
	void (*settled)(void *self);
	/* Can it go on with these options by `change`, or must it be closed and opened for them? NULL: it can
	 * with any. (2.0) */
	bool (*changes)(void *self, const void *conf);
};

/* Name the hooks; from inside open(). They outlive the section. */
PST_API void pst_section_hook(struct pst_section_env *env, const struct pst_section_hooks *hooks);
PST_API void pst_section_drained(struct pst_section_env *env);

/* ---- the module ---- */

#define PST_KIND_TRANSPORT "transport"
#define PST_KIND_VAULT "vault"
#define PST_KIND_CHANNEL "channel"
#define PST_KIND_PORTAL "portal"
#define PST_KIND_STORE "store"
#define PST_KIND_SERVICE "service"
#define PST_KIND_RUNTIME "runtime"
#define PST_KIND_CAPABILITY "capability"

struct pst_implied;
struct pst_look;

struct pst_module {
	size_t size;
	uint16_t abi_major;
	uint16_t abi_minor;
	const char *name;    /* "portal_tcp" */
	const char *kind;
	const char *version;
	const char *summary; /* one line for `postern module list` */
	const struct pst_section *sections; /* ended by PST_SECTION_END */
	const void *ops;     /* the kind's table, which begins with its own size_t size; or NULL */
	/* Which sections this one stands for besides (<postern/imply.h>); NULL: none do. conf is not
	 * yet checked. (1.3) */
	int (*imply)(const char *kind, const void *conf, struct pst_implied *implied,
	    struct pst_err *err);
	/* Look at a section among the others (<postern/look.h>); NULL: check() says all. (1.3) */
	int (*look)(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err);
};

#define PST_MODULE(name_, ...) \
	PST_API extern const struct pst_module name_##_LTX_pst_module; \
	const struct pst_module name_##_LTX_pst_module = { \
		.size = sizeof(struct pst_module), \
		.abi_major = PST_ABI_MAJOR, \
		.abi_minor = PST_ABI_MINOR, \
		.name = #name_, \
		__VA_ARGS__ \
	}

#ifdef __cplusplus
}
#endif
#endif
