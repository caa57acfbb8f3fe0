/*
 * Capabilities: what a function may ask of its host.
 *
 * Kind "capability"; its sections are `capability NAME { use = http … }`, and a
 * function names those it has: `function f { capabilities = {web, log} }`. A
 * capability serves some of the host functions that guests import (spec
 * functions.md 1.3; those of module "postern" are ours, doc/functions.md); one that no
 * capability of a function serves answers "capability is not enabled". How pointers and results travel is not its
 * business: service/functions checks every pointer, keeps the pending result,
 * and gives arguments as they are here.
 *
 * A host function is served in one of two ways. `now` runs on the guest's
 * thread, beside others of the same capability, and answers before it returns:
 * what it touches is constant, or locked. `later` runs on the loop and
 * answers when it can; the guest is at rest meanwhile, so that what the arguments
 * point to stays.
 */
#ifndef POSTERN_CAPABILITY_H
#define POSTERN_CAPABILITY_H

#include <postern/coordinated.h>
#include <postern/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed bytes of the guest: not NUL-terminated, any bytes. */
struct pst_host_bytes {
	const uint8_t *bytes;
	size_t len;
};

/* The most arguments a host function has, of each kind. */
#define PST_HOST_BYTES_MAX 3
#define PST_HOST_NUMBERS_MAX 3

/*
 * What a capability keeps for one execution from a call to the next: embedded, entered into
 * execution->lasting on the loop (<postern/linked.h>), and taken out by who ends it
 * first. What is still there when the execution is over, however it ended, is taken out and told.
 */
struct pst_lasting {
	struct pst_lasting *next, **link;
	void (*over)(struct pst_lasting *lasting);
};

/* What is running: one execution of a function. */
struct pst_execution {
	const char *function;            /* the section's name */
	uint32_t ident;                  /* of this execution, as the guest knows it */
	struct pst_coordinated *request; /* NULL: its input is bare bytes */
	const struct pst_log *log;       /* of the function */
	struct pst_lasting **lasting;    /* the loop's */
};

enum pst_host_outcome {
	PST_HOST_RESULT, /* bytes are waiting for the guest */
	PST_HOST_ERROR,  /* a text is */
	PST_HOST_CODE,   /* nothing is: the number is all */
};

/*
 * One host call. The arguments in the order of the spec, pointers with
 * their lengths as `text`, other integers but the ident as `number`. A place for the answer is a `text`
 * too, whose length says how much of a result the guest takes, and whose bytes mean nothing. For db_exec `vars` has
 * what add_ffi_var collected (values; names do not matter).
 */
struct pst_host_call {
	const struct pst_execution *execution;
	struct pst_host_bytes text[PST_HOST_BYTES_MAX];
	int32_t number[PST_HOST_NUMBERS_MAX];
	const struct pst_host_bytes *vars;
	size_t var_count;
	/* A `later` one sets it when it can be cancelled: the execution is over (its
	 * deadline, or its caller's). It must answer still, at once, with anything. May stay NULL. */
	void (*cancel)(struct pst_host_call *call);
	void *arg; /* the capability's */
	/* The rest is of who runs the function: the answer, and who is told of it. */
	uint8_t *result; /* on the heap; NULL with a length of 0: nothing */
	size_t result_len;
	enum pst_host_outcome outcome;
	int32_t code; /* PST_HOST_CODE */
	void (*answered)(struct pst_host_call *call);
};

/*
 * Answers. Each call gets exactly one. Bytes are copied by _result and
 * _error, and taken by _take (free()d later). _error is text for the guest ("key not
 * found"); a function without a pending result (cache_set, resp_set_header) answers _code.
 */
PST_API void pst_host_result(struct pst_host_call *call, const void *bytes, size_t len);
PST_API void pst_host_take(struct pst_host_call *call, uint8_t *bytes, size_t len);
PST_API void pst_host_error(struct pst_host_call *call, const char *fmt, ...) PST_PRINTF(2, 3);
/* A bare number with nothing waiting: 0, -1, -2. */
PST_API void pst_host_code(struct pst_host_call *call, int32_t code);

/* A setting that may stand in the environment: "env(NAME)" is the variable NAME, and nothing where
 * that is not set; anything else is itself. NULL is NULL. For secrets, which no listing shows then. */
PST_API const char *pst_capability_setting(const char *value);
/* Is it a variable that is not set? Then check() has nothing to look at: who checks a configuration need not have the
 * environment of who runs it. */
PST_API bool pst_capability_unset(const char *value);

struct pst_host_function {
	const char *name; /* "cache_get"; NULL ends the list */
	void (*now)(void *capability, struct pst_host_call *call);
	void (*later)(void *capability, struct pst_host_call *call);
};

struct pst_capability_ops {
	size_t size;
	const struct pst_host_function *serves;
};

#ifdef __cplusplus
}
#endif
#endif
