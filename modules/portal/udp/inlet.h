/* An inlet: its section in inlet.c, what passes in talk.c. */
#ifndef PORTAL_UDP_INLET_H
#define PORTAL_UDP_INLET_H

#include "../shared/section/way.h"
#include "portal.h"

struct inlet {
	struct portal portal;
	struct pst_worker worker;
	struct pst_choice *paths;
	struct far *far; /* by the one that serves; NULL while none does, or nobody may be there */
	struct flow **numbered; /* each at its number % slots */
	uint64_t slots, last_number;
	uint64_t suspected_ms;
	uv_udp_t listener;
	bool listener_open;
};

/* talk.c: an application's datagram; a message of the outlet; a flow that ends. */
void inlet_takes(uv_udp_t *handle, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from, unsigned flags);
void inlet_hears(struct pst_worker *worker, struct pst_message *m);
void inlet_lets_go(struct flow *flow);

#endif
