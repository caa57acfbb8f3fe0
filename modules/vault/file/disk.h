/* A file that is nobody else's business: read with suspicion, replaced whole. */
#ifndef VAULT_FILE_DISK_H
#define VAULT_FILE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <postern/err.h>

/* Bytes in guarded memory. */
struct secret {
	uint8_t *bytes;
	size_t len;
};

PST_MUST_CHECK int secret_new(struct secret *out, size_t len);
void secret_free(struct secret *secret);

/* Which file was read or written last; `there` is false when there was none. */
struct disk_mark {
	bool there;
	dev_t dev;
	ino_t ino;
	struct timespec changed;
};

/*
 * Read the whole of a regular file that belongs to us and is no symbolic link
 * (when not `ours`, root's and links will do), has none of the mode bits
 * `forbidden` and at most max bytes. -ENOENT when it is not there; every
 * failure has its sentence in err.
 */
PST_MUST_CHECK int disk_read(struct secret *out, struct disk_mark *mark, const char *path,
    bool ours, mode_t forbidden, size_t max, struct pst_err *err);

/*
 * Replace the file, which must still be the marked one, by these bytes, 0600;
 * on disk when it returns, or the old one is untouched. Its directory is made
 * (0700) when missing. PST_E_CONFLICT when somebody else has changed it.
 */
PST_MUST_CHECK int disk_replace(const char *path, const struct secret *bytes,
    struct disk_mark *mark, struct pst_err *err);

#endif
