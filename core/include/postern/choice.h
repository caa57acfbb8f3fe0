/*
 * A choice: several paths to one end, of which the best serves.
 *
 * All of them are opened and kept open, so that one is there when another dies. The
 * first that is up serves. It is left when it is lost or a probe of it is: they go every
 * 2 s, and at once when somebody has waited for a second. And it is left for a better one
 * when that has been better for 5 s: one that is written before it and answers
 * probes about as fast, or one that answers in less than half the time.
 * What has begun over a path stays there until that is lost: a move closes nothing.
 *
 * With one path it is that path, and costs nothing more. Used by inlets, relays and channels.
 */
#ifndef POSTERN_CHOICE_H
#define POSTERN_CHOICE_H

#include <postern/path.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PST_CHOICE_PATHS 8

struct pst_choice;

/* Check what each path would be: conf with one of `to` as its route; as it is, where `to` is empty. */
PST_API PST_MUST_CHECK int pst_choice_check(const struct pst_path_conf *conf, const struct pst_list *to,
    struct pst_err *err);
/* Warn who checks of those that lead by what this node has not: pst_path_look(), once for each. */
PST_API void pst_choice_look(const struct pst_path_conf *conf, const struct pst_list *to, struct pst_look *look);
/*
 * Open all for the section `env`. `to` has to live as long as the choice. Events
 * come later: up() whenever another path serves, without a down() in between; down()
 * when none is up any more.
 */
PST_API PST_MUST_CHECK int pst_choice_open(struct pst_choice **out, struct pst_section_env *env,
    const struct pst_path_conf *conf, const struct pst_list *to, const struct pst_path_events *events,
    void *arg, struct pst_err *err);
/* Of the path that `gate` is the first hop of: see path.h. Nothing, and NULL, when that is down. */
PST_API void pst_choice_suspect(struct pst_choice *choice, const struct pst_gate *gate);
PST_API struct pst_admission *pst_choice_admission(const struct pst_choice *choice,
    const struct pst_gate *gate);
/* Of the path that serves, or would: see path.h. */
PST_API uint64_t pst_choice_patience_ms(const struct pst_choice *choice);
/* The fields of that path; and where there are several the list "routes": the route of each, its state
 * (serves, up, down), how fast it answers, and why it serves or is down. */
PST_API void pst_choice_status(const struct pst_choice *choice, struct pst_status *status);
/* Close; no event follows. Sets *choice to NULL. */
PST_API void pst_choice_close(struct pst_choice **choice, void (*on_closed)(void *arg), void *arg);

#ifdef __cplusplus
}
#endif
#endif
