/*
 * service/mute: a portal's far end that agrees on windows of 1000 bytes and
 * then grants nothing, for scenarios. It logs how much has come.
 */
#include <errno.h>
#include <stdlib.h>

#include <postern/module.h>
#include <postern/router.h>

struct mute_conf {
	bool grants; /* once, a grant of 0: it shows that grants pass */
};

struct mute {
	struct pst_section_env *senv;
	const struct mute_conf *conf;
	struct pst_worker worker;
	uint64_t came;
};

static const struct pst_opt mute_options[] = {
	PST_OPT(BOOL, struct mute_conf, grants, "no", "send one grant of 0"),
	PST_OPT_END,
};

static void
say(struct mute *mute, const struct pst_route *to, const void *bytes, size_t len)
{
	struct pst_env *env = pst_section_env(mute->senv);
	struct pst_route own = pst_worker_route(&mute->worker);
	struct pst_buf buf;

	if (!pst_env_buf(&buf, env, bytes, len, PST_RX_HEADROOM, PST_RX_TAILROOM))
		pst_send(pst_env_router(env), to, &own, &buf);
}

static void
mute_receives(struct pst_worker *worker, struct pst_message *m)
{
	/* "PST" 1, item 1 (windows) of two bytes: 1000 */
	static const uint8_t pong[] = { 0x01, 0x50, 0x53, 0x54, 0x01, 0x01, 0x02, 0xe8, 0x07 };
	static const uint8_t grant[] = { 0x10, 0x00 };
	struct mute *mute = pst_container_of(worker, struct mute, worker);
	struct pst_reader r = pst_buf_reader(&m->payload);
	uint8_t type = pst_read_u8(&r);
	size_t len;

	if (type == 0x00) {
		say(mute, &m->back, pong, sizeof pong);
		if (mute->conf->grants)
			say(mute, &m->back, grant, sizeof grant);
	} else if (type == 0x03 && pst_read_data(&r, &len)) {
		mute->came += len;
		pst_info(pst_section_log(mute->senv), "payload", PST_U64("bytes", mute->came));
	}
}

static int
mute_open(void **self, struct pst_section_env *senv, const void *conf, struct pst_err *err)
{
	struct mute *mute = calloc(1, sizeof *mute);
	int rc;

	(void)err;
	if (!mute)
		return -ENOMEM;
	mute->senv = senv;
	mute->conf = conf;
	*self = mute;
	rc = pst_worker_start_named(pst_env_router(pst_section_env(senv)), &mute->worker,
	    pst_section_name(senv), PST_REACH_SECTION, mute_receives);
	if (rc)
		free(mute);
	else
		pst_section_up(senv);
	return rc;
}

static void
mute_close(void *self)
{
	struct mute *mute = self;
	struct pst_section_env *senv = mute->senv;

	pst_worker_stop(pst_env_router(pst_section_env(senv)), &mute->worker);
	free(mute);
	pst_section_closed(senv);
}

static const struct pst_section mute_sections[] = {
	PST_SECTION("service", struct mute_conf, mute_options, NULL, mute_open, mute_close),
	PST_SECTION_END,
};

PST_MODULE(service_mute, .kind = PST_KIND_SERVICE, .version = "0.1.0",
    .summary = "a far end that grants nothing", .sections = mute_sections);
