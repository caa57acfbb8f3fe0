#ifndef GATEWAY_APP_IMPLY_H
#define GATEWAY_APP_IMPLY_H

#include <postern/imply.h>

struct app;
struct app_options;

/* The sections of a bundle's functions and capabilities, its files unpacked; and the problems of
 * any application, told by pst_imply_problem(). */
int app_imply(const struct app_options *options, struct pst_implied *implied, struct pst_err *err);
/* Of a bundle that is unpacked below dir, take away what older ones have left there. */
void app_sweep(const struct app *app, const char *dir);

#endif
