/* Between the files of `systate diff`. */
#ifndef CMD_SYSTATE_DIFF_H
#define CMD_SYSTATE_DIFF_H

#include "cli.h"
#include "server.h"

struct diff {
	struct cli *cli;
	const char *words[2]; /* from, to */
	bool is_file[2];
	struct cli_server server; /* open unless both are files */
	struct sst_buf key;       /* in the form of the service; or empty */
	bool differs;             /* the answer */
};

bool diff_is_patch(const struct cli_args *args);
/* Both are moments: the server compares. */
int diff_ask_server(struct diff *d, struct sst_error *err);
/* One is a file, or both are: compared here. */
int diff_documents(struct diff *d, struct sst_error *err);

#endif
