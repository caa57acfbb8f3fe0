/* The PIN: where it comes from, and where it is kept. */
#ifndef VAULT_PKCS11_PIN_H
#define VAULT_PKCS11_PIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <postern/err.h>

/* No token takes a longer one. */
#define PIN_MAX 255

struct pin {
	char *text; /* in guarded memory, PIN_MAX + 1; NULL: none */
	size_t len;
};

struct pin_source {
	const char *file; /* one of the two, or neither: a terminal is asked */
	const char *variable;
	const char *token; /* named in the question */
};

/* Blocks, for as long as somebody types, or until *stop. Failures have a sentence in err. */
PST_MUST_CHECK int pin_get(struct pin *out, const struct pin_source *source,
    const atomic_bool *stop, struct pst_err *err);
/* Takes no longer for one that is nearly right. */
bool pin_same(const struct pin *a, const struct pin *b);
void pin_free(struct pin *pin);

#endif
