/* The datagrams of a pipe on their way out, as trains (train.h). */
#ifndef UDP_QUIC_TRAINS_H
#define UDP_QUIC_TRAINS_H

#include "quic_pipe.h"

/* The next datagram begins a train; a longer one than fits asks for the way. */
void quic_train_begin(struct train *train, const struct quic_path *path, size_t len, size_t fits);
/* What the kernel did not take. PST_OK, or -EAGAIN: it still does not. */
PST_MUST_CHECK int quic_trains_held(struct quic_pipe *pipe);
/* Whatever the connection has to send. -EAGAIN: not all of it now; or as quic_conn_write(). */
PST_MUST_CHECK int quic_trains_go(struct quic_pipe *pipe, uint64_t now);

#endif
