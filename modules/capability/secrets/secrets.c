/*
 * capability/secrets: a function gets secrets by name, from files of a directory and from the node's
 * environment (spec functions.md 3.6). One that is not there, or not allowed, is empty.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <postern/capability.h>

/* Ours. */
#define SECRET_MAX (64 * 1024)
#define KEY_MAX 255

struct secrets_conf {
	struct pst_list allowed_keys;
	const char *directory;
};

struct secrets {
	struct pst_section_env *senv;
	const struct secrets_conf *conf;
	char **values; /* of the environment, by the place in allowed_keys; NULL: none */
};

static const struct pst_opt secrets_options[] = {
	PST_OPT(LIST, struct secrets_conf, allowed_keys, NULL, "the secrets that functions may have"),
	PST_OPT(PATH, struct secrets_conf, directory, NULL,
	    "a file of a key's name here is its secret; else the environment's variable is"),
	PST_OPT_END,
};

/* ---- a file ---- */

/* What an editor puts behind the last line is no part of it. -1: there is no such file. */
static ssize_t
file_read(const char *directory, const char *key, uint8_t bytes[SECRET_MAX])
{
	int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : openat(dir, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		n = read(fd, bytes, SECRET_MAX);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return n > 0 && bytes[n - 1] == '\n' ? n - 1 : n;
}

/* ---- the call ---- */

static size_t
key_find(const struct secrets *secrets, const struct pst_host_bytes *key)
{
	const struct pst_list *keys = &secrets->conf->allowed_keys;
	size_t i = 0;

	while (i < keys->count && (strlen(keys->item[i]) != key->len || memcmp(keys->item[i], key->bytes, key->len)))
		i++;
	return i;
}

static void
get_secret_value(void *capability, struct pst_host_call *call)
{
	const struct secrets *secrets = capability;
	const struct secrets_conf *conf = secrets->conf;
	size_t i = key_find(secrets, &call->text[0]);
	uint8_t *bytes;
	ssize_t n = -1;

	if (i < conf->allowed_keys.count && conf->directory && (bytes = malloc(SECRET_MAX))) {
		n = file_read(conf->directory, conf->allowed_keys.item[i], bytes);
		if (n >= 0)
			pst_host_take(call, bytes, (size_t)n);
		else
			free(bytes);
	}
	if (n >= 0)
		return;
	if (i < conf->allowed_keys.count && secrets->values[i])
		pst_host_result(call, secrets->values[i], strlen(secrets->values[i]));
	else
		pst_host_result(call, "", 0);
}

static const struct pst_host_function secrets_serves[] = {
	{ .name = "get_secret_value", .now = get_secret_value },
	{ .name = NULL },
};
static const struct pst_capability_ops secrets_ops = {
	.size = sizeof secrets_ops,
	.serves = secrets_serves,
};

/* ---- the section ---- */

static int
secrets_check(const void *conf, struct pst_err *err)
{
	const struct secrets_conf *c = conf;

	for (size_t i = 0; i < c->allowed_keys.count; i++) {
		const char *key = c->allowed_keys.item[i];

		if (!*key || strlen(key) > KEY_MAX || strpbrk(key, "/=") || *key == '.')
			return pst_fail(err, PST_E_CONF, "allowed_keys: \"%.64s\" is no name of a secret", key);
	}
	return PST_OK;
}

static void
secrets_free(struct secrets *secrets)
{
	for (size_t i = 0; secrets->values && i < secrets->conf->allowed_keys.count; i++)
		free(secrets->values[i]);
	free(secrets->values);
	free(secrets);
}

/* The environment is read here: no other thread may while somebody could change it. */
static int
secrets_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct secrets *secrets = calloc(1, sizeof *secrets);
	const struct pst_list *keys;

	if (!secrets)
		return -ENOMEM;
	secrets->senv = senv;
	secrets->conf = conf;
	keys = &secrets->conf->allowed_keys;
	secrets->values = calloc(keys->count + 1, sizeof *secrets->values);
	for (size_t i = 0; secrets->values && i < keys->count; i++) {
		const char *value = getenv(keys->item[i]);

		if (value && !(secrets->values[i] = strdup(value))) {
			secrets_free(secrets);
			return -ENOMEM;
		}
	}
	if (!secrets->values) {
		secrets_free(secrets);
		return -ENOMEM;
	}
	*self = secrets;
	pst_section_up(senv);
	return PST_OK;
}

static void
secrets_close(void *self)
{
	struct secrets *secrets = self;
	struct pst_section_env *senv = secrets->senv;

	secrets_free(secrets);
	pst_section_closed(senv);
}

static const struct pst_section secrets_sections[] = {
	PST_SECTION("capability", struct secrets_conf, secrets_options, secrets_check, secrets_open,
	    secrets_close),
	PST_SECTION_END,
};

PST_MODULE(capability_secrets, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "functions get secrets by name", .sections = secrets_sections, .ops = &secrets_ops);
