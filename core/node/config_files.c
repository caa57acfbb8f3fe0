/* What a configuration is read from: the file, then STATE/conf.d, then the edit. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/config_parts.h"
#include "node/state.h"

/* --state, the file's, $POSTERN_STATE, or the user's own. */
static char *
state_dir(const char *state, const char *written)
{
	char cwd[PATH_MAX], path[2 * PATH_MAX];
	const char *home = getenv("HOME");
	size_t n;

	if (!state)
		state = written;
	if (!state)
		state = getenv("POSTERN_STATE");
	if (!state && geteuid() == 0)
		state = "/var/lib/postern/default";
	if (state && *state == '/')
		snprintf(path, sizeof path, "%s", state);
	else if (state)
		snprintf(path, sizeof path, "%s/%s", getcwd(cwd, sizeof cwd) ? cwd : "", state);
	else
		snprintf(path, sizeof path, "%s/.local/state/postern/default", home ? home : "");
	for (n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	return strdup(path);
}

char *
pst_config_state_dir(const char *state)
{
	return state_dir(state, NULL);
}

/* The node section is wanted before all others: it says where conf.d is. */
static int
state_find(struct pst_config *config, struct pst_err *err)
{
	const struct pst_conf_section *node = NULL;
	const struct pst_node_conf *conf;
	struct pst_values *values = NULL;
	const char *written = NULL;
	int rc;

	for (size_t i = 0; !node && i < pst_conf_count(config->conf); i++)
		if (!strcmp(pst_conf_at(config->conf, i)->kind, "node"))
			node = pst_conf_at(config->conf, i);
	if (node) {
		rc = pst_values_new(&values, node, config_node_section.options,
		    config_node_section.conf_size, err);
		if (rc)
			return rc;
		conf = pst_values_conf(values);
		written = conf->state;
	}
	config->state_dir = state_dir(config->source.state, written);
	pst_values_free(&values);
	return config->state_dir ? PST_OK : -ENOMEM;
}

static void
drop_in_dir(const struct pst_config *config, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/conf.d", config->state_dir);
}

bool
config_is_dropped_in(const struct pst_config *config, const struct pst_conf_section *section)
{
	char dir[PATH_MAX];

	if (!config->state_dir)
		return false;
	drop_in_dir(config, dir);
	return !strncmp(section->file, dir, strlen(dir)) && section->file[strlen(dir)] == '/';
}

void
pst_config_edit_file(const struct pst_config_edit *edit, char name[static PST_CONFIG_EDIT_FILE])
{
	snprintf(name, PST_CONFIG_EDIT_FILE, "conf.d/%s-%s.conf", edit->kind, edit->name);
}

static void
edit_path(const struct pst_config *config, const struct pst_config_edit *edit, char path[static PATH_MAX])
{
	char name[PST_CONFIG_EDIT_FILE];

	pst_config_edit_file(edit, name);
	snprintf(path, PATH_MAX, "%s/%s", config->state_dir, name);
}

static int
section_add(struct pst_config *config, const struct pst_config_edit *edit, struct pst_err *err)
{
	char dir[PATH_MAX], file[PATH_MAX];

	drop_in_dir(config, dir);
	edit_path(config, edit, file);
	return pst_conf_load_text(config->conf, file, dir, edit->text, strlen(edit->text), err);
}

/* Does it have the file that a command would make, to itself? Then a command may remove that. */
static bool
stands_alone(const struct pst_config *config, const struct pst_config_edit *edit,
    const struct pst_conf_section *section)
{
	char file[PATH_MAX];

	edit_path(config, edit, file);
	if (strcmp(section->file, file))
		return false;
	for (size_t i = 0; i < pst_conf_count(config->conf); i++) {
		const struct pst_conf_section *other = pst_conf_at(config->conf, i);

		if (other != section && !strcmp(other->file, file))
			return false;
	}
	return true;
}

static int
section_drop(struct pst_config *config, const struct pst_config_edit *edit, struct pst_err *err)
{
	const struct pst_conf_section *section =
	    pst_conf_find(config->conf, edit->kind, edit->name);

	if (!section && config_is_built_in(edit->kind, edit->name))
		return pst_fail(err, PST_E_CONF, "%s %s is built in: every node has it", edit->kind, edit->name);
	if (!section)
		return pst_fail(err, PST_E_NOTHING, "there is no %s %s", edit->kind, edit->name);
	if (!stands_alone(config, edit, section))
		return pst_fail(err, PST_E_CONF, "%s %s stands at %s:%u: take it out there, then reload",
		    edit->kind, edit->name, section->file, section->line);
	pst_conf_drop(config->conf, section);
	return PST_OK;
}

/* Taken for one with a configuration by a slip; an empty file is written on purpose. */
static bool
is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

int
config_files(struct pst_config *config, struct pst_err *err)
{
	const struct pst_config_source *source = &config->source;
	char dir[PATH_MAX];
	int rc = PST_OK;

	if (source->path)
		rc = pst_conf_load(config->conf, source->path, err);
	if (!rc && source->path && !pst_conf_count(config->conf) && is_directory(source->path))
		rc = pst_fail(err, PST_E_CONF, "%s: no *.conf with a section is in this directory",
		    source->path);
	if (!rc)
		rc = state_find(config, err);
	if (!rc)
		rc = pst_state_check(config->state_dir, err);
	if (rc)
		return rc;
	drop_in_dir(config, dir);
	if (!access(dir, F_OK))
		rc = pst_conf_load(config->conf, dir, err);
	if (!rc && source->edit.text)
		rc = section_add(config, &source->edit, err);
	else if (!rc && source->edit.kind)
		rc = section_drop(config, &source->edit, err);
	return rc;
}
