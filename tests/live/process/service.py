"""The real service over loopback with one process source."""
import http.client
import json
import os
import subprocess
import tempfile
import time


def wait_until(what, check, seconds):
    """The first true value of check(); polled, because it is another process
    that acts."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError('not within %d s: %s' % (seconds, what))
        time.sleep(0.05)


class Service:
    def __init__(self, binary, deployments):
        self.dir = tempfile.TemporaryDirectory(prefix='sst-live-')
        config = os.path.join(self.dir.name, 'systate.yaml')
        with open(config, 'w', encoding='utf-8') as f:
            f.write('listen: {port: 0}\n'
                    'mock: {enabled: false}\n'
                    'sources:\n'
                    '  - name: workload/host\n'
                    '    kind: process\n'
                    '    interval_seconds: 1\n'
                    '    deadline_seconds: 2\n'
                    '    max_age_seconds: 10\n'
                    '    options:\n'
                    '      deployments:\n')
            for row in deployments:
                f.write('        - %s\n' % json.dumps(row))
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

    def source(self):
        return self.state()['sources'][0]

    def polls(self):
        return self.get('/system/sources')['sources'][0]['attempts']

    def duration(self):
        source = self.get('/system/sources')['sources'][0]
        return source['last_duration_seconds']

    def deployment(self, name):
        return [w for w in self.state()['workload'] or []
                if w['deployment_name'] == name][0]

    def pods(self, name):
        """By process number."""
        return {int(p['pod_id'].split('-')[0]): p
                for p in self.deployment(name)['pods']}

    def stop(self):
        """SIGTERM must end it with 0."""
        if self.connection is not None:
            self.connection.close()
        self.process.terminate()
        code = self.process.wait(20)
        if code != 0:
            raise AssertionError('exit %d: %s' % (code, self.log()))

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.dir.cleanup()
