/*
 * Vaults: where private keys live, and what is done with them.
 *
 * Kind "vault"; its sections are `vault NAME { use = file … }`. Other code
 * never sees a private key: it has a handle, a text of at most
 * PST_HANDLE_TEXT - 1 characters that means something to this vault only
 * and never travels.
 *
 * Every operation answers through the callback of its call, exactly once,
 * from the loop and never within the operation itself: a token takes
 * milliseconds, and the file vault keeps the same manners. A call belongs to
 * the caller, who keeps it, and what it points to, until the answer. make,
 * import and remove answer when it is on disk; importing what is there is fine.
 * Only list may tell -ENOMEM at once.
 *
 * Not every vault has every kind of key, and a token may take none from
 * outside: make and import answer -ENOTSUP then, and nothing has changed. A
 * number that is no kind, and a key that is not for what is asked, are
 * -EINVAL; a handle that is no key's is -ENOENT; -ENODEV says that the token
 * is not there, and the same may be asked again later. `pst-conform vault FILE` asks
 * a vault for all that is said here.
 */
#ifndef POSTERN_VAULT_H
#define POSTERN_VAULT_H

#include <postern/module.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pst_key_kind {
	PST_KEY_ED25519, /* signs; public 32 bytes */
	PST_KEY_P256,    /* signs; public 65 bytes, 04 x y */
	PST_KEY_X25519,  /* agrees; public 32 bytes */
};

#define PST_PUBLIC_MAX 65
#define PST_SIGNATURE_LEN 64 /* Ed25519, or P-256 as r then s, big-endian */
#define PST_SHARED_LEN 32
#define PST_HANDLE_TEXT 80

struct pst_public_key {
	enum pst_key_kind kind;
	uint8_t len; /* 32 or 65 */
	uint8_t bytes[PST_PUBLIC_MAX];
};

/* One request to a vault. Fill the inputs, call the operation, wait for fn. */
struct pst_vault_call {
	void (*fn)(struct pst_vault_call *call, int rc);
	void *arg; /* the caller's */
	char handle[PST_HANDLE_TEXT]; /* input; result of make and import */
	struct pst_public_key key;    /* input of make (kind), agree (the peer's); result of
	                                 make, import and public */
	uint8_t message[32];  /* input of sign: always a SHA-256 (spec trust.md 0.4) */
	uint8_t secret[32];   /* input of import: seed or scalar; wiped by the vault */
	uint8_t result[64];   /* sign: the signature; agree: 32 bytes, wipe after use */
	void *vault;          /* the vault's own, while the call is under way */
	struct pst_task task; /* likewise */
};

struct pst_vault_key {
	const char *handle;
	struct pst_public_key key;
};

struct pst_vault_ops {
	size_t size;
	void (*make)(void *vault, struct pst_vault_call *call);
	void (*import)(void *vault, struct pst_vault_call *call);
	void (*public_key)(void *vault, struct pst_vault_call *call);
	/* Sign `message` with the key `handle`: Ed25519 of the 32 bytes, or ECDSA
	 * over SHA-256 of the 32 bytes. */
	void (*sign)(void *vault, struct pst_vault_call *call);
	/* X25519 of the key `handle` and key.bytes. -EINVAL for an all-zero result. */
	void (*agree)(void *vault, struct pst_vault_call *call);
	/* Forget the key for ever. ENOENT (negative) when it is not there. */
	void (*remove)(void *vault, struct pst_vault_call *call);
	/* All keys; fn gets an array that lives for the call of fn. */
	void (*list)(void *vault, void (*fn)(void *arg, int rc, const struct pst_vault_key *keys,
	    size_t count), void *arg);
	/* One line for `status`: "clear" or "sealed", for instance. Static or the vault's. */
	const char *(*protection)(void *vault);
};

#ifdef __cplusplus
}
#endif
#endif
