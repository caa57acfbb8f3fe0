/*
 * What a cable does to the frames that cross it, in words: "loss 1 delay 50
 * jitter 10 rate 20M". A line of words says all of it: what it does not name
 * is as on a good cable.
 *
 *   loss PERCENT        of the frames go no further
 *   duplicate PERCENT   arrive twice
 *   reorder PERCENT     let the next three pass, or 20 ms
 *   delay MS            what each frame takes
 *   jitter MS           up to so much more, drawn for each frame; frames do not pass each other
 *   rate BITS           a second, with K, M or G (1000); frames wait for each other
 *   queue MS            so long at most, where there is a rate (100); later ones are lost
 *   cut                 nothing arrives, and what is on the way is lost
 *   seed NUMBER         chance begins here again; without it, it goes on
 *
 * Percentages and milliseconds may have decimals.
 */
#ifndef NETNS_CONDITIONS_H
#define NETNS_CONDITIONS_H

#include <stdbool.h>
#include <stdint.h>

struct conditions {
	double loss, duplicate, reorder; /* 0 to 1 */
	uint64_t delay_ns, jitter_ns, queue_ns;
	uint64_t rate; /* bits a second; 0: none */
	uint64_t seed; /* 0: none */
	bool cut;
};

/* Returns 0, or -1 and in `why` the word that is wrong, which is one of words[0] to words[count - 1] or "". */
int conditions_parse(struct conditions *c, int count, char *const *words, const char **why);

#endif
