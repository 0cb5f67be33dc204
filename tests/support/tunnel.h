/*
 * A proxy for tests: http (CONNECT only) and socks5 on one loopback port; it
 * tells them apart by their first byte. One connection at a time.
 */
#ifndef TESTS_SUPPORT_TUNNEL_H
#define TESTS_SUPPORT_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>

struct tunnel;

bool tunnel_start(struct tunnel **out);
/* Accepts NULL. */
void tunnel_stop(struct tunnel **tunnel);
unsigned short tunnel_port(const struct tunnel *tunnel);
/* Leads everybody to this port of 127.0.0.1, wherever they wanted to go. */
void tunnel_lead(struct tunnel *tunnel, unsigned short port);
/* Answers CONNECT with this status from now on; 0: lets through. */
void tunnel_refuse(struct tunnel *tunnel, int status);
/* What was asked last: a head, or "socks5 host:port"; "" at first. */
void tunnel_asked(struct tunnel *tunnel, char *out, size_t size);

#endif
