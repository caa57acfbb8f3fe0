#ifndef GATEWAY_APP_IMPLY_H
#define GATEWAY_APP_IMPLY_H

#include <postern/imply.h>

struct app_options;

/* The sections of a bundle's functions and capabilities, its files unpacked; and the problems of
 * any application, told by pst_imply_problem(). */
int app_imply(const struct app_options *options, struct pst_implied *implied, struct pst_err *err);

#endif
