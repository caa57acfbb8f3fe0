/*
 * The request that a function sees, and that several steps share: method,
 * URL, headers, parameters, state, and the headers of the answer so far
 * (spec functions.md 1.5, "CoordinatedRequest").
 *
 * Between nodes it travels as JSON, in one header of a call and without its
 * body (extensions.md 6). As a function's input the JSON may have all of it.
 *
 * A function's answer says more than its status by two headers, beside those
 * that the function has set; who called it by hand need not look at them:
 *
 *   x-pst-error    it ended by a run error: {"code":-1,"message":"…"}, as in state. The
 *                  status is its code where that is one, 200 to 599, else 500; the body is
 *                  {"status":…,"message":"…"}, as over HTTP
 *   x-pst-request  it has changed the request, which is this from now on, for the
 *                  steps that follow; with a body only where it changed that
 */
#ifndef POSTERN_COORDINATED_H
#define POSTERN_COORDINATED_H

#include <stdbool.h>

#include <postern/map.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PST_COORDINATED_ERROR_HEADER "x-pst-error"

/* May it be the name of a header, or a method: a token of RFC 9110, 5.6.2? */
PST_API bool pst_header_is_name(const char *text, size_t len);
/* May it be the value of one, so that it looks like nothing else: no control characters but tabs? */
PST_API bool pst_header_is_value(const void *bytes, size_t len);

struct pst_coordinated {
	char *method, *url, *id; /* NUL-terminated; never NULL between init and fini */
	uint8_t *body;           /* NULL: none */
	size_t body_len;
	struct pst_map headers;  /* names in lower case, as they come from HTTP */
	struct pst_map answer;   /* resp_headers: what the answer's headers will be */
	struct pst_map params;
	struct pst_map state;
};

/* A request with these; NULLs are empty texts. -ENOMEM. */
PST_API PST_MUST_CHECK int pst_coordinated_init(struct pst_coordinated *out, const char *method,
    const char *url, const char *id);
PST_API void pst_coordinated_fini(struct pst_coordinated *request);
/* Replace one of the texts by a copy. */
PST_API PST_MUST_CHECK int pst_coordinated_set(char **text, const void *bytes, size_t len);
/*
 * Read JSON. -EBADMSG for what is none (not an object; method, url or request_id empty; a
 * member of another type than the spec says); unknown members are ignored. PST_E_LIMIT.
 */
PST_API PST_MUST_CHECK int pst_coordinated_read(struct pst_coordinated *out, const void *json,
    size_t len);
/* Write JSON without blanks, with or without the body; free() it. -ENOMEM. */
PST_API PST_MUST_CHECK int pst_coordinated_write(const struct pst_coordinated *request,
    bool with_body, char **json, size_t *len);

#ifdef __cplusplus
}
#endif
#endif
