#include "base/logger.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *const pst_log_level_names[] = { "error", "warn", "info", "debug", NULL };

int
pst_log_level_parse(const char *name)
{
	for (int i = 0; pst_log_level_names[i]; i++)
		if (!strcmp(name, pst_log_level_names[i]))
			return i;
	return -1;
}

/* A variable that was inherited proves nothing: the output may be another by now. */
static bool
is_journal(FILE *out)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && !fstat(fileno(out), &st) &&
	    st.st_dev == device && st.st_ino == inode;
}

void
pst_logbook_init(struct pst_logbook *book, FILE *out, const char *main_room)
{
	memset(book, 0, sizeof *book);
	book->out = out;
	book->journal = is_journal(out);
	book->fixed = -1;
	book->count = 1;
	book->rooms[0] = (struct pst_logger){ PST_LOG_INFO, main_room, book };
}

struct pst_logger *
pst_logbook_room(struct pst_logbook *book, const char *name)
{
	struct pst_logger *room = book->rooms, *end = book->rooms + book->count;

	while (room < end && strcmp(room->room, name))
		room++;
	if (room < end)
		return room;
	if (book->count == PST_LOG_ROOMS)
		return book->rooms;
	*room = (struct pst_logger){ .room = name, .book = book };
	pst_logger_set(room, PST_LOG_INFO);
	book->count++;
	return room;
}

void
pst_logger_set(struct pst_logger *room, enum pst_log_level level)
{
	room->level = room->book->fixed >= 0 ? (enum pst_log_level)room->book->fixed : level;
}
