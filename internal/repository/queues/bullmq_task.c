/* What a job of BullMQ is in the document. */
#include "repository/queues/bullmq_parse.h"

#define TASK_SCHEME "lower first, 0 is unset and before all"
#define TASK_SCHEME_LEGACY "lower first, 0 is unset and after all"

static enum queue_level
task_level(bool legacy, int64_t priority)
{
	if (priority == 0)
		return legacy ? QUEUE_LOW : QUEUE_HIGH;
	if (priority == 1)
		return QUEUE_CRITICAL;
	if (priority <= 5)
		return QUEUE_HIGH;
	return priority <= 20 ? QUEUE_NORMAL : QUEUE_LOW;
}

struct queue_priority
bullmq__priority(bool legacy, bool prioritized, int64_t priority)
{
	struct queue_priority p = {.level = QUEUE_NORMAL};

	p.scheme = legacy ? TASK_SCHEME_LEGACY : TASK_SCHEME;
	if (priority < 0)
		return p;
	p.has_number = true;
	p.number = priority;
	if (prioritized)
		p.level = task_level(legacy, priority);
	return p;
}

static bool
task_exhausted(const struct bullmq_job *job)
{
	return job->max_attempts >= 0 && job->attempts >= job->max_attempts;
}

enum queue_status
bullmq__status(enum bullmq_state state, const struct bullmq_job *job)
{
	switch (state) {
	case BULLMQ_ACTIVE:
		return QUEUE_RUNNING;
	case BULLMQ_WAIT:
	case BULLMQ_PAUSED:
	case BULLMQ_PRIORITIZED:
		return QUEUE_QUEUED;
	case BULLMQ_DELAYED:
		if (job->attempts < 0)
			return QUEUE_STATUS_UNKNOWN;
		return job->attempts > 0 ? QUEUE_RETRYING : QUEUE_SCHEDULED;
	case BULLMQ_CHILDREN:
		return QUEUE_BLOCKED;
	case BULLMQ_FAILED:
		return task_exhausted(job) ? QUEUE_DEAD : QUEUE_FAILED;
	default:
		return QUEUE_STATUS_UNKNOWN;
	}
}

static struct sst_wall
task_time(int64_t ms)
{
	return ms < 0 ? QUEUE_NEVER : (struct sst_wall){ms};
}

void
bullmq__task(const struct bullmq_frame *frame, const struct bullmq_slot *slot,
    const struct bullmq_job *job, struct queue_task *out)
{
	int64_t priority = job->priority;

	if (slot->state == BULLMQ_PRIORITIZED)
		priority = bullmq__prioritized_level(slot->score);
	*out = (struct queue_task)QUEUE_TASK_INIT;
	out->id = (struct queue_text){slot->id, slot->id_len};
	out->type = job->name;
	out->status = bullmq__status((enum bullmq_state)slot->state, job);
	out->priority =
	    bullmq__priority(frame->legacy, frame->prioritized, priority);
	out->position = frame->position;
	out->submitted_at = task_time(job->submitted_ms);
	out->attempts = job->attempts;
	out->max_attempts = job->max_attempts;
	out->error = job->error;
	if (slot->state == BULLMQ_DELAYED)
		out->not_before = bullmq__delayed_until(slot->score);
	if (slot->state != BULLMQ_ACTIVE)
		return;
	out->started_at = task_time(job->processed_ms);
	out->assigned_to = job->worker;
	out->orphaned = slot->no_lock;
	if (job->starts >= 0)
		out->attempts = job->starts;
}
