/*
 * What the doubles have in common that tests play the other side with: a port
 * of loopback, a thread for each connection, refusing and dropping, holding
 * answers back, and waiting for what is asked. Every function may be called
 * from any thread while it runs; out of memory it aborts.
 *
 * Nothing here sleeps: what is held is held until it is released.
 */
#ifndef TESTS_SUPPORT_STAGE_H
#define TESTS_SUPPORT_STAGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { STAGE_CONNECTIONS = 128, STAGE_HEAD = 16384 };

struct stage;

struct stage_connection {
	struct stage *stage;
	pthread_t thread;
	int fd;
	int wake;      /* eventfd: something changed */
	bool joinable; /* the thread was started and not joined */
	bool done;     /* the thread no longer needs anything */
	/* of its thread: what came behind the last head */
	char *rest;
	size_t rest_len;
};

struct stage {
	/* Guards all below and what the double has; not held while bytes are
	 * sent or received. */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	char url[64]; /* "http://127.0.0.1:PORT"; unchanged */
	int port;
	int listener; /* -1: refuses */
	int wake;     /* eventfd of the acceptor */
	bool stopping;
	unsigned dropped;  /* counts the times all connections were dropped */
	unsigned released; /* counts stage_release */
	unsigned taken;    /* connections so far */
	pthread_t acceptor;
	struct stage_connection connections[STAGE_CONNECTIONS];
	void (*serve)(struct stage_connection *c, void *ctx);
	void *ctx;
};

/* Makes the mutex; no port, no thread. */
void stage_init(struct stage *stage);
/* After stop, or without start. */
void stage_fini(struct stage *stage);
/*
 * Listens on a port, 0: a free one; false with errno set when that fails.
 * serve: on the thread of a connection; when it returns the connection is
 * closed.
 */
bool stage_start(struct stage *stage, int port,
    void (*serve)(struct stage_connection *c, void *ctx), void *ctx);
/* Ends all connections, joins all threads. */
void stage_stop(struct stage *stage);

/* Wakes everybody who waits for something. With the mutex held. */
void stage_changed(struct stage *stage);
/* Waits until the test is true, called with the mutex held; false after 10 s.
 */
bool stage_wait(
    struct stage *stage, bool (*there)(const void *ctx), const void *ctx);
/* Refuses connections and drops the open ones; takes them again, on the same
 * port. */
bool stage_refuse(struct stage *stage, bool refuse);
/* Lets go what is held. */
void stage_release(struct stage *stage);
/* Waits until no connection is open and none takes memory; false after 10 s. */
bool stage_wait_idle(struct stage *stage);

/* --- on the thread of a connection ------------------------------------- */

/* When a request came: what happens afterwards concerns it. */
struct stage_moment {
	unsigned dropped, released;
};

/* With the mutex held. */
struct stage_moment stage_now(const struct stage *stage);
/* True: stopping, or dropped since. With the mutex held. */
bool stage_ended(const struct stage *stage, const struct stage_moment *since);
/* Waits for stage_release; false: the connection is to end. */
bool stage_hold(struct stage *stage, const struct stage_moment *since);

/* Waits for the first byte of a request, without taking it; -1: none comes. */
int stage_peek(struct stage_connection *c);
/* The head of a request with the empty line; its length, 0: the end. */
size_t stage_read(struct stage_connection *c, char out[static STAGE_HEAD]);
/* Sends all; false when the other side is gone. */
bool stage_send(int fd, const void *bytes, size_t len);

#endif
