/*
 * Refusing a session of a portal at an address where none of its kind begins: nobody
 * has that address, or an outlet of the other kind. Else the inlet, and whoever waits
 * there, would hear nothing (doc/protocol.md, *Nobody there*).
 *
 * The router does it for what comes by a channel for nobody; outlets do it for each other.
 */
#ifndef POSTERN_REFUSAL_H
#define POSTERN_REFUSAL_H

#include <postern/router.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reasons, of those that one end of a portal gives to the other. */
enum pst_refusal {
	PST_REFUSAL_NOBODY = 10,
	PST_REFUSAL_KIND = 11,
};

/* The longest answer. */
#define PST_REFUSAL_MAX 64

/* A sentence for it. */
PST_API const char *pst_refusal_text(enum pst_refusal why);
/*
 * The answer to what is in `first`, if that begins a session: a Ping, or a flow. Returns its
 * length; 0: it begins none, or is of one who might not understand. *pong: that is an inlet
 * of Ockam, which hears nothing before a Pong.
 */
PST_API size_t pst_refusal_write(uint8_t out[static PST_REFUSAL_MAX], struct pst_reader *first,
    enum pst_refusal why, bool *pong);
/*
 * Answer a message that has come, if it begins a session. False: nothing was said. Who came without
 * a channel is told nothing, and nobody where memory is short; the answer is charged as what it answers.
 */
PST_API bool pst_refuse(struct pst_env *env, const struct pst_message *message, enum pst_refusal why);

#ifdef __cplusplus
}
#endif
#endif
