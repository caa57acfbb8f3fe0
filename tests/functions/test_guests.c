/*
 * Functions by the project's own guests, through each runtime that was built: every host function, every
 * way to end, and what is wrong. Argument: the directory with the guests.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"
#include "tap.h"

static const char *guests;

static void
die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(99);
}

/* ---- one call, and what is to come of it ---- */

static void
comment(const struct reply *reply)
{
	if (reply->answered)
		printf("# got: %u \"%.*s\"\n", reply->status, (int)(reply->len < 200 ? reply->len : 200),
		    reply->body ? (const char *)reply->body : "");
	else
		printf("# got: %s (%s)\n", pst_call_code_text(reply->failure.code), reply->text);
}

static void
answers(const char *sentence, const char *function, const char *input, unsigned status, const char *body)
{
	struct reply reply;

	run_call(&reply, function, "POST", "/", NULL, input, strlen(input), 0);
	if (!tap(reply.answered && reply.status == status && reply.len == strlen(body) &&
	    !memcmp(reply.body, body, reply.len), "%s", sentence))
		comment(&reply);
	reply_fini(&reply);
}

static void
fails(const char *sentence, const char *function, const char *input, enum pst_call_code code, bool started)
{
	struct reply reply;

	run_call(&reply, function, "POST", "/", NULL, input, strlen(input), 0);
	if (!tap(!reply.answered && reply.failure.code == code && reply.failure.started == started,
	    "%s", sentence))
		comment(&reply);
	reply_fini(&reply);
}

/* ---- the node ---- */

static const char conf_text[] =
    "node t { log_format = json  log_rooms = {\"function=debug\"}  drain = 10s }\n"
    "runtime r { use = %s  memory = 8M  deadline = 20s }\n"
    "runtime free { use = %s  deadline = 0 }\n"
    "capability cache { memory = 1M }\n"
    "capability file { directory = \"static\" }\n"
    "capability secrets { allowed_keys = {PROBE_SECRET} }\n"
    "function hello { module = \"hello.wasm\"  runtime = r }\n"
    "function trusted { module = \"probe.wasm\"  runtime = free }\n"
    "function shout { module = \"shout.wasm\"  runtime = r }\n"
    "function probe { module = \"probe.wasm\"  runtime = r  capabilities = {log, request, cache, file, secrets}  body = 1M }\n"
    "function plain { module = \"probe.wasm\"  runtime = r  capabilities = {} }\n"
    "function hasty { module = \"probe.wasm\"  runtime = r  deadline = 300ms }\n"
    "function narrow { module = \"probe.wasm\"  runtime = r  deadline = 700ms  instances = 1  queue = 1 }\n"
    "function command { module = \"command.wasm\"  runtime = r  args = {one, two}  env = {\"COLOUR=red\"}  body = 64K }\n"
    "function stranger { module = \"stranger.wasm\"  runtime = r }\n"
    "function bare { module = \"bare.wasm\"  runtime = r }\n"
    "function garbage { module = \"garbage.wasm\"  runtime = r }\n"
    "function cut { module = \"cut.wasm\"  runtime = r }\n"
    "function missing { module = \"missing.wasm\"  runtime = r }\n";

static void
file_put(const char *name, const void *bytes, size_t len)
{
	char path[PATH_MAX + 64], temporary[PATH_MAX + 128];
	FILE *out;

	snprintf(path, sizeof path, "%s/%s", run_dir(), name);
	snprintf(temporary, sizeof temporary, "%s.new", path);
	out = fopen(temporary, "w");
	if (!out || fwrite(bytes, 1, len, out) != len || fclose(out) || rename(temporary, path))
		die("a file does not get written");
}

/* A guest's file, or its first bytes, under another name. */
static void
guest_put(const char *guest, const char *name, size_t most)
{
	char path[PATH_MAX], *bytes = malloc(1 << 20);
	FILE *in;
	size_t len;

	snprintf(path, sizeof path, "%s/%s.wasm", guests, guest);
	in = fopen(path, "r");
	len = in && bytes ? fread(bytes, 1, 1 << 20, in) : 0;
	if (!len)
		die("no guests");
	fclose(in);
	file_put(name, bytes, len < most ? len : most);
	free(bytes);
}

static void
files_put(void)
{
	static const char *const names[] = { "hello", "probe", "shout", "command", "stranger", "bare" };
	char path[PATH_MAX + 64];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s.wasm", names[i]);
		guest_put(names[i], path, SIZE_MAX);
	}
	guest_put("probe", "cut.wasm", 200);
	file_put("garbage.wasm", "#!/bin/sh\necho no module\n", 25);
	snprintf(path, sizeof path, "%s/static", run_dir());
	if (mkdir(path, 0700) && errno != EEXIST)
		die("no directory");
	file_put("static/a.md", "contents", 8);
}

static bool
begin(const char *runtime)
{
	char conf[8192];
	const char *why;

	snprintf(conf, sizeof conf, conf_text, runtime, runtime);
	why = run_node(conf);
	if (why && strstr(why, "no module runtime/")) {
		printf("ok %u - functions by %s # SKIP not built\n", ++tap_cases, runtime);
		return false;
	}
	if (why)
		die(why);
	return true;
}

/* ---- what is asked ---- */

static void
ends(void)
{
	struct reply reply;

	answers("hello", "hello", "my friend", 200, "hello, my friend");
	answers("an empty input", "hello", "", 200, "hello, ");
	answers("a guest with a C library", "shout", "my friend", 200, "HEY, MY FRIEND! (1)");
	answers("whose every call is its first", "shout", "my friend", 200, "HEY, MY FRIEND! (1)");
	answers("one that is trusted, without a deadline", "trusted", "twice\n", 200, "first");
	answers("no result is an empty answer", "probe", "nothing\n", 200, "");
	answers("so is an empty one", "probe", "empty\n", 200, "");
	answers("of several results the first counts", "probe", "twice\n", 200, "first");
	answers("a run error has its code", "probe", "error\n418\nno coffee\n", 418,
	    "{\"status\":418,\"message\":\"no coffee\"}");
	answers("one that is no status is 500", "probe", "error\n7\na \"quoted\" word\n", 500,
	    "{\"status\":500,\"message\":\"a \\\"quoted\\\" word\"}");
	answers("a run error that is no UTF-8", "probe", "error\n400\n\xff\x01\n", 400,
	    "{\"status\":400,\"message\":\"\xef\xbf\xbd\\u0001\"}");
	answers("a run error before a trap", "probe", "error-trap\n404\nnot here\n", 404,
	    "{\"status\":404,\"message\":\"not here\"}");
	answers("an abort", "probe", "abort\nassertion\nmain.ts\n", 500,
	    "{\"status\":500,\"message\":\"runnable abort: assertion; file: main.ts, line: 3, col: 4\"}");
	run_call(&reply, "probe", "POST", "/", NULL, "error\n-1\nx\n", 11, 0);
	tap(reply.answered && pst_map_get(&reply.headers, PST_COORDINATED_ERROR_HEADER) &&
	    !strcmp((char *)pst_map_get(&reply.headers, PST_COORDINATED_ERROR_HEADER)->value,
	    "{\"code\":-1,\"message\":\"x\"}"), "a run error is told by a header, too");
	reply_fini(&reply);
	run_call(&reply, "probe", "POST", "/", NULL, "large\n1048576\n", 14, 0);
	tap(reply.answered && reply.len == 1048576 && reply.body[1048575] == 255 && reply.body[70000] == (70000 & 255),
	    "an answer of 1 MiB is whole");
	reply_fini(&reply);
}

static void
goes_wrong(void)
{
	static char big[1 << 20 | 1];
	struct reply reply;

	fails("a trap", "probe", "trap\n", PST_CALL_TRAP, true);
	fails("an endless loop", "hasty", "loop\n", PST_CALL_DEADLINE, true);
	fails("a memory bomb", "probe", "bomb\n", PST_CALL_MEMORY, true);
	fails("a stack that overflows", "probe", "stack\n0\n", PST_CALL_TRAP, true);
	fails("a write outside of its memory", "probe", "outside\n", PST_CALL_TRAP, true);
	fails("a result whose pointer is outside", "probe", "pointer\n", PST_CALL_TRAP, true);
	fails("a result whose length is", "probe", "length\n", PST_CALL_TRAP, true);
	fails("a result of 1 GiB", "probe", "gibibyte\n", PST_CALL_TRAP, true);
	fails("a waiting result that is to go outside", "probe", "ffi-pointer\nno such key\n", PST_CALL_TRAP, true);
	fails("a result over `body`", "probe", "large\n1048577\n", PST_CALL_TRAP, true);
	memset(big, 'x', sizeof big);
	run_call(&reply, "probe", "POST", "/", NULL, big, sizeof big, 0);
	tap(!reply.answered && !reply.failure.started, "an input over `body` does not begin");
	reply_fini(&reply);
	fails("what imports what is not there", "stranger", "", PST_CALL_INTERNAL, false);
	fails("what exports no entry", "bare", "", PST_CALL_INTERNAL, false);
	fails("what is no module", "garbage", "", PST_CALL_INTERNAL, false);
	fails("what is half a module", "cut", "", PST_CALL_INTERNAL, false);
	fails("what is not there at all", "missing", "", PST_CALL_INTERNAL, false);
	answers("and the neighbours answer as before", "hello", "x", 200, "hello, x");
}

static void
idents(void)
{
	struct reply reply;
	char input[64];
	int ident;

	run_call(&reply, "probe", "POST", "/", NULL, "ident\n", 6, 0);
	if (!reply.answered || reply.len != 4)
		die("no ident");
	memcpy(&ident, reply.body, 4);
	reply_fini(&reply);
	tap(ident >= 0 && ident < INT_MAX, "an ident is 0 to 2^31 - 2");
	snprintf(input, sizeof input, "stranger\nkey\n%d\n", ident);
	answers("one of a call that is over does nothing", "probe", input, 200, "-1001 ?");
}

static void
host_calls(void)
{
	answers("cache_get of nothing", "probe", "cache-get\nkey\n", 200, "-13 key not found");
	answers("the same by its twin", "probe", "swift\nkey\n", 200, "-13 key not found");
	answers("cache_set leaves nothing waiting", "probe", "cache-set\nkey\nvalue\n0\n", 200, "0 ?");
	answers("cache_get", "probe", "cache-get\nkey\n", 200, "5 value");
	answers("a second call while something waits is -1, and does nothing", "probe", "pending\nkey\n", 200, "-1 ");
	answers("an empty result waits, too", "probe", "get\n0\nother\n", 200, "0 ");
	answers("request_get_field", "probe", "get\n0\nmethod\n", 200, "4 POST");
	answers("a field that is none", "probe", "get\n1\nfield\n", 200, "-1 ?");
	answers("request_set_field", "probe", "set\n4\nkey\nvalue\n", 200, "0 ");
	answers("get_static_file", "probe", "file\nstatic/a.md\n", 200, "8 contents");
	answers("one that is not there", "probe", "file\n../t.conf\n", 200, "-19 file does not exist");
	answers("get_secret_value", "probe", "secret\nPROBE_SECRET\n", 200, "6 secret");
	answers("one that is not allowed", "probe", "secret\nHOME\n", 200, "0 ");
	answers("add_ffi_var", "probe", "var\nvalue\n", 200, "0 ?");
	answers("what no capability serves: fetch_url", "probe", "fetch\n0\nhttp://x/\n\n", 200,
	    "-25 capability is not enabled");
	answers("graphql_query", "probe", "graphql\nx\ny\n", 200, "-25 capability is not enabled");
	answers("db_exec", "probe", "db\n1\nname\nvalue\n", 200, "-25 capability is not enabled");
	answers("db_exec of a type that is none", "probe", "db\n4\nname\nvalue\n", 200, "-18 query type invalid");
	answers("nothing at all: cache_get", "plain", "cache-get\nkey\n", 200, "-25 capability is not enabled");
	answers("cache_set", "plain", "cache-set\nkey\nvalue\n0\n", 200, "-2 ?");
	answers("get_static_file", "plain", "file\na.md\n", 200, "-25 capability is not enabled");
	answers("get_secret_value", "plain", "secret\nPROBE_SECRET\n", 200, "0 ");
	answers("request_get_field", "plain", "get\n0\nmethod\n", 200, "-1 ?");
	answers("request_set_field", "plain", "set\n4\nkey\nvalue\n", 200, "0 ");
	answers("resp_set_header", "plain", "header\nkey\nvalue\n", 200, "0 ?");
	answers("log_msg", "plain", "log\n1\nnobody reads this\n", 200, "0 ?");
}

static void
logs(void)
{
	char *log;

	answers("log_msg: an error", "probe", "log\n1\nvery \033[1mwrong\n", 200, "0 ?");
	answers("log_msg: debug", "probe", "log\n4\nquite \xc3\xb6" "del\n", 200, "0 ?");
	log = run_log();
	tap(strstr(log, "\"level\":\"error\",\"msg\":\"the function says\",\"text\":\"very \\u001b[1mwrong\"") != NULL,
	    "an error is one in the log, and its control characters are shown");
	tap(strstr(log, "\"level\":\"debug\",\"msg\":\"the function says\",\"text\":\"quite \xc3\xb6" "del\"") != NULL,
	    "what is for debugging is so");
	tap(!strstr(log, "nobody reads this"), "without the capability there is no line");
	tap(strstr(log, "\"msg\":\"called\",\"outcome\":\"ok\"") && strstr(log, "\"outcome\":\"trap\"") &&
	    strstr(log, "\"outcome\":\"run error\""), "each call has its line");
	free(log);
}

static void
requests(void)
{
	struct pst_map headers = { 0 };
	const struct pst_map_item *item;
	struct reply reply;
	static const char json[] = "{\"method\":\"PUT\",\"url\":\"/a?b=c\",\"request_id\":\"7\",\"params\":{\"p\":\"q\"}}";

	run_call(&reply, "probe", "POST", "/", NULL, "header\nX-One\n1\n", 15, 0);
	item = pst_map_get(&reply.headers, "x-one");
	tap(reply.answered && item && !strcmp((char *)item->value, "1"), "resp_set_header");
	reply_fini(&reply);
	run_call(&reply, "probe", "", "", NULL, "get\n0\nmethod\n", 13, 0);
	tap(reply.answered && reply.len == 4 && !memcmp(reply.body, "-1 ?", 4), "bare bytes have no request");
	reply_fini(&reply);
	if (pst_map_put(&headers, PST_CALL_REQUEST_HEADER, json, sizeof json - 1))
		die("out of memory");
	run_call(&reply, "probe", "POST", "/", &headers, "get\n3\np\n", 8, 0);
	tap(reply.answered && reply.len == 3 && !memcmp(reply.body, "1 q", 3), "a request that came as JSON");
	reply_fini(&reply);
	run_call(&reply, "probe", "POST", "/", &headers, "set\n4\nkey\nvalue\n", 16, 0);
	item = pst_map_get(&reply.headers, PST_CALL_REQUEST_HEADER);
	tap(reply.answered && item && strstr((char *)item->value, "\"key\":\"dmFsdWU=\"") &&
	    strstr((char *)item->value, "\"method\":\"PUT\""), "what it changes goes back");
	reply_fini(&reply);
	pst_map_fini(&headers);
}

static void
commands(void)
{
	answers("a plain command: arguments, environment, input", "command", "mixed Case\n", 200,
	    "command\none\ntwo\nred\nMIXED CASE\n");
	answers("an empty input", "command", "", 200, "command\none\ntwo\nred\n");
	answers("its exit code", "command", "exit 3\n", 500, "{\"status\":500,\"message\":\"exit code 3\"}");
	answers("what it complains of is logged", "command", "complain\n", 200, "command\none\ntwo\nred\nCOMPLAIN\n");
	tap(run_logged("\"msg\":\"the function writes\",\"text\":\"not amused\"", 1), "as a line");
}

/* ---- the queue ---- */

static void
queue(void)
{
	struct reply loops, waits, over, again;
	struct pst_call_load load;
	struct running *running;

	run_begin_call(&loops, "narrow", "POST", "/", NULL, "loop\n", 5, 0);
	run_begin_call(&waits, "narrow", "POST", "/", NULL, "empty\n", 6, 5000);
	run_begin_call(&over, "narrow", "POST", "/", NULL, "empty\n", 6, 0);
	run_wait();
	tap(!loops.answered && loops.failure.code == PST_CALL_DEADLINE, "one that runs as long as it may");
	tap(!over.answered && over.failure.code == PST_CALL_BUSY && over.failure.retry_after_ms &&
	    !over.failure.started, "one too many is told to come again");
	/* what it waited counts, so it may have begun with too little time left */
	tap(waits.answered || waits.failure.code == PST_CALL_DEADLINE,
	    "one that waits has its turn, or its time runs out");
	reply_fini(&waits);
	run_call(&again, "narrow", "POST", "/", NULL, "empty\n", 6, 0);
	tap(again.answered, "then all is as before");
	reply_fini(&again);
	run_probe(&load, "narrow");
	tap(!load.running && !load.queued && load.capacity == 1, "which a probe says");
	run_begin_call(&loops, "narrow", "POST", "/", NULL, "loop\n", 5, 0);
	running = run_begin_call(&waits, "narrow", "POST", "/", NULL, "empty\n", 6, 0);
	for (int i = 0; i < 100 && !load.queued; i++)
		run_probe(&load, "narrow");
	tap(load.running == 1 && load.queued == 1, "another that one runs, and one waits");
	run_cancel(running);
	for (int i = 0; i < 100 && load.queued; i++)
		run_probe(&load, "narrow");
	tap(!load.queued, "one that is cancelled waits no more");
	run_wait();
	run_call(&again, "hasty", "POST", "/", NULL, "loop\n", 5, 50);
	tap(!again.answered && again.failure.code == PST_CALL_DEADLINE, "the caller's deadline counts");
}

/* ---- another module ---- */

static void
replacement(void)
{
	struct reply reply;

	guest_put("probe", "hello.wasm", SIZE_MAX);
	tap(run_logged("\"msg\":\"module loaded\"", 9), "a module that is replaced is loaded");
	answers("and called from then on", "hello", "error\n401\nnew\n", 401, "{\"status\":401,\"message\":\"new\"}");
	guest_put("probe", "hello.wasm", 100);
	tap(run_logged("its new module cannot run", 1), "half a module is not");
	run_call(&reply, "hello", "POST", "/", NULL, "error\n402\nstill\n", 16, 0);
	tap(reply.answered && reply.status == 402, "and the one before goes on");
	reply_fini(&reply);
	guest_put("hello", "missing.wasm", SIZE_MAX);
	tap(run_logged("\"msg\":\"module loaded\"", 10), "one that comes late is loaded");
	answers("and answers", "missing", "late", 200, "hello, late");
}

/* ---- compiled modules ---- */

static int
count(const char *command)
{
	char line[PATH_MAX + 256], path[PATH_MAX + 256];
	FILE *in;
	int n = -1;

	snprintf(path, sizeof path, "cd '%s/state' && %s", run_dir(), command);
	in = popen(path, "r");
	if (!in || !fgets(line, sizeof line, in))
		die("a command fails");
	n = atoi(line);
	pclose(in);
	return n;
}

static unsigned
times(const char *text)
{
	char *log = run_log();
	unsigned n = 0;

	for (char *p = log; (p = strstr(p, text)); p++)
		n++;
	free(log);
	return n;
}

static void
cache(const char *runtime)
{
	/* the two that have one file of a module share it; missing.wasm is a hello by now */
	if (count("ls cache/functions 2>/dev/null | wc -l") == 0) {
		tap(true, "no compiled modules are kept # SKIP %s saves none", runtime);
		return;
	}
	tap(count("stat -c %a cache/functions") == 700, "compiled modules are in a directory of ours alone");
	run_stop();
	if (!begin(runtime))
		die("the node does not start again");
	tap(times("\"from\":\"cache\"") >= 5 && !times("\"from\":\"compiled\""), "they are used again");
	answers("and answer", "missing", "cached", 200, "hello, cached");
	run_stop();
	tap(count("for f in cache/functions/*; do printf X | dd of=$f bs=1 seek=100 conv=notrunc 2>/dev/null; done; echo 0") == 0,
	    "somebody alters them");
	if (!begin(runtime))
		die("the node does not start again");
	tap(times("a compiled module was altered") >= 3 && times("\"from\":\"compiled\"") >= 3, "none is loaded then");
	answers("and calls are answered", "missing", "again", 200, "hello, again");
	run_stop();
	tap(count("chmod 755 cache/functions; echo 0") == 0, "a directory that others may read");
	if (!begin(runtime))
		die("the node does not start again");
	tap(!times("\"from\":\"cache\""), "is not used");
}

static void
all(const char *runtime)
{
	printf("# ---- %s\n", runtime);
	files_put();
	if (!begin(runtime))
		return;
	ends();
	goes_wrong();
	idents();
	host_calls();
	logs();
	requests();
	commands();
	queue();
	replacement();
	cache(runtime);
	run_stop();
}

int
main(int argc, char **argv)
{
	guests = argc > 1 ? argv[1] : getenv("POSTERN_GUESTS");
	if (!guests || access(guests, X_OK)) {
		puts("1..0 # SKIP no guests: clang, lld and wasi-libc make them");
		return 0;
	}
	setenv("PROBE_SECRET", "secret", 1);
	run_begin();
	all("wabt");
	run_end();
	run_begin();
	all("wasmtime");
	run_end();
	return tap_end();
}
