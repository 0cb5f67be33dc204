"""The real service over loopback, for tests of what its users see."""
import http.client
import json
import os
import subprocess
import tempfile

from broker import wait_until


class Service:
    """systated with one RabbitMQ source; timing per test."""

    def __init__(self, binary, url, source, options='', mock=False):
        self.dir = tempfile.TemporaryDirectory(prefix='sst-live-')
        config = os.path.join(self.dir.name, 'systate.yaml')
        with open(config, 'w', encoding='utf-8') as f:
            f.write('listen: {port: 0}\n'
                    'mock: {enabled: %s, scenario: calm}\n'
                    # a small bound, so that reaching it is no matter of time
                    'limits: {max_upstream_body_bytes: 1048576}\n'
                    'sources:\n'
                    '  - name: queues/rabbitmq-main\n'
                    '    kind: rabbitmq\n'
                    '    %s\n'
                    '    options: {url: "%s", %s}\n'
                    % ('true' if mock else 'false', source, url, options))
        self.log_path = os.path.join(self.dir.name, 'log')
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                            '..', '..', '..')
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(
                [binary, '--config', config, '--share-dir', root,
                 '--data-dir', os.path.join(self.dir.name, 'data'),
                 '--log-format', 'json'],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.connection = None
        self.port = wait_until('the service listens', self.listening, 20)
        wait_until('the first snapshot',
                   lambda: self.ask('/readyz')[0] == 200, 20)

    def log(self):
        with open(self.log_path, encoding='utf-8') as f:
            return f.read()

    def listening(self):
        if self.process.poll() is not None:
            raise AssertionError('the service ended: ' + self.log())
        for line in self.log().splitlines():
            if '"API-LISTEN"' in line:
                return int(json.loads(line)['message'].rsplit(':', 1)[1])
        return None

    def ask(self, path):
        """(status, body)"""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                '127.0.0.1', self.port, timeout=20)
        self.connection.request('GET', path)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def get(self, path):
        status, body = self.ask(path)
        if status != 200:
            raise AssertionError('%s: %d %r' % (path, status, body))
        return json.loads(body)

    def state(self):
        return self.get('/system/state')

    def source(self, document=None):
        document = document or self.state()
        return [s for s in document['sources']
                if s['name'] == 'queues/rabbitmq-main'][0]

    def attempts(self):
        return [s for s in self.get('/system/sources')['sources']
                if s['name'] == 'queues/rabbitmq-main'][0]['attempts']

    def queues(self, document=None):
        """Queues of the source by name; {} when the section is unknown."""
        document = document or self.state()
        return {q['name']: q for q in document['queues'] or []
                if q['source'] == 'queues/rabbitmq-main'}

    def stop(self):
        """SIGTERM must end it with 0."""
        if self.connection is not None:
            self.connection.close()
        self.process.terminate()
        code = self.process.wait(20)
        if code != 0:
            raise AssertionError('exit %d: %s' % (code, self.log()))
        self.dir.cleanup()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.dir.cleanup()
