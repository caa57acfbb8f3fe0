/*
 * The vault in a token: every question is a job of one lane, for a call into
 * a token takes its time, and some can do one thing at once only.
 *
 * A token that is not there takes the section down and is looked for every
 * few seconds; questions are answered -ENODEV meanwhile. A node that begins
 * without it does not begin.
 */
#include <errno.h>
#include <stdlib.h>

#include "vault.h"

/* How often a token that is away is looked for. */
#define RETRY_MS 3000

/* ---- how the token is ---- */

static void look(struct pst_timer *timer);

static bool
comes_back(int rc)
{
	return rc == -ENODEV || rc == -EPERM;
}

/* What the lane has found of the token; on the loop. */
void
token_show(struct vault *vault, const struct job *job)
{
	int rc = job->away;

	if (vault->closing)
		return;
	if (!rc && (!vault->opened || vault->shown)) {
		if (vault->opened)
			pst_info(pst_section_log(vault->env), "the token is there again");
		vault->opened = true;
		vault->shown = PST_OK;
		pst_section_up(vault->env);
	} else if (rc && (!vault->opened || rc != vault->shown)) {
		vault->shown = rc;
		/* a node that begins: nothing but the operator helps */
		pst_section_down(vault->env, !vault->opened && rc == PST_E_AUTH ? PST_E_CONF : rc,
		    job->why.text);
	}
	/* questions in between shall not put it off */
	if (vault->opened && comes_back(rc) && !vault->timer.armed)
		pst_timer_start(pst_section_env(vault->env), &vault->timer, RETRY_MS, look);
}

static void
look_done(void *arg, int rc)
{
	struct job *job = arg;

	(void)rc;
	token_show(job->vault, job);
	free(job);
}

/* A job that only sees to the token. */
static int
look_start(struct vault *vault, int (*work)(void *arg))
{
	struct job *job = calloc(1, sizeof *job);
	int rc = -ENOMEM;

	if (job) {
		job->vault = vault;
		rc = pst_lane_run(vault->lane, work, look_done, job);
	}
	if (rc)
		free(job);
	return rc;
}

static void
look(struct pst_timer *timer)
{
	struct vault *vault = pst_container_of(timer, struct vault, timer);

	if (look_start(vault, look_work))
		pst_timer_start(pst_section_env(vault->env), &vault->timer, RETRY_MS, look);
}

/* The files were read again. */
static void
pkcs11_neighbours(void *self)
{
	struct vault *vault = self;

	if (vault->opened && vault->shown && !comes_back(vault->shown) &&
	    look_start(vault, renew_work))
		pst_warn(pst_section_log(vault->env), "no memory to look for another PIN");
}

/* ---- the section ---- */

static void
pkcs11_status(void *self, struct pst_status *status)
{
	const struct vault *vault = self;

	pst_status_put(status, PST_FIELDS(PST_STR("protection", pkcs11_ops.protection(self)),
	    PST_STR("token", vault->conf->token), PST_STR("library", vault->conf->library)));
}

static const struct pst_section_hooks pkcs11_hooks = {
	.size = sizeof pkcs11_hooks,
	.status = pkcs11_status,
	.neighbours = pkcs11_neighbours,
};

static int
pkcs11_check(const void *conf, struct pst_err *err)
{
	const struct pkcs11_conf *c = conf;

	if (!c->library || !*c->library)
		return pst_fail(err, PST_E_CONF, "library: want the path of the token's PKCS #11 library");
	if (!*c->token)
		return pst_fail(err, PST_E_CONF, "token: want its label");
	if (c->pin_file && c->pin_env)
		return pst_fail(err, PST_E_CONF, "pin_env: there is a pin_file already");
	return PST_OK;
}

static int
pkcs11_open(void **self, struct pst_section_env *env, const void *conf, struct pst_err *err)
{
	struct vault *vault = calloc(1, sizeof *vault);
	int rc = -ENOMEM;

	if (!vault)
		return pst_fail(err, rc, "out of memory");
	vault->env = env;
	vault->conf = conf;
	vault->away = -ENODEV;
	vault->token.library = vault->conf->library;
	vault->token.label = vault->conf->token;
	rc = pst_lane_new(&vault->lane, pst_section_env(env), pst_section_name(env));
	if (!rc)
		rc = look_start(vault, look_work);
	if (rc) {
		if (vault->lane)
			pst_lane_close(&vault->lane, NULL, NULL);
		free(vault);
		return pst_fail(err, rc, "the vault cannot be opened: %s", pst_strerror(rc));
	}
	pst_section_hook(env, &pkcs11_hooks);
	*self = vault;
	return PST_OK;
}

static void
left(void *arg, int rc)
{
	(void)arg;
	(void)rc;
}

static void
lane_gone(void *arg)
{
	struct vault *vault = arg;
	struct pst_section_env *env = vault->env;

	leave_work(vault); /* for want of memory it was no job of the lane's */
	free(vault);
	pst_section_closed(env);
}

static void
pkcs11_close(void *self)
{
	struct vault *vault = self;

	vault->closing = true;
	atomic_store(&vault->stop, true);
	pst_timer_stop(pst_section_env(vault->env), &vault->timer);
	if (pst_lane_run(vault->lane, leave_work, left, vault))
		pst_warn(pst_section_log(vault->env), "no memory: leaving the token takes the loop's time");
	pst_lane_close(&vault->lane, lane_gone, vault);
}

static const struct pst_opt pkcs11_options[] = {
	PST_OPT(PATH, struct pkcs11_conf, library, NULL,
	    "the token's PKCS #11 library, such as /usr/lib/softhsm/libsofthsm2.so"),
	PST_OPT(STR, struct pkcs11_conf, token, NULL, "the token's label", .of = "required"),
	PST_OPT(PATH, struct pkcs11_conf, pin_file, NULL,
	    "file that holds its PIN; without it and pin_env a terminal is asked"),
	PST_OPT(STR, struct pkcs11_conf, pin_env, NULL,
	    "variable of the environment that holds its PIN"),
	PST_OPT_END,
};

static const struct pst_section sections[] = {
	PST_SECTION("vault", struct pkcs11_conf, pkcs11_options, pkcs11_check, pkcs11_open,
	    pkcs11_close),
	PST_SECTION_END,
};

PST_MODULE(vault_pkcs11,
    .kind = PST_KIND_VAULT,
    .version = "0.1.0",
    .summary = "keys that never leave a token (PKCS #11)",
    .sections = sections,
    .ops = &pkcs11_ops,
);
