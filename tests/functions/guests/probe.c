/*
 * What a test wants to see. The input is words with a newline behind each: the first says what to do,
 * the others are arguments. A host call's answer is its number, a blank, and what was waiting.
 */
#include "runnable.h"

static byte *words[8];
static size lens[8];
static int numbers[8];

static void
words_read(const byte *input, size len)
{
	byte *p = take(len + 1);

	copy(p, input, len);
	for (size i = 0, n = 0, begin = 0; i < len && n < 8; i++) {
		if (p[i] != '\n')
			continue;
		words[n] = p + begin;
		lens[n] = i - begin;
		for (size d = begin; d < i && p[d] >= '0' && p[d] <= '9'; d++)
			numbers[n] = numbers[n] * 10 + p[d] - '0';
		if (p[begin] == '-') {
			for (size d = begin + 1; d < i; d++)
				numbers[n] = numbers[n] * 10 + p[d] - '0';
			numbers[n] = -numbers[n];
		}
		n++;
		begin = i + 1;
	}
}

static int
is(const char *word)
{
	size i = 0;

	while (word[i] && i < lens[0] && words[0][i] == (byte)word[i])
		i++;
	return !word[i] && i == lens[0];
}

/* ---- what goes wrong ---- */

static int
deep(volatile int n)
{
	volatile int local[64];

	local[n % 64] = n;
	if (n == -1)
		return n;
	return deep(n + 1) + local[n % 64];
}

static void
bomb(void)
{
	for (;;)
		if (__builtin_wasm_memory_grow(0, 16) == (size)-1)
			__builtin_trap();
}

static int
go_wrong(int ident)
{
	volatile size none = 0xffffff00u;

	if (is("trap"))
		__builtin_trap();
	else if (is("loop"))
		for (volatile int i = 0;; i++)
			;
	else if (is("bomb"))
		bomb();
	else if (is("stack"))
		return deep(numbers[1]) == 7;
	else if (is("outside"))
		*(volatile byte *)none = 1;
	else if (is("pointer"))
		return_result((void *)none, 1024, ident);
	else if (is("length"))
		return_result(words[0], 0xffffffffu, ident);
	else if (is("gibibyte"))
		return_result(words[0], 1u << 30, ident);
	else if (is("ffi-pointer") && cache_get(words[1], lens[1], ident) != -1)
		get_ffi_result((void *)none, ident);
	else
		return 0;
	return 1;
}

/* ---- how it ends ---- */

static int
end(int ident)
{
	if (is("nothing"))
		return 1;
	else if (is("empty"))
		return_result("", 0, ident);
	else if (is("twice"))
		return_result("first", 5, ident), return_result("second", 6, ident), return_error(400, "third", 5, ident);
	else if (is("error"))
		return_error(numbers[1], words[2], lens[2], ident);
	else if (is("error-trap"))
		return_error(numbers[1], words[2], lens[2], ident), __builtin_trap();
	else if (is("abort"))
		return_abort(words[1], lens[1], words[2], lens[2], 3, 4, ident), __builtin_trap();
	else if (is("ident"))
		return_result(&ident, 4, ident);
	else if (is("large")) {
		byte *answer = take((size)numbers[1]);

		for (int i = 0; i < numbers[1]; i++)
			answer[i] = (byte)i;
		return_result(answer, (size)numbers[1], ident);
	} else
		return 0;
	return 1;
}

/* ---- host calls ---- */

static void
say(int value, int ident)
{
	size waiting = (size)(value < -1 ? -value : value > 0 ? value : 0);
	byte *answer = take(waiting + 16), digits[12];
	size at = 0, n = 0, rest = (size)(value < 0 ? -value : value);

	if (value < 0)
		answer[at++] = '-';
	do
		digits[n++] = (byte)('0' + rest % 10);
	while (rest /= 10);
	while (n)
		answer[at++] = digits[--n];
	answer[at++] = ' ';
	if (get_ffi_result(answer + at, ident))
		answer[at++] = '?', waiting = 0;
	return_result(answer, at + waiting, ident);
}

static void
variables_add(int ident)
{
	for (int i = 3; i < 8 && words[i]; i++)
		add_ffi_var("n", 1, words[i], lens[i], ident);
}

static int
ask(int ident)
{
	if (is("fetch"))
		return fetch_url(numbers[1], words[2], lens[2], words[3], lens[3], ident);
	if (is("graphql"))
		return graphql_query(words[1], lens[1], words[2], lens[2], ident);
	if (is("cache-set"))
		return cache_set(words[1], lens[1], words[2], lens[2], numbers[3], ident);
	if (is("cache-get"))
		return cache_get(words[1], lens[1], ident);
	if (is("swift"))
		return cache_get_swift(words[1], lens[1], ident, 1, 2);
	if (is("get"))
		return request_get_field(numbers[1], words[2], lens[2], ident);
	if (is("set"))
		return request_set_field(numbers[1], words[2], lens[2], words[3], lens[3], ident);
	if (is("header"))
		return resp_set_header(words[1], lens[1], words[2], lens[2], ident), 0;
	if (is("file"))
		return get_static_file(words[1], lens[1], ident);
	if (is("secret"))
		return get_secret_value(words[1], lens[1], ident);
	if (is("db"))
		return variables_add(ident), db_exec(numbers[1], words[2], lens[2], ident);
	if (is("log"))
		return log_msg(words[2], lens[2], numbers[1], ident), 0;
	if (is("var"))
		return add_ffi_var("n", 1, words[1], lens[1], ident);
	/* a call while a result is pending, and one with an ident that was somebody's */
	if (is("pending"))
		return cache_get(words[1], lens[1], ident), cache_get(words[1], lens[1], ident);
	if (is("stranger"))
		return cache_get(words[1], lens[1], numbers[2]) + 1000 * get_ffi_result(words[0], numbers[2]);
	return -77;
}

void
run(const byte *input, size len, int ident)
{
	words_read(input, len);
	if (!go_wrong(ident) && !end(ident))
		say(ask(ident), ident);
}
