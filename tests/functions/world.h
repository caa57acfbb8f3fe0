/*
 * What lies outside of the node for the originals' modules: servers on loopback that answer as the
 * fixtures of expected.json say, in a thread of their own. One is for http:; the other, for https:, is where
 * the fixed names of these modules lead. It listens on port 443, so it needs a network of its own.
 */
#ifndef TESTS_FUNCTIONS_WORLD_H
#define TESTS_FUNCTIONS_WORLD_H

#include <jansson.h>
#include <stdbool.h>

/* tls: a directory with world.pem and world.key; NULL: there is no https:. Any failure ends the program. */
void world_begin(const char *tls);
void world_end(void);

/* The port for http:, on 127.0.0.1. */
unsigned world_port(void);

/* A case's `graphql_fixture`: what has to be asked from now on, and how it is answered. Borrowed. */
void world_graphql(const json_t *fixture);

#endif
