#!/usr/bin/env python3
"""A thousand requests that are wrong: each gets the documented status and a
problem document, none a 5xx, and the service stays as it was.

What is not HTTP at all is answered by the HTTP library, below the routes: a
status out of BELOW without a problem document, or a closed connection. The
one 5xx in it is 505 for an HTTP version that does not exist."""
import random
import unittest

import harness

BELOW = (400, 413, 414, 431, 505)
COUNT = 1000
METHODS = ('POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND',
           'get', 'G\x01T', 'A' * 300)
PATHS = ('/', '/system/state', '/system/sources', '/healthz', '/metrics',
         '/system/state/agents', '/schemas/', '/openapi.json')
NO_PATHS = ('/system', '/system/state/', '//system/state', '/SYSTEM/STATE',
            '/system/state/../state', '/system/state/nothing', '/.git/config',
            '/system/state/agents/nobody', '/a/b/c/d/e/f/g/h/i/j/k',
            '/system/state/queues/a/b/c', '/schemas/../etc/passwd',
            '/schemas/%2e%2e%2fpasswd', '/problems/nothing', '/*',
            '/system/state/agents/%20', '/system/state/workload/a/b/c')
BAD_TARGETS = ('/%', '/%4', '/%zz', '/system/state%00', '/%ff%fe',
               '/system/state/agents/%1f', '/a b', '/a"b', '/<script>',
               '/{name}', '/a|b', '/a\\b', '/a^b', '/\x7f', '/\xe9',
               'system/state', 'ftp://localhost/', '?view=base', '/#top')
PARAMETERS = ('view', 'view=', 'view=x', 'view=base&view=base', 'foo=1',
              'sections=', 'sections=agents,', 'sections=all',
              'sections=agents,agents', 'sections=%00', 'pretty=yes',
              'pretty=2', 'max_age=5', 'max_age=-1s', 'max_age=99h',
              'max_age=1e3s', 'view=%ff', 'view=%', '&', 'view=base&', '=',
              'view=base&&pretty=1', 'a' * 300 + '=1', 'VIEW=base', 'at=yesterday',
              'at=-1', 'at=1&since=1', 'wait=5s', 'since=0', 'from=1', 'key=a',
              'sections[]=agents', 'view=base;pretty=1')
BAD_ACCEPT = ('text/html', 'application/json;q=0', 'image/*', 'nonsense',
              '*/*;q=0', 'application/json;q=7', 'application/xml, text/*')
BAD_ENCODING = ('identity;q=0', '*;q=0', 'br, identity;q=0',
                'gzip;q=0, identity;q=0, zstd;q=0')
BAD_HOSTS = ('evil.example.com', 'localhost:1', 'localhost:99999', '',
             'localhost, localhost', '[::1', 'a' * 300, '127.0.0.1.nip.io',
             'user@localhost')
BAD_ORIGINS = ('http://evil.example.com', 'null', 'https://localhost', '',
               'file://', 'http://localhost:1')
NOT_HTTP = (b'\r\n\r\n\r\n\r\n', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03',
            b'GET\r\n\r\n', b'GET /healthz\r\n\r\n', b'\x00' * 64,
            b'GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n',
            b'GET /healthz HTTP/0.9\r\n\r\n',
            b'GET /healthz HTTX/1.1\r\nHost: localhost\r\n\r\n',
            b'GET /healthz HTTP/1.1\r\nno colon here\r\n\r\n',
            b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n'
            b'Content-Length: abc\r\n\r\n',
            b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n'
            b'Content-Length: -5\r\n\r\n',
            b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n'
            b'Content-Length: 99999999999999999999999\r\n\r\n',
            b'POST /healthz HTTP/1.1\r\nHost: localhost\r\n'
            b'Transfer-Encoding: chunked\r\n\r\nzz\r\n',
            b'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: '
            + b'a' * 200000 + b'\r\n\r\n',
            b'GET /' + b'a' * 200000 + b' HTTP/1.1\r\n\r\n',
            b'A' * 100000)


def request(method='GET', target='/healthz', headers=(), body=b'',
            host='localhost'):
    lines = ['%s %s HTTP/1.1' % (method, target)]
    if host is not None:
        lines.append('Host: ' + host)
    lines += ['%s: %s' % pair for pair in headers]
    lines += ['Connection: close', '', '']
    return '\r\n'.join(lines).encode('latin-1') + body


def long_headers(rng):
    return [('X-%d' % i, 'v' * rng.randint(200, 400)) for i in range(40)]


def with_body(rng):
    body = bytes(rng.randrange(256) for _ in range(rng.randint(1, 400)))
    return request('GET', rng.choice(PATHS),
                   [('Content-Length', str(len(body)))], body)


def truncated(rng):
    whole = request('GET', rng.choice(PATHS), [('Accept', '*/*')])
    return whole[:rng.randint(1, len(whole) - 3)]


# What is made, and the statuses that are documented for it.
KINDS = (
    (lambda r: request(r.choice(METHODS), r.choice(PATHS)), (405,)),
    (lambda r: request('GET', r.choice(NO_PATHS)), (404,)),
    (lambda r: request('GET', r.choice(BAD_TARGETS)), (400,)),
    (lambda r: request('GET', '/system/state?' + r.choice(PARAMETERS)),
     (400,)),
    (lambda r: request('GET', '/healthz?' + r.choice(PARAMETERS)), (400,)),
    (lambda r: request('GET', '/system/state',
                       [('Accept', r.choice(BAD_ACCEPT))]), (406,)),
    (lambda r: request('GET', '/system/state',
                       [('Accept-Encoding', r.choice(BAD_ENCODING))]),
     (406,)),
    (lambda r: request('GET', r.choice(PATHS), host=r.choice(BAD_HOSTS)),
     (421,)),
    (lambda r: request('GET', r.choice(PATHS),
                       [('Origin', r.choice(BAD_ORIGINS))]), (403,)),
    (lambda r: request('GET', 'http://evil.example.com/healthz'), (421,)),
    (lambda r: request('GET', '/system/state', [('host', 'localhost')]),
     (400, 421)),
    (lambda r: request('GET', '/' + 'a' * r.randint(4200, 6000)), (414,)),
    (lambda r: request('GET', '/healthz', long_headers(r)), (431,)),
    (with_body, (400,)),
    (lambda r: request('POST', '/healthz',
                       [('Content-Length', str(5000))], b'x' * 5000), (413,)),
)


class Malformed(unittest.TestCase):
    validate = None

    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service(
            'limits:\n  max_request_body_bytes: 4096\n'
            '  idle_timeout_seconds: 1\n').ready()
        cls.validate = harness.schema_validator('problem.schema.json')

    @classmethod
    def tearDownClass(cls):
        cls.service.close()

    def check_problem(self, sent, answer, statuses):
        self.assertIn(answer.status, statuses, sent[:200])
        self.assertEqual(answer.headers.get('content-type'),
                         'application/problem+json', sent[:200])
        problem = answer.json()
        self.assertEqual(problem['status'], answer.status)
        self.assertLessEqual(len(problem['detail']), 1000)
        if type(self).validate is not None:
            type(self).validate(problem)

    def test_a_thousand(self):
        rng = random.Random(20260701)
        before = self.service.get('/system/state')
        for i in range(COUNT * 8 // 10):
            make, statuses = KINDS[i % len(KINDS)]
            sent = make(rng)
            with self.subTest(number=i):
                self.check_problem(sent, harness.raw(self.service, sent),
                                   statuses)
        after = self.service.get('/system/state')
        self.assertEqual(after.headers['ETag'], before.headers['ETag'])

    def test_what_is_no_http(self):
        rng = random.Random(7)
        sent = []
        for i in range(COUNT * 2 // 10):
            if i % 3 == 0:
                sent.append(rng.choice(NOT_HTTP))
            elif i % 3 == 1:
                sent.append(truncated(rng))
            else:
                sent.append(bytes(rng.randrange(256)
                                  for _ in range(rng.randint(1, 600))))
        # All at once: some end only with the idle timeout.
        sockets = [self.service.connect() for _ in sent]
        for s, data in zip(sockets, sent):
            try:
                s.sendall(data)
            except OSError:
                pass  # refused before all was sent
        for s, data in zip(sockets, sent):
            with s, self.subTest(sent=data[:80]):
                answer = harness.Raw(harness.read_all(s))
                self.assertIn(answer.status, BELOW + (0,))
        self.assertEqual(self.service.get('/healthz').status, 200)

    def test_nothing_stays_behind(self):
        for _ in range(20):
            with self.service.connect() as s:
                s.sendall(b'GET /system/state HTTP/1.1\r\nHost: loc')

        def idle():
            text = self.service.get('/metrics').body.decode()
            return 'systate_http_requests_in_flight 1\n' in text
        harness.until(idle, 'requests in flight to end')

    def test_faults_are_counted(self):
        harness.raw(self.service, NOT_HTTP[5])
        text = self.service.get('/metrics').body.decode()
        self.assertRegex(text, r'\nsystate_http_malformed_total [1-9]')


if __name__ == '__main__':
    harness.main()
