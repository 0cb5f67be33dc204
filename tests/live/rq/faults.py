#!/usr/bin/env python3
"""RQ's Redis in trouble while it is read: killed and started again, a wrong
password, rights that are missing, keys of the wrong type, gigantic and binary
jobs. Needs no RQ: its keys are written by hand. Usage: faults.py SYSTATED"""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..'))
sys.path.append(os.path.join(HERE, '..', 'celery'))

from service import Service, run, wait_until  # noqa: E402
from world import Redis  # noqa: E402

RIGHTS = ('resetchannels', '-@all', '+ping', '+select', '+info', '+time',
          '+client|setname', '+multi', '+exec', '+smembers', '+scan',
          '+llen', '+lrange', '+zcard', '+zrange', '+hmget', '+xrevrange')


def source(redis, **options):
    return {'name': 'queues/rq', 'kind': 'rq', 'interval_seconds': 1,
            'deadline_seconds': 5, 'max_age_seconds': 6,
            'options': dict({'url': redis.url(0)}, **options)}


def seen(what, check, seconds=60):
    value = wait_until(what, check, seconds)
    print('  ' + what, flush=True)
    return value


def put(client, queue, name):
    client('SADD', 'rq:queues', 'rq:queue:' + queue)
    client('HSET', 'rq:job:' + name, 'created_at', '2026-11-21T02:49:45.5Z',
           'description', 'jobs.quick(1)', 'origin', queue, 'started_at', '')
    client('RPUSH', 'rq:queue:' + queue, name)


def degraded(service, text):
    row = service.source()
    return row['status'] == 'degraded' and text in row['error']['message']


def follow_kill(service, redis):
    redis.kill()
    row = seen('the server is killed', lambda: (
        service.source()['status'] in ('stale', 'down') and service.source()))
    assert row['error']['code'] in ('unreachable', 'truncated'), row
    assert service.tasks('q')['one']['status'] == 'queued', 'not kept'
    redis.start()
    service.ok()
    print('  it is back')
    return redis.client()


def follow_password(service, redis, client, path):
    client('ACL', 'SETUSER', 'snap', 'on', 'resetpass', '>second', '~rq:*',
           *RIGHTS)
    client('CLIENT', 'KILL', 'USER', 'snap')
    row = seen('the password is another', lambda: (
        service.source()['status'] in ('stale', 'down') and service.source()))
    assert row['error']['code'] == 'unauthorized', row
    with open(path, 'w', encoding='utf-8') as f:
        f.write('second\n')
    service.ok()
    print('  it is read again from its file')
    text = service.everything()
    assert 'second' not in [w.strip('"\\') for w in text.split()], 'a password'


def follow_rights(service, client):
    client('ACL', 'SETUSER', 'snap', '-zcard')
    seen('one command is forbidden', lambda: degraded(service, 'NOPERM'))
    assert service.source()['error']['code'] == 'forbidden'
    shown = service.queues()['q']
    assert shown['depth']['running'] is None, shown
    assert shown['depth']['ready'] == 1 and shown['depth']['total'] is None
    assert service.tasks('q')['one']['status'] == 'queued'
    assert service.parts()['started']['state'] == 'forbidden'
    assert service.parts()['ready']['state'] == 'ok'
    client('ACL', 'SETUSER', 'snap', '+zcard')
    service.ok()
    print('  and allowed')


def follow_types(service, client):
    client('SADD', 'rq:queues', 'rq:queue:bad')
    client('SET', 'rq:queue:bad', 'text')
    seen('a key is of the wrong type', lambda: degraded(service, 'WRONGTYPE'))
    assert service.queues()['bad']['depth']['ready'] is None
    assert service.queues()['q']['depth']['ready'] == 1
    client('DEL', 'rq:queue:bad')
    service.ok()


def follow_gigantic(service, client):
    put(client, 'q', 'big')
    client('HSET', 'rq:job:big', 'data', b'x' * 100000000)
    wait_until('it is there', lambda: 'big' in service.tasks('q'))
    assert service.source()['status'] == 'ok', 'what is not asked for'
    client('HSET', 'rq:job:big', 'description',
           'jobs.f(' + 'x' * 100000000)
    seen('a description of 100 MB', lambda: degraded(service, 'over the bound'))
    assert service.tasks('q')['one']['type'] == 'jobs.quick'
    assert service.tasks('q')['big'].get('type') is None
    service.ok()
    client('DEL', 'rq:job:big')
    client('LREM', 'rq:queue:q', 0, 'big')


def follow_binary(service, client):
    name = b'rq:job:\xff\x00\x1b[31m'
    client('HSET', name, 'created_at', b'\xff', 'description', b'\x00\xff(',
           'data', os.urandom(1000))
    client('RPUSH', 'rq:queue:q', name[7:])
    seen('a job of binary garbage', lambda: len(service.tasks('q')) == 2)
    assert service.source()['status'] == 'ok', service.source()
    assert service.tasks('q')['one']['status'] == 'queued'


def follow(binary):
    redis = Redis()
    with tempfile.TemporaryDirectory(prefix='sst-rq-') as folder:
        path = os.path.join(folder, 'password')
        try:
            client = redis.client()
            put(client, 'q', 'one')
            with Service(binary, source(redis)) as service:
                service.ok()
                client = follow_kill(service, redis)
                follow_types(service, client)
                follow_gigantic(service, client)
                follow_binary(service, client)
            with open(path, 'w', encoding='utf-8') as f:
                f.write('first\n')
            client('DEL', 'rq:queue:q')
            put(client, 'q', 'one')
            client('ACL', 'SETUSER', 'snap', 'on', '>first', '~rq:*', *RIGHTS)
            with Service(binary, source(redis, username='snap',
                                        password_file=path)) as service:
                service.ok()
                follow_password(service, redis, client, path)
                follow_rights(service, client)
        finally:
            redis.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run('RQ in trouble', lambda: follow(sys.argv[1])))
