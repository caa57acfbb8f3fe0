/*
 * The state directory: where a node keeps what must last. 0700, and one node
 * at a time.
 *
 *   STATE/lock           empty; who works here holds a part of it, see pst_state_lock()
 *   STATE/run            the FILE that `postern run` was given last, if any
 *   STATE/conf.d/        sections that commands made, KIND-NAME.conf
 *   STATE/control.sock   where commands reach the node
 *   STATE/node.log       what a node that a command started has logged
 */
#ifndef PST_NODE_STATE_H
#define PST_NODE_STATE_H

#include <postern/err.h>
#include <stdbool.h>
#include <stddef.h>

/* Make the directory and those above it. */
PST_API PST_MUST_CHECK int pst_state_make(const char *dir, struct pst_err *err);
/* What for. */
enum pst_state_use {
	PST_STATE_RUNS,   /* as a node: -EBUSY when another runs */
	PST_STATE_LOOKS,  /* at what is there, or to make it: after others who do; nothing while a node runs */
	PST_STATE_STARTS, /* a node, in a process of its own: after others who do */
};
/* Take a part of the lock; *fd holds it until closed, or until the process ends however it does. */
PST_API PST_MUST_CHECK int pst_state_lock(int *fd, const char *dir, enum pst_state_use use,
    struct pst_err *err);
/* True while a node runs there. Looking disturbs nobody. */
PST_API bool pst_state_taken(const char *dir);
/* Put a file in place, whole or not at all, also when the power goes: write, fsync, rename.
 * name is relative to dir; a directory in it is made. */
PST_API PST_MUST_CHECK int pst_state_write(const char *dir, const char *name, const char *text,
    struct pst_err *err);
/* Take a file away, for good. One that is not there is no error. */
PST_API PST_MUST_CHECK int pst_state_remove(const char *dir, const char *name,
    struct pst_err *err);
/* Read a short file of one line, without its end; false when there is none. */
PST_API bool pst_state_read(const char *dir, const char *name, char *line, size_t size);

#endif
