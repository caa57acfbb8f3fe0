/*
 * Who may use a resource: one rule, for inlets, outlets, relays, channels and echoers.
 *
 *     outlet postgres { to = "127.0.0.1:5432"  allow = 'component=analysis' }
 *     policy outlets { type = tcp-outlet  allow = 'not suspended' }
 *
 * A peer may, when `authorized` names it, or is not written, and the policy
 * that holds for the resource allows it. That is the first there is of: the
 * resource's own `allow`; a section `policy` for its name; one for its type; and
 * with a project, where `authorized` is not written either, "has a credential of
 * it" (spec trust.md 6.4, design: safety). Attributes are those that the
 * project's authority attests; where no project is meant, as for channels, those that any
 * one does whom our identity accepts, each by itself. With none of `authorized`, `allow` and `project`
 * the configuration is wrong: everybody is said plainly, authorized = {"*"}.
 *
 * A refusal is logged here, at a limited rate: whom, of what, by which rule.
 */
#ifndef POSTERN_ADMISSION_H
#define POSTERN_ADMISSION_H

#include <postern/credential.h>
#include <postern/identity.h>
#include <postern/module.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The options of a section that say who may. */
struct pst_admission_conf {
	const struct pst_list *authorized;
	const char *allow;   /* NULL: not written */
	const char *project; /* a section; NULL: none */
	/* what messages call the first two; NULL: "authorized", "allow" */
	const char *authorized_key, *allow_key;
	const char *type; /* of the resource, static: "tcp-outlet"; NULL: no policy section is for it */
	const char *may;  /* what this is about, static: "use it", for "may not use it" */
	const char *resource; /* what policies call it; NULL: as the section */
	bool any_authority; /* counts, that our identity accepts; without a project */
};

/* Look at the options, for the `check` of a section. */
PST_API PST_MUST_CHECK int pst_admission_look(const struct pst_admission_conf *conf,
    struct pst_err *err);
/* For a section; freed by pst_admission_free() before it has closed. conf is copied. */
PST_API PST_MUST_CHECK int pst_admission_open(struct pst_admission **out,
    struct pst_section_env *env, const struct pst_admission_conf *conf, struct pst_err *err);

/*
 * Does the rule speak of this peer? As pst_admission_allows(), but silent, and
 * never by "*". For doormen: such a peer is no stranger.
 */
PST_API bool pst_admission_names(const struct pst_admission *admission,
    const struct pst_peer *peer);

/* What the authority that counts here says of a peer, by name; NULL: nothing.
 * It lives until the loop turns. */
PST_API const struct pst_attribute *pst_admission_attribute(const struct pst_admission *admission,
    const struct pst_peer *peer, const char *name);

/*
 * A peer that was allowed, and uses the resource: a session, a registration, a
 * channel. fn runs, from the loop and once, when it may no longer: its attributes
 * changed or expired, or a policy did. Embedded by who uses; the peer is kept.
 */
struct pst_admitted {
	struct pst_admitted *next, **link; /* link NULL: not inside */
	struct pst_admission *admission;
	struct pst_peer *peer;
	struct pst_peer_watch watch;
	void (*fn)(struct pst_admitted *admitted);
};
PST_API void pst_admission_enter(struct pst_admission *admission, struct pst_admitted *admitted,
    struct pst_peer *peer, void (*fn)(struct pst_admitted *admitted));
/* It is over; a no-op on one that is not inside. */
PST_API void pst_admission_leave(struct pst_admitted *admitted);

#ifdef __cplusplus
}
#endif
#endif
