/* Recorded HTTP answers (mocks/upstreams/kubernetes), read from their files. */
#ifndef TESTS_SUPPORT_KUBE_API_RECORDING_H
#define TESTS_SUPPORT_KUBE_API_RECORDING_H

#include <stdbool.h>
#include <stddef.h>

struct kube_recording {
	char *bytes; /* the file: status line, headers, body as it was sent */
	size_t len;
	size_t head_len; /* up to and with the empty line */
	int status;
	char *body; /* without chunk sizes, NUL after it; still gzipped */
	size_t body_len;
	/* Where in bytes each chunk ends, with its line end; empty when the
	 * answer has a Content-Length. */
	size_t *chunk_ends;
	size_t chunk_count;
	bool keeps; /* the connection may go on after it */
};

/* False when the file is not there or not HTTP; nothing to free then. */
bool kube_recording_load(const char *path, struct kube_recording *out);
/* Accepts zeroed memory. */
void kube_recording_fini(struct kube_recording *recording);

#endif
