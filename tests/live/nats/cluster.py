#!/usr/bin/env python3
"""A cluster of three servers of which one goes down: what it led is told by the
others, and nothing is counted twice. Usage: cluster.py SYSTATED"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.abspath(__file__)))

from server import Client, cluster  # noqa: E402
from service import Service, run, wait_until  # noqa: E402


ALONE = 9  # streams on one server: more than half of all


def seen(what, check):
    value = wait_until(what, check, 90)
    print('  ' + what, flush=True)
    return value


def attempt(client, what, **body):
    """True when it was granted: a cluster needs its time."""
    try:
        return bool(client.api(what, **body))
    except AssertionError:
        return False


def fill(client, servers):
    def stream(name, replicas, **more):
        return attempt(client, 'STREAM.CREATE.' + name, name=name,
                       subjects=[name + '.>'], retention='workqueue',
                       num_replicas=replicas, allow_direct=True, **more)
    seen('a stream on three servers', lambda: stream('R3', 3))
    for n in range(len(servers)):
        seen('a stream on one', lambda: stream('R1-%d' % n, 1))
    for n in range(ALONE):
        seen('a stream on the first one', lambda: stream(
            'F-%d' % n, 1, placement={'tags': ['n1']}))
    seen('its consumer', lambda: attempt(
        client, 'CONSUMER.DURABLE.CREATE.R3.w', stream_name='R3',
        config={'durable_name': 'w', 'ack_policy': 'explicit',
                'ack_wait': 600 * 10 ** 9, 'max_deliver': 5}))
    for _ in range(9):
        client.submit('R3.x', b'')
    for message in client.pull('R3', 'w', 2)[:1]:
        client.answer(message)


def depth(service, queue):
    shown = service.queues().get(queue, {}).get('depth', {})
    return tuple(shown.get(k) for k in ('ready', 'running', 'dead', 'total'))


def nodes(service):
    return {n['name']: n['status']
            for n in service.upstream().get('nodes', [])}


def leader(client, stream):
    return client.api('STREAM.INFO.' + stream)['cluster']['leader']


def test():
    servers = cluster(3)
    try:
        for server in servers:
            server.start()
        for server in servers:
            server.wait()
        client = Client(servers[0].port)
        fill(client, servers)
        row = {'name': 'queues/nats', 'kind': 'nats', 'interval_seconds': 0.2,
               'deadline_seconds': 4, 'max_age_seconds': 60,
               'options': {'monitoring': [s.monitoring for s in servers],
                           'url': ','.join(s.url for s in servers)}}
        with Service(sys.argv[1], row) as service:
            seen('all of it', lambda: depth(service, 'R3/w') == (7, 1, 0, 8)
                 and len(service.tasks('R3/w')) == 8 and
                 len(service.queues()) == 4 + ALONE)
            service.ok()
            assert set(nodes(service).values()) == {'ok'}, nodes(service)
            # the one that leads, so that another has to
            led = leader(client, 'R3')
            client.close()
            down = next(s for s in servers if s.name == led)
            alone = [q for q in service.queues() if q.startswith('R1-')]
            down.kill()
            seen('one is down', lambda: nodes(service).get(led) == 'down')
            assert sorted(s for s in nodes(service).values()) .count(
                'down') == 1, nodes(service)
            seen('another one leads', lambda: depth(
                service, 'R3/w')[0] == 7 and len(
                    service.tasks('R3/w')) == 8)
            assert service.source()['status'] == 'degraded'
            assert set(alone) < set(service.queues()), service.queues()
            down.run()
            seen('it is back', lambda: set(nodes(service).values()) == {'ok'}
                 and depth(service, 'R3/w')[0] == 7)
            service.ok(90)
        # over the connection alone, to whoever is up
        del row['options']['monitoring']
        servers[0].kill()
        with Service(sys.argv[1], row) as service:
            seen('the same over the connection, with one down', lambda: depth(
                service, 'R3/w')[0] == 7)
    finally:
        for server in servers:
            server.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run('a NATS cluster', test))
