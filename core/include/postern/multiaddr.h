/*
 * Multiaddrs: routes as people write them (spec routing.md 10), such as
 * /ip4/127.0.0.1/tcp/4000/secure/api/service/outlet
 *
 * /ws/PORT, /wss/PORT and /quic/PORT, in place of /tcp/PORT, are Postern's own: links over
 * WebSockets, and by QUIC. Ockam knows no route with them, and their codes are of the range that is
 * for private use (multicodec: 0x300000 to 0x3fffff). So is /puncture/WORKER, between two
 * channels to one node: what follows goes by a puncture, which the worker of that name there negotiates.
 */
#ifndef POSTERN_MULTIADDR_H
#define POSTERN_MULTIADDR_H

#include <postern/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pst_protocol {
	PST_IP4,
	PST_IP6,
	PST_DNSADDR,
	PST_TCP,
	PST_UDP,
	PST_SERVICE,
	PST_WORKER,
	PST_SECURE,
	PST_NODE,
	PST_PROJECT,
	PST_SPACE,
	PST_WS,
	PST_WSS,
	PST_QUIC,
	PST_PUNCTURE,
	PST_PROTOCOLS,
};

/* One hop is at most 255 bytes of text, a multiaddr at most 32 hops. */
#define PST_MULTIADDR_VALUE 256
#define PST_MULTIADDR_HOPS 32

struct pst_multiaddr_hop {
	enum pst_protocol protocol;
	char value[PST_MULTIADDR_VALUE];
};

struct pst_multiaddr {
	size_t count;
	struct pst_multiaddr_hop hop[PST_MULTIADDR_HOPS];
};

/* The word of a protocol, as in the text form. */
PST_API const char *pst_protocol_name(enum pst_protocol protocol);
/* -EINVAL with a sentence that names the hop. */
PST_API PST_MUST_CHECK int pst_multiaddr_parse(struct pst_multiaddr *out, const char *text,
    struct pst_err *err);
/* Are messages lost on it that nobody sends again, and do they overtake each other, as by UDP? */
PST_API bool pst_multiaddr_loses(const struct pst_multiaddr *ma);
/* Can a route say it, /service/ADDRESS? PST_E_CONF with a sentence that begins with `address`, as for a section's check. */
PST_API PST_MUST_CHECK int pst_address_check(const char *address, struct pst_err *err);
/* The text form, cut to fit. Returns out. */
PST_API char *pst_multiaddr_format(const struct pst_multiaddr *ma, char *out, size_t size);
/* The binary form; errors stick to reader and writer. */
PST_API void pst_multiaddr_decode(struct pst_reader *r, struct pst_multiaddr *out);
PST_API void pst_multiaddr_encode(struct pst_writer *w, const struct pst_multiaddr *ma);

#ifdef __cplusplus
}
#endif
#endif
