#include "node/rooms.h"

#include <string.h>

/* "KIND=LEVEL" in two. */
struct entry {
	char room[PST_CONF_WORD_MAX + 1];
	const char *level;
};

static int
entry_parse(struct entry *entry, const char *text, struct pst_err *err)
{
	const char *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : 0;

	if (!n || n >= sizeof entry->room)
		return pst_fail(err, PST_E_CONF, "log_rooms: \"%.64s\" is not of the form KIND=LEVEL", text);
	memcpy(entry->room, text, n);
	entry->room[n] = '\0';
	entry->level = equals + 1;
	return PST_OK;
}

static bool
means(const struct entry *entry, const struct pst_section_kind *kind)
{
	return !strcmp(entry->room, kind->name) ||
	    (kind->module_kind && !strcmp(entry->room, kind->module_kind));
}

static int
room_check(const struct entry *entry, struct pst_err *err)
{
	struct pst_nearest near = { .word = entry->room };

	for (const struct pst_section_kind *kind = pst_section_kinds; kind->name; kind++) {
		if (means(entry, kind))
			return PST_OK;
		pst_nearest_offer(&near, kind->name);
		if (kind->module_kind)
			pst_nearest_offer(&near, kind->module_kind);
	}
	if (near.best)
		return pst_fail(err, PST_E_CONF, "log_rooms: no room \"%s\", did you mean \"%s\"?",
		    entry->room, near.best);
	return pst_fail(err, PST_E_CONF, "log_rooms: no room \"%s\"", entry->room);
}

static int
level_check(const struct entry *entry, struct pst_err *err)
{
	struct pst_nearest near = { .word = entry->level };

	if (pst_log_level_parse(entry->level) >= 0)
		return PST_OK;
	for (int i = 0; pst_log_level_names[i]; i++)
		pst_nearest_offer(&near, pst_log_level_names[i]);
	if (near.best)
		return pst_fail(err, PST_E_CONF, "log_rooms: %s: no level \"%.64s\", did you mean \"%s\"?",
		    entry->room, entry->level, near.best);
	return pst_fail(err, PST_E_CONF, "log_rooms: %s: no level \"%.64s\" (error warn info debug)",
	    entry->room, entry->level);
}

int
pst_rooms_check(const struct pst_list *log_rooms, struct pst_err *err)
{
	struct entry entry;
	int rc = PST_OK;

	for (size_t i = 0; !rc && i < log_rooms->count; i++) {
		rc = entry_parse(&entry, log_rooms->item[i], err);
		if (!rc)
			rc = room_check(&entry, err);
		if (!rc)
			rc = level_check(&entry, err);
	}
	return rc;
}

void
pst_rooms_set(struct pst_logbook *book, const struct pst_node_conf *conf)
{
	struct entry entry;

	book->format = (enum pst_log_format)conf->log_format;
	for (const struct pst_section_kind *kind = pst_section_kinds; kind->name; kind++)
		pst_logger_set(pst_logbook_room(book, kind->name), (enum pst_log_level)conf->log);
	for (size_t i = 0; i < conf->log_rooms.count; i++) {
		if (entry_parse(&entry, conf->log_rooms.item[i], NULL))
			continue; /* not in a configuration that was checked */
		for (const struct pst_section_kind *kind = pst_section_kinds; kind->name; kind++)
			if (means(&entry, kind))
				pst_logger_set(pst_logbook_room(book, kind->name),
				    (enum pst_log_level)pst_log_level_parse(entry.level));
	}
}
