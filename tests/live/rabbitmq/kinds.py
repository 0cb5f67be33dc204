#!/usr/bin/env python3
"""Queues of every kind, what workers do to them, and what users may see, in a
broker of its own; and that a thousand polls change nothing in it.
Usage: kinds.py SYSTATED"""
import difflib
import json
import sys

sys.dont_write_bytecode = True

from amqp import Worker  # noqa: E402
from broker import Broker, quote, source, wait_until  # noqa: E402
from recorder import Recorder  # noqa: E402
from service import Service, run  # noqa: E402

TIMING = {'interval_seconds': 0.5, 'deadline_seconds': 20,
          'max_age_seconds': 120}
VHOSTS = ('agents/prod', 'b\u00fcro \u2713')


def fill(broker):
    for vhost in VHOSTS:
        broker.must('PUT', '/api/vhosts/' + quote(vhost))
        broker.must('PUT', '/api/permissions/%s/guest' % quote(vhost),
                    {'configure': '.*', 'write': '.*', 'read': '.*'})
        broker.declare('inbox/\u00e9', vhost=vhost)
    broker.declare('jobs.dead')
    broker.declare('jobs', x_max_priority=10, x_dead_letter_exchange='',
                   x_dead_letter_routing_key='jobs.dead')
    broker.declare('quorum.dead')
    broker.declare('quorum', x_queue_type='quorum', x_delivery_limit=2,
                   x_dead_letter_exchange='',
                   x_dead_letter_routing_key='quorum.dead')
    broker.declare('log', x_queue_type='stream')
    broker.declare('brief', x_message_ttl=500, x_dead_letter_exchange='',
                   x_dead_letter_routing_key='late')
    broker.declare('late')
    broker.declare('policed')
    broker.declare('policed.dead')
    broker.must('PUT', '/api/exchanges/%2F/given.up',
                {'type': 'topic', 'durable': True})
    broker.must('POST', '/api/bindings/%2F/e/given.up/q/policed.dead',
                {'routing_key': '#.dead'})
    broker.add_user('monitor', 'monitoring', ('/',) + VHOSTS)
    broker.add_user('half', 'monitoring', ('/', VHOSTS[0]))
    broker.add_user('none', 'monitoring', ())
    broker.add_user('mgmt', 'management', ('/',) + VHOSTS)


def sources(url):
    """As each user sees it."""
    found = [dict(source(url, TIMING, user=user, system=user),
                  name='queues/' + user)
             for user in ('monitor', 'half', 'none', 'mgmt')]
    wrong = dict(source(url, TIMING, system='wrong'), name='queues/wrong')
    wrong['options']['password'] = 'not this'
    plain = dict(source(url, TIMING, system='stats', depth='stats'),
                 name='queues/stats')
    return found + [wrong, plain]


def until(service, what, check):
    wait_until(what, lambda: check(service.queues()), 60)
    print('  ' + what)


def depth(queues, name, *members):
    return tuple(queues[name]['depth'].get(m) for m in members)


def follow_kinds(service, broker):
    queues = service.queues()
    assert {n: queues[n]['type'] for n in ('jobs', 'quorum', 'log')} == {
        'jobs': 'classic', 'quorum': 'quorum', 'log': 'stream'}, queues
    assert 'agents%2Fprod/inbox/\u00e9' in queues, sorted(queues)
    assert 'b\u00fcro \u2713/inbox/\u00e9' in queues, sorted(queues)
    assert all(q['tasks'] == [] and q['tasks_detail'] == 'counts_only'
               for q in queues.values())
    broker.publish('log', 3)
    broker.publish('inbox/\u00e9', 2, vhost=VHOSTS[1])
    until(service, 'a stream is as long as it is',
          lambda q: q['log']['depth']['total'] == 3)
    until(service, 'a queue of a vhost in Unicode', lambda q: depth(
        q, 'b\u00fcro \u2713/inbox/\u00e9', 'ready') == (2,))


def follow_priorities(service, broker):
    for priority, count in ((9, 3), (5, 2), (0, 4)):
        broker.publish('jobs', count, priority=priority)

    def levels(queues):
        rows = queues['jobs'].get('priorities', [])
        return {r['raw']: (r['level'], r['ready']) for r in rows
                if r['ready']} == {'9': ('critical', 3), '5': ('normal', 2),
                                   '0': ('low', 4)}
    until(service, 'depth by priority', levels)
    rows = service.queues()['jobs']['priorities']
    assert [r['raw'] for r in rows] == [str(n) for n in range(10, -1, -1)]


def follow_workers(service, broker):
    worker = Worker(broker.amqp)
    worker.consume('jobs', 4)
    tags = [worker.delivery() for _ in range(4)]
    until(service, 'four are taken, not acknowledged', lambda q: depth(
        q, 'jobs', 'ready', 'running', 'total') == (5, 4, 9) and
        q['jobs']['consumers'] == 1)
    worker.reject(tags[0], False)
    until(service, 'a rejected one is kept as dead', lambda q: depth(
        q, 'jobs.dead', 'dead', 'ready') == (1, 1) and
        q['jobs']['depth']['total'] == 8)
    assert service.queues()['jobs']['dead_letter_queue'] == 'jobs.dead'
    assert 'dead' not in service.queues()['jobs']['depth']
    worker.reject(tags[1], True)
    worker.close()
    until(service, 'the worker left, its tasks are back', lambda q: depth(
        q, 'jobs', 'ready', 'running') == (8, 0) and
        q['jobs']['consumers'] == 0)


def follow_limits(service, broker):
    broker.publish('quorum')
    worker = Worker(broker.amqp)
    worker.consume('quorum', 1)
    for _ in range(3):
        worker.reject(worker.delivery(), True)
    until(service, 'over its delivery limit', lambda q: depth(
        q, 'quorum.dead', 'dead') == (1,) and depth(
            q, 'quorum', 'total') == (0,))
    worker.close()
    broker.publish('brief', 2)
    until(service, 'what expired has moved', lambda q: depth(
        q, 'late', 'total') == (2,) and depth(q, 'brief', 'total') == (0,))
    queues = service.queues()
    assert queues['brief']['dead_letter_queue'] == 'late'
    # it may only have waited: nobody says that it was given up
    assert 'dead' not in queues['late']['depth'], queues['late']


def follow_policy(service, broker):
    assert 'dead_letter_queue' not in service.queues()['policed']
    broker.must('PUT', '/api/policies/%2F/p', {
        'pattern': '^policed$', 'apply-to': 'queues', 'definition': {
            'dead-letter-exchange': 'given.up',
            'dead-letter-routing-key': 'policed.dead'}})
    until(service, 'a policy says where dead letters go',
          lambda q: q['policed'].get('dead_letter_queue') == 'policed.dead' and
          depth(q, 'policed.dead', 'dead') == (0,))


def check_users(service):
    document = service.state()
    found = {s['name']: s for s in document['sources']}
    counts = {}
    for queue in document['queues']:
        counts[queue['system']] = counts.get(queue['system'], 0) + 1
    assert found['queues/monitor']['status'] == 'ok', found
    assert found['queues/monitor']['upstream']['version'], found
    assert found['queues/stats']['status'] == 'ok', found
    assert counts['stats'] == counts['monitor'], counts
    for name, text in (('half', 'on vhost ' + VHOSTS[1]),
                       ('none', 'such as'), ('mgmt', 'nodes')):
        row = found['queues/' + name]
        assert row['status'] == 'degraded', row
        assert row['error']['code'] == 'forbidden', row
        assert text in row['error']['message'], row
    assert counts['mgmt'] == counts['monitor'], counts
    assert counts['half'] == counts['monitor'] - 1, counts
    assert 'none' not in counts
    row = found['queues/wrong']
    assert row['error']['code'] == 'unauthorized', row
    assert 'not this' not in service.everything()
    print('  each user is told what it is not shown')


def settled(broker):
    """All that the broker knows that a reader could change."""
    state = broker.must('GET', '/api/definitions')
    state['queues_now'] = broker.must(
        'GET', '/api/queues?columns=name,vhost,messages,messages_ready,'
        'messages_unacknowledged,consumers,head_message_timestamp')
    state['counters'] = {
        '%s %s' % (q['vhost'], q['name']): {
            k: v for k, v in (q.get('message_stats') or {}).items()
            if isinstance(v, int)}
        for q in broker.must('GET', '/api/queues')}
    for name, rows in state.items():
        if isinstance(rows, list):
            # some lists are in no order
            rows.sort(key=lambda row: json.dumps(row, sort_keys=True))
    return json.dumps(state, indent=1, sort_keys=True).splitlines()


def polled(service, count):
    rows = service.get('/system/sources')['sources']
    return sum(r['attempts'] for r in rows) >= count


def drain(broker, name):
    """All messages as (payload, redelivered, x-death, priority)."""
    taken = broker.must('POST', '/api/queues/%2F/' + quote(name) + '/get', {
        'count': 50, 'ackmode': 'ack_requeue_false', 'encoding': 'auto'})
    return [(m['payload'], m['redelivered'],
             [(d['queue'], d['reason'], d['count'])
              for d in m['properties'].get('headers', {}).get('x-death', [])],
             m['properties'].get('priority')) for m in taken]


def check_untouched(service, broker, recorder):
    def quiet():
        # its statistics are up to 6 s late
        state = settled(broker)
        service.polls(80)
        return not any(q['consumers'] for q in broker.must(
            'GET', '/api/queues?columns=consumers')) and (
                state == settled(broker)) and state
    state = wait_until('the broker has counted what was done', quiet, 120)
    rows = service.get('/system/sources')['sources']
    goal = sum(r['attempts'] for r in rows) + 1000
    wait_until('a thousand polls', lambda: polled(service, goal), 240)
    after = settled(broker)
    assert after == state, '\n'.join(difflib.unified_diff(state, after))
    print('  a thousand polls: the same definitions, counts and counters')
    requests = recorder.check()
    print('  %d requests, all of them GET of the known paths' % requests)


def check_messages(broker):
    """Order, redelivered flags and histories are what the worker left."""
    jobs = drain(broker, 'jobs')
    assert [m[3] for m in jobs] == [9, 9, 5, 5, 0, 0, 0, 0], jobs
    # the worker had five of them: one was rejected, four came back
    assert [m[1] for m in jobs] == [True] * 4 + [False] * 4, jobs
    assert [m[0] for m in jobs] == ['task 1', 'task 2', 'task 0', 'task 1',
                                    'task 0', 'task 1', 'task 2', 'task 3']
    assert drain(broker, 'jobs.dead') == [
        ('task 0', False, [('jobs', 'rejected', 1)], 9)]
    assert drain(broker, 'quorum.dead') == [
        ('task 0', False, [('quorum', 'delivery_limit', 1)], None)]
    assert drain(broker, 'late') == [
        ('task %d' % n, False, [('brief', 'expired', 1)], None)
        for n in range(2)]
    print('  order, redelivered flags and x-death are as they were left')


def check_lease(service, broker):
    """A queue that nobody uses expires, however often it is looked at."""
    broker.declare('lease', x_expires=3000)
    until(service, 'a queue on a lease', lambda q: 'lease' in q)
    until(service, 'is not kept alive', lambda q: 'lease' not in q)


def check(systated):
    broker = Broker()
    recorder = None
    try:
        broker.start()
        fill(broker)
        recorder = Recorder(broker.http)
        with Service(systated, *sources(recorder.url)) as service:
            service.ok()
            follow_kinds(service, broker)
            follow_priorities(service, broker)
            follow_workers(service, broker)
            follow_limits(service, broker)
            follow_policy(service, broker)
            check_users(service)
            check_lease(service, broker)
        quick = dict(TIMING, interval_seconds=0.1)
        many = [dict(source(recorder.url, quick, system='s%d' % n),
                     name='queues/s%d' % n) for n in range(4)]
        with Service(systated, *many) as service:
            service.ok()
            check_untouched(service, broker, recorder)
        check_messages(broker)
    finally:
        if recorder is not None:
            recorder.close()
        broker.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run('RabbitMQ', lambda: check(sys.argv[1])))
