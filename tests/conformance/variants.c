/* Every source of the tree, one row each: the same tests for all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/conformance.h"
#include "repository/agents/agents.h"
#include "repository/litellm/litellm.h"
#include "repository/queues/queues.h"
#include "repository/workload/workload.h"

static const char *const rabbitmq_bad[] = {
    "",
    "url: nowhere",
    "url: http://user:secret@127.0.0.1:1/",
    "url: http://127.0.0.1:1/?x=1",
    "url: file:///etc/passwd",
    "url: [http://127.0.0.1:1/]",
    "{url: 'http://127.0.0.1:1', depth: sometimes}",
    "{url: 'http://127.0.0.1:1', page_size: 501}",
    "{url: 'http://127.0.0.1:1', page_size: 0}",
    "{url: 'http://127.0.0.1:1', password: secret}",
    "{url: 'http://127.0.0.1:1', username: 'a:b', password: secret}",
    "{url: 'http://127.0.0.1:1', nonsense: 1}",
    NULL,
};

static const char *const nats_bad[] = {
    "",
    "monitoring: []",
    "monitoring: nowhere",
    "monitoring: ['http://user:secret@127.0.0.1:1/']",
    "monitoring: ['http://127.0.0.1:1/?x=1']",
    "monitoring: ['nats://127.0.0.1:1']",
    "{monitoring: ['http://127.0.0.1:1'], username: x}",
    "{monitoring: ['http://127.0.0.1:1'], max_tasks_per_queue: 1000000}",
    "{monitoring: ['http://127.0.0.1:1'], nonsense: 1}",
    NULL,
};

static const char *const a2a_bad[] = {
    "",
    "agents: []",
    "agents: http://127.0.0.1:1",
    "agents: [http://127.0.0.1:1]",
    "agents: [{}]",
    "agents: [{url: nowhere}]",
    "agents: [{url: 'http://user:secret@127.0.0.1:1/'}]",
    "agents: [{url: 'http://127.0.0.1:1/?x=1'}]",
    "agents: [{url: 'http://127.0.0.1:1/.well-known/agent-card.json'}]",
    "agents: [{url: 'file:///etc/passwd'}]",
    "agents: [{url: 'http://127.0.0.1:1', card_path: card}]",
    "agents: [{url: 'http://127.0.0.1:1', tasks_url: 'grpc://127.0.0.1'}]",
    "agents: [{url: 'http://127.0.0.1:1', token: a, token_env: B}]",
    "agents: [{url: 'http://127.0.0.1:1', name: ''}]",
    "agents: [{url: 'http://127.0.0.1:1', nonsense: 1}]",
    "agents: [{url: 'http://127.0.0.1:1'}, {url: 'http://127.0.0.1:1/'}]",
    "agents: [{url: 'http://a', name: n}, {url: 'http://b', name: n}]",
    "{agents: [{url: 'http://127.0.0.1:1'}], timeout: 0}",
    "{agents: [{url: 'http://127.0.0.1:1'}], card_every: 2h}",
    NULL,
};

static const char *const registry_bad[] = {
    "",
    "path: ''",
    "path: [a]",
    "{path: a.yaml, reload: true}",
    NULL,
};

static const char *const proxy_bad[] = {
    "",
    "url: nowhere",
    "url: http://user:secret@127.0.0.1:1/",
    "url: http://127.0.0.1:1/?x=1",
    "{url: 'http://127.0.0.1:1', key_header: cookie}",
    "{url: 'http://127.0.0.1:1', metrics_url: '/metrics'}",
    "{url: 'http://127.0.0.1:1', tolerance: 0.6}",
    "{url: 'http://127.0.0.1:1', refresh: 1s}",
    "{url: 'http://127.0.0.1:1', payment_types: prepaid}",
    "{url: 'http://127.0.0.1:1', nonsense: 1}",
    NULL,
};

static const char *const mock_bad[] = {
    "nonsense: 1",
    "speed: fast",
    NULL,
};

#define DESK SST_SOURCE_DIR "/mocks/upstreams/proc/desk"
#define DESK_OPTIONS "proc_path: '" DESK "', passwd_path: '" DESK "/passwd'"

static const char *const process_bad[] = {
    "",
    "deployments: []",
    "deployments: [{name: a}]",
    "deployments: [{command: a}]",
    "deployments: [{name: a, command: '('}]",
    "deployments: [{name: a, command: a}, {name: a, command: b}]",
    "{deployments: [{name: a, command: a}], nonsense: 1}",
    "{deployments: [{name: a, command: a}], max_processes: 0}",
    "{deployments: [{name: a, command: a}], usage_tolerance_percent: -1}",
    NULL,
};

static const struct sst_conformance_case variants[] = {
    {
	.name = "queues/rabbitmq live",
	.ops = &sst_rabbitmq_ops,
	.options = "{url: '%s', username: monitor, password: monitor}",
	.bad_options = rabbitmq_bad,
	.routes = "mocks/upstreams/rabbitmq/world/monitor.routes",
	.entities = 9,
    },
    {
	.name = "queues/rabbitmq live in pages",
	.ops = &sst_rabbitmq_ops,
	.options = "{url: '%s/', page_size: 4}",
	.routes = "mocks/upstreams/rabbitmq/world/monitor.routes",
	.entities = 9,
    },
    {
	.name = "queues/rabbitmq with a node down",
	.ops = &sst_rabbitmq_ops,
	.options = "{url: '%s'}",
	.routes = "mocks/upstreams/rabbitmq/cluster/half.routes",
	.entities = 5,
    },
    {
	.name = "queues/rabbitmq stats",
	.ops = &sst_rabbitmq_ops,
	.options = "{url: '%s', depth: stats, hide_exclusive: false}",
	.routes = "mocks/upstreams/rabbitmq/world/monitor.routes",
	.entities = 10,
    },
    {
	.name = "queues/nats monitoring",
	.ops = &sst_nats_ops,
	.options = "monitoring: ['%s']",
	.bad_options = nats_bad,
	.routes = "mocks/upstreams/nats/first.routes",
	.entities = 7,
    },
    {
	.name = "workload/process",
	.ops = &sst_process_ops,
	.options = "{" DESK_OPTIONS ", deployments: ["
		   "{name: agents, unit: agents},"
		   "{name: workers, command: 'agents\\.worker', user: ann},"
		   "{name: web, executable: nginx, children: pods},"
		   "{name: none, executable: none}]}",
	.bad_options = process_bad,
	.entities = 4,
    },
    {
	.name = "litellm/proxy without a database",
	.ops = &sst_litellm_proxy_ops,
	.options = "{url: '%s', key: sk-test}",
	.bad_options = proxy_bad,
	.routes = "mocks/upstreams/litellm/nodb/nodb.routes",
	.entities = 2,
    },
    {
	.name = "litellm/proxy with a database",
	.ops = &sst_litellm_proxy_ops,
	.options = "{url: '%s/litellm/', key: sk-test,"
		   " key_header: x-litellm-api-key}",
	.routes = "mocks/upstreams/litellm/db/prefixed.routes",
	.entities = 5,
    },
    {
	.name = "agents/mock demo",
	.ops = &sst_agents_mock_ops,
	.options = "scenario: demo",
	.bad_options = mock_bad,
	.entities = 2,
    },
    {
	.name = "agents/a2a",
	.ops = &sst_agents_a2a_ops,
	.options = "agents: [{url: &u '%s', tasks_url: *u}]",
	.bad_options = a2a_bad,
	.routes = "mocks/upstreams/a2a/agent.routes",
	.entities = 1,
    },
    {
	.name = "agents/a2a many tasks",
	.ops = &sst_agents_a2a_ops,
	.options = "agents: [{url: &u '%s/', tasks_url: *u, name: agent}]",
	.routes = "mocks/upstreams/a2a/many.routes",
	.entities = 1,
    },
    {
	.name = "agents/registry",
	.ops = &sst_agents_registry_ops,
	.options = "path: '" SST_SOURCE_DIR "/mocks/agents.example.yaml'",
	.bad_options = registry_bad,
	.entities = 3,
    },
    {
	.name = "workload/mock demo",
	.ops = &sst_workload_mock_ops,
	.options = "scenario: demo",
	.bad_options = mock_bad,
	.entities = 2,
    },
    {
	.name = "queues/mock demo",
	.ops = &sst_queues_mock_ops,
	.options = "scenario: demo",
	.bad_options = mock_bad,
	.entities = 2,
    },
    {
	.name = "litellm/mock demo",
	.ops = &sst_litellm_mock_ops,
	.options = "scenario: demo",
	.bad_options = mock_bad,
	.entities = 3,
    },
    {
	.name = "queues/mock calm",
	.ops = &sst_queues_mock_ops,
	.options = "scenario: calm",
	.bad_options = mock_bad,
	.entities = 2,
    },
    {
	.name = "queues/mock deadlock",
	.ops = &sst_queues_mock_ops,
	.options = "scenario: deadlock",
	.bad_options = mock_bad,
	.entities = 3,
    },
    {
	.name = "queues/mock large-S",
	.ops = &sst_queues_mock_ops,
	.options = "scenario: large-S",
	.bad_options = mock_bad,
	.entities = 5,
    },
};

static const char *const kubernetes_bad[] = {
    "kubeconfig: ''",
    "kubeconfig: [/a]",
    "namespaces: [Agents]",
    "namespaces: ['a/b']",
    "namespaces: [a, b, a]",
    "namespaces: [a, a-]",
    "metrics_interval: 1s",
    "usage_tolerance_percent: 101",
    "nonsense: 1",
    NULL,
};

static const char *const agents_kubernetes_bad[] = {
    "kubeconfig: ''",
    "namespaces: [Agents]",
    "namespaces: [a, b, a]",
    "prefix: ''",
    "prefix: systate.io",
    "prefix: 'a/b/'",
    "selector: ''",
    "all: sometimes",
    "nonsense: 1",
    NULL,
};

#define APPS "/apis/apps/v1/"

static const struct sst_conformance_stream streams[] = {
    {
	.name = "workload/kubernetes",
	.ops = &sst_kubernetes_ops,
	.options = "metrics: false",
	.bad_options = kubernetes_bad,
	.lists =
	    {
		{"/api/v1/pods", "a_pods.http"},
		{APPS "deployments", "a_deployments.http"},
		{APPS "replicasets", "a_replicasets.http"},
		{APPS "statefulsets", "a_statefulsets.http"},
		{"/apis/batch/v1/jobs", "a_jobs.http"},
		{"/apis/autoscaling/v1/horizontalpodautoscalers",
		    "a_horizontalpodautoscalers.http"},
	    },
	.watches = 8,
	.entities = 7,
    },
    {
	.name = "workload/kubernetes of one namespace",
	.ops = &sst_kubernetes_ops,
	.options = "namespaces: [agents], metrics: false",
	.bad_options = kubernetes_bad,
	.lists =
	    {
		{"/api/v1/pods", "a_pods_all_namespaces.http"},
		{APPS "deployments", "a_deployments_all_namespaces.http"},
	    },
	.watches = 8,
	.entities = 7,
    },
    {
	.name = "agents/kubernetes",
	.ops = &sst_agents_kubernetes_ops,
	.options = "all: true",
	.bad_options = agents_kubernetes_bad,
	.lists =
	    {
		{APPS "deployments", "a_deployments.http"},
		{APPS "statefulsets", "a_statefulsets.http"},
	    },
	.watches = 3,
	.entities = 5,
    },
};

int
main(void)
{
	size_t i;
	bool ok = true;

	for (i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		ok &= sst_conformance_run(&variants[i]);
	for (i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		ok &= sst_conformance_run_stream(&streams[i]);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
