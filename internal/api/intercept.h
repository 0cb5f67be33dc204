/* The way into the requests of ulfius; see intercept.c. */
#ifndef SST_API_INTERCEPT_H
#define SST_API_INTERCEPT_H

#include <stdbool.h>

struct sst_api;

/* Where ulfius takes a call of libmicrohttpd. */
struct api_ulfius {
	/* A MHD_AccessHandlerCallback; NULL: it was not intercepted. */
	void (*handler)(void);
	void *cls;
};

/* Whether the daemon of this API calls us first. */
bool api__intercepted(const struct sst_api *api);

#endif
