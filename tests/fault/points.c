/* The table of points and their faults. */
#include "inject.h"

#include <errno.h>
#include <stddef.h>

#define FAULT(name) { #name, name }

const struct point_kind point_kinds[POINTS] = {
	[RECEIVE] = { "receive", { { "short", FAULT_SHORT }, FAULT(EINTR), FAULT(EAGAIN), FAULT(ECONNRESET) } },
	[SEND] = { "send", { { "short", FAULT_SHORT }, FAULT(EINTR), FAULT(EAGAIN), FAULT(EPIPE), FAULT(ECONNRESET) } },
	[READ] = { "read", { { "short", FAULT_SHORT }, FAULT(EINTR), FAULT(EIO) } },
	[WRITE] = { "write", { { "short", FAULT_SHORT }, FAULT(EINTR), FAULT(ENOSPC), FAULT(EIO) } },
	[ACCEPT] = { "accept", { FAULT(EMFILE), FAULT(ECONNABORTED), FAULT(ENOMEM) } },
	[DESCRIPTOR] = { "descriptor", { FAULT(EMFILE) } },
	[CONNECT] = { "connect", { FAULT(ECONNREFUSED) } },
	[OPEN] = { "open", { FAULT(EMFILE), FAULT(ENOSPC), FAULT(EIO) } },
	[SYNC] = { "sync", { FAULT(ENOSPC), FAULT(EIO) } },
	[RENAME] = { "rename", { FAULT(ENOSPC), FAULT(EIO) } },
	[EPOLL] = { "epoll", { FAULT(ENOMEM) } },
	[RESOLVE] = { "resolve", { { "EAI_AGAIN", FAULT_EAI_AGAIN }, { "EAI_MEMORY", FAULT_EAI_MEMORY } } },
	[ALLOCATE] = { "allocate", { FAULT(ENOMEM) } },
	[LIBRARY] = { "library", { FAULT(ENOMEM) } },
};
