/*
 * A TCP proxy before a real server, for tests: passes bytes on, and on order
 * misbehaves as networks and servers do. Loopback only, a free port that stays
 * the same. Functions may be called from any thread while it runs.
 *
 * Nothing here sleeps: a slow server is one whose bytes are held until
 * fault_proxy_release.
 */
#ifndef TESTS_SUPPORT_FAULT_PROXY_H
#define TESTS_SUPPORT_FAULT_PROXY_H

#include <stdbool.h>
#include <stddef.h>

struct fault_proxy;

enum fault_proxy_kind {
	FAULT_PROXY_NONE,
	FAULT_PROXY_REFUSE,  /* does not listen */
	FAULT_PROXY_HOLD,    /* accepts, passes nothing from the server */
	FAULT_PROXY_HOLD_AT, /* the same after `bytes` of the server */
	FAULT_PROXY_CUT_AT,  /* closes after `bytes` of the server */
	FAULT_PROXY_RESET_AT, /* resets then */
	FAULT_PROXY_GARBLE,   /* each byte of the server is inverted */
	FAULT_PROXY_SAY,      /* answers with `text` instead of the server */
	FAULT_PROXY_TRICKLE   /* the server's bytes one by one */
};

struct fault_proxy_fault {
	enum fault_proxy_kind kind;
	size_t bytes;     /* counted from the next connection's first byte */
	const char *text; /* FAULT_PROXY_SAY; copied */
	size_t text_len;  /* 0: strlen(text) */
};

/* Leads to this port of 127.0.0.1; false with errno set when it cannot. */
bool fault_proxy_start(unsigned short server_port, struct fault_proxy **out);
/* Ends all connections, joins all threads; accepts NULL. */
void fault_proxy_stop(struct fault_proxy **proxy);
unsigned short fault_proxy_port(const struct fault_proxy *proxy);
/* After the server came up on another port. */
void fault_proxy_lead(struct fault_proxy *proxy, unsigned short server_port);

/* From now on, for connections that are open, too. */
void fault_proxy_misbehave(
    struct fault_proxy *proxy, const struct fault_proxy_fault *fault);
/* As a network should; what was held is passed on. */
void fault_proxy_behave(struct fault_proxy *proxy);
/* Closes the connections that are open. */
void fault_proxy_drop(struct fault_proxy *proxy);

/* Connections accepted so far; bytes of clients so far. */
size_t fault_proxy_connections(struct fault_proxy *proxy);
size_t fault_proxy_asked(struct fault_proxy *proxy);
/* True when a client has sent more than `asked` bytes in all; waits for it at
 * most 10 s. */
bool fault_proxy_wait_asked(struct fault_proxy *proxy, size_t asked);

#endif
