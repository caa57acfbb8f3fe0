/*
 * Errors: an int that says what, and a sentence that says it to a person.
 *
 * Functions return PST_OK (0) or a negative number. Negative errno values
 * and libuv's codes (which are errno values on Unix) pass through unchanged;
 * Postern's own lie below -10000. Every code has a stable name for scripts
 * (pst_errname) and a sentence (pst_strerror).
 *
 * Set-up calls also take a struct pst_err for the sentence a person will
 * read; data-path calls do not. Whoever handles an error logs it, once;
 * whoever returns it does not.
 */
#ifndef POSTERN_ERR_H
#define POSTERN_ERR_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PST_API __attribute__((visibility("default")))
#define PST_MUST_CHECK __attribute__((warn_unused_result))
#define PST_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum pst_rc {
	PST_OK = 0,
	PST_E_AUTH = -10001,      /* a key, tag, signature or identity is refused */
	PST_E_CONF = -10002,      /* the configuration is wrong */
	PST_E_MODULE = -10003,    /* a module cannot be used */
	PST_E_DENIED = -10004,    /* policy says no */
	PST_E_REFUSED = -10005,   /* the other side says no */
	PST_E_LIMIT = -10006,     /* a stated limit is reached */
	PST_E_NO_ROUTE = -10007,  /* no worker, link or transport leads there */
	PST_E_CLOSED = -10008,    /* the thing is closing or closed */
	PST_E_PROTOCOL = -10009,  /* bytes that the protocol does not allow */
	PST_E_CONFLICT = -10010,  /* an expectation of a batch does not hold */
	PST_E_NOTHING = -10011,   /* there is no such thing */
	PST_E_NO_NODE = -10012,   /* no node is running there */
	PST_E_IN_DOUBT = -10013,  /* it may have been done, or not */
	PST_E_CERTIFICATE = -10014, /* a certificate of TLS is refused */
};

/* The sentence for a code, static. Unknown codes give "unknown error". */
PST_API const char *pst_strerror(int rc);

/* The stable name for a code, such as "refused" or "ECONNREFUSED", static. */
PST_API const char *pst_errname(int rc);

/* The sentence for a person; zero it (or use PST_ERR_INIT) before use. */
#define PST_ERR_TEXT 512
struct pst_err {
	int rc;
	char text[PST_ERR_TEXT]; /* empty or a NUL-terminated sentence, no dot */
};
#define PST_ERR_INIT { 0, "" }

/*
 * Write the sentence, cut to fit, and return rc, so that a failing function
 * can say `return pst_fail(err, -EINVAL, "…")`. err may be NULL.
 */
PST_API int pst_fail(struct pst_err *err, int rc, const char *fmt, ...) PST_PRINTF(3, 4);

/* Put "text: " in front of the sentence already there; returns err->rc or rc. */
PST_API int pst_fail_in(struct pst_err *err, int rc, const char *fmt, ...) PST_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
