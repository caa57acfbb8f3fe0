/*
 * capability/file: a function reads files of one directory (spec functions.md 3.4). No name leads out
 * of it: each part is opened below the one before, and a symbolic link is no file.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <postern/capability.h>

struct file_conf {
	const char *directory;
	uint64_t largest;
};

struct file {
	struct pst_section_env *senv;
	const struct file_conf *conf;
};

static const struct pst_opt file_options[] = {
	PST_OPT(PATH, struct file_conf, directory, NULL, "where the files are", .of = "required"),
	PST_OPT(SIZE, struct file_conf, largest, "16M", "a larger file is none"),
	PST_OPT_END,
};

/* One of each is dropped in front, in this order. */
static const char *
name_begin(const char *name)
{
	static const char *const fronts[] = { "static/", "/", "./" };

	for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++)
		if (!strncmp(name, fronts[i], strlen(fronts[i])))
			name += strlen(fronts[i]);
	return name;
}

/* A part that may be opened: a name, and neither "." nor "..". */
static bool
is_part(const char *part)
{
	return *part && strcmp(part, ".") && strcmp(part, "..");
}

/* -errno, or a descriptor. The name is taken apart. */
static int
open_below(const char *directory, char *name)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;
	char *part;

	while (fd >= 0 && (part = strsep(&name, "/"))) {
		int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (name ? O_DIRECTORY : 0);

		next = is_part(part) ? openat(fd, part, flags) : -1;
		close(fd);
		fd = next;
	}
	return fd;
}

static uint8_t *
read_whole(int fd, uint64_t largest, size_t *len)
{
	struct stat st;
	uint8_t *bytes;
	size_t size, done = 0;
	ssize_t n = 1;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > largest)
		return NULL;
	size = (size_t)st.st_size;
	bytes = malloc(size + 1);
	while (bytes && n && done < size) {
		n = read(fd, bytes + done, size - done);
		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	if (n < 0) {
		free(bytes);
		return NULL;
	}
	*len = done;
	return bytes;
}

static void
get_static_file(void *capability, struct pst_host_call *call)
{
	const struct file *file = capability;
	const struct pst_host_bytes *text = &call->text[0];
	char name[PATH_MAX];
	uint8_t *bytes = NULL;
	size_t len = 0;
	int fd = -1;

	if (text->len < sizeof name && !memchr(text->bytes, '\0', text->len)) {
		memcpy(name, text->bytes, text->len);
		name[text->len] = '\0';
		fd = open_below(file->conf->directory, (char *)name_begin(name));
	}
	if (fd >= 0) {
		bytes = read_whole(fd, file->conf->largest, &len);
		close(fd);
	}
	if (bytes)
		pst_host_take(call, bytes, len);
	else
		pst_host_error(call, "file does not exist");
}

static const struct pst_host_function file_serves[] = {
	{ .name = "get_static_file", .now = get_static_file },
	{ .name = NULL },
};
static const struct pst_capability_ops file_ops = { .size = sizeof file_ops, .serves = file_serves };

static int
file_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct file *file = calloc(1, sizeof *file);

	if (!file)
		return -ENOMEM;
	file->senv = senv;
	file->conf = conf;
	*self = file;
	pst_section_up(senv);
	return PST_OK;
}

static void
file_close(void *self)
{
	struct file *file = self;
	struct pst_section_env *senv = file->senv;

	free(file);
	pst_section_closed(senv);
}

static const struct pst_section file_sections[] = {
	PST_SECTION("capability", struct file_conf, file_options, NULL, file_open, file_close),
	PST_SECTION_END,
};

PST_MODULE(capability_file, .kind = PST_KIND_CAPABILITY, .version = "0.1.0",
    .summary = "functions read the files of a directory", .sections = file_sections,
    .ops = &file_ops);
