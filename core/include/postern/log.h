/*
 * Logging: a constant sentence plus fields.
 *
 *     pst_info(&link->log, "handshake done", PST_STR("suite", name), PST_U64("took_ms", ms));
 *
 * A struct pst_log belongs to an object and carries the object's own fields
 * and, through `parent`, those of what the object belongs to, so that calls
 * repeat nothing. Field names: section route link peer application target
 * suite bytes bytes_in bytes_out took_ms reason err; time, level and msg are
 * taken.
 *
 * error: a person must act. warn: odd, service goes on. info: the life of
 * a link. debug: per message, off by default. Lines that a peer can provoke
 * use the _rated forms. Any thread may write a line, but for the rated ones: those are
 * the loop's. Keys, plaintext and tokens have no field function.
 */
#ifndef POSTERN_LOG_H
#define POSTERN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <postern/err.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pst_log_level {
	PST_LOG_ERROR,
	PST_LOG_WARN,
	PST_LOG_INFO,
	PST_LOG_DEBUG,
};

enum pst_field_type {
	PST_FIELD_END,
	PST_FIELD_STR, /* borrowed; NULL is left out */
	PST_FIELD_U64,
	PST_FIELD_I64,
	PST_FIELD_RC, /* key "err", value pst_strerror() */
};

struct pst_field {
	const char *key;
	enum pst_field_type type;
	union {
		const char *str;
		uint64_t u64;
		int64_t i64;
	};
};

#define PST_STR(k, v) { .key = (k), .type = PST_FIELD_STR, .str = (v) }
#define PST_U64(k, v) { .key = (k), .type = PST_FIELD_U64, .u64 = (v) }
#define PST_I64(k, v) { .key = (k), .type = PST_FIELD_I64, .i64 = (v) }
#define PST_RC(v) { .key = "err", .type = PST_FIELD_RC, .i64 = (v) }
#define PST_FIELDS(...) ((struct pst_field[]){ __VA_ARGS__ __VA_OPT__(,) { .key = NULL } })

/* Where lines go; made by the core, one per node. */
struct pst_logger;

struct pst_log {
	struct pst_logger *logger;     /* NULL: nothing is written */
	const struct pst_log *parent;  /* outlives this one; NULL: none */
	const struct pst_field *fields; /* ended by PST_FIELD_END; NULL: none */
};

/* Two lines a second in the long run, ten in a burst (pst_log_begins(): a hundred); then they are counted. */
struct pst_rate {
	uint64_t last_ms;
	uint32_t tokens_milli; /* thousandths of a line still allowed */
	uint32_t suppressed;   /* lines swallowed since the last one written */
};

PST_API bool pst_log_enabled(const struct pst_log *log, enum pst_log_level level);
PST_API void pst_log_write(const struct pst_log *log, enum pst_log_level level,
    const char *sentence, const struct pst_field *fields);

/* True when a line may be written now; the caller writes it with "suppressed". */
PST_API bool pst_rate_pass(struct pst_rate *rate, uint32_t *suppressed);

/*
 * The life of what peers may begin as often as they like: a link, a channel. Its beginning is written while the
 * rate lets it, with "suppressed", the beginnings left out before it, where there are some; true when it was:
 * then its end is worth a line, too. rate: NULL for what we have begun ourselves.
 */
PST_API bool pst_log_begins(const struct pst_log *log, enum pst_log_level level, struct pst_rate *rate,
    const char *sentence, const struct pst_field *fields);

#define pst_log_at(log, level, sentence, ...) \
	do { \
		if (pst_log_enabled((log), (level))) \
			pst_log_write((log), (level), (sentence), PST_FIELDS(__VA_ARGS__)); \
	} while (0)
#define pst_error(log, ...) pst_log_at(log, PST_LOG_ERROR, __VA_ARGS__)
#define pst_warn(log, ...) pst_log_at(log, PST_LOG_WARN, __VA_ARGS__)
#define pst_info(log, ...) pst_log_at(log, PST_LOG_INFO, __VA_ARGS__)
#define pst_debug(log, ...) pst_log_at(log, PST_LOG_DEBUG, __VA_ARGS__)

/* For what a peer can provoke: at most the rate's lines, with a count of the rest. */
#define pst_log_rated(log, level, rate, sentence, ...) \
	do { \
		uint32_t pst_suppressed_; \
		if (pst_log_enabled((log), (level)) && pst_rate_pass((rate), &pst_suppressed_)) \
			pst_log_write((log), (level), (sentence), \
			    PST_FIELDS(__VA_ARGS__ __VA_OPT__(,) PST_U64("suppressed", pst_suppressed_))); \
	} while (0)
#define pst_warn_rated(log, rate, ...) pst_log_rated(log, PST_LOG_WARN, rate, __VA_ARGS__)
#define pst_info_rated(log, rate, ...) pst_log_rated(log, PST_LOG_INFO, rate, __VA_ARGS__)

#ifdef __cplusplus
}
#endif
#endif
