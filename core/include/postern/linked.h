/*
 * Lists that an item leaves by itself, without knowing whose list it is in.
 *
 * An item has `struct x *next, **link`: link is the pointer that points at it,
 * NULL while it is in no list (so an item starts zeroed). A list is a
 * `struct x *`, NULL when it is empty. Everything is O(1) and allocates nothing.
 *
 * To visit all, when a visit may make any of them leave, or others enter:
 *
 *	pst_linked_take(&round, &list);
 *	while ((item = round)) {
 *		pst_linked_leave(item);
 *		pst_linked_enter(&list, item); // unless it shall not stay
 *		visit(item);
 *	}
 */
#ifndef POSTERN_LINKED_H
#define POSTERN_LINKED_H

#include <stddef.h>

/* To the front of *list, which must stay where it is. The item is in none. */
#define pst_linked_enter(list, item) \
	do { \
		__typeof__(list) list_ = (list); \
		__typeof__(*list_) item_ = (item); \
		item_->next = *list_; \
		item_->link = list_; \
		if (item_->next) \
			item_->next->link = &item_->next; \
		*list_ = item_; \
	} while (0)

/* A no-op on one that is in no list. */
#define pst_linked_leave(item) \
	do { \
		__typeof__(item) gone_ = (item); \
		if (!gone_->link) \
			break; \
		*gone_->link = gone_->next; \
		if (gone_->next) \
			gone_->next->link = gone_->link; \
		gone_->link = NULL; \
	} while (0)

/* All of *list, in their order, into *round. */
#define pst_linked_take(round, list) \
	do { \
		__typeof__(list) from_ = (list), to_ = (round); \
		*to_ = *from_; \
		*from_ = NULL; \
		if (*to_) \
			(*to_)->link = to_; \
	} while (0)

#endif
