/*
 * What the lane does: it keeps the token open. When it is lost, it is opened
 * again and asked once more. A PIN that it has refused it is not given again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vault.h"

static void
token_reopen(struct vault *vault)
{
	token_close(&vault->token);
	vault->why = (struct pst_err)PST_ERR_INIT;
	vault->away = token_open(&vault->token, &vault->pin, &vault->why);
}

static int
op_run(struct job *job)
{
	struct vault *vault = job->vault;
	int rc = job->op(&vault->token, job->call, &job->err);

	/* some libraries say "general error" to a token that was pulled out */
	return rc == -EIO && !token_there(&vault->token) ? -ENODEV : rc;
}

static int
keys_copy(struct job *job)
{
	const struct token *token = &job->vault->token;

	job->keys = calloc(token->count + 1, sizeof *job->keys);
	if (!job->keys)
		return -ENOMEM;
	if (token->count)
		memcpy(job->keys, token->keys, token->count * sizeof *token->keys);
	job->count = token->count;
	return PST_OK;
}

int
job_work(void *arg)
{
	struct job *job = arg;
	struct vault *vault = job->vault;
	int rc = vault->away;

	if (!rc)
		rc = op_run(job);
	if (!vault->away && rc == -ENODEV) {
		/* a session may end, and the token be there all the same */
		token_reopen(vault);
		rc = vault->away ? -ENODEV : op_run(job);
	}
	if (!rc && job->on_list)
		rc = keys_copy(job);
	job->away = vault->away;
	job->why = vault->why;
	return rc;
}

static struct pin_source
pin_source(const struct vault *vault)
{
	return (struct pin_source){
		.file = vault->conf->pin_file,
		.variable = vault->conf->pin_env,
		.token = vault->conf->token,
	};
}

int
look_work(void *arg)
{
	struct job *job = arg;
	struct vault *vault = job->vault;
	struct pin_source source = pin_source(vault);

	if (!vault->pin.text) {
		vault->why = (struct pst_err)PST_ERR_INIT;
		vault->away = pin_get(&vault->pin, &source, &vault->stop, &vault->why) ? PST_E_CONF : -ENODEV;
	}
	if (vault->away == -ENODEV || vault->away == -EPERM)
		token_reopen(vault);
	job->away = vault->away;
	job->why = vault->why;
	return PST_OK;
}

int
renew_work(void *arg)
{
	struct job *job = arg;
	struct vault *vault = job->vault;
	struct pin_source source = pin_source(vault);
	struct pin pin = { NULL, 0 };
	struct pst_err err = PST_ERR_INIT;

	if (vault->away == PST_E_AUTH && !pin_get(&pin, &source, &vault->stop, &err) &&
	    !pin_same(&pin, &vault->pin)) {
		pin_free(&vault->pin);
		vault->pin = pin;
		pin = (struct pin){ NULL, 0 };
		token_reopen(vault);
	} else if (vault->away == PST_E_CONF) {
		token_reopen(vault);
	}
	pin_free(&pin);
	job->away = vault->away;
	job->why = vault->why;
	return PST_OK;
}

int
leave_work(void *arg)
{
	struct vault *vault = arg;

	token_close(&vault->token);
	pin_free(&vault->pin);
	return PST_OK;
}
