#!/usr/bin/env python3
"""What a user of /system/state sees of NATS JetStream: tasks are submitted,
delivered, put off, done, given up and purged, and the document follows; reading
them a thousand times changes nothing. Usage: follow.py SYSTATED"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.abspath(__file__)))

from server import Client, Server, everything  # noqa: E402
from service import Service, run, wait_until  # noqa: E402

ACCOUNTS = '''
accounts {
  AGENTS: { jetstream: enabled, users: [{user: ann, password: secret-of-ann}] }
  OTHER: { jetstream: enabled, users: [{user: bob, password: secret-of-bob}] }
  SYS: { users: [{user: sys, password: secret-of-sys}] }
}
system_account: SYS
max_payload: 8MB
'''
ANN = {'user': 'ann', 'pass': 'secret-of-ann'}
BOB = {'user': 'bob', 'pass': 'secret-of-bob'}
HIGH, LOW = 'TASKS/high', 'TASKS/low'


def source(server, **options):
    return {'name': 'queues/nats', 'kind': 'nats', 'interval_seconds': 0.05,
            'deadline_seconds': 5, 'max_age_seconds': 3,
            'down_after_seconds': 6,
            'options': dict({
                'monitoring': [server.monitoring], 'url': server.url,
                'username': 'ann', 'password': 'secret-of-ann',
                'account': 'AGENTS', 'priority_token': 3,
                'blocked_by_header': 'X-Depends-On'}, **options)}


def seen(what, check):
    value = wait_until(what, check, 60)
    print('  ' + what, flush=True)
    return value


def depth(service, queue, **want):
    shown = service.queues().get(queue, {}).get('depth', {})
    return all(shown.get(k) == v for k, v in want.items())


def stands(service, queue, **want):
    """Whether the queue has just these tasks, by id and status."""
    found = service.tasks(queue)
    return {k: t['status'] for k, t in found.items()} == want


def make(client):
    client.stream('TASKS', ['agent.tasks.*.*'])
    for name in ('high', 'low'):
        client.consumer('TASKS', name, max_deliver=2,
                        filter_subject='agent.tasks.%s.*' % name)
    client.stream('LOG', ['agent.log.>'], retention='limits',
                  allow_direct=True)
    client.consumer('LOG', 'audit')
    client.stream('KV_cache', ['$KV.cache.>'], retention='limits')


def submit(client, level, name, **headers):
    client.submit('agent.tasks.%s.plan' % level, b'{"body":"do-not-show"}',
                  Nats_Msg_Id=name, **headers)


def follow_work(service, client):
    seen('empty queues', lambda: depth(service, HIGH, ready=0, total=0) and
         depth(service, 'LOG/audit', ready=0, total=0))
    assert 'KV_cache' not in service.queues(), 'buckets are no queues'
    submit(client, 'high', 'plan')
    submit(client, 'high', 'code', X_Depends_On='plan')
    submit(client, 'low', 'tidy')
    seen('three are submitted', lambda: stands(
        service, HIGH, plan='queued', code='blocked') and
         stands(service, LOW, tidy='queued'))
    task = service.tasks(HIGH)['code']
    assert task['priority']['level'] == 'high', task
    assert task['type'] == 'agent.tasks.high.plan' and task['submitted_at']
    assert task['blocked_by'] == [{'id': 'plan', 'queue': HIGH,
                                   'status': 'queued'}], task
    first, = client.pull('TASKS', 'high', 1)
    seen('one is delivered', lambda: stands(
        service, HIGH, plan='reserved', code='blocked') and
         depth(service, HIGH, ready=1, running=1, dead=0, total=2))
    assert service.tasks(HIGH)['plan']['attempts'] == 1
    client.answer(first, '-NAK {"delay": 3600000000000}')
    service.polls(3)
    assert stands(service, HIGH, plan='reserved', code='blocked')
    print('  it is put off: still taken')
    second, = client.pull('TASKS', 'high', 1)
    client.answer(second)
    seen('the other one is done', lambda: stands(
        service, HIGH, plan='reserved'))
    one, = client.pull('TASKS', 'low', 1)
    client.answer(one, '-NAK')
    one, = client.pull('TASKS', 'low', 1)
    seen('a task is tried again', lambda: stands(
        service, LOW, tidy='retrying'))
    client.answer(one, '-NAK')
    assert client.pull('TASKS', 'low', 1, 1) == []
    seen('and given up', lambda: stands(service, LOW, tidy='dead') and
         depth(service, LOW, ready=0, running=0, dead=1, total=1))
    submit(client, 'high', 'late', X_Depends_On='tidy')
    seen('what waits for it never will be', lambda: (
        service.tasks(HIGH).get('late', {}).get('deadlocked')))
    client.api('STREAM.PURGE.TASKS')
    seen('purged', lambda: stands(service, HIGH) and stands(service, LOW) and
         depth(service, LOW, total=0))


def follow_drain(service, client):
    for n in range(30):
        submit(client, 'high', 'task-%d' % n)
    seen('thirty wait', lambda: depth(service, HIGH, ready=30, total=30))
    for message in client.pull('TASKS', 'high', 30):
        client.answer(message)
    seen('the queue is drained', lambda: depth(
        service, HIGH, ready=0, running=0, dead=0, total=0))
    for n in range(3):
        client.submit('agent.log.x')
    seen('a log', lambda: len(service.tasks('LOG/audit')) == 3)
    message, = client.pull('LOG', 'audit', 1)
    client.answer(message)
    seen('what was read of it is done', lambda: sorted(
        service.tasks('LOG/audit')) == ['LOG#2', 'LOG#3'])


def follow_odd(service, client):
    big = b'do-not-show ' * (7 * 1024 * 1024 // 12)
    client.submit('agent.tasks.high.big', big, Nats_Msg_Id='gigantic')
    client.submit('agent.tasks.high.bin', bytes(range(256)) * 4,
                  Nats_Msg_Id=b'\xff\xfe\x01', X_Depends_On=b'\x80')
    seen('a gigantic body and a binary id',
         lambda: len(service.tasks(HIGH)) == 2)
    assert 'gigantic' in service.tasks(HIGH), service.tasks(HIGH)
    assert service.source()['status'] == 'ok', service.source()
    said = service.everything()
    for secret in ('do-not-show', 'secret-of-'):
        assert secret not in said, secret
    client.api('STREAM.PURGE.TASKS')


def follow_reads(service, server, client):
    """Every count and every sequence, before and after a thousand polls."""
    for n in range(20):
        submit(client, 'low', 'kept-%d' % n)
    client.pull('TASKS', 'low', 3)
    seen('twenty wait', lambda: depth(service, LOW, ready=17, running=3))
    before = everything(server.port, **ANN)
    service.polls(1000)
    assert everything(server.port, **ANN) == before, 'reading changed it'
    print('  a thousand polls change nothing')
    service.settle()


def watch_kill(service, server):
    queues = service.queues()
    server.kill()
    seen('killed: stale', lambda: service.source()['status'] == 'stale')
    seen('and down', lambda: service.source()['status'] == 'down')
    assert service.source()['error']['code'] == 'unreachable'
    assert service.queues() == queues, 'the last good section stays'
    server.run()
    service.ok()
    # what it had delivered is still delivered
    seen('it is back with its streams',
         lambda: depth(service, LOW, ready=17, running=3) and
         len(service.tasks(LOW)) == 20)


def test():
    server = Server(ACCOUNTS)
    try:
        server.run()
        client = Client(server.port, **ANN)
        make(client)
        bob = Client(server.port, **BOB)
        bob.stream('TASKS', ['x.>'])
        with Service(sys.argv[1], source(server)) as service:
            follow_work(service, client)
            follow_drain(service, client)
            follow_odd(service, client)
            assert set(service.queues()) == {HIGH, LOW, 'LOG/audit'}
            follow_reads(service, server, client)
            watch_kill(service, server)
        # without the monitoring endpoint, and with all accounts
        with Service(sys.argv[1], source(server, monitoring=[])) as service:
            seen('the same over the connection alone', lambda: (
                len(service.tasks(LOW)) == 20))
            assert set(service.queues()) == {HIGH, LOW, 'LOG/audit'}
        options = source(server)
        del options['options']['account']
        with Service(sys.argv[1], options) as service:
            seen('other accounts have names of their own', lambda: {
                'AGENTS:TASKS/low', 'OTHER:TASKS'} < set(service.queues()))
            queues = service.queues()
            assert len(queues['AGENTS:TASKS/low']['tasks']) == 20
            assert queues['OTHER:TASKS']['tasks_detail'] == 'counts_only'
    finally:
        server.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run('NATS', test))
