#!/usr/bin/env python3
"""Tokens, TLS, limits, slow readers, the end."""
import hashlib
import os
import signal
import socket
import ssl
import tempfile
import threading
import time
import unittest
import warnings

import harness

STATE = '/system/state'


def token_lines(*tokens):
    """auth.tokens as YAML; a token is its text and its scopes."""
    lines = ['auth:', '  tokens:']
    for i, (text, scopes) in enumerate(tokens):
        lines += ['    - name: token-%d' % i,
                  '      sha256: ' + hashlib.sha256(text.encode()).hexdigest(),
                  '      scopes: [%s]' % scopes]
    return '\n'.join(lines) + '\n'


def bearer(text):
    return {'Authorization': 'Bearer ' + text}


class Tokens(unittest.TestCase):
    def setUp(self):
        self.service = harness.Service(
            token_lines(('reader', 'read'), ('feeder', 'ingest')),
            args=('--log-level', 'debug'))
        harness.until(lambda: self.status(bearer('reader')) == 200, 'ready')

    def tearDown(self):
        self.service.close()

    def status(self, headers=None, path=STATE):
        return self.service.get(path, headers).status

    def test_scopes(self):
        self.assertEqual(self.status(), 401)
        self.assertEqual(self.status(bearer('wrong')), 401)
        self.assertEqual(self.status({'Authorization': 'Basic eDp5'}), 401)
        self.assertEqual(self.status(bearer('feeder')), 403)
        self.assertEqual(self.status(bearer('reader')), 200)
        self.assertEqual(self.status(path='/healthz'), 200)
        self.assertEqual(self.status(path='/metrics'), 401)
        answer = self.service.get(STATE)
        self.assertEqual(answer.headers['WWW-Authenticate'],
                         'Bearer realm="systate"')

    def test_never_logged(self):
        self.status(bearer('very-secret-token'))
        self.service.get(STATE + '?token=very-secret-token')
        self.service.stop()
        log = self.service.read_log()
        self.assertIn('API-REQUEST', log)
        self.assertNotIn('very-secret-token', log)

    def test_reload(self):
        with open(os.path.join(self.service.dir.name, 'config.yaml'), 'w',
                  encoding='utf-8') as f:
            f.write(token_lines(('other', 'read')))
        self.service.process.send_signal(signal.SIGHUP)
        harness.until(lambda: self.status(bearer('other')) == 200,
                      'the new token')
        self.assertEqual(self.status(bearer('reader')), 401)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = staticmethod(harness.make_certificates(cls.folder.name))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def start(self, client_ca=False):
        config = 'tls:\n  cert_file: %s\n  key_file: %s\n' % (
            self.path('server.pem'), self.path('server.key'))
        if client_ca:
            config += '  client_ca_file: %s\n' % self.path('ca.pem')
        service = harness.Service(config)
        self.addCleanup(service.close)
        self.assertTrue(service.url.startswith('https://'))
        return service

    def status(self, service, context, path='/healthz', headers=None):
        return harness.ask(service.host, service.port, path, headers,
                           tls=context).status

    def test_tls(self):
        service = self.start()
        context = harness.tls_context(self.path('ca.pem'))
        harness.until(lambda: self.status(service, context, STATE) == 200,
                      'an answer')
        with self.assertRaises(ssl.SSLError):
            self.status(service, ssl.create_default_context())
        answer = harness.raw(service, b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        self.assertEqual(answer.status, 0)

    def test_old_versions_are_refused(self):
        service = self.start()
        context = harness.tls_context(self.path('ca.pem'))
        with warnings.catch_warnings():  # that they are old is the point
            warnings.simplefilter('ignore')
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers('DEFAULT:@SECLEVEL=0')
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.status(service, context)

    def test_client_certificates(self):
        service = self.start(client_ca=True)
        without = harness.tls_context(self.path('ca.pem'))
        right = harness.tls_context(self.path('ca.pem'),
                                    self.path('client.pem'),
                                    self.path('client.key'))
        harness.until(lambda: self.status(service, right, STATE) == 200,
                      'an answer')
        self.assertEqual(self.status(service, without, STATE), 403)
        self.assertEqual(self.status(service, without), 200)
        with tempfile.TemporaryDirectory() as folder:
            other = harness.make_certificates(folder)
            wrong = harness.tls_context(self.path('ca.pem'),
                                        other('client.pem'),
                                        other('client.key'))
            self.assertEqual(self.status(service, wrong, STATE), 403)


class Limits(unittest.TestCase):
    def test_idle_connections_are_closed(self):
        service = harness.Service('limits:\n  idle_timeout_seconds: 1\n')
        self.addCleanup(service.close)
        with service.connect() as s:
            s.sendall(b'GET /healthz HTTP/1.1\r\nHo')
            self.assertEqual(harness.read_all(s), b'')

    def test_connections_per_address(self):
        service = harness.Service(
            'limits:\n  max_connections_per_ip: 4\n').ready()
        self.addCleanup(service.close)
        held = []

        def refused():
            s = service.connect()
            try:
                s.sendall(b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
                data = s.recv(4096)
            except ConnectionError:
                data = b''
            if data:
                held.append(s)
                return False
            s.close()
            return True
        harness.until(refused, 'the limit')
        # Connections of before may still be closing, so it may be fewer.
        self.assertLessEqual(len(held), 4)
        for s in held:
            s.close()
        harness.until(lambda: not refused(), 'a place to be free again')
        for s in held:
            s.close()

        def counted():
            try:
                text = service.get('/metrics').body.decode()
            except ConnectionError:
                return False
            return 'connections_refused_total 0' not in text
        harness.until(counted, 'the counter')

    def test_largest_head_is_served(self):
        service = harness.Service().ready()
        self.addCleanup(service.close)
        line = {'X-%d' % i: 'v' * 700 for i in range(11)}
        self.assertEqual(service.get(STATE, line).status, 200)
        uri = STATE + '/agents/' + 'a' * (4096 - len(STATE + '/agents/'))
        self.assertEqual(service.get(uri, line).status, 404)


class SlowReaders(unittest.TestCase):
    SIZE, READERS = 8 * 1024 * 1024, 24

    def test_memory_is_bounded(self):
        fake = harness.Fake(self.SIZE)
        self.addCleanup(fake.close)
        fake.get(STATE)
        before = fake.rss()
        readers = [fake.connect() for _ in range(self.READERS)]
        for s in readers:
            s.sendall(b'GET /system/state HTTP/1.1\r\nHost: localhost\r\n\r\n')
            self.assertTrue(s.recv(1024).startswith(b'HTTP/1.1 200'))
        self.assertEqual(fake.get('/healthz').status, 200)
        grown = fake.rss() - before
        for s in readers:
            s.close()
        # A copy each would be SIZE each; a block each is 128 KiB.
        self.assertLess(grown, self.READERS * 1024 * 1024)


class End(unittest.TestCase):
    def test_what_runs_is_finished(self):
        fake = harness.Fake(4 * 1024 * 1024)
        s = fake.connect()
        s.sendall(b'GET /system/state HTTP/1.1\r\nHost: localhost\r\n\r\n')
        data = s.recv(1000)
        idle = fake.connect()
        fake.begin_stop()

        def refused():
            try:
                fake.connect(1).close()
            except ConnectionError:
                return True
            return False
        harness.until(refused, 'connections to be refused')
        data += harness.read_all(s)
        answer = harness.Raw(data)
        self.assertEqual(len(answer.body),
                         int(answer.headers['content-length']))
        self.assertEqual(harness.read_all(idle), b'')
        s.close()
        idle.close()
        fake.close()

    def test_sigterm_under_load(self):
        service = harness.Service(scenario='demo').ready()
        halves, answers = [], []
        stop = threading.Event()

        def client():
            while not stop.is_set():
                try:
                    with service.connect() as s:
                        s.sendall(b'GET /system/state HTTP/1.1\r\n'
                                  b'Host: localhost\r\n'
                                  b'Connection: close\r\n\r\n')
                        data = harness.read_all(s)
                except OSError:
                    return
                if not data:
                    return
                answer = harness.Raw(data)
                length = int(answer.headers.get('content-length', -1))
                (answers if length == len(answer.body) else halves).append(
                    answer.status)
        threads = [threading.Thread(target=client) for _ in range(8)]
        for t in threads:
            t.start()
        harness.until(lambda: len(answers) > 100, 'load')
        began = time.monotonic()
        status = service.stop()
        self.assertLess(time.monotonic() - began, 10)
        stop.set()
        for t in threads:
            t.join()
        service.close()
        self.assertEqual(status, 0)
        self.assertEqual(halves, [])
        self.assertEqual(set(answers), {200})

    def test_keep_alive_is_told_to_close(self):
        fake = harness.Fake(4 * 1024 * 1024)
        slow, kept = fake.connect(), fake.connect()
        get = b'GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n'
        slow.sendall(get % b'/system/state')
        slow.recv(1000)
        kept.sendall(get % b'/healthz')
        self.assertIn(b'200 OK', kept.recv(4096))
        fake.begin_stop()
        harness.until(lambda: self.refused(fake), 'the stop')
        kept.sendall(get % b'/healthz')
        answer = harness.Raw(harness.read_all(kept))
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers.get('connection'), 'close')
        slow.shutdown(socket.SHUT_RDWR)
        slow.close()
        kept.close()
        fake.close()

    def refused(self, fake):
        try:
            fake.connect(1).close()
        except ConnectionError:
            return True
        return False


if __name__ == '__main__':
    harness.main()
