"""The real service over loopback, with one LiteLLM source."""
import http.client
import json
import os
import subprocess
import tempfile

from proxy import wait_until

NAME = 'litellm/proxy-main'
CONFIG = '''
listen: {port: 0}
mock: {enabled: false}
sources:
  - name: %s
    kind: proxy
    interval_seconds: 1
    deadline_seconds: 5
    max_age_seconds: 10
    down_after_seconds: 30
    options: {url: "%s", key_env: SST_LIVE_KEY, refresh: 5s,
      metrics_refresh: 1s, tolerance: 0, payment_types: {local-llm: rented}}
'''


class Service:
    def __init__(self, binary, url, key):
        self.dir = tempfile.TemporaryDirectory(prefix='sst-live-')
        config = os.path.join(self.dir.name, 'systate.yaml')
        with open(config, 'w', encoding='utf-8') as f:
            f.write(CONFIG % (NAME, url))
        self.log_path = os.path.join(self.dir.name, 'log')
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                            '..', '..', '..')
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(
                [binary, '--config', config, '--share-dir', root,
                 '--data-dir', os.path.join(self.dir.name, 'data'),
                 '--log-format', 'json', '--log-level', 'debug'],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ, SST_LIVE_KEY=key))
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
        return [s for s in (document or self.state())['sources']
                if s['name'] == NAME][0]

    def upstream(self):
        return self.source().get('upstream', {})

    def parts(self):
        return {p['name']: p for p in self.upstream().get('parts', [])}

    def attempts(self):
        return [s for s in self.get('/system/sources')['sources']
                if s['name'] == NAME][0]['attempts']

    def models(self, document=None):
        """Deployments by id; {} when the section is unknown."""
        return {m['deployment_id']: m
                for m in (document or self.state())['litellm'] or []}

    def everything(self):
        """All that it says, in one text."""
        paths = ('/system/state', '/system/sources', '/metrics',
                 '/system/state/history', '/system/state/litellm', '/')
        return '\n'.join(self.ask(p)[1].decode() for p in paths) + self.log()

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
