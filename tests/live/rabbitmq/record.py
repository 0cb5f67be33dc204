#!/usr/bin/env python3
"""Records mocks/upstreams/rabbitmq/world/ anew: fills a broker of its own with
queues of every kind and writes down what it answers to the requests of the
source, byte for byte. Run by hand; usage: record.py FOLDER"""
import os
import sys
import time

sys.dont_write_bytecode = True

from amqp import Worker  # noqa: E402
from broker import Broker, wait_until  # noqa: E402

LIVE = 'disable_stats=true&enable_queue_totals=true'
STATS = ('columns=name,vhost,type,state,exclusive,messages,messages_ready,'
         'messages_unacknowledged,consumers,head_message_timestamp,'
         'message_stats.publish_details.rate,'
         'message_stats.deliver_get_details.rate,'
         'message_stats.ack_details.rate')
CONSUMERS = '/api/consumers?columns=queue.name,queue.vhost'
OVERVIEW = '/api/overview?' + LIVE
VHOSTS = '/api/vhosts?columns=name'


def pages(prefix, query, vhost='', size=500):
    count = 1 if size == 500 else 3
    return [('%s%s' % (prefix, '' if count == 1 else n),
             '/api/queues%s?page=%d&page_size=%d&%s' % (vhost, n, size, query))
            for n in range(1, count + 1)]


# file name, path; file names are unique within a user's list
WORLD = (pages('live', LIVE) + pages('stats', STATS) +
         pages('live_page', LIVE, size=3) +
         pages('stats_page', STATS, size=3) +
         pages('live_prod', LIVE, '/agents%2Fprod') +
         pages('stats_prod', STATS, '/agents%2Fprod') +
         pages('live_missing', LIVE, '/nope') +
         [('whoami', '/api/whoami'), ('consumers', CONSUMERS),
          ('overview', OVERVIEW), ('vhosts', VHOSTS)])
EMPTY = (pages('live', LIVE) + pages('stats', STATS) +
         pages('live_root', LIVE, '/%2F') +
         [('whoami', '/api/whoami'), ('consumers', CONSUMERS),
          ('overview', OVERVIEW), ('vhosts', VHOSTS)])


def fill(broker):
    broker.must('PUT', '/api/vhosts/agents%2Fprod')
    broker.must('PUT', '/api/permissions/agents%2Fprod/guest',
                {'configure': '.*', 'write': '.*', 'read': '.*'})
    broker.declare('agent.tasks', x_max_priority=10)
    broker.declare('agent.flaky')
    broker.declare('agent.lazy', x_queue_mode='lazy')
    broker.declare('agent.quorum', x_queue_type='quorum')
    broker.declare('agent.stream', x_queue_type='stream')
    broker.declare('agent/plan \u00e9')
    broker.declare('inbox', vhost='agents/prod')
    now = int(time.time())
    broker.publish('agent.tasks', 25, timestamp=now - 60, priority=5)
    broker.publish('agent.flaky', 4)
    broker.publish('agent.quorum', 6)
    broker.publish('agent.stream', 3)
    broker.publish('agent/plan \u00e9', 2, timestamp=now - 3600)
    broker.publish('inbox', 5, vhost='agents/prod')
    workers = [Worker(broker.amqp), Worker(broker.amqp)]
    workers[0].consume('agent.tasks', 5)
    workers[1].consume('agent.tasks', 3)
    workers[0].declare_exclusive()
    for _ in range(4):
        workers[1].acknowledge(workers[1].delivery())
    broker.add_user('monitor', 'monitoring', ['/', 'agents/prod'])
    broker.add_user('blind', 'monitoring', [])
    broker.add_user('mgmt', 'management', ['/', 'agents/prod'])
    broker.add_user('nobody', 'management', [])
    broker.add_user('plain', '', ['/'])
    return workers


def settled(broker):
    queues = broker.call('GET', '/api/queues')[1]
    return all('messages' in q and 'consumers' in q for q in queues) and sum(
        q['consumers'] for q in queues) == 2


def record(broker, folder, user, requests):
    lines = []
    for name, path in requests:
        status, body = broker.raw('GET', path, user=user, password=user)
        file = '%s_%s.json' % (user, name)
        with open(os.path.join(folder, file), 'wb') as f:
            f.write(body)
        lines.append('%s %d %s\n' % (path, status, file))
    with open(os.path.join(folder, user + '.routes'), 'w',
              encoding='utf-8') as f:
        f.writelines(lines)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    broker = Broker()
    try:
        broker.start()
        workers = fill(broker)
        broker.declare('agent.fresh')
        record(broker, folder, 'monitor', [
            ('fresh_stats', pages('', STATS)[0][1])])
        wait_until('statistics of all queues', lambda: settled(broker), 30)
        record(broker, folder, 'monitor', WORLD)
        record(broker, folder, 'mgmt', EMPTY)
        record(broker, folder, 'blind', EMPTY)
        record(broker, folder, 'nobody', EMPTY)
        record(broker, folder, 'plain', EMPTY)
        for worker in workers:
            worker.close()
    finally:
        broker.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
