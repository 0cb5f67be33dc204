"""What the tests of the built service share: start it, talk to it.

The environment names the programs: SST_SYSTATED, SST_FAKE_SERVER,
SST_SOURCE_DIR. Everything listens on loopback, on free ports."""
import http.client
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

SYSTATED = os.environ.get('SST_SYSTATED')
FAKE_SERVER = os.environ.get('SST_FAKE_SERVER')
SOURCE = os.environ.get('SST_SOURCE_DIR',
                        os.path.dirname(os.path.dirname(os.path.dirname(
                            os.path.abspath(__file__)))))
PATIENCE = 30  # seconds until something that must happen counts as failed


def skip(reason):
    print('SKIP: %s' % reason, flush=True)
    raise unittest.SkipTest(reason)


def until(condition, what):
    """Polls with a deadline; returns what the condition gave."""
    end = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError('waited in vain for ' + what)
        select.select([], [], [], 0.01)


class Service:
    """systated with mock data on a port of its own."""

    def __init__(self, config='', scenario='calm', args=(), data_dir=None):
        self.dir = tempfile.TemporaryDirectory()
        path = os.path.join(self.dir.name, 'config.yaml')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(config)
        self.log_path = os.path.join(self.dir.name, 'log')
        env = {k: v for k, v in os.environ.items()
               if k not in ('SERVER_PORT', 'LOG_LEVEL', 'ENABLE_MOCK_DATA')}
        self.log = open(self.log_path, 'w', encoding='utf-8')
        self.process = subprocess.Popen(
            [SYSTATED, '--config', path, '--port', '0',
             '--share-dir', SOURCE,
             '--data-dir', data_dir or os.path.join(self.dir.name, 'data'),
             '--scenario', scenario, '--log-format', 'json', *args],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=env)
        self.url = until(self._listening, 'API-LISTEN')
        self.host, self.port = re.match(
            r'https?://\[?([^\]/]+?)\]?:(\d+)$', self.url).groups()
        self.port = int(self.port)

    def _listening(self):
        if self.process.poll() is not None:
            raise AssertionError('systated ended: ' + self.read_log())
        for line in self.read_log().splitlines():
            if line.startswith('{') and '"API-LISTEN"' in line:
                return re.search(r'https?://\S+',
                                 json.loads(line)['message']).group(0)
        return None

    def read_log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as f:
            return f.read()

    def ready(self):
        until(lambda: self.get('/readyz').status == 200, '/readyz')
        return self

    def connect(self, timeout=PATIENCE):
        return socket.create_connection((self.host, self.port), timeout)

    def get(self, path, headers=None, method='GET', body=None):
        return ask(self.host, self.port, path, headers, method, body)

    def rss(self):
        return resident(self.process.pid)

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.log.close()
        return status

    def close(self):
        try:
            status = self.stop()
            log = self.read_log()
        finally:
            self.dir.cleanup()
        if status != 0 or 'Sanitizer' in log:
            raise AssertionError('systated ended with %s:\n%s' %
                                 (status, log[-4000:]))


class Fake:
    """The API over canned data, with a body of about `size` bytes."""

    def __init__(self, size=0):
        self.process = subprocess.Popen(
            [FAKE_SERVER, str(size)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        self.port = int(self.url.rsplit(':', 1)[1])
        self.host = '127.0.0.1'

    def connect(self, timeout=PATIENCE):
        return socket.create_connection((self.host, self.port), timeout)

    def get(self, path, headers=None, method='GET', body=None):
        return ask(self.host, self.port, path, headers, method, body)

    def rss(self):
        return resident(self.process.pid)

    def begin_stop(self):
        self.process.stdin.close()

    def close(self):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        if status != 0:
            raise AssertionError('fake_server ended with %s' % status)


def resident(pid):
    with open('/proc/%d/statm' % pid, encoding='ascii') as f:
        return int(f.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = (
            response.status, response.headers, body)

    def json(self):
        return json.loads(self.body)


def ask(host, port, path, headers=None, method='GET', body=None, tls=None):
    if tls is None:
        c = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    else:
        c = http.client.HTTPSConnection(host, port, timeout=PATIENCE,
                                        context=tls)
    try:
        c.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            c.putheader(name, value)
        if body is not None:
            c.putheader('Content-Length', str(len(body)))
        c.endheaders(body)
        r = c.getresponse()
        return Answer(r, r.read())
    finally:
        c.close()


class Raw:
    """An answer as it came: status 0 when the connection just closed."""

    def __init__(self, data):
        head, _, self.body = data.partition(b'\r\n\r\n')
        lines = head.decode('latin-1').split('\r\n')
        match = re.match(r'HTTP/1\.[01] (\d{3})', lines[0])
        self.status = int(match.group(1)) if match else 0
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(':')
            self.headers[name.strip().lower()] = value.strip()

    def json(self):
        return json.loads(self.body)


def read_all(sock):
    data = b''
    try:
        while True:
            block = sock.recv(65536)
            if not block:
                break
            data += block
    except ConnectionError:
        pass
    return data


def raw(service, data, half_close=True):
    """Sends bytes on a connection of their own, reads until it ends."""
    with service.connect() as s:
        try:
            s.sendall(data)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all was sent: the answer says why
        return Raw(read_all(s))


def schema_validator(name):
    """A callable that raises for what does not conform; None without the
    package jsonschema."""
    try:
        import jsonschema
    except ImportError:
        print('SKIP: schema checks, python3-jsonschema is not installed',
              flush=True)
        return None
    with open(os.path.join(SOURCE, 'schemas', name), encoding='utf-8') as f:
        schema = json.load(f)
    return jsonschema.Draft202012Validator(schema).validate


def tls_context(ca, cert=None, key=None):
    context = ssl.create_default_context(cafile=ca)
    if cert is not None:
        context.load_cert_chain(cert, key)
    return context


def openssl(*args):
    try:
        subprocess.run(['openssl', *args], check=True, capture_output=True,
                       timeout=PATIENCE)
    except FileNotFoundError:
        skip('TLS tests, openssl is not installed')


def make_certificates(folder):
    """A CA, a certificate for 127.0.0.1 and one for a client."""
    def path(name):
        return os.path.join(folder, name)

    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt',
            'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
            '-subj', '/CN=test ca', '-keyout', path('ca.key'),
            '-out', path('ca.pem'))
    for name, extension in (('server', 'subjectAltName=IP:127.0.0.1'),
                            ('client', 'extendedKeyUsage=clientAuth')):
        with open(path(name + '.ext'), 'w', encoding='ascii') as f:
            f.write(extension + '\n')
        openssl('req', '-newkey', 'ec', '-pkeyopt',
                'ec_paramgen_curve:prime256v1', '-nodes', '-subj',
                '/CN=' + name, '-keyout', path(name + '.key'),
                '-out', path(name + '.csr'))
        openssl('x509', '-req', '-days', '2', '-in', path(name + '.csr'),
                '-CA', path('ca.pem'), '-CAkey', path('ca.key'),
                '-CAcreateserial', '-extfile', path(name + '.ext'),
                '-out', path(name + '.pem'))
    return path


def main():
    if SYSTATED is None or not os.path.exists(SYSTATED):
        print('SKIP: SST_SYSTATED does not name the built service')
        sys.exit(0)
    unittest.main(verbosity=1)
