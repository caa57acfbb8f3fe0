/*
 * An inlet's way to its outlet: which routes there are, and who may be at the far end.
 */
#ifndef SECTION_WAY_H
#define SECTION_WAY_H

#include <postern/choice.h>
#include <postern/module.h>

/* A section's struct begins with it. */
struct way_conf {
	struct pst_list to;
	const char *via;
	const char *outlet;
	const char *project;
	const char *channel;
	struct pst_list authorized;
	const char *allow;
	struct pst_list hops;
};

#define WAY_OPTIONS \
	PST_OPT(LIST, struct way_conf, to, NULL, \
	    "multiaddr of the outlet; of several, which are all kept open, the best serves"), \
	PST_OPT(STR, struct way_conf, via, NULL, \
	    "in place of `to`: the name of the relay, at a node of the project, of the node with the outlet"), \
	PST_OPT(STR, struct way_conf, outlet, "outlet", "with `via`: the outlet's address there"), \
	PST_OPT(REF, struct way_conf, project, NULL, "where the relay is", .of = "project"), \
	PST_OPT(REF, struct way_conf, channel, NULL, "the section whose channels are used", \
	    .of = "channel"), \
	PST_OPT(LIST, struct way_conf, authorized, NULL, \
	    "who the far end of the last channel may be; \"*\" for anybody"), \
	PST_OPT(STR, struct way_conf, allow, NULL, "the same by a policy over its attributes"), \
	PST_OPT(LIST, struct way_conf, hops, NULL, "who the ends of the channels before it are, in order")

/* Without a word from the outlet for so long the path is asked whether it lives. */
#define WAY_SUSPECT_MS 1000

/* Look across the options. whole: nothing that is sent may be lost on the way, as of a stream. */
PST_MUST_CHECK int way_check(const struct way_conf *conf, bool whole, struct pst_err *err);
/* The hook of modules whose sections have a way: is there what the routes begin by? */
PST_MUST_CHECK int way_look(const char *kind, const void *conf, struct pst_look *look, struct pst_err *err);
/* Open all paths, as pst_choice_open() does. conf outlives them. */
PST_MUST_CHECK int way_open(struct pst_choice **out, struct pst_section_env *senv,
    const struct way_conf *conf, bool whole, const struct pst_path_events *events, void *arg,
    struct pst_err *err);

#endif
