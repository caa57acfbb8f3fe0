/* In place of web.c, for targets of what asks by it: its section, which nobody opens. */
#include "web.h"

const struct pst_opt web_options[] = { PST_OPT_END };

int
web_check(const void *conf, struct pst_err *err)
{
	return PST_OK;
}

int
web_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	return PST_OK;
}

void
web_close(void *self)
{
}

