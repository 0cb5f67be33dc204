#include "repository/scenario/fields.h"

#include <string.h>

static const char *const agent_status[] = {
    "running", "idle", "busy", "error", "offline", "unknown", NULL};
static const char *const max_pods_source[] = {
    "hpa", "replicas", "desired_number_scheduled", "parallelism", "config",
    "unknown", NULL};
static const char *const pod_limits_source[] = {
    "pod", "template", "config", NULL};
static const char *const rollout_state[] = {
    "complete", "progressing", "stuck", "paused", "unknown", NULL};
static const char *const pod_phase[] = {
    "Pending", "Running", "Succeeded", "Failed", "Unknown", NULL};
static const char *const container_state[] = {
    "waiting", "running", "terminated", "unknown", NULL};
static const char *const tasks_detail[] = {
    "full", "window", "counts_only", "unavailable", NULL};
static const char *const task_status[] = {"queued", "scheduled", "blocked",
    "reserved", "running", "retrying", "failed", "dead", "unknown", NULL};
static const char *const priority_level[] = {
    "low", "normal", "high", "critical", NULL};
static const char *const model_status[] = {
    "healthy", "degraded", "unhealthy", "cooldown", "unknown", NULL};
static const char *const usage_quality[] = {"ok", "unreliable", NULL};

static const struct scn_field active_task_fields[] = {
    {"id", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
    {"started_on", SCN_TIME, SCN_NULL, NULL, NULL, 0},
    {"status", SCN_TEXT, 0, NULL, NULL, 0},
};
static const struct scn_shape active_task_shape = {
    "an active task", SCN_FIELDS(active_task_fields)};

static const struct scn_field activity_fields[] = {
    {"active_task_ids", SCN_LIST, SCN_NULL | SCN_OWNED, &active_task_shape,
	NULL, 0},
    {"updated_at", SCN_TIME, 0, NULL, NULL, 0},
};
static const struct scn_shape activity_shape = {
    "the activity of an agent", SCN_FIELDS(activity_fields)};

static const struct scn_field agent_fields[] = {
    {"name", SCN_NAME, SCN_REQUIRED | SCN_ID, NULL, NULL, 0},
    {"description", SCN_TEXT, 0, NULL, NULL, 0},
    {"max_parallel_invocations", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"deployment_name", SCN_NAME, SCN_NULL, NULL, NULL, 0},
    {"models", SCN_NAMES, SCN_SORTED, NULL, NULL, 0},
    {"activity", SCN_OBJECT, 0, &activity_shape, NULL, 0},
    {"namespace", SCN_NAME, SCN_NULL, NULL, NULL, 0},
    {"status", SCN_WORD, 0, NULL, agent_status, 0},
    {"version", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"url", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"skills", SCN_NAMES, SCN_SORTED, NULL, NULL, 0},
};
static const struct scn_shape agent_shape = {
    "an agent", SCN_FIELDS(agent_fields)};

static const struct scn_field live_fields[] = {
    {"active_pods", SCN_COUNT, SCN_NULL | SCN_OWNED, NULL, NULL, 0},
    {"updated_at", SCN_TIME, 0, NULL, NULL, 0},
    {"desired_pods", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"ready_pods", SCN_COUNT, SCN_NULL | SCN_OWNED, NULL, NULL, 0},
    {"available_pods", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"updated_pods", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"terminating_pods", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"finished_pods", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape live_shape = {
    "what runs of a workload", SCN_FIELDS(live_fields)};

static const struct scn_field rollout_fields[] = {
    {"state", SCN_WORD, SCN_REQUIRED, NULL, rollout_state, 0},
    {"reason", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"message", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"revision", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"changed_at", SCN_TIME, SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape rollout_shape = {
    "a roll-out", SCN_FIELDS(rollout_fields)};

static const struct scn_field autoscaler_fields[] = {
    {"name", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
    {"min_pods", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"max_pods", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"current_pods", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"desired_pods", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"conflicting", SCN_BOOL, 0, NULL, NULL, 0},
};
static const struct scn_shape autoscaler_shape = {
    "an autoscaler", SCN_FIELDS(autoscaler_fields)};

static const struct scn_field termination_fields[] = {
    {"reason", SCN_TEXT, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
    {"exit_code", SCN_INTEGER, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
    {"signal", SCN_INTEGER, SCN_NULL, NULL, NULL, 0},
    {"finished_at", SCN_TIME, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape termination_shape = {
    "the end of a container", SCN_FIELDS(termination_fields)};

static const struct scn_field container_fields[] = {
    {"name", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
    {"state", SCN_WORD, SCN_REQUIRED, NULL, container_state, 0},
    {"reason", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"message", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"exit_code", SCN_INTEGER, SCN_NULL, NULL, NULL, 0},
    {"signal", SCN_INTEGER, SCN_NULL, NULL, NULL, 0},
    {"ready", SCN_BOOL, SCN_NULL, NULL, NULL, 0},
    {"restarts", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"last", SCN_OBJECT, SCN_NULL, &termination_shape, NULL, 0},
};
static const struct scn_shape container_shape = {
    "a container", SCN_FIELDS(container_fields)};

static const struct scn_field pod_fields[] = {
    {"pod_id", SCN_NAME, SCN_REQUIRED | SCN_ID, NULL, NULL, 0},
    {"cpu", SCN_REAL, SCN_NULL, NULL, NULL, 0},
    {"memory", SCN_REAL, SCN_NULL, NULL, NULL, 0},
    {"status", SCN_TEXT, 0, NULL, NULL, 0},
    {"uid", SCN_TEXT, 0, NULL, NULL, 0},
    {"node", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"phase", SCN_WORD, 0, NULL, pod_phase, 0},
    {"reason", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"message", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"ready", SCN_BOOL, SCN_NULL, NULL, NULL, 0},
    {"containers_ready", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"containers_total", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"restarts", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"last_restart_at", SCN_TIME, SCN_NULL, NULL, NULL, 0},
    {"started_at", SCN_TIME, SCN_NULL, NULL, NULL, 0},
    {"memory_bytes", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"containers", SCN_LIST, 0, &container_shape, NULL, 0},
};
static const struct scn_shape pod_shape = {"a pod", SCN_FIELDS(pod_fields)};

static const struct scn_field workload_fields[] = {
    {"deployment_name", SCN_NAME, SCN_REQUIRED | SCN_ID, NULL, NULL, 0},
    {"max_pods", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"pod_max_ram", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"pod_max_cpu", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"live", SCN_OBJECT, 0, &live_shape, NULL, 0},
    {"pods", SCN_LIST, SCN_OWNED, &pod_shape, NULL, 0},
    {"namespace", SCN_TEXT, SCN_ID, NULL, NULL, 0},
    {"kind", SCN_NAME, SCN_ID, NULL, NULL, 0},
    {"max_pods_source", SCN_WORD, 0, NULL, max_pods_source, 0},
    {"pod_limits_source", SCN_WORD, 0, NULL, pod_limits_source, 0},
    {"unlimited_containers", SCN_NAMES, SCN_SORTED, NULL, NULL, 0},
    {"autoscaler", SCN_OBJECT, SCN_NULL, &autoscaler_shape, NULL, 0},
    {"rollout", SCN_OBJECT, 0, &rollout_shape, NULL, 0},
    {"images", SCN_NAMES, SCN_SORTED, NULL, NULL, 0},
    {"uid", SCN_TEXT, 0, NULL, NULL, 0},
};
static const struct scn_shape workload_shape = {
    "a workload", SCN_FIELDS(workload_fields)};

static const struct scn_field priority_fields[] = {
    {"level", SCN_WORD, SCN_REQUIRED, NULL, priority_level, 0},
    {"raw", SCN_RAW, SCN_NULL, NULL, NULL, 0},
    {"scheme", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"position", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
};
const struct scn_shape scenario__priority_shape = {
    "a priority", SCN_FIELDS(priority_fields)};

static const struct scn_field task_fields[] = {
    {"id", SCN_NAME, SCN_REQUIRED | SCN_ID, NULL, NULL, 0},
    {"priority", SCN_PRIORITY, 0, &scenario__priority_shape, NULL, 0},
    {"submitted_at", SCN_TIME, SCN_NULL, NULL, NULL, 0},
    {"type", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"status", SCN_WORD, SCN_OWNED, NULL, task_status, 0},
    {"attempts", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"max_attempts", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"not_before", SCN_TIME, SCN_NULL, NULL, NULL, 0},
    {"started_at", SCN_TIME, SCN_NULL, NULL, NULL, 0},
    {"assigned_to", SCN_NAME, SCN_NULL, NULL, NULL, 0},
    {"blocked_by", SCN_NAMES, SCN_OWNED, NULL, NULL, 0},
    {"deadlocked", SCN_BOOL, SCN_OWNED, NULL, NULL, 0},
    {"orphaned", SCN_BOOL, 0, NULL, NULL, 0},
    {"virtual", SCN_BOOL, 0, NULL, NULL, 0},
    {"error", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape task_shape = {"a task", SCN_FIELDS(task_fields)};

static const struct scn_field depth_fields[] = {
    {"ready", SCN_COUNT, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
    {"running", SCN_COUNT, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
    {"delayed", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"blocked", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"failed", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"dead", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"total", SCN_COUNT, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape depth_shape = {
    "the depth of a queue", SCN_FIELDS(depth_fields)};

static const struct scn_field priority_depth_fields[] = {
    {"raw", SCN_NAME, SCN_REQUIRED | SCN_ID, NULL, NULL, 0},
    {"level", SCN_WORD, SCN_REQUIRED, NULL, priority_level, 0},
    {"ready", SCN_COUNT, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape priority_depth_shape = {
    "the tasks of a priority", SCN_FIELDS(priority_depth_fields)};

static const struct scn_field rates_fields[] = {
    {"published_per_second", SCN_REAL, SCN_NULL, NULL, NULL, 0},
    {"delivered_per_second", SCN_REAL, SCN_NULL, NULL, NULL, 0},
    {"acked_per_second", SCN_REAL, SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape rates_shape = {
    "the rates of a queue", SCN_FIELDS(rates_fields)};

static const struct scn_field queue_fields[] = {
    {"name", SCN_NAME, SCN_REQUIRED | SCN_ID, NULL, NULL, 0},
    {"updated_at", SCN_TIME, 0, NULL, NULL, 0},
    {"tasks", SCN_LIST, SCN_OWNED, &task_shape, NULL, 0},
    {"system", SCN_NAME, SCN_ID, NULL, NULL, 0},
    {"depth", SCN_OBJECT, 0, &depth_shape, NULL, 0},
    {"priorities", SCN_LIST, 0, &priority_depth_shape, NULL, 0},
    {"consumers", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"rates", SCN_OBJECT, SCN_NULL, &rates_shape, NULL, 0},
    {"state", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"type", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
    {"dead_letter_queue", SCN_NAME, SCN_NULL, NULL, NULL, 0},
    {"oldest_submitted_at", SCN_TIME, SCN_NULL, NULL, NULL, 0},
    {"tasks_detail", SCN_WORD, SCN_OWNED, NULL, tasks_detail, 0},
    {"tasks_total", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"tasks_omitted", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape queue_shape = {
    "a queue", SCN_FIELDS(queue_fields)};

static const struct scn_field price_fields[] = {
    {"input_usd_per_token", SCN_REAL, SCN_NULL, NULL, NULL, 0},
    {"output_usd_per_token", SCN_REAL, SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape price_shape = {
    "a price", SCN_FIELDS(price_fields)};

static const struct scn_field remaining_fields[] = {
    {"tokens", SCN_COUNT, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
    {"requests", SCN_COUNT, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
    {"resets_at", SCN_TIME, SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape remaining_shape = {
    "a remaining quota", SCN_FIELDS(remaining_fields)};

static const struct scn_field cooldown_fields[] = {
    {"until", SCN_TIME, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
    {"reason", SCN_TEXT, SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape cooldown_shape = {
    "a cool-down", SCN_FIELDS(cooldown_fields)};

static const struct scn_field health_fields[] = {
    {"checked_at", SCN_TIME, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
    {"latency_ms", SCN_REAL, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
    {"error", SCN_TEXT, SCN_REQUIRED | SCN_NULL, NULL, NULL, 0},
};
static const struct scn_shape health_shape = {
    "a health check", SCN_FIELDS(health_fields)};

static const struct scn_field model_fields[] = {
    {"model", SCN_NAME, SCN_REQUIRED, NULL, NULL, 0},
    {"provider", SCN_TEXT, SCN_REQUIRED, NULL, NULL, 0},
    {"tpm", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"rpm", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"tpm_max", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"rpm_max", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"payment_type", SCN_TEXT, 0, NULL, NULL, 0},
    {"deployment_id", SCN_NAME, SCN_ID, NULL, NULL, 0},
    {"status", SCN_WORD, 0, NULL, model_status, 0},
    {"health", SCN_OBJECT, SCN_NULL, &health_shape, NULL, 0},
    {"window_seconds", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"usage_quality", SCN_WORD, 0, NULL, usage_quality, 0},
    {"failures_per_minute", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"input_tpm_max", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"output_tpm_max", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"spend_usd_today", SCN_REAL, SCN_NULL, NULL, NULL, 0},
    {"tokens_today", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"requests_today", SCN_COUNT, SCN_NULL, NULL, NULL, 0},
    {"spend_usd_observed", SCN_REAL, SCN_NULL, NULL, NULL, 0},
    {"spend_observed_since", SCN_TIME, SCN_NULL, NULL, NULL, 0},
    {"price", SCN_OBJECT, SCN_NULL, &price_shape, NULL, 0},
    {"remaining", SCN_OBJECT, SCN_NULL, &remaining_shape, NULL, 0},
    {"cooldown", SCN_OBJECT, SCN_NULL, &cooldown_shape, NULL, 0},
    {"fallbacks", SCN_NAMES, 0, NULL, NULL, 0},
    {"payment_type_inferred", SCN_BOOL, 0, NULL, NULL, 0},
};
static const struct scn_shape model_shape = {
    "a model deployment", SCN_FIELDS(model_fields)};

const struct scn_shape *
scenario__shape(enum sst_section_id section)
{
	static const struct scn_shape *const shapes[SST_SECTION_COUNT] = {
	    [SST_SECTION_AGENTS] = &agent_shape,
	    [SST_SECTION_WORKLOAD] = &workload_shape,
	    [SST_SECTION_QUEUES] = &queue_shape,
	    [SST_SECTION_LITELLM] = &model_shape,
	};

	return shapes[section];
}

const struct scn_field *
scenario__field(const struct scn_shape *shape, const char *name)
{
	size_t i;

	for (i = 0; i < shape->count; i++) {
		if (strcmp(shape->fields[i].name, name) == 0)
			return &shape->fields[i];
	}
	return NULL;
}
