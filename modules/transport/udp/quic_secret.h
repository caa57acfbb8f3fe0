/*
 * What the tokens of a section's resets and retries are made from: 32 random bytes, which outlive the process
 * (RFC 9000, 10.3.2). So a node that was started anew can tell its old peers at once, by a reset that they
 * believe, that their connections are gone. Each section has its own: whoever is at one port must not be made to
 * reset connections of another (RFC 9000, 21.11).
 */
#ifndef UDP_QUIC_SECRET_H
#define UDP_QUIC_SECRET_H

#include <stdint.h>

#include <postern/err.h>

#define QUIC_SECRET_LEN 32

/* Fill in the secret of the file at path, which is made with a new one if there is none, or not a whole one. When neither
 * can be done (-errno) the secret is as good, and forgotten with the process. */
PST_MUST_CHECK int quic_secret_of(uint8_t secret[QUIC_SECRET_LEN], const char *path);

#endif
