/* The sources that feed the section `queues`; see repository/source.h. */
#ifndef SST_REPOSITORY_QUEUES_QUEUES_H
#define SST_REPOSITORY_QUEUES_QUEUES_H

#include "repository/source.h"

/* Queues of a scenario in mocks/scenarios. */
extern const struct sst_source_ops sst_queues_mock_ops;
/* RabbitMQ through its management HTTP API. */
extern const struct sst_source_ops sst_rabbitmq_ops;
/* Celery on Redis. */
extern const struct sst_source_ops sst_celery_ops;
/* RQ (Redis Queue) in Redis. */
extern const struct sst_source_ops sst_rq_ops;
/* BullMQ and Bull in Redis. */
extern const struct sst_source_ops sst_bullmq_ops;
/* Queues in PostgreSQL: pg-boss, graphile-worker, procrastinate, and tables of
 * one's own by a query. */
extern const struct sst_source_ops sst_pgboss_ops;
extern const struct sst_source_ops sst_graphile_ops;
extern const struct sst_source_ops sst_procrastinate_ops;
extern const struct sst_source_ops sst_sql_ops;
/* NATS JetStream. */
extern const struct sst_source_ops sst_nats_ops;
/* Kafka: what consumer groups have not read. */
extern const struct sst_source_ops sst_kafka_ops;

/* Queues of a scenario; settings: struct sst_mock_settings. */
extern const struct sst_source_ops sst_queues_mock_ops;

#endif
