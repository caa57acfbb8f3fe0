/* It wants something that no host has. */
#include "runnable.h"

HOST(launch_missiles) int launch_missiles(int ident);

void
run(const byte *input, size len, int ident)
{
	launch_missiles(ident);
}
