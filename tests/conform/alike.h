/* `pst-conform alike`: one module by two engines, which come to the same. */
#ifndef TESTS_CONFORM_ALIKE_H
#define TESTS_CONFORM_ALIKE_H

#include <stdio.h>

#include <postern/runtime.h>

#include "conform.h"

/* What the host answers to whatever it is asked. */
enum alike_answer {
	ALIKE_RESULT, /* bytes are waiting */
	ALIKE_ERROR,  /* a text is */
	ALIKE_CODE,   /* -1 */
	ALIKE_NOTHING, /* 0 */
	ALIKE_ANSWERS,
};

/* One run by one engine; `user` of the imports. */
struct alike_run {
	const struct pst_runtime_ops *ops;
	enum alike_answer answer;
	bool waiting;
	unsigned ticks;
	FILE *transcript;
};

/* Ended by a NULL module. */
extern const struct pst_wasm_import alike_imports[];
/* What the memory is, to the transcript. */
void alike_note_memory(struct alike_run *run, struct pst_wasm_instance *instance);

#endif
