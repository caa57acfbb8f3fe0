/* postern check, postern module: looking without running. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

int
cmd_check(int argc, char **argv)
{
	static const struct option options[] = { { "print", no_argument, NULL, 'p' }, { 0 } };
	struct pst_err err = PST_ERR_INIT;
	struct pst_loader *loader;
	struct pst_config *config = NULL;
	bool print = false;
	struct pst_config_source source = { 0 };
	int c, rc;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'p')
			return cli_bad_option("check", argv);
		print = true;
	}
	if (argc - optind != 1)
		return cli_usage("check", "want one file or directory");
	source.path = argv[optind];
	rc = pst_loader_new(&loader);
	if (!rc)
		rc = pst_config_new(&config, loader, &source, &err);
	if (rc)
		cli_fail(rc, "%s", err.text[0] ? err.text : pst_strerror(rc));
	else if (print)
		pst_config_print(config, stdout);
	else
		printf("%s: %zu sections, all right\n", argv[optind], config->count);
	pst_config_free(&config);
	pst_loader_free(&loader);
	return rc ? EXIT_USAGE : EXIT_DONE;
}

static int
print_one(void *arg, const char *kind, const char *name)
{
	struct pst_loader *loader = arg;
	struct pst_err err = PST_ERR_INIT;
	const struct pst_loaded *loaded;

	if (pst_loader_get(loader, &loaded, kind, name, &err))
		printf("%-10s %-10s %s\n", kind, name, err.text);
	else
		printf("%-10s %-10s %-8s %s\n", kind, name, loaded->module.version,
		    loaded->module.summary ? loaded->module.summary : "");
	return 0;
}

static int
print_info(struct pst_loader *loader, const char *path)
{
	struct pst_err err = PST_ERR_INIT;
	const struct pst_loaded *loaded;
	int rc = pst_loader_file(loader, &loaded, path, &err);

	if (rc)
		return cli_fail(rc, "%s", err.text);
	pst_module_help(stdout, loaded);
	printf("\nfile %s, ABI %u.%u\n", loaded->path, loaded->module.abi_major, loaded->module.abi_minor);
	return EXIT_DONE;
}

int
cmd_module(int argc, char **argv)
{
	struct pst_loader *loader;
	int exit = EXIT_DONE;

	if (pst_loader_new(&loader))
		return cli_fail(PST_E_MODULE, "cannot look for modules");
	if (argc == 2 && !strcmp(argv[1], "list"))
		pst_loader_list(loader, print_one, loader);
	else if (argc == 3 && !strcmp(argv[1], "info"))
		exit = print_info(loader, argv[2]);
	else
		exit = cli_usage("module", "want list, or info and a file");
	pst_loader_free(&loader);
	return exit;
}
