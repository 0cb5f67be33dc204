#!/usr/bin/env python3
"""Kafka with logins, access lists and TLS: what works, what is refused, and
how each of these is told. Usage: login.py SYSTATED ACTOR"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from broker import Broker  # noqa: E402
from follow import QUEUE, TASKS, queue, seen, source  # noqa: E402
from service import Service, run  # noqa: E402

USERS = {'reader': 'reader-77c1', 'teller': 'teller-03ab',
         'stranger': 'stranger-9e52'}
WRONG = 'wrong-5d20'


def rights(broker):
    for user in ('reader', 'teller'):
        broker.act('allow', user, 'describe', 'topic', 'agent.', 'prefix')
        broker.act('allow', user, 'describe', 'group', 'plan', 'prefix')
    broker.act('allow', 'reader', 'read', 'topic', 'agent.', 'prefix')
    broker.act('allow', 'stranger', 'describe', 'topic', 'agent.', 'prefix')


def login(broker, user, sasl='plain', every=1, **options):
    return source(broker, every, **dict(
        {'sasl': sasl, 'username': user, 'password': USERS[user]}, **options))


def write(path, text):
    with open(path + '.new', 'w', encoding='utf-8') as f:
        f.write(text + '\n')
    os.replace(path + '.new', path)


def no_secret(service):
    text = service.everything()
    for secret in list(USERS.values()) + [WRONG]:
        assert secret not in text, 'a password is shown'


def whole(service):
    """All that there is to know is known."""
    return queue(service, QUEUE, depth_ready=3, consumers=0) and \
        queue(service, QUEUE)['oldest_submitted_at'] and \
        service.source()['status'] == 'ok'


def follow_password(broker, binary):
    path = os.path.join(broker.dir, 'password')
    write(path, WRONG)
    settings = login(broker, 'reader')
    del settings['options']['password']
    settings['options']['password_file'] = path
    with Service(binary, settings, log_level='debug') as service:
        seen('a wrong password', lambda: service.source()['error'] and
             service.source()['error']['code'] == 'unauthorized')
        assert service.queues() == {}
        write(path, USERS['reader'])
        seen('it is corrected while running', lambda: whole(service))
        no_secret(service)


def follow_mechanisms(broker, binary):
    for sasl in ('scram-sha-256', 'scram-sha-512'):
        with Service(binary, login(broker, 'reader', sasl)) as service:
            seen(sasl, lambda: whole(service))
    secured = {'brokers': ['127.0.0.1:%d' % broker.tls_port], 'tls': True}
    for name, code in (('ca.pem', None), ('other.pem', 'tls')):
        settings = login(broker, 'reader', 'scram-sha-512', ca_file=os.path.join(
            broker.dir, name), **secured)
        with Service(binary, settings) as service:
            if code is None:
                seen('TLS', lambda: whole(service))
            else:
                seen('an authority that did not sign it', lambda: service.source()[
                    'error'] and service.source()['error']['code'] == code)


def follow_rights(broker, binary):
    with Service(binary, login(broker, 'teller')) as service:
        shown = seen('who may not read sees how much there is',
                     lambda: queue(service, QUEUE, depth_ready=3, consumers=0))
        assert shown.get('oldest_submitted_at') is None, shown
        seen('and why not its age', lambda:
             service.parts()['records']['state'] == 'forbidden' and
             service.source()['status'] == 'degraded')
        assert service.source()['error']['code'] == 'forbidden'
        # one fact, nothing else
        assert all(p['state'] == 'ok' for n, p in service.parts().items()
                   if n != 'records'), service.parts()
    with Service(binary, login(broker, 'stranger',
                               groups=['planner'])) as service:
        seen('who may not see a group gets no number', lambda:
             service.source()['status'] in ('ok', 'degraded'))
        assert service.queues() == {}, service.queues()
        no_secret(service)


def test():
    binary, actor = sys.argv[1], sys.argv[2]
    broker = Broker(actor, USERS)
    try:
        broker.act('create', TASKS, 1)
        broker.produce(TASKS, 0, 5)
        broker.act('commit', 'planner', TASKS, 0, 2)
        rights(broker)
        follow_password(broker, binary)
        follow_mechanisms(broker, binary)
        follow_rights(broker, binary)
    finally:
        broker.close()


if __name__ == '__main__':
    sys.exit(run('kafka login', test))
