#include "ends.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct pst_module transport_udp_LTX_pst_module;

struct fake_node node;
struct links_section far;
struct near near;
struct desk desk, fence;
uint16_t port;

int
ends_setup(void **state)
{
	memset(&far, 0, sizeof far);
	memset(&near, 0, sizeof near);
	links_setup(&node);
	return 0;
}

int
ends_teardown(void **state)
{
	links_teardown(&node);
	return 0;
}

void
ends_open(const char *protocol, const char *host, const char *options)
{
	const struct pst_module *module = &transport_udp_LTX_pst_module;
	const struct pst_transport_ops *ops = module->ops;
	char text[500];

	while (strcmp(ops->protocol, protocol))
		ops = ops->also;
	port = ends_port_free();
	snprintf(text, sizeof text, "transport t { use = udp  listen = {\"%s:%u\"} %s }", host, port, options);
	assert_int_equal(links_open(&far, &node, module->sections, ops, text), PST_OK);
}

struct udp *
ends_udp(void)
{
	return far.section.self;
}

void
ends_turn(bool (*done)(void))
{
	for (unsigned turn = 0; turn < 20000 && !done(); turn++) {
		uv_run(pst_env_loop(&node.env), UV_RUN_NOWAIT);
		if (!done())
			usleep(1000);
	}
	assert_true(done());
}

int
ends_socket(uint16_t *out)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	*out = ntohs(sa.sin_port);
	return fd;
}

uint16_t
ends_port_free(void)
{
	uint16_t free_port;

	close(ends_socket(&free_port));
	return free_port;
}
