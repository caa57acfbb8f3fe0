/* postern check, postern module: looking without running. */
#include <stdio.h>
#include <string.h>

#include "cli/words.h"

static int
check(const char *path, bool print)
{
	struct pst_config_source source = { .path = path, .problems = stderr, .warnings = stderr, .looks = true };
	struct pst_err err = PST_ERR_INIT;
	struct pst_config *config = NULL;
	struct pst_loader *loader;
	int rc = pst_loader_new(&loader);

	if (!rc)
		rc = pst_config_new(&config, loader, &source, &err);
	if (rc)
		cli_fail(rc, "%s", err.text[0] ? err.text : pst_strerror(rc));
	else if (print)
		pst_config_print(config, stdout);
	else
		printf("%s: %zu sections, all right\n", path, config->count);
	pst_config_free(&config);
	pst_loader_free(&loader);
	return rc ? EXIT_USAGE : EXIT_DONE;
}

int
cmd_check(int argc, char **argv)
{
	static const char *const known[] = { "print", NULL };
	struct words words = { .alone = true };
	int exit = words_read(&words, known, 1, argc, argv);

	if (exit == EXIT_DONE && !words.count)
		exit = cli_usage("check", "want a file or a directory");
	if (exit == EXIT_DONE)
		exit = check(words.word[0], words_value(&words, "print"));
	json_decref(words.options);
	return exit;
}

struct listing {
	struct pst_loader *loader;
	json_t *modules; /* NULL: they are printed one by one */
};

static int
list_one(void *arg, const char *kind, const char *name)
{
	struct listing *listing = arg;
	struct pst_err err = PST_ERR_INIT;
	const struct pst_loaded *loaded;
	bool bad = pst_loader_get(listing->loader, &loaded, kind, name, &err) != PST_OK;
	const char *from = bad ? NULL : loaded->path;
	const char *version = bad ? NULL : loaded->module.version;
	const char *summary = bad || !loaded->module.summary ? "" : loaded->module.summary;

	if (listing->modules)
		json_array_append_new(listing->modules, json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s*}", "kind", kind, "name", name,
		    "version", version, "summary", bad ? NULL : summary, "from", from, "problem", bad ? err.text : NULL));
	else if (bad)
		printf("%-10s %-13s %s\n", kind, name, err.text);
	else
		printf("%-10s %-13s %-8s %s%s\n", kind, name, version, summary,
		    strcmp(from, PST_BUILT_IN) ? "" : " (" PST_BUILT_IN ")");
	return 0;
}

static void
list(struct pst_loader *loader, bool json)
{
	struct listing listing = { loader, json ? json_array() : NULL };

	pst_loader_list(loader, list_one, &listing);
	if (listing.modules)
		print_json(listing.modules);
	json_decref(listing.modules);
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
	static const char *const known[] = { NULL };
	struct words words = { 0 };
	struct pst_loader *loader;
	int exit = words_read(&words, known, 2, argc, argv);
	const char *verb = words.word[0] ? words.word[0] : "";

	json_decref(words.options);
	if (exit)
		return exit;
	if (pst_loader_new(&loader))
		return cli_fail(PST_E_MODULE, "cannot look for modules");
	if (words.count == 1 && !strcmp(verb, "list"))
		list(loader, words.ask.json);
	else if (words.count == 2 && !strcmp(verb, "info"))
		exit = print_info(loader, words.word[1]);
	else
		exit = cli_usage("module", "want list, or info and a file");
	pst_loader_free(&loader);
	return exit;
}
