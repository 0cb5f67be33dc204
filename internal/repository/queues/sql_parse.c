#include "repository/queues/sql_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const enum queue_status statuses[] = {
    [SQL_RUNNING] = QUEUE_RUNNING,
    [SQL_RESERVED] = QUEUE_RESERVED,
    [SQL_QUEUED] = QUEUE_QUEUED,
    [SQL_RETRYING] = QUEUE_RETRYING,
    [SQL_SCHEDULED] = QUEUE_SCHEDULED,
    [SQL_BLOCKED] = QUEUE_BLOCKED,
    [SQL_DEAD] = QUEUE_DEAD,
    [SQL_FAILED] = QUEUE_FAILED,
    [SQL_UNKNOWN] = QUEUE_STATUS_UNKNOWN,
};

static const char *const task_columns[] = {
    [SQL_TASK_QUEUE] = "queue",
    [SQL_TASK_ID] = "id",
    [SQL_TASK_TYPE] = "type",
    [SQL_TASK_STATUS] = "status",
    [SQL_TASK_PRIORITY] = "priority",
    [SQL_TASK_SUBMITTED] = "submitted_at",
    [SQL_TASK_NOT_BEFORE] = "not_before",
    [SQL_TASK_STARTED] = "started_at",
    [SQL_TASK_ATTEMPTS] = "attempts",
    [SQL_TASK_MAX_ATTEMPTS] = "max_attempts",
    [SQL_TASK_ASSIGNED] = "assigned_to",
    [SQL_TASK_ORPHANED] = "orphaned",
    [SQL_TASK_ERROR] = "error",
    [SQL_TASK_BLOCKER_ID] = "blocked_by",
    [SQL_TASK_BLOCKER_QUEUE] = "blocked_by",
    [SQL_TASK_BLOCKER_STATUS] = "blocked_by",
};

/* What the schema allows for them; a longer name would be another one. */
enum { PARSE_ID_MAX = 512 };

struct queue_text
sql__text(const struct sst_postgres_value *value)
{
	return (struct queue_text){value->data, value->len};
}

/* Null is unknown; false for what is no number. */
static bool
parse_number(const struct sst_postgres_value *value, int64_t *out)
{
	char *end;
	long long number;

	if (value->data == NULL)
		return true;
	errno = 0;
	number = strtoll(value->data, &end, 10);
	if (errno != 0 || end == value->data || *end != '\0')
		return false;
	*out = number;
	return true;
}

/* A count; what is negative is no count, and unknown. */
static bool
parse_count(const struct sst_postgres_value *value, int64_t *out)
{
	int64_t number = QUEUE_UNKNOWN;

	if (!parse_number(value, &number))
		return false;
	*out = number < 0 ? QUEUE_UNKNOWN : number;
	return true;
}

/* Times out of range (infinity) are unknown. */
static void
parse_time(const struct sst_postgres_value *value, struct sst_wall *out)
{
	if (value->data != NULL)
		sst_postgres_time(value->data, value->len, out);
}

bool
sql__parse_status(
    const struct sst_postgres_value *value, enum queue_status *out)
{
	int64_t number = SQL_UNKNOWN;

	if (!parse_number(value, &number) || number < 0 || number > SQL_UNKNOWN)
		return false;
	*out = statuses[number];
	return true;
}

enum queue_level
sql__level(const struct sql_levels *levels, int64_t priority)
{
	int64_t p = priority, c = levels->critical, h = levels->high;
	int64_t n = levels->normal;

	if (levels->lower_first ? p <= c : p >= c)
		return QUEUE_CRITICAL;
	if (levels->lower_first ? p <= h : p >= h)
		return QUEUE_HIGH;
	if (levels->lower_first ? p <= n : p >= n)
		return QUEUE_NORMAL;
	return QUEUE_LOW;
}

bool
sql__level_word(const char *text, enum queue_level *out)
{
	static const char *const words[] = {
	    [QUEUE_LOW] = "low",
	    [QUEUE_NORMAL] = "normal",
	    [QUEUE_HIGH] = "high",
	    [QUEUE_CRITICAL] = "critical",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*out = (enum queue_level)i;
			return true;
		}
	}
	return false;
}

static void
parse_priority(const struct sst_postgres_value *value,
    const struct sql_levels *levels, struct queue_priority *out)
{
	int64_t number = 0;

	if (value->data == NULL)
		return;
	if (parse_number(value, &number)) {
		out->has_number = true;
		out->number = number;
		out->level = sql__level(levels, number);
		return;
	}
	out->text = sql__text(value);
	sql__level_word(value->data, &out->level);
}

static bool
parse_id(const struct sst_postgres_value *value)
{
	return value->data != NULL && value->len > 0 &&
	       value->len <= PARSE_ID_MAX;
}

static bool
parse_blocker(const struct sst_postgres_value *values, struct queue_task *out,
    struct queue_blocker *blocker)
{
	if (values[SQL_TASK_BLOCKER_ID].data == NULL)
		return true;
	blocker->id = sql__text(&values[SQL_TASK_BLOCKER_ID]);
	blocker->queue = sql__text(&values[SQL_TASK_BLOCKER_QUEUE]);
	if (!sql__parse_status(
		&values[SQL_TASK_BLOCKER_STATUS], &blocker->status))
		return false;
	out->blockers = blocker;
	out->blocker_count = 1;
	return true;
}

bool
sql__parse_task(const struct sst_postgres_value *values,
    const struct sql_levels *levels, struct queue_task *out,
    struct queue_blocker *blocker, const char **column)
{
	struct queue_task task = QUEUE_TASK_INIT;
	int wrong = -1;

	if (!parse_id(&values[SQL_TASK_ID]))
		wrong = SQL_TASK_ID;
	else if (!sql__parse_status(&values[SQL_TASK_STATUS], &task.status))
		wrong = SQL_TASK_STATUS;
	else if (!parse_count(&values[SQL_TASK_ATTEMPTS], &task.attempts))
		wrong = SQL_TASK_ATTEMPTS;
	else if (!parse_count(
		     &values[SQL_TASK_MAX_ATTEMPTS], &task.max_attempts))
		wrong = SQL_TASK_MAX_ATTEMPTS;
	else if (!parse_blocker(values, &task, blocker))
		wrong = SQL_TASK_BLOCKER_STATUS;
	if (wrong >= 0) {
		*column = task_columns[wrong];
		return false;
	}
	task.id = sql__text(&values[SQL_TASK_ID]);
	task.type = sql__text(&values[SQL_TASK_TYPE]);
	parse_priority(&values[SQL_TASK_PRIORITY], levels, &task.priority);
	parse_time(&values[SQL_TASK_SUBMITTED], &task.submitted_at);
	parse_time(&values[SQL_TASK_NOT_BEFORE], &task.not_before);
	parse_time(&values[SQL_TASK_STARTED], &task.started_at);
	task.assigned_to = sql__text(&values[SQL_TASK_ASSIGNED]);
	task.orphaned = values[SQL_TASK_ORPHANED].data != NULL &&
			values[SQL_TASK_ORPHANED].data[0] == 't';
	task.error = sql__text(&values[SQL_TASK_ERROR]);
	*out = task;
	return true;
}

bool
sql__parse_queue(const struct sst_postgres_value *values, struct queue_row *out,
    const char **column)
{
	struct queue_row row = QUEUE_ROW_INIT;
	struct {
		int column;
		int64_t *count;
	} counts[] = {
	    {SQL_QUEUE_READY, &row.depth.ready},
	    {SQL_QUEUE_RUNNING, &row.depth.running},
	    {SQL_QUEUE_DELAYED, &row.depth.delayed},
	    {SQL_QUEUE_BLOCKED, &row.depth.blocked},
	    {SQL_QUEUE_DEAD, &row.depth.dead},
	    {SQL_QUEUE_FAILED, &row.depth.failed},
	    {SQL_QUEUE_TOTAL, &row.depth.total},
	};
	size_t i;

	if (!parse_id(&values[SQL_QUEUE_NAME])) {
		*column = "queue";
		return false;
	}
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (parse_count(&values[counts[i].column], counts[i].count))
			continue;
		*column = "count";
		return false;
	}
	row.name = sql__text(&values[SQL_QUEUE_NAME]);
	row.type = sql__text(&values[SQL_QUEUE_TYPE]);
	row.dead_letter_queue = sql__text(&values[SQL_QUEUE_DEAD_LETTER]);
	parse_time(&values[SQL_QUEUE_OLDEST], &row.oldest_submitted_at);
	row.detail = QUEUE_FULL;
	*out = row;
	return true;
}
