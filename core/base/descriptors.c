#include <postern/descriptors.h>

#include <sys/resource.h>

#define KEPT 256

/* All but those that are kept; INT64_MAX: any number. */
static int64_t
usable(void)
{
	struct rlimit limit;
	int64_t all;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return INT64_MAX;
	all = (int64_t)limit.rlim_cur;
	return all / 2 < KEPT ? all - all / 2 : all - KEPT;
}

int64_t
pst_descriptors(int64_t wanted)
{
	int64_t most = usable();

	most = most < wanted ? most : wanted;
	return most > 1 ? most : 1;
}

bool
pst_descriptors_scarce(const uv_handle_t *connection)
{
	int fd;

	return !uv_fileno(connection, &fd) && pst_descriptor_is_kept(fd);
}

bool
pst_descriptor_is_kept(int fd)
{
	return fd >= usable();
}
