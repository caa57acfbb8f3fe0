/*
 * bundle: make a zip archive.
 *
 *   bundle ARCHIVE NAME=FILE…     each member NAME has what FILE has
 */
#include <stdio.h>
#include <string.h>
#include <zip.h>

static int
member_add(zip_t *zip, char *argument)
{
	char *file = strchr(argument, '=');
	zip_source_t *source;

	if (!file)
		return -1;
	*file++ = '\0';
	source = zip_source_file(zip, file, 0, -1);
	if (!source)
		return -1;
	if (zip_file_add(zip, argument, source, ZIP_FL_ENC_UTF_8) >= 0)
		return 0;
	zip_source_free(source);
	return -1;
}

int
main(int argc, char **argv)
{
	zip_t *zip = argc > 2 ? zip_open(argv[1], ZIP_CREATE | ZIP_TRUNCATE, NULL) : NULL;

	if (!zip) {
		fprintf(stderr, "usage: bundle ARCHIVE NAME=FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (!member_add(zip, argv[i]))
			continue;
		fprintf(stderr, "bundle: %s: %s\n", argv[i], zip_strerror(zip));
		zip_discard(zip);
		return 1;
	}
	if (!zip_close(zip))
		return 0;
	fprintf(stderr, "bundle: %s: %s\n", argv[1], zip_strerror(zip));
	return 1;
}
