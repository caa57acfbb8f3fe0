/*
 * A section of transport/udp that is both ends: it listens at a port of 127.0.0.1, and connects to itself.
 */
#ifndef TESTS_ENDS_H
#define TESTS_ENDS_H

#include "links.h"

extern struct fake_node node;
extern struct links_section far;
extern struct near near;
extern struct desk desk, fence;
extern uint16_t port;

/* cmocka's, for each test. */
int ends_setup(void **state);
int ends_teardown(void **state);
/* Open `far`, whose connections are of that protocol; options are what stands behind `listen`. */
void ends_open(const char *protocol, const char *host, const char *options);
/* What `far` is to itself (udp.h). */
struct udp *ends_udp(void);
/* Turns of the loop until done() says so. */
void ends_turn(bool (*done)(void));

/* A socket at a port of 127.0.0.1, which does not block. */
int ends_socket(uint16_t *port);
/* A port at which nobody listens. */
uint16_t ends_port_free(void);

#endif
