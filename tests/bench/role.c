#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

struct role {
	const char *name;
	int pid;
};

static struct role roles[MAX_ROLES];
static int role_count;

void
roles_set(char *list)
{
	for (char *one = strtok(list, ","); one && role_count < MAX_ROLES; one = strtok(NULL, ",")) {
		char *pid = strchr(one, '=');

		if (!pid)
			continue;
		*pid = '\0';
		roles[role_count++] = (struct role){ .name = one, .pid = atoi(pid + 1) };
	}
}

static double
cpu_s(const struct role *role)
{
	char path[64], text[1024], *after;
	unsigned long user, sys;
	double sum = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", role->pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(text, sizeof text, file) && (after = strrchr(text, ')')) &&
	    sscanf(after + 1, "%*s %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) == 2)
		sum = (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
	fclose(file);
	return sum;
}

double
resident_kb(void)
{
	double sum = 0;

	for (int i = 0; i < role_count; i++) {
		char path[64];
		long pages = 0;
		FILE *file;

		snprintf(path, sizeof path, "/proc/%d/statm", roles[i].pid);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fscanf(file, "%*d %ld", &pages) == 1)
			sum += (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
		fclose(file);
	}
	return sum;
}

void
cpu_mark(double *mark)
{
	for (int i = 0; i < role_count; i++)
		mark[i] = cpu_s(&roles[i]);
}

void
cpu_print(const double *mark, double gb)
{
	double all = 0;

	if (role_count == 0 || gb <= 0)
		return;
	for (int i = 0; i < role_count; i++) {
		double spent = cpu_s(&roles[i]) - mark[i];

		printf("cpu.%s %.4f\n", roles[i].name, spent / gb);
		all += spent;
	}
	print("cpu", all / gb);
}
