/*
 * What plain UDP knows of QUIC: all that goes by it lies behind these. quic.c has them, or, where
 * the module is built without its library, no_quic.c: then nothing of QUIC is heard, and no link is made.
 */
#ifndef UDP_QUIC_H
#define UDP_QUIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <postern/transport.h>

struct socket;
struct udp;

/*
 * A datagram of QUIC, not a plain one, which begins with 85 01. One of QUIC has a short
 * head, below 80, or the fixed bit 40 (RFC 9000, 17), or, of connections that clear
 * that now and then (RFC 9287), the version 00 00 00 01.
 */
static inline bool
quic_is(const uint8_t *bytes, size_t len)
{
	return len > 1 && (bytes[0] < 0x80 || bytes[0] & 0x40 || !bytes[1]);
}

/* What the module is, in a line. */
extern const char quic_summary[];

/* A section opens. After an error, too, quic_fini() ends what there is. */
PST_MUST_CHECK int quic_open(struct udp *udp, struct pst_err *err);
/* It has no link by QUIC any more. */
void quic_fini(struct udp *udp);
/* What a listener gives its socket_events. */
bool quic_link_datagram(struct socket *socket, const struct sockaddr_storage *from, const uint8_t *bytes, size_t len);
void quic_link_writable(struct socket *socket);
/* Of the protocol "quic". */
extern const struct pst_transport_ops quic_ops;

#endif
