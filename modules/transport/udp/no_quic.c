/* In place of quic.c and all that lies behind it, where the library of QUIC is missing. */
#include "quic.h"
#include "udp.h"

const char quic_summary[] = "messages over UDP, which may be lost; built without QUIC";

int
quic_open(struct udp *udp, struct pst_err *err)
{
	(void)udp;
	(void)err;
	return PST_OK;
}

void
quic_fini(struct udp *udp)
{
	(void)udp;
}

bool
quic_link_datagram(struct socket *socket, const struct sockaddr_storage *from, const uint8_t *bytes, size_t len)
{
	(void)socket;
	(void)from;
	(void)bytes;
	(void)len;
	return false;
}

void
quic_link_writable(struct socket *socket)
{
	(void)socket;
}

const struct pst_transport_ops quic_ops = {
	.size = sizeof(struct pst_transport_ops),
	.protocol = "quic",
	.also = &puncture_ops,
	.lacks = "this transport/udp was built without QUIC",
};
