/* What went wrong, as a code and one line. */
#include <string.h>

#include "base/text.h"
#include "repository/postgres/postgres_priv.h"

enum { FAILURE_CHARS = 320, SQLSTATE_LEN = 5 };

/* Longest prefix first. */
static const struct failure_state {
	const char *prefix;
	int code;
} failure_states[] = {
    {"25006", SST_FORBIDDEN}, /* read_only_sql_transaction */
    {"25P03", SST_TIMEOUT},   /* idle_in_transaction_session_timeout */
    {"3D000", SST_NOT_FOUND}, /* invalid_catalog_name: the database */
    {"3F000", SST_NOT_FOUND}, /* invalid_schema_name */
    {"42501", SST_FORBIDDEN}, /* insufficient_privilege */
    {"42601", SST_INVALID},   /* syntax_error */
    {"42703", SST_NOT_FOUND}, /* undefined_column */
    {"42704", SST_NOT_FOUND}, /* undefined_object */
    {"42883", SST_NOT_FOUND}, /* undefined_function */
    {"42P01", SST_NOT_FOUND}, /* undefined_table */
    {"55P03", SST_TIMEOUT},   /* lock_not_available: lock_timeout */
    {"57014", SST_TIMEOUT},   /* query_canceled: statement_timeout */
    {"08P01", SST_PROTOCOL},  /* protocol_violation */
    {"08", SST_UNREACHABLE},  /* connection_exception */
    {"0A", SST_UNSUPPORTED},  /* feature_not_supported */
    {"22", SST_TYPE},         /* data_exception */
    {"28", SST_UNAUTHORIZED}, /* invalid_authorization_specification */
    {"42", SST_INVALID},      /* syntax error or access rule violation */
};

int
postgres__code(const char *sqlstate)
{
	size_t i;

	for (i = 0; i < sizeof(failure_states) / sizeof(failure_states[0]);
	     i++) {
		if (strncmp(sqlstate, failure_states[i].prefix,
			strlen(failure_states[i].prefix)) == 0)
			return failure_states[i].code;
	}
	return SST_UPSTREAM;
}

/* libpq's own sentences, which come without an SQLSTATE. */
static const struct failure_phrase {
	const char *part;
	int code;
} failure_phrases[] = {
    {"out of memory", SST_NOMEM},
    {"no password supplied", SST_UNAUTHORIZED},
    {"certificate", SST_TLS},
    {"server does not support SSL", SST_TLS},
    {"SSL SYSCALL error: EOF", SST_TRUNCATED},
    {"SSL error", SST_TLS},
    {"sslmode", SST_TLS},
    {"expected authentication request", SST_PROTOCOL},
    {"unexpected message from server", SST_PROTOCOL},
    {"unexpected response from server", SST_PROTOCOL},
    {"received invalid response", SST_PROTOCOL},
    {"received invalid protocol", SST_PROTOCOL},
    {"invalid authentication", SST_PROTOCOL},
    {"message contents do not agree", SST_PROTOCOL},
    {"lost synchronization", SST_PROTOCOL},
    {"authentication method", SST_UNSUPPORTED},
    {"server closed the connection", SST_TRUNCATED},
    {"could not receive data from server", SST_TRUNCATED},
    {"Connection reset by peer", SST_TRUNCATED},
};

static bool
failure_is_state(const char *text)
{
	size_t i;

	for (i = 0; i < SQLSTATE_LEN; i++) {
		if (!((text[i] >= '0' && text[i] <= '9') ||
			(text[i] >= 'A' && text[i] <= 'Z')))
			return false;
	}
	return text[SQLSTATE_LEN] == ':' && text[SQLSTATE_LEN + 1] == ' ';
}

/* "FATAL:  28P01: password ...": verbose texts carry it while connecting, when
 * there is no result that does. NULL: none; the sentence begins behind it. */
static const char *
failure_state(const char *message)
{
	const char *at = message;

	while ((at = strstr(at, ":  ")) != NULL) {
		at += 3;
		if (strlen(at) > SQLSTATE_LEN + 1 && failure_is_state(at))
			return at;
	}
	return NULL;
}

static int
failure_phrase(const char *message, bool established)
{
	size_t i;

	for (i = 0; i < sizeof(failure_phrases) / sizeof(failure_phrases[0]);
	     i++) {
		if (strstr(message, failure_phrases[i].part) == NULL)
			continue;
		return failure_phrases[i].code;
	}
	return established ? SST_TRUNCATED : SST_UNREACHABLE;
}

/* One line of what the other side said, made safe. */
static int
failure_tell(const struct sst_postgres *p, int code, const char *text,
    struct sst_error *err)
{
	struct sst_buf safe = SST_BUF_INIT;
	size_t len = strcspn(text, "\n");

	if (code == SST_NOMEM)
		return sst_error_nomem(err);
	sst_text_safe(text, len, FAILURE_CHARS, &safe);
	if (sst_buf_failed(&safe))
		sst_error_nomem(err);
	else
		sst_error_set(err, code, "postgresql %s: %s", p->where,
		    safe.len > 0 ? safe.data : "no reason given");
	sst_buf_fini(&safe);
	return err->code;
}

int
postgres__connection_failure(
    const struct sst_postgres *p, bool established, struct sst_error *err)
{
	const char *message = PQerrorMessage(p->conn), *state, *failed;
	int code;

	state = failure_state(message);
	if (state != NULL) {
		code = postgres__code(state);
		/* before a session there is no query to give up */
		if (code == SST_TIMEOUT || code == SST_UNREACHABLE)
			code = SST_UPSTREAM;
		/* 42501 here: no right to connect */
		return failure_tell(p, code, state + SQLSTATE_LEN + 2, err);
	}
	code = failure_phrase(message, established);
	failed = strstr(message, "failed: ");
	if (failed != NULL)
		message = failed + strlen("failed: ");
	return failure_tell(p, code, message, err);
}

int
postgres__result_failure(
    const struct sst_postgres *p, const PGresult *result, struct sst_error *err)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	int code;

	if (state == NULL)
		return postgres__connection_failure(p, true, err);
	code = postgres__code(state);
	return failure_tell(p, code, text != NULL ? text : state, err);
}
