#include <postern/descriptors.h>

#include <sys/resource.h>

#define KEPT 256

int64_t
pst_descriptors(int64_t wanted)
{
	struct rlimit limit;
	int64_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return wanted;
	most = (int64_t)limit.rlim_cur - KEPT;
	most = most < wanted ? most : wanted;
	return most > 1 ? most : 1;
}
