/*
 * Hygiene of text from outside: agents, tasks, brokers, error pages. Pure
 * functions, safe from any thread; time grows linearly with the input.
 *
 * The order matters: remove invisible characters first (they can split a
 * secret so that no pattern sees it), then mask secrets, then cut (half a
 * secret is no pattern either). sst_text_safe() does all three.
 */
#ifndef SST_BASE_TEXT_H
#define SST_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* What stands in place of a secret. */
#define SST_TEXT_REDACTED "[redacted]"

/*
 * Decodes one character at p; returns its length in bytes, 0 when the bytes
 * are not valid UTF-8 (overlong, surrogate, above U+10FFFF, cut) or len is 0.
 */
size_t sst_text_decode(const char *p, size_t len, uint32_t *cp_out);

/* True for len bytes of valid UTF-8; NUL is a character like any other. */
bool sst_text_utf8_valid(const char *text, size_t len);

/*
 * True for characters that show nothing but act: C0 and C1 controls, DEL,
 * bidi and zero-width controls, interlinear marks, tags, soft hyphen, byte
 * order mark, line and paragraph separators.
 */
bool sst_text_is_control(uint32_t cp);

/* True when none of the bytes is a C0 control character or DEL. */
bool sst_text_is_plain(const char *text, size_t len);

/*
 * Appends `in` without the characters above; a run of tab, line feed, carriage
 * return, vertical tab, form feed, NEL, U+2028/2029 becomes one space.
 * Each byte that is not UTF-8 becomes U+FFFD. With max_chars > 0
 * at most that many characters are written, the last one U+2026 if any were
 * left out. Memory: sst_buf_failed(out).
 */
void sst_text_clean(
    const char *in, size_t len, size_t max_chars, struct sst_buf *out);

/*
 * Appends `in` with secrets masked as [redacted]: values after Bearer/Basic,
 * keys of well-known forms (sk-, AKIA, GitHub, GitLab, Slack, Google,
 * Hugging Face, Stripe), JWTs, 0x and 64 hex digits, PEM private key blocks,
 * passwords in URLs, values of names that end in password, token, secret,
 * api_key and the like (after = or :). Applying it twice changes nothing.
 * E-mail addresses stay. Memory: sst_buf_failed(out).
 */
void sst_text_redact(const char *in, size_t len, struct sst_buf *out);

/*
 * True for names whose values are secrets: their letters and digits, in lower
 * case, end in password, token, secret, apikey and the like. Looks at the last
 * 64 bytes only.
 */
bool sst_text_is_secret_name(const char *name, size_t len);

/* clean, redact, cut; as above. False when memory ran out: out has failed. */
bool sst_text_safe(
    const char *in, size_t len, size_t max_chars, struct sst_buf *out);

/*
 * Appends the bytes as a segment of a URL: all but the unreserved characters
 * of RFC 3986 (letters, digits, - . _ ~) as % and two upper-case hex digits.
 * Memory: sst_buf_failed(out).
 */
void sst_text_percent_encode(const char *text, size_t len, struct sst_buf *out);

/*
 * Number of edits (insert, remove, replace, swap of neighbours) from a to b, for
 * hints about mistyped words; texts over 64 bytes count as 128 apart.
 */
size_t sst_text_distance(
    const char *a, size_t a_len, const char *b, size_t b_len);

#endif
