/* A request that wants to become a WebSocket (RFC 6455, 4.2.1). */
#ifndef GATEWAY_HANDSHAKE_H
#define GATEWAY_HANDSHAKE_H

#include <postern/map.h>

#include "../../transport/shared/websocket/websocket.h"

/*
 * 0, and what Sec-WebSocket-Accept is; else the status of the refusal, and in *why its
 * sentence. A page in a browser may only be of the host that it asks: others' are 403.
 */
unsigned handshake_read(const struct pst_map *headers, char accept[static WEBSOCKET_ACCEPT],
    const char **why);

#endif
