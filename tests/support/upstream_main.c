/*
 * The test double as a program, for tests of the whole service: prints its URL,
 * then obeys lines on standard input and answers each with `ok`, a number, or
 * `error`. Ends with its input.
 *
 *	load LIST                     see upstream_load
 *	answer TARGET STATUS FILE
 *	fault PREFIX KIND [STATUS [RETRY_AFTER]]   - for every target; KIND of
 *	                              upstream_fault_by_name; STATUS: the size
 *	                              for huge, huge-chunked and gzip-bomb
 *	release, refuse, listen
 *	calls PREFIX
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/upstream.h"

struct command {
	char verb[32];
	char target[2048];
	char word[256];
	long numbers[2];
	char file[512];
};

static const char *
command_prefix(const struct command *c)
{
	return strcmp(c->target, "-") == 0 ? "" : c->target;
}

static bool
command_fault(struct upstream *up, const char *line, struct command *c)
{
	struct upstream_fault fault = {0};
	int n;

	n = sscanf(line, "%*s %2047s %255s %ld %ld", c->target, c->word,
	    &c->numbers[0], &c->numbers[1]);
	if (n < 2)
		return false;
	fault.kind = upstream_fault_by_name(c->word);
	if (fault.kind == UPSTREAM_FAULT_COUNT)
		return false;
	if (fault.kind == UPSTREAM_STATUS)
		fault.status = (int)c->numbers[0];
	else
		fault.size = (size_t)c->numbers[0];
	fault.retry_after = (int)c->numbers[1];
	upstream_misbehave(up, command_prefix(c), &fault);
	return true;
}

static bool
command_answer(struct upstream *up, const char *line, struct command *c)
{
	return sscanf(line, "%*s %2047s %ld %511s", c->target, &c->numbers[0],
		   c->file) == 3 &&
	       upstream_answer_file(up, c->target, (int)c->numbers[0], c->file);
}

static bool
command_run(struct upstream *up, const char *line)
{
	struct command c = {0};

	if (sscanf(line, "%31s %511s", c.verb, c.file) < 1)
		return false;
	if (strcmp(c.verb, "load") == 0)
		return upstream_load(up, c.file);
	if (strcmp(c.verb, "answer") == 0)
		return command_answer(up, line, &c);
	if (strcmp(c.verb, "fault") == 0)
		return command_fault(up, line, &c);
	if (strcmp(c.verb, "refuse") == 0)
		return upstream_refuse(up, true);
	if (strcmp(c.verb, "listen") == 0)
		return upstream_refuse(up, false);
	if (strcmp(c.verb, "release") != 0)
		return false;
	upstream_release(up);
	return true;
}

int
main(void)
{
	struct upstream *up = NULL;
	char line[4096], prefix[2048];

	if (!upstream_start(&up)) {
		perror("upstream");
		return EXIT_FAILURE;
	}
	printf("%s\n", upstream_url(up));
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "calls %2047s", prefix) == 1)
			printf("%u\n",
			    upstream_calls(
				up, strcmp(prefix, "-") == 0 ? "" : prefix));
		else
			puts(command_run(up, line) ? "ok" : "error");
		fflush(stdout);
	}
	upstream_stop(&up);
	return EXIT_SUCCESS;
}
