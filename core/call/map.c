#include <postern/map.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 8

static struct pst_map_item *
find(const struct pst_map *map, const char *name)
{
	for (size_t i = 0; i < map->count; i++)
		if (!strcmp(map->items[i].name, name))
			return &map->items[i];
	return NULL;
}

const struct pst_map_item *
pst_map_get(const struct pst_map *map, const char *name)
{
	return find(map, name);
}

static int
make_room(struct pst_map *map)
{
	size_t room = map->room ? map->room * 2 : ROOM_FIRST;
	struct pst_map_item *items;

	if (map->count == PST_MAP_MAX)
		return PST_E_LIMIT;
	if (map->count < map->room)
		return PST_OK;
	items = realloc(map->items, room * sizeof *items);
	if (!items)
		return -ENOMEM;
	map->items = items;
	map->room = room;
	return PST_OK;
}

/* Name and value in one piece of memory, which is the name's. */
static int
item_init(struct pst_map_item *item, const char *name, const void *value, size_t len)
{
	size_t name_size = strlen(name) + 1;
	char *bytes = malloc(name_size + len + 1);

	if (!bytes)
		return -ENOMEM;
	memcpy(bytes, name, name_size);
	item->name = bytes;
	item->value = (uint8_t *)bytes + name_size;
	item->len = len;
	if (len)
		memcpy(item->value, value, len);
	item->value[len] = '\0';
	return PST_OK;
}

/* A value may be put that lies in what it replaces. */
int
pst_map_put(struct pst_map *map, const char *name, const void *value, size_t len)
{
	struct pst_map_item item, *old = find(map, name);
	int rc = old ? PST_OK : make_room(map);

	if (!rc)
		rc = item_init(&item, name, value, len);
	if (rc)
		return rc;
	if (!old)
		old = &map->items[map->count++];
	else
		free(old->name);
	*old = item;
	return PST_OK;
}

void
pst_map_drop(struct pst_map *map, const char *name)
{
	struct pst_map_item *item = find(map, name);

	if (!item)
		return;
	free(item->name);
	map->count--;
	memmove(item, item + 1, (size_t)(map->items + map->count - item) * sizeof *item);
}

int
pst_map_copy(struct pst_map *out, const struct pst_map *from)
{
	int rc = PST_OK;

	*out = (struct pst_map){ 0 };
	if (!from->count)
		return PST_OK;
	out->items = calloc(from->count, sizeof *out->items);
	if (!out->items)
		return -ENOMEM;
	out->room = from->count;
	for (; !rc && out->count < from->count; out->count += !rc) {
		const struct pst_map_item *item = &from->items[out->count];

		rc = item_init(&out->items[out->count], item->name, item->value, item->len);
	}
	if (rc)
		pst_map_fini(out);
	return rc;
}

void
pst_map_fini(struct pst_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		free(map->items[i].name);
	free(map->items);
	*map = (struct pst_map){ 0 };
}
