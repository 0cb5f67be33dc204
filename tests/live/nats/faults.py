#!/usr/bin/env python3
"""What remains when NATS cannot be read, or not all of it: wrong passwords,
users that may not do everything, servers without TLS or with another name, a
server that hangs. Usage: faults.py SYSTATED"""
import base64
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.abspath(__file__)))

from server import Client, Server  # noqa: E402
from service import Service, program, run, wait_until  # noqa: E402

USERS = '''
authorization { users: [
  {user: ann, password: one}
  {user: counts, password: one, permissions: {
    publish: ["$JS.API.STREAM.NAMES", "$JS.API.STREAM.INFO.*",
              "$JS.API.CONSUMER.LIST.*"]
    subscribe: ["_INBOX.>"] }}
  {user: slow, password: one, permissions: {
    publish: { deny: ["$JS.API.DIRECT.>"] }, subscribe: ["_INBOX.>"] }}
  {user: mute, password: one, permissions: {subscribe: ["mine.>"]}}
] }
'''

def nkey(folder):
    """(public key, seed) of a user, as NATS writes them."""
    def checked(raw):
        crc = 0
        for byte in raw:
            crc ^= byte << 8
            for _ in range(8):
                crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xffff
        return base64.b32encode(raw + crc.to_bytes(2, 'little')).decode() \
            .rstrip('=')
    path = os.path.join(folder, 'user.key')
    openssl = program('openssl')
    subprocess.run([openssl, 'genpkey', '-algorithm', 'ed25519', '-outform',
                    'DER', '-out', path], check=True, capture_output=True)
    public = subprocess.run(
        [openssl, 'pkey', '-inform', 'DER', '-in', path, '-pubout',
         '-outform', 'DER'], check=True, capture_output=True).stdout
    with open(path, 'rb') as f:
        private = f.read()
    user = 20 << 3
    return (checked(bytes([user]) + public[-32:]),
            checked(bytes([18 << 3 | user >> 5, (user & 31) << 3]) +
                    private[-32:]))


def source(server, **options):
    return {'name': 'queues/nats', 'kind': 'nats', 'interval_seconds': 0.2,
            'deadline_seconds': 4, 'max_age_seconds': 60,
            'options': dict({'url': server.url, 'username': 'ann'},
                            **options)}


def seen(what, check):
    value = wait_until(what, check, 60)
    print('  ' + what, flush=True)
    return value


def error(service):
    return (service.source()['error'] or {}).get('code')


def part(service, name):
    return service.parts().get(name, {}).get('state')


STREAMS = ('S', 'T', 'U', 'V', 'W')  # several: denials come in a burst


def fill(client):
    for name in STREAMS:
        client.stream(name, [name.lower() + '.>'], allow_direct=True)
        client.consumer(name, 'w', max_deliver=3)
        for _ in range(4):
            client.submit(name.lower() + '.x', b'do-not-show')


def passwords(binary, server):
    secret = server.path('password')
    with open(secret, 'w', encoding='utf-8') as f:
        f.write('wrong-one\n')
    with Service(binary, source(server, password_file=secret)) as service:
        seen('a wrong password', lambda: error(service) == 'unauthorized')
        assert service.queues() == {}
        with open(secret, 'w', encoding='utf-8') as f:
            f.write('one\n')
        service.ok()
        seen('and the right one', lambda: len(service.tasks('S/w')) == 4)
        assert 'wrong-one' not in service.everything()


def rights(binary, server):
    with Service(binary, source(server, username='counts',
                                password='one')) as service:
        seen('counts without the right to read messages',
             lambda: error(service) == 'forbidden' and
             part(service, 'tasks') == 'forbidden')
        queues = service.queues()
        assert len(queues) == len(STREAMS), queues
        for queue in queues.values():
            assert queue['depth']['ready'] == 4, queue
            assert queue['tasks_detail'] == 'unavailable', queue
        assert service.source()['status'] == 'degraded'
    with Service(binary, source(server, username='slow',
                                password='one')) as service:
        seen('messages without the right to DIRECT.GET',
             lambda: len(service.tasks('S/w')) == 4)
        service.ok()
        assert error(service) is None
    with Service(binary, source(server, username='mute',
                                password='one')) as service:
        seen('an inbox that is denied', lambda: error(service) == 'forbidden')
    with Service(binary, source(server, username='mute', password='one',
                                inbox_prefix='mine')) as service:
        seen('and one that is not', lambda: len(service.tasks('S/w')) == 4)


def hangs(binary, server):
    with Service(binary, source(server, password='one')) as service:
        service.ok()
        before = service.queues()
        server.child.process.send_signal(signal.SIGSTOP)
        try:
            seen('a server that hangs', lambda: error(service) == 'timeout')
            assert service.queues() == before
        finally:
            server.child.process.send_signal(signal.SIGCONT)
        seen('and goes on', lambda: error(service) is None)
        server.kill(signal.SIGTERM)
        seen('one that is gone', lambda: error(service) == 'unreachable')
        server.run()
        seen('and is there again', lambda: error(service) is None and
             len(service.tasks('S/w')) == 4)


def certificate(folder, name):
    """(certificate, key) for that name, signed by itself."""
    cert, key = (os.path.join(folder, name + end)
                 for end in ('.pem', '.key'))
    subprocess.run(
        [program('openssl'), 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
         'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
         '/CN=' + name, '-addext', 'subjectAltName=DNS:' + name, '-keyout',
         key, '-out', cert], check=True, capture_output=True)
    return cert, key


def secured(binary):
    if shutil.which('openssl') is None:
        print('SKIP: TLS: openssl is not installed')
        return
    folder = tempfile.TemporaryDirectory(prefix='sst-nats-')
    cert, key = certificate(folder.name, 'nats.example')
    public, seed = nkey(folder.name)
    server = Server('tls { cert_file: "%s", key_file: "%s" }\n'
                    'authorization { users: [{nkey: %s}] }\n' % (
                        cert, key, public))
    # a client of our own would need TLS: the monitoring endpoint is enough
    options = {'nkey': public, 'nkey_seed': seed, 'ca_file': cert,
               'url': server.url.replace('nats:', 'tls:')}

    def secure(**more):
        row = source(server, **dict(options, **more))
        del row['options']['username']
        return row
    try:
        server.run()
        with Service(binary, secure(
                tls_server_name='nats.example')) as service:
            service.ok()
            print('  TLS and an NKEY')
            assert seed not in service.everything()
        with Service(binary, secure()) as service:
            seen('TLS with another name', lambda: error(service) == 'tls')
        row = secure(tls_server_name='nats.example')
        del row['options']['ca_file']
        with Service(binary, row) as service:
            seen('TLS without trust', lambda: error(service) == 'tls')
    finally:
        server.close()
        folder.cleanup()


def test():
    server = Server(USERS)
    try:
        server.run()
        client = Client(server.port, user='ann', **{'pass': 'one'})
        fill(client)
        client.close()
        passwords(sys.argv[1], server)
        rights(sys.argv[1], server)
        hangs(sys.argv[1], server)
    finally:
        server.close()
    secured(sys.argv[1])


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(run('NATS faults', test))
