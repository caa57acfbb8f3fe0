/*
 * Where functions may go: the rules of a capability for the web (spec functions.md 3.2). They are asked
 * for each URL, of redirects too: first about the URL, then about each name its host has.
 * NULL: yes; else the sentence that says why not.
 */
#ifndef HTTP_RULES_H
#define HTTP_RULES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <postern/module.h>

struct rules {
	struct pst_list allowed_domains, blocked_domains;
	struct pst_list allowed_ports, blocked_ports;
	bool allow_ips, allow_private, allow_http;
};

/* An address that is nobody's in the public Internet: private, local, multicast, or one that
 * stands for such a one of IPv4. What is not IP at all is, too. */
bool address_is_private(const struct sockaddr *address);
extern const char rules_private[]; /* what is said of it */

/* The labels of a name against those of a pattern, from the right. */
bool domain_matches(const char *pattern, const char *name);

const char *rules_check_url(const struct rules *rules, bool https, uint16_t port, bool is_ip);
/* private_: one of its addresses is. *sure: no further name need be asked about. */
const char *rules_check_name(const struct rules *rules, const char *name, bool private_, bool *sure);

#endif
