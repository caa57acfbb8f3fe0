/*
 * JSON as it is written: text that grows at its end. Nothing is checked while
 * it does; a lack of memory sticks, and pst_json_end() says so. Zeroed it is
 * empty.
 */
#ifndef POSTERN_JSON_H
#define POSTERN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_json {
	char *text;
	size_t len, room;
	bool failed;
};

/* As it stands. */
PST_API void pst_json_raw(struct pst_json *json, const char *text);
/* In quotes, and plain (pst_utf8_plain), so that it may stand in a header. What is no UTF-8
 * becomes U+FFFD, as Go writes it. */
PST_API void pst_json_string(struct pst_json *json, const void *bytes, size_t len);
/* In quotes, base64 with the standard alphabet, padded. */
PST_API void pst_json_base64(struct pst_json *json, const void *bytes, size_t len);
/* Give the text to the caller, NUL-terminated, to be freed. -ENOMEM. */
PST_API PST_MUST_CHECK int pst_json_end(struct pst_json *json, char **out, size_t *len);

#ifdef __cplusplus
}
#endif
#endif
