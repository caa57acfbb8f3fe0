#include <postern/told.h>

#include <stdio.h>
#include <string.h>

bool
pst_told_lately(struct pst_told *told, const char *at, int rc, uint64_t now_ms)
{
	char key[PST_TOLD_TEXT];
	unsigned i = 0;

	snprintf(key, sizeof key, "%s", at);
	while (i < PST_TOLD_MAX && (told->line[i].rc != rc || strcmp(told->line[i].at, key)))
		i++;
	if (i == PST_TOLD_MAX)
		i = told->next++ % PST_TOLD_MAX;
	else if (now_ms - told->line[i].ms < PST_TOLD_AGAIN_MS)
		return true;
	told->line[i].rc = rc;
	told->line[i].ms = now_ms;
	memcpy(told->line[i].at, key, sizeof key);
	return false;
}
