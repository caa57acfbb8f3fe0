/* A plain WASI command: what it was given, and its input in capitals. "exit N" ends it with N. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
	char line[256];

	for (int i = 0; i < argc; i++)
		printf("%s\n", argv[i]);
	printf("%s\n", getenv("COLOUR") ? getenv("COLOUR") : "none");
	while (fgets(line, sizeof line, stdin)) {
		if (!strncmp(line, "exit ", 5))
			return atoi(line + 5);
		if (!strncmp(line, "complain", 8))
			fprintf(stderr, "not amused\n");
		for (char *c = line; *c; c++)
			putchar(toupper((unsigned char)*c));
	}
	return 0;
}
