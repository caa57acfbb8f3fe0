#include <postern/bytes.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
pst_bytes_room(uint8_t **out, struct pst_bytes *bytes, size_t len, size_t max)
{
	size_t want = bytes->len + len, room = bytes->room * 2 > want ? bytes->room * 2 : want;
	uint8_t *more;

	if (bytes->len > max || len > max - bytes->len)
		return PST_E_LIMIT;
	if (want > bytes->room) {
		more = realloc(bytes->start, room);
		if (!more)
			return -ENOMEM;
		bytes->start = more;
		bytes->room = room;
	}
	*out = bytes->start ? bytes->start + bytes->len : NULL;
	return PST_OK;
}

int
pst_bytes_put(struct pst_bytes *bytes, const void *piece, size_t len, size_t max)
{
	uint8_t *behind;
	int rc = pst_bytes_room(&behind, bytes, len, max);

	if (!rc && len)
		memcpy(behind, piece, len);
	if (!rc)
		bytes->len += len;
	return rc;
}

uint8_t *
pst_bytes_take(struct pst_bytes *bytes, size_t *len)
{
	uint8_t *start = bytes->start;

	*len = bytes->len;
	*bytes = (struct pst_bytes){ 0 };
	return start;
}

void
pst_bytes_fini(struct pst_bytes *bytes)
{
	free(bytes->start);
	*bytes = (struct pst_bytes){ 0 };
}
