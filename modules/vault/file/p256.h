/* P-256 by libcrypto, for secrets that are plain scalars. */
#ifndef VAULT_FILE_P256_H
#define VAULT_FILE_P256_H

#include <stdint.h>

#include <postern/err.h>

#define P256_POINT_LEN 65

/* The public point, uncompressed. -EINVAL when the scalar is out of range. */
PST_MUST_CHECK int p256_public(uint8_t out[static P256_POINT_LEN],
    const uint8_t scalar[static 32]);
/* ECDSA over the SHA-256 of the message: r then s, big-endian. */
PST_MUST_CHECK int p256_sign(uint8_t out[static 64], const uint8_t scalar[static 32],
    const uint8_t point[static P256_POINT_LEN], const uint8_t message[static 32]);

#endif
