/* The command line client; everything is in cli_main(). */
#include <locale.h>
#include <signal.h>

#include "cli.h"

int
main(int argc, char **argv)
{
	/* Text is UTF-8 whatever the environment says; for wcwidth() only. */
	setlocale(LC_CTYPE, "C.UTF-8");
	/* A reader that has gone away shows as an error of write(). */
	signal(SIGPIPE, SIG_IGN);
	return cli_main(argc, argv);
}
