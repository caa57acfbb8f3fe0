/* Between the injector, which knows what shall fail, and the calls that do. */
#ifndef FAULT_CALLS_H
#define FAULT_CALLS_H

#include <dlfcn.h>

#include "inject.h"

#define EXPORT __attribute__((visibility("default")))

/* `next` is the function that would have been called without us. */
#define NEXT(name) \
	static __typeof__(name) *next; \
	if (!next) \
		next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* 0, or the fault that this call shall have. It counts the call. */
int fault_of(enum point point);
/* The same for a descriptor: at `socket` when it is one, at `file` when it is that. */
int fault_of_fd(int fd, enum point socket, enum point file);
/* The same for an allocation, by who asks: ALLOCATE or LIBRARY. */
int fault_of_allocation(const void *caller);

#endif
