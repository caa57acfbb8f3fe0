/*
 * What every link over a TCP connection asks of the kernel, whatever it says there.
 */
#ifndef POSTERN_TCP_H
#define POSTERN_TCP_H

#include <postern/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The connection is open: small writes go at once, little waits unsent, and a
 * peer that is gone is found out: when nothing is acknowledged for 30 s, or no
 * keep-alive answered in that time. What was lost is repeated each second.
 */
PST_API void pst_tcp_tune(uv_tcp_t *handle);
/* Has the host no longer the address that the connection goes out from? Nothing can come back then. */
PST_API bool pst_tcp_stranded(const uv_tcp_t *handle);

#ifdef __cplusplus
}
#endif
#endif
