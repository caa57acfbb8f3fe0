#include "quic_knock.h"

#include <string.h>

#define HEAD 0x40 /* short, the fixed bit */
#define ZEROS 14

enum quic_knock
quic_knock_read(const uint8_t *bytes, size_t len)
{
	static const uint8_t zeros[ZEROS];

	if (len != QUIC_KNOCK_LEN || bytes[0] != HEAD || memcmp(bytes + 1 + QUIC_CID_LEN, zeros, ZEROS))
		return QUIC_NO_KNOCK;
	switch (bytes[QUIC_KNOCK_LEN - 1]) {
	case QUIC_KNOCK:
		return QUIC_KNOCK;
	case QUIC_KNOCK_ANSWER:
		return QUIC_KNOCK_ANSWER;
	default:
		return QUIC_NO_KNOCK;
	}
}

size_t
quic_knock_write(uint8_t out[static QUIC_KNOCK_LEN], const ngtcp2_cid *to, enum quic_knock what)
{
	if (to->datalen != QUIC_CID_LEN)
		return 0;
	memset(out, 0, QUIC_KNOCK_LEN);
	out[0] = HEAD;
	memcpy(out + 1, to->data, QUIC_CID_LEN);
	out[QUIC_KNOCK_LEN - 1] = (uint8_t)what;
	return QUIC_KNOCK_LEN;
}
