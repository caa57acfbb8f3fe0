/* Where log lines go: one per node, made by core/node and core/cli. */
#ifndef PST_BASE_LOGGER_H
#define PST_BASE_LOGGER_H

#include <stdio.h>

#include <postern/log.h>

struct pst_logger {
	FILE *out;
	enum pst_log_level level;
};

/* "error", "warn", "info" or "debug"; negative for anything else. */
PST_API int pst_log_level_parse(const char *name);

#endif
