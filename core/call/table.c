#include "call/table.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 16

static struct pst_call_node **
slot_of(const struct pst_call_table *table, uint64_t hash)
{
	return &table->slots[hash & (table->room - 1)];
}

static void
enter(struct pst_call_table *table, struct pst_call_node *node)
{
	struct pst_call_node **slot = slot_of(table, node->hash);

	node->next = *slot;
	*slot = node;
}

static void
grow(struct pst_call_table *table)
{
	struct pst_call_table old = *table;
	size_t room = old.room ? old.room * 2 : ROOM_FIRST;
	struct pst_call_node **slots = calloc(room, sizeof(struct pst_call_node *));

	if (!slots)
		return; /* longer chains, no harm */
	table->slots = slots;
	table->room = room;
	for (size_t i = 0; i < old.room; i++) {
		while (old.slots[i]) {
			struct pst_call_node *node = old.slots[i];

			old.slots[i] = node->next;
			enter(table, node);
		}
	}
	free(old.slots);
}

int
pst_call_table_add(struct pst_call_table *table, struct pst_call_node *node, uint64_t hash)
{
	if (table->count >= table->room)
		grow(table);
	if (!table->room)
		return -ENOMEM;
	node->hash = hash;
	enter(table, node);
	table->count++;
	return PST_OK;
}

void
pst_call_table_remove(struct pst_call_table *table, struct pst_call_node *node)
{
	struct pst_call_node **link = slot_of(table, node->hash);

	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	table->count--;
}

static struct pst_call_node *
same(struct pst_call_node *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct pst_call_node *
pst_call_table_find(const struct pst_call_table *table, uint64_t hash)
{
	return table->room ? same(*slot_of(table, hash), hash) : NULL;
}

struct pst_call_node *
pst_call_table_next(const struct pst_call_node *node)
{
	return same(node->next, node->hash);
}

void
pst_call_table_fini(struct pst_call_table *table)
{
	free(table->slots);
	*table = (struct pst_call_table){ 0 };
}
