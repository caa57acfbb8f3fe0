/* What core/node needs of this room: the sections it serves. */
#ifndef PST_TRUST_TRUST_H
#define PST_TRUST_TRUST_H

#include <postern/module.h>

/* identity and policy; ended by PST_SECTION_END. */
extern const struct pst_section pst_trust_sections[];

#endif
