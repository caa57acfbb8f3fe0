#include "quic.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "quic_link.h"

const char quic_summary[] = "messages over UDP, which may be lost, or by QUIC, where none is";

static void
secret_read(struct udp *udp)
{
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof path, "%s/quic-%s", pst_section_state_dir(udp->senv), pst_section_name(udp->senv));
	rc = quic_secret_of(udp->tls->secret, path);
	if (rc)
		pst_warn(pst_section_log(udp->senv), "peers by QUIC will not be told when this node is started anew",
		    PST_STR("file", path), PST_RC(rc));
}

int
quic_open(struct udp *udp, struct pst_err *err)
{
	int rc;

	udp->quic = (struct pst_stream_links){
		.env = udp->env,
		.log = pst_section_log(udp->senv),
		.expose = &udp->conf->expose,
		.max_frame = udp->conf->max_message,
		.window = udp->conf->window,
		.unknown_max_frame = udp->conf->unknown_max_message,
		.unknown_window = udp->conf->unknown_window,
		/* of one host: all that there may be, and the one for whom another makes way */
		.unknown_links = udp->conf->unknown_links + udp->conf->handshakes + 1,
		.unknown_idle_ms = udp->conf->unknown_idle,
		.ending = quic_link_ending,
		.gone = quic_link_gone,
	};
	pst_stream_links_init(&udp->quic);
	udp->opening = (struct pst_quiets){
		.env = udp->env,
		.limit_ms = udp->conf->handshake_timeout,
		.over = quic_link_handshake_over,
	};
	udp->tls = calloc(1, sizeof *udp->tls);
	rc = udp->tls ? quic_tls_init(udp->tls) : -ENOMEM;
	if (rc)
		return pst_fail(err, rc, "cannot make a key for QUIC");
	secret_read(udp);
	return PST_OK;
}

void
quic_fini(struct udp *udp)
{
	if (udp->tls)
		quic_tls_fini(udp->tls);
	free(udp->tls);
}

const struct pst_transport_ops quic_ops = {
	.size = sizeof(struct pst_transport_ops),
	.protocol = "quic",
	.connect = quic_link_connect,
	.close = pst_stream_link_close,
	.also = &puncture_ops,
};
