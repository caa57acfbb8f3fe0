/*
 * Opening an identity: the steps, each of which asks a vault or the store,
 * and what they share. The answer to one begins the next; a callback first
 * asks pst_identity_answered(), and returns when that is false.
 */
#ifndef PST_TRUST_OPENING_H
#define PST_TRUST_OPENING_H

#include "trust/clock.h"
#include "trust/identity.h"

/* A cleared call, to be filled for the next question. */
struct pst_vault_call *pst_opening_call(struct pst_identity *self);
void pst_opening_ask(struct pst_identity *self, struct pst_identity_vault *vault,
    void (*op)(void *vault, struct pst_vault_call *call),
    void (*next)(struct pst_vault_call *call, int rc));
void pst_opening_get(struct pst_identity *self, const char *key,
    void (*next)(void *arg, int rc, const struct pst_store_item *item));
/* Put [bytes, handle] under the key of `expect`, if that holds. */
void pst_opening_commit(struct pst_identity *self, struct pst_store_op expect,
    const uint8_t *bytes, size_t len, const char *handle, void (*next)(void *arg, int rc));

/* "HEAD/NAME" and the tail, NAME being the section's. */
void pst_opening_key(char key[PST_STORE_KEY_MAX], const char *head,
    const struct pst_identity *self, const char *tail);
/* A record [bytes, handle]; -EBADMSG. *bytes borrows from the item. */
PST_MUST_CHECK int pst_key_record_read(const struct pst_store_item *item,
    struct pst_reader *bytes, char handle[PST_HANDLE_TEXT]);
/* The same of an identity, which may say in which vault its key is, once it was moved; vault is
 * empty else. */
PST_MUST_CHECK int pst_identity_record_read(const struct pst_store_item *item,
    struct pst_reader *bytes, char handle[PST_HANDLE_TEXT],
    char vault[PST_CONF_WORD_MAX + 1]);
/* vault: NULL or empty leaves it out. */
void pst_identity_record_write(struct pst_writer *w, const struct pst_history *history,
    const char *handle, const char *vault);
/* More than that is, with a history of len bytes. */
#define PST_IDENTITY_RECORD_MAX(len) ((len) + PST_HANDLE_TEXT + PST_CONF_WORD_MAX + 16)
/* A text of at most size - 1 bytes, without NUL; the error sticks to r. */
void pst_record_text(struct pst_reader *r, char *out, size_t size);

/* This key is to be removed, unless that is taken back (handle NULL). */
void pst_opening_orphan(struct pst_identity *self, struct pst_identity_vault *vault,
    const char *handle);
/* Remove the orphan, if there is one, and go on whether or not that works. */
void pst_opening_drop(struct pst_identity *self, void (*next)(struct pst_identity *self));
/* Say why, once the orphan is removed: pst_section_down(). */
void pst_opening_fail(struct pst_identity *self, int rc, const char *fmt, ...) PST_PRINTF(3, 4);

#endif
