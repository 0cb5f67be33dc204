/* A client of one socket for tests: says things, waits for what comes back. */
#ifndef TESTS_UNIT_API_WIRE_H
#define TESTS_UNIT_API_WIRE_H

#include <stdbool.h>
#include <stddef.h>

enum { WIRE_KEPT = 4096 };

struct wire {
	int fd;
	char kept[WIRE_KEPT + 1]; /* read and not yet expected */
	size_t len;
};

/* To loopback; a read that takes 20 s fails the test. */
void wire_open(struct wire *wire, unsigned port);
/* The same, with the smallest buffers that the kernel gives. */
void wire_open_narrow(struct wire *wire, unsigned port);
void wire_close(struct wire *wire);
/* The other side finds the connection reset. */
void wire_vanish(struct wire *wire);

void wire_say(struct wire *wire, const char *text);
/* GET of HTTP/1.1; headers are whole lines, or "". */
void wire_get(struct wire *wire, const char *path, const char *headers);

/* Reads until the text has come, and forgets all up to its end. */
void wire_expect(struct wire *wire, const char *text);
/* Reads until the text has come (and keeps it), or until the end: false. */
bool wire_find(struct wire *wire, const char *text);
/* Whether the text has come: reads only what is there. */
bool wire_has(struct wire *wire, const char *text);
/* Reads until the other side closes; false: it reset. */
bool wire_ended(struct wire *wire);

#endif
