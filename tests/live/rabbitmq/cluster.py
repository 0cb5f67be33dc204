#!/usr/bin/env python3
"""A broker of two nodes, one of which is killed and comes back: no queue
vanishes, what is out of reach is unknown, and the nodes say why.
Usage: cluster.py SYSTATED"""
import sys

sys.dont_write_bytecode = True

from broker import Broker, source, wait_until  # noqa: E402
from service import Missing, Service, run  # noqa: E402

TIMING = {'interval_seconds': 1, 'deadline_seconds': 6,
          'max_age_seconds': 300}
NAMES = ['classic.here', 'classic.there', 'quorum.here', 'quorum.there',
         'stream.there']
MEMORY_MB = 500


def check_memory():
    with open('/proc/meminfo', encoding='ascii') as f:
        rows = dict(line.split(':') for line in f)
    free = int(rows['MemAvailable'].split()[0]) // 1024
    if free < MEMORY_MB:
        raise Missing('two brokers need %d MB, %d are available' % (
            MEMORY_MB, free))


def fill(one, two):
    one.declare('classic.here')
    one.declare('classic.there', node=two.node)
    one.declare('quorum.here', node=one.node, x_queue_type='quorum')
    one.declare('quorum.there', node=two.node, x_queue_type='quorum')
    one.declare('stream.there', node=two.node, x_queue_type='stream',
                x_initial_cluster_size=1)
    for name in NAMES:
        one.publish(name, 3)
    one.add_user('monitor', 'monitoring', ['/'])


def all_known(queues):
    return sorted(queues) == NAMES and all(
        q['depth']['total'] == 3 and q.get('state') == 'running'
        for q in queues.values())


def nodes(service):
    return {n['name']: n['status']
            for n in service.upstream().get('nodes', [])}


def state_of(queues):
    return {n: (q.get('state'), q['depth']['total'])
            for n, q in queues.items()}


def watch_loss(service, one, two):
    want = {'classic.here': ('running', 3), 'classic.there': ('down', None),
            'quorum.here': ('minority', 3), 'quorum.there': ('minority', None),
            'stream.there': ('down', None)}
    two.kill()
    seen = set()

    def lost():
        document = service.state()
        queues = service.queues(document)
        assert sorted(queues) == NAMES, sorted(queues)
        seen.add(service.source(document)['status'])
        return state_of(queues) == want
    try:
        wait_until('the loss is shown', lost, 120)
    except AssertionError:
        print(state_of(service.queues()))
        raise
    assert nodes(service) == {one.node: 'ok', two.node: 'down'}
    assert service.upstream()['status'] == 'degraded'
    assert not seen & {'down', 'stale'}, seen
    print('  one node killed: no queue vanished, none is 0 that is unknown '
          '(%s)' % ', '.join(sorted(seen)))


def watch_return(service, one, two):
    two.start()
    wait_until('all is known again',
               lambda: all_known(service.queues()), 120)
    wait_until('both nodes are well', lambda: nodes(service) == {
        one.node: 'ok', two.node: 'ok'}, 60)
    service.ok(120)
    print('  it is back: all as it was')


def check(systated):
    check_memory()
    one = Broker()
    try:
        two = Broker()
        two.join(one)
        try:
            one.start()
            two.start()
            wait_until('two nodes', lambda: len(
                one.must('GET', '/api/nodes')) == 2, 60)
            fill(one, two)
            with Service(systated, source(one.url, TIMING)) as service:
                wait_until('all is known',
                           lambda: all_known(service.queues()), 60)
                service.ok()
                assert service.upstream()['version']
                watch_loss(service, one, two)
                watch_return(service, one, two)
        finally:
            two.close()
    finally:
        one.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run('RabbitMQ cluster', lambda: check(sys.argv[1])))
