#include "call/out.h"

void
pst_call_out_init(struct pst_call_out *out, const uint8_t *bytes, size_t left, size_t sent)
{
	out->bytes = bytes;
	out->left = left;
	out->granted -= sent;
}

bool
pst_call_out_ready(const struct pst_call_out *out)
{
	return out->left && out->granted;
}

bool
pst_call_out_grant(struct pst_call_out *out, uint64_t bytes)
{
	out->granted = bytes < UINT64_MAX - out->granted ? out->granted + bytes : UINT64_MAX;
	return pst_call_out_ready(out);
}

int
pst_call_out_next(struct pst_call_out *out, struct pst_buf *piece, struct pst_env *env,
    const struct pst_call_id *id)
{
	size_t n = out->left < PST_CALL_PIECE_SENT ? out->left : PST_CALL_PIECE_SENT;
	int rc;

	n = n < out->granted ? n : (size_t)out->granted;
	rc = pst_env_buf(piece, env, out->bytes, n, PST_CALL_PIECE_ROOM + PST_RX_HEADROOM,
	    PST_RX_TAILROOM);
	if (rc)
		return rc;
	out->bytes += n;
	out->left -= n;
	out->granted -= n;
	return pst_call_push_piece(piece, id, out->left ? PST_CALL_MORE : 0);
}
