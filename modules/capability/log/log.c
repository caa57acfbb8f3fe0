/*
 * capability/log: what a function says goes to the node's log, as lines of the function. What
 * has no place in a line (control characters) the log shows in its own way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <postern/capability.h>

struct log_conf {
	int level;
	uint64_t length;
};

struct log {
	struct pst_section_env *senv;
	const struct log_conf *conf;
};

static const struct pst_opt log_options[] = {
	PST_OPT(ENUM, struct log_conf, level, "debug", "what says less than this is not written",
	    .of = "error warn info debug"),
	PST_OPT(SIZE, struct log_conf, length, "1K", "longer texts are cut"),
	PST_OPT_END,
};

/* Spec functions.md 1.5. */
static enum pst_log_level
level_of(int32_t number)
{
	return number == 1 ? PST_LOG_ERROR : number == 2 ? PST_LOG_WARN : number == 4 ? PST_LOG_DEBUG
										  : PST_LOG_INFO;
}

static void
log_msg(void *capability, struct pst_host_call *call)
{
	const struct log *log = capability;
	const struct pst_execution *execution = call->execution;
	enum pst_log_level level = level_of(call->number[0]);
	size_t len = call->text[0].len < log->conf->length ? call->text[0].len : log->conf->length;
	char *text;

	if ((int)level <= log->conf->level && pst_log_enabled(execution->log, level) &&
	    (text = malloc(len + 1))) {
		for (size_t i = 0; i < len; i++)
			text[i] = call->text[0].bytes[i] ? (char)call->text[0].bytes[i] : '\1';
		text[len] = '\0';
		pst_log_at(execution->log, level, "the function says", PST_STR("text", text),
		    PST_STR("request", execution->request && *execution->request->id
		    ? execution->request->id : NULL),
		    PST_U64("ident", execution->ident));
		free(text);
	}
	pst_host_code(call, 0);
}

static const struct pst_host_function log_serves[] = {
	{ .name = "log_msg", .now = log_msg },
	{ .name = NULL },
};
static const struct pst_capability_ops log_ops = { .size = sizeof log_ops, .serves = log_serves };

static int
log_check(const void *conf, struct pst_err *err)
{
	const struct log_conf *c = conf;

	return c->length <= 1024 ? PST_OK : pst_fail(err, PST_E_CONF, "length: at most 1K: a line has no room for more");
}

static int
log_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct log *log = calloc(1, sizeof *log);

	if (!log)
		return -ENOMEM;
	log->senv = senv;
	log->conf = conf;
	*self = log;
	pst_section_up(senv);
	return PST_OK;
}

static void
log_close(void *self)
{
	struct log *log = self;
	struct pst_section_env *senv = log->senv;

	free(log);
	pst_section_closed(senv);
}

static const struct pst_section log_sections[] = {
	PST_SECTION("capability", struct log_conf, log_options, log_check, log_open, log_close),
	PST_SECTION_END,
};

PST_MODULE(capability_log, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "functions write to the log", .sections = log_sections, .ops = &log_ops);
