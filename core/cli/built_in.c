/* The modules that are linked into this program, as libltdl's preloading wants them. */
#include <ltdl.h>

#include <postern/module.h>

#include "cli/cli.h"

#define DECLARED(name) extern const struct pst_module name##_LTX_pst_module;
PST_STATIC_MODULES(DECLARED)

/* libltdl knows each as an archive. */
#define LISTED(name) { #name ".a", NULL }, { #name "_LTX_pst_module", (void *)&name##_LTX_pst_module },
static const lt_dlsymlist preloaded[] = {
	{ "@PROGRAM@", NULL },
	PST_STATIC_MODULES(LISTED) { NULL, NULL },
};

void
cli_built_in(void)
{
	lt_dlpreload_default(preloaded);
}
