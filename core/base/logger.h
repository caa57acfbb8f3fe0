/*
 * Where log lines go. A node has one logbook: an output, a format, and rooms.
 * A room is a word for one kind of work ("transport") with a level of its
 * own; a struct pst_log points to its room, so that whether a line is written
 * costs a comparison and no look-up. Base does not know which rooms there
 * are: core/node/rooms.c does.
 *
 * Levels and the format may change at any time.
 */
#ifndef PST_BASE_LOGGER_H
#define PST_BASE_LOGGER_H

#include <stdio.h>
#include <time.h>

#include <postern/log.h>

/* More rooms than there are kinds of sections. */
#define PST_LOG_ROOMS 32

enum pst_log_format {
	PST_LOG_TEXT,
	PST_LOG_JSON, /* an object a line: time, level, msg, and the fields */
};

/* A room. */
struct pst_logger {
	enum pst_log_level level;
	const char *room; /* borrowed */
	struct pst_logbook *book;
};

struct pst_logbook {
	FILE *out;
	enum pst_log_format format;
	bool journal; /* out is systemd's: text has a priority in front, and no time */
	int fixed;    /* the level of every room, whatever is set; -1: none */
	time_t second; /* of the date that stands ready */
	char date[24];
	size_t count;
	struct pst_logger rooms[PST_LOG_ROOMS]; /* the first is that of all that has no other */
};

/*
 * An empty book with the level info. main_room names the first room; out is
 * borrowed, and is looked at for being the journal: $JOURNAL_STREAM says
 * which file that is (systemd.exec(5)).
 */
PST_API void pst_logbook_init(struct pst_logbook *book, FILE *out, const char *main_room);
/* The room of that name (borrowed), made with the level info if need be; the first when all are taken. */
PST_API struct pst_logger *pst_logbook_room(struct pst_logbook *book, const char *name);
/* A room's level, from now on. */
PST_API void pst_logger_set(struct pst_logger *room, enum pst_log_level level);

/* "error", "warn", "info", "debug", then NULL: in the order of the levels. */
PST_API extern const char *const pst_log_level_names[];
/* Negative for anything else. */
PST_API int pst_log_level_parse(const char *name);

#endif
