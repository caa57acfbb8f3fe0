/*
 * The state directory: where a node keeps what must last. 0700, and one node
 * at a time.
 *
 *   STATE/lock           empty; who works here holds a part of it, see pst_state_lock()
 *   STATE/run            the FILE that `postern run` was given last, if any
 *   STATE/conf.d/        sections that commands made, KIND-NAME.conf
 *   STATE/identity-NAME  who an identity is, should the store be lost (trust/identity_note.c)
 *   STATE/control.sock   where commands reach the node
 *   STATE/node.log       what a node that a command started has logged; before it was 10 MiB, node.log.1
 */
#ifndef PST_NODE_STATE_H
#define PST_NODE_STATE_H

#include <postern/err.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * May a node believe what is there? Nobody but the owner may write to it nor to
 * its conf.d; STATE belongs to us or to root, or we are root, who may ask anybody's
 * node; conf.d belongs to the owner of STATE or to root. What is not there yet is fine. PST_E_DENIED,
 * with a sentence that says what to do.
 */
PST_API PST_MUST_CHECK int pst_state_check(const char *dir, struct pst_err *err);
/* A file of it, which is not a symbolic link; made 0600. The descriptor, or an error. */
PST_API PST_MUST_CHECK int pst_state_open(const char *dir, const char *name, int flags,
    struct pst_err *err);
/* What for. */
enum pst_state_use {
	PST_STATE_RUNS,   /* as a node: -EBUSY when another runs */
	PST_STATE_LOOKS,  /* at what is there, or to make it: after others who do; nothing while a node runs */
	PST_STATE_ALONE,  /* with it, for a moment, as no node: after others who look; -EBUSY while a node runs */
	PST_STATE_STARTS, /* a node, in a process of its own: after others who do */
};
/*
 * Make the directory and those above it, check it, and take a part of the lock;
 * *out holds that until closed, or until the process ends however it does.
 * STATE belongs to us or to root.
 */
PST_API PST_MUST_CHECK int pst_state_lock(int *out, const char *dir, enum pst_state_use use,
    struct pst_err *err);
/* True while a node runs there. Looking disturbs nobody. */
PST_API bool pst_state_taken(const char *dir);
/* Is the directory that `lock` was taken in no longer there, or another? */
PST_API bool pst_state_lost(int lock, const char *dir);
/* Put a file in place, whole or not at all, also when the power goes: write, fsync, rename.
 * name is relative to dir; a directory in it is made. One that holds it already is left as it is. */
PST_API PST_MUST_CHECK int pst_state_write(const char *dir, const char *name, const char *text,
    struct pst_err *err);
/* Take a file away, for good. One that is not there is no error. */
PST_API PST_MUST_CHECK int pst_state_remove(const char *dir, const char *name,
    struct pst_err *err);
/* Read a short file of one line, without its end; false when there is none. */
PST_API bool pst_state_read(const char *dir, const char *name, char *line, size_t size);

#endif
