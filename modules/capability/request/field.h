/* One field of a request, by kind and key (spec functions.md 1.5). */
#ifndef REQUEST_FIELD_H
#define REQUEST_FIELD_H

#include <postern/capability.h>

/* Bytes of the request, or of its own. */
struct field {
	const void *bytes;
	size_t len;
	void *own; /* to be freed */
};

/* A missing one is empty. PST_E_NOTHING: no such kind; a body that is no JSON object, or has no such text. */
PST_MUST_CHECK int field_get(struct field *out, const struct pst_coordinated *request, int32_t kind,
    const struct pst_host_bytes *key);
PST_MUST_CHECK int field_set(struct pst_coordinated *request, int32_t kind,
    const struct pst_host_bytes *key, const struct pst_host_bytes *value);
/* A header of the answer. -EINVAL for what is none, or is ours (x-pst-…). */
PST_MUST_CHECK int field_answer(struct pst_coordinated *request, const struct pst_host_bytes *name,
    const struct pst_host_bytes *value);

#endif
