#!/usr/bin/env python3
"""Records mocks/upstreams/rabbitmq/{world,cluster}/ anew: fills brokers of its
own with queues of every kind and writes down what they answer to the requests
of the source, byte for byte. Run by hand; usage: record.py FOLDER"""
import os
import sys
import time

sys.dont_write_bytecode = True

from amqp import Worker  # noqa: E402
from broker import Broker, wait_until  # noqa: E402

LIVE = 'disable_stats=true&enable_queue_totals=true'
NAMES = 'disable_stats=true'
STATS = ('columns=name,vhost,type,state,exclusive,node,policy,arguments,'
         'members,online,messages,messages_ready,messages_unacknowledged,'
         'consumers,head_message_timestamp,'
         'message_stats.publish_details.rate,'
         'message_stats.deliver_get_details.rate,'
         'message_stats.ack_details.rate')
CONSUMERS = '/api/consumers?columns=queue.name,queue.vhost'
LEVELS = ('/api/queues?page=1&page_size=500&columns=name,vhost,'
          'backing_queue_status.priority_lengths&use_regex=true'
          '&name=%5E(agent%5C.tasks)%24')
PROBE = 'page=1&page_size=1&disable_stats=true&columns=name'
DLX = '/api/exchanges/%2F/agent.dlx'


def pages(prefix, query, vhost='', size=500):
    count = 1 if size == 500 else 3
    return [('%s%s' % (prefix, '' if count == 1 else n),
             '/api/queues%s?page=%d&page_size=%d&%s' % (vhost, n, size, query))
            for n in range(1, count + 1)]


# file name, path; file names are unique within a user's list
ALWAYS = (pages('live', LIVE) + pages('stats', STATS) + pages('names', NAMES) +
          [('whoami', '/api/whoami'), ('consumers', CONSUMERS),
           ('overview', '/api/overview?disable_stats=true'),
           ('nodes', '/api/nodes?columns=name,running,mem_alarm,'
            'disk_free_alarm,partitions'),
           ('vhosts', '/api/vhosts?columns=name'),
           ('policies', '/api/policies?columns=vhost,name,definition'),
           ('dlx', DLX + '?columns=type&disable_stats=true'),
           ('dlx_bindings', DLX + '/bindings/source?columns=destination,'
            'destination_type,routing_key'),
           ('levels', LEVELS),
           ('probe_root', '/api/queues/%2F?' + PROBE),
           ('probe_prod', '/api/queues/agents%2Fprod?' + PROBE)])
CLUSTER = ALWAYS[:8]
WORLD = (ALWAYS + pages('live_page', LIVE, size=4) +
         pages('stats_page', STATS, size=4) +
         pages('live_prod', LIVE, '/agents%2Fprod') +
         pages('stats_prod', STATS, '/agents%2Fprod') +
         pages('live_missing', LIVE, '/nope'))
LESS = ALWAYS + pages('live_root', LIVE, '/%2F')


def fill(broker):
    broker.must('PUT', '/api/vhosts/agents%2Fprod')
    broker.must('PUT', '/api/permissions/agents%2Fprod/guest',
                {'configure': '.*', 'write': '.*', 'read': '.*'})
    broker.must('PUT', '/api/exchanges/%2F/agent.dlx',
                {'type': 'direct', 'durable': True})
    broker.declare('agent.dead')
    broker.must('POST', '/api/bindings/%2F/e/agent.dlx/q/agent.dead',
                {'routing_key': 'given up'})
    broker.must('PUT', '/api/policies/%2F/lazy',
                {'pattern': r'^agent\.lazy$', 'apply-to': 'queues',
                 'definition': {'dead-letter-exchange': 'agent.dlx'}})
    broker.declare('agent.tasks', x_max_priority=10)
    broker.declare('agent.flaky', x_dead_letter_exchange='agent.dlx',
                   x_dead_letter_routing_key='given up')
    broker.declare('agent.lazy', x_queue_mode='lazy')
    broker.declare('agent.quorum', x_queue_type='quorum')
    broker.declare('agent.stream', x_queue_type='stream')
    broker.declare('agent/plan \u00e9')
    broker.declare('inbox', vhost='agents/prod')
    now = int(time.time())
    broker.publish('agent.tasks', 25, timestamp=now - 60, priority=5)
    broker.publish('agent.flaky', 4)
    broker.publish('agent.dead', 2)
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
    broker.add_user('half', 'monitoring', ['/'])
    broker.add_user('mgmt', 'management', ['/', 'agents/prod'])
    broker.add_user('nobody', 'management', [])
    broker.add_user('plain', '', ['/'])
    return workers


def settled(broker):
    queues = broker.call('GET', '/api/queues')[1]
    return all('messages' in q and 'consumers' in q for q in queues) and sum(
        q['consumers'] for q in queues) == 2


def record(broker, folder, user, requests, prefix=None):
    prefix = prefix or user
    lines = []
    for name, path in requests:
        status, body = broker.raw('GET', path, user=user, password=user)
        file = '%s_%s.json' % (prefix, name)
        with open(os.path.join(folder, file), 'wb') as f:
            f.write(body)
        lines.append('%s %d %s\n' % (path, status, file))
    with open(os.path.join(folder, prefix + '.routes'), 'w',
              encoding='utf-8') as f:
        f.writelines(lines)


def record_cluster(folder):
    """Two nodes, one of them killed: what the other one says."""
    os.makedirs(folder, exist_ok=True)
    one, two = Broker(), Broker()
    two.join(one)
    try:
        one.start()
        two.start()
        wait_until('two nodes', lambda: len(
            one.must('GET', '/api/nodes')) == 2, 60)
        one.declare('classic.here')
        one.declare('classic.there', node=two.node)
        one.declare('quorum.here', node=one.node, x_queue_type='quorum')
        one.declare('quorum.there', node=two.node, x_queue_type='quorum')
        one.declare('stream.there', node=two.node, x_queue_type='stream',
                    x_initial_cluster_size=1)
        for name in ('classic.here', 'classic.there', 'quorum.here',
                     'quorum.there', 'stream.there'):
            one.publish(name, 3)
        one.add_user('monitor', 'monitoring', ['/'])
        wait_until('statistics of all queues', lambda: all(
            q.get('messages') == 3 for q in one.must('GET', '/api/queues')),
            30)
        record(one, folder, 'monitor', CLUSTER, 'up')
        two.kill()
        # the live form hangs until then
        wait_until('the other node is missed', lambda: lists(one), 120)
        record(one, folder, 'monitor', CLUSTER, 'half')
    finally:
        two.close()
        one.close()


def lists(broker):
    try:
        return broker.call('GET', ALWAYS[0][1])[0] == 200
    except OSError:
        return False


def main(folder):
    record_cluster(os.path.join(folder, 'cluster'))
    folder = os.path.join(folder, 'world')
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
        for user in ('mgmt', 'half', 'blind', 'nobody', 'plain'):
            record(broker, folder, user, LESS)
        for worker in workers:
            worker.close()
    finally:
        broker.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
