/*
 * postern report: what somebody who helps will ask for, in one text file: versions, the machine, the
 * node's status, its sections with their options, the state directory, and the end of the log.
 * No key leaves a vault, and options refer to secrets by file; what looks like one all the same is
 * struck out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cli/words.h"
#include "node/state.h"

/* Of the log; the beginning of an incident is rarely further back. */
#define LOG_BYTES (64 * 1024)
#define STRUCK "[struck out]"

/* ---- striking out ---- */

static bool
key_is_secret(const char *key)
{
	static const char *const words[] = { "password", "passphrase", "secret", "token", "pin" };
	size_t n = strlen(key);

	if (n > 5 && !strcmp(key + n - 5, "_file"))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strstr(key, words[i]))
			return true;
	return false;
}

/* The name and password of scheme://name:password@host, anywhere; a password may have a / in it. */
static bool
text_has_login(const char *text)
{
	while ((text = strstr(text, "://"))) {
		size_t n = strcspn(text += 3, " \t\n");

		if (memchr(text, '@', n))
			return true;
	}
	return false;
}

static void
strike(json_t *value, const char *key)
{
	json_t *item;
	const char *name;
	size_t i;
	void *next;

	if (json_is_string(value) && (key_is_secret(key) || text_has_login(json_string_value(value))))
		json_string_set(value, STRUCK);
	json_array_foreach(value, i, item)
		strike(item, key);
	json_object_foreach_safe(value, next, name, item)
		strike(item, name);
}

/* ---- parts ---- */

static void
part(FILE *out, const char *name)
{
	fprintf(out, "\n==== %s ====\n", name);
}

static void
part_machine(FILE *out)
{
	char line[256];
	struct utsname machine;
	struct rlimit files;
	FILE *os = fopen("/etc/os-release", "re");
	time_t now = time(NULL);
	struct tm tm;

	part(out, "machine");
	strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	fprintf(out, "postern %s (module ABI %d.%d), %s\n", PST_VERSION, PST_ABI_MAJOR, PST_ABI_MINOR, line);
	if (!uname(&machine))
		fprintf(out, "%s %s %s\n", machine.sysname, machine.release, machine.machine);
	if (!getrlimit(RLIMIT_NOFILE, &files))
		fprintf(out, "descriptors: %llu of %llu\n", (unsigned long long)files.rlim_cur,
		    (unsigned long long)files.rlim_max);
	fprintf(out, "libuv %s\n", uv_version_string());
	while (os && fgets(line, sizeof line, os))
		if (!strncmp(line, "PRETTY_NAME=", 12))
			fputs(line, out);
	if (os)
		fclose(os);
}

static void
json_put(FILE *out, json_t *value)
{
	strike(value, "");
	json_dumpf(value, out, JSON_INDENT(2));
	putc('\n', out);
}

/* Each section with its options. */
static void
part_node(FILE *out, const struct ask *ask)
{
	json_t *status = NULL, *section, *shown;
	size_t i;

	part(out, "status");
	if (ask_node(ask, json_pack("{s:s}", "do", "status"), &status)) {
		fputs("no node answers\n", out);
		return;
	}
	json_put(out, status);
	part(out, "sections");
	json_array_foreach(json_object_get(status, "sections"), i, section) {
		if (ask_node(ask, json_pack("{s:s, s:O, s:O}", "do", "show", "kind",
		    json_object_get(section, "kind"), "name", json_object_get(section, "name")), &shown))
			continue;
		json_put(out, shown);
		json_decref(shown);
	}
	json_decref(status);
}

static void
files_list(FILE *out, const char *dir)
{
	struct dirent **entry = NULL;
	int count = scandir(dir, &entry, NULL, alphasort);
	char path[PATH_MAX];
	struct stat st;

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, entry[i]->d_name);
		if (entry[i]->d_name[0] != '.' && !lstat(path, &st))
			fprintf(out, "%06o %u:%u %10lld %s\n", (unsigned)st.st_mode, (unsigned)st.st_uid,
			    (unsigned)st.st_gid, (long long)st.st_size, path);
		free(entry[i]);
	}
	free(entry);
}

static void
part_state(FILE *out, const char *dir)
{
	char path[PATH_MAX];

	part(out, "state directory");
	files_list(out, dir);
	snprintf(path, sizeof path, "%s/conf.d", dir);
	files_list(out, path);
}

static void
part_log(FILE *out, const char *dir)
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	FILE *in;

	part(out, "log");
	snprintf(path, sizeof path, "%s/node.log", dir);
	in = fopen(path, "re");
	if (!in) {
		fputs("the node does not log to its state directory; under systemd: journalctl -u postern@NAME\n",
		    out);
		return;
	}
	if (fseek(in, -LOG_BYTES, SEEK_END))
		rewind(in); /* it is shorter */
	else if (getline(&line, &size, in) < 0) /* the rest of one */
		fputs("nothing\n", out);
	while (getline(&line, &size, in) > 0)
		fputs(text_has_login(line) ? STRUCK "\n" : line, out);
	free(line);
	fclose(in);
}

/* ---- the whole ---- */

/* Close it; PST_OK when all that was put there has gone to the file. */
static int
stream_end(FILE *out)
{
	int rc;

	errno = 0;
	rc = fflush(out) || ferror(out) ? (errno ? -errno : -EIO) : PST_OK;
	return fclose(out) && !rc ? -errno : rc;
}

static int
report_write(const struct ask *ask, const char *to)
{
	char *dir = pst_config_state_dir(ask->state);
	int fd = dir ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int rc = dir ? -errno : -ENOMEM;

	if (!out) {
		if (fd >= 0) {
			close(fd);
			unlink(to);
		}
		free(dir);
		return cli_fail(rc, "%s: %s", to, strerror(-rc));
	}
	part_machine(out);
	part_node(out, ask);
	part_state(out, dir);
	part_log(out, dir);
	free(dir);
	rc = stream_end(out);
	if (rc) {
		unlink(to);
		return cli_fail(rc, "%s: cannot be written: %s", to, pst_strerror(rc));
	}
	printf("%s\n", to);
	return EXIT_DONE;
}

int
cmd_report(int argc, char **argv)
{
	static const char *const known[] = { "to=", NULL };
	struct words words = { .local = true, .ask = { .no_start = true, .timeout_ms = 10000 } };
	char name[64];
	time_t now = time(NULL);
	struct tm tm;
	int exit = words_read(&words, known, 0, argc, argv);

	strftime(name, sizeof name, "postern-report-%Y%m%d-%H%M%S.txt", gmtime_r(&now, &tm));
	if (exit == EXIT_DONE)
		exit = report_write(&words.ask, words_value(&words, "to") ? words_value(&words, "to") : name);
	json_decref(words.options);
	return exit;
}
