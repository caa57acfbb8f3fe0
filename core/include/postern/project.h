/*
 * Projects: where nodes meet. A project is an authority, which says by
 * credentials who belongs to it, and nodes with a relay service, all of one
 * identity.
 *
 * Sections `project NAME { … }` are served by service/project, whose module
 * has these ops. A path whose route begins with /project/NAME goes to a node of
 * it; modules get one by pst_section_ref(env, "project", name, &ops).
 */
#ifndef POSTERN_PROJECT_H
#define POSTERN_PROJECT_H

#include <postern/identity.h>
#include <postern/module.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pst_project_ops {
	size_t size;
	/* The ways to the project's nodes, multiaddrs that end with the channel to
	 * them; alternatives, in no order. NULL beyond the last, and as long as we are
	 * not yet a member or have no credential to show. They live until the loop turns. */
	const char *(*route)(void *project, size_t i);
	/* Who the project's nodes are; NULL while that is not known. */
	const struct pst_identifier *(*node)(void *project);
	/* Whose credentials count; NULL while that is not known. */
	const struct pst_identifier *(*authority)(void *project);
};

#ifdef __cplusplus
}
#endif
#endif
