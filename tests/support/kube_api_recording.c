#include "support/kube_api_recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
recording_read(const char *path, struct kube_recording *r)
{
	FILE *f = fopen(path, "rb");
	long size;

	if (f == NULL)
		return false;
	if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 ||
	    fseek(f, 0, SEEK_SET) != 0) {
		fclose(f);
		return false;
	}
	r->len = (size_t)size;
	r->bytes = malloc(r->len + 1);
	if (r->bytes != NULL && fread(r->bytes, 1, r->len, f) == r->len)
		r->bytes[r->len] = '\0';
	else
		r->len = 0;
	fclose(f);
	return r->len > 0;
}

static bool
recording_has(const struct kube_recording *r, const char *header)
{
	const char *line = r->bytes, *end = r->bytes + r->head_len;

	while (line < end) {
		if (strncasecmp(line, header, strlen(header)) == 0)
			return true;
		line = strchr(line, '\n');
		if (line++ == NULL)
			break;
	}
	return false;
}

/* One chunk from at on; the offset behind it, 0: none that is whole. */
static size_t
recording_chunk(struct kube_recording *r, size_t at)
{
	const char *line = r->bytes + at;
	const char *data = strstr(line, "\r\n");
	char *digits_end;
	size_t size, room;

	if (data == NULL)
		return 0;
	size = strtoul(line, &digits_end, 16);
	data += 2;
	room = r->len - (size_t)(data - r->bytes);
	if (digits_end == line || room < 2 || size > room - 2)
		return 0;
	memcpy(r->body + r->body_len, data, size);
	r->body_len += size;
	return (size_t)(data - r->bytes) + size + 2;
}

/* keeps becomes whether the last chunk is there. */
static bool
recording_dechunk(struct kube_recording *r)
{
	size_t at = r->head_len, before, next, *ends;

	r->keeps = false;
	while (at < r->len && !r->keeps) {
		before = r->body_len;
		next = recording_chunk(r, at);
		if (next == 0)
			return true; /* it was cut here */
		at = next;
		ends = realloc(r->chunk_ends,
		    (r->chunk_count + 1) * sizeof(*r->chunk_ends));
		if (ends == NULL)
			return false;
		r->chunk_ends = ends;
		r->chunk_ends[r->chunk_count++] = at;
		r->keeps = r->body_len == before;
	}
	return true;
}

static bool
recording_parse(struct kube_recording *r)
{
	const char *body = strstr(r->bytes, "\r\n\r\n");

	if (body == NULL || sscanf(r->bytes, "HTTP/1.1 %d", &r->status) != 1)
		return false;
	r->head_len = (size_t)(body - r->bytes) + 4;
	r->body = malloc(r->len + 1);
	if (r->body == NULL)
		return false;
	r->keeps = true;
	if (recording_has(r, "Transfer-Encoding:")) {
		if (!recording_dechunk(r))
			return false;
	} else {
		r->body_len = r->len - r->head_len;
		memcpy(r->body, r->bytes + r->head_len, r->body_len);
	}
	r->body[r->body_len] = '\0';
	if (recording_has(r, "Connection: close"))
		r->keeps = false;
	return true;
}

bool
kube_recording_load(const char *path, struct kube_recording *out)
{
	struct kube_recording r = {0};

	if (!recording_read(path, &r) || !recording_parse(&r)) {
		kube_recording_fini(&r);
		return false;
	}
	*out = r;
	return true;
}

void
kube_recording_fini(struct kube_recording *recording)
{
	free(recording->bytes);
	free(recording->body);
	free(recording->chunk_ends);
	memset(recording, 0, sizeof(*recording));
}
