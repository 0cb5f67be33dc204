"""A Kubernetes cluster of one's own on loopback: etcd, the API server, the
scheduler and the controllers of workloads, each a process of the program that
build.py makes. There is no kubelet: see kubelet.py. Python's standard library
only; the API is spoken over HTTPS with a token."""
import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
for shared in ('api', 'support'):
    sys.path.insert(0, os.path.join(HERE, '..', '..', shared))

import build  # noqa: E402
from harness import make_certificates, openssl, until  # noqa: E402
from ports import free_port  # noqa: E402

ADMIN = 'admin-token-must-never-be-printed'
PATCH = 'application/strategic-merge-patch+json'
TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """Whatever ends the test, its cluster ends with it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__('%d %s' % (status, body))
        self.status, self.body = status, body


class Api:
    """A keep-alive connection of one thread to the API server."""

    def __init__(self, cluster, token=ADMIN):
        self.cluster, self.token, self.connection = cluster, token, None

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def open(self, method, path, body=None, kind='application/json',
             accept='application/json'):
        """The answer with its body not read."""
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(
                '127.0.0.1', self.cluster.port, timeout=30,
                context=self.cluster.tls)
        headers = {'Authorization': 'Bearer ' + self.token, 'Accept': accept}
        if body is not None:
            headers['Content-Type'] = kind
            body = json.dumps(body)
        self.connection.request(method, path, body, headers)
        return self.connection.getresponse()

    def raw(self, *args, **more):
        """(status, body); an idle connection may have been closed."""
        fresh = self.connection is None
        try:
            answer = self.open(*args, **more)
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            if fresh:
                raise
            return self.raw(*args, **more)

    def call(self, *args, **more):
        status, body = self.raw(*args, **more)
        if status >= 300:
            raise Refused(status, body.decode(errors='replace')[:500])
        return json.loads(body)

    def get(self, path):
        return self.call('GET', path)

    def create(self, path, body):
        return self.call('POST', path, body)

    def replace(self, path, body):
        return self.call('PUT', path, body)

    def patch(self, path, body, kind=PATCH):
        return self.call('PATCH', path, body, kind)

    def delete(self, path, **options):
        return self.call('DELETE', path, options or None)


class Cluster:
    def __init__(self):
        self.program = build.program()
        self.dir = tempfile.mkdtemp(prefix='sst-kubernetes-')
        self.processes = {}
        try:
            self._prepare()
            self.admin = Api(self)
            # the others end when it does not answer at once
            self.run('etcd')
            self.run('apiserver')
            until(self.ready, 'the API server')
            self.revive()
        except BaseException:
            self.close()
            raise

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), 'w', encoding='utf-8') as f:
            f.write(text)
        return self.path(name)

    def _prepare(self):
        self.port, self.etcd_port, peer = (free_port() for _ in range(3))
        self.url = 'https://127.0.0.1:%d' % self.port
        self.certificates = make_certificates(self.dir)
        openssl('genrsa', '-out', self.path('accounts.key'), '2048')
        self.tls = ssl.create_default_context(cafile=self.path('ca.pem'))
        self.write('tokens', '%s,admin,1,system:masters\n' % ADMIN)
        self.admin_config = self.kubeconfig('admin', self.url, token=ADMIN)
        self.write('scheduler.yaml', json.dumps({
            'apiVersion': 'kubescheduler.config.k8s.io/v1',
            'kind': 'KubeSchedulerConfiguration',
            'leaderElection': {'leaderElect': False},
            'clientConnection': {'kubeconfig': self.admin_config,
                                 'qps': 1000, 'burst': 1000}}))
        etcd, peer = ('http://127.0.0.1:%d' % port
                      for port in (self.etcd_port, peer))
        key = self.path('accounts.key')
        self.commands = {
            'etcd': [
                '--data-dir=' + self.path('etcd'), '--unsafe-no-fsync',
                '--listen-client-urls=' + etcd,
                '--advertise-client-urls=' + etcd,
                '--listen-peer-urls=' + peer,
                '--initial-advertise-peer-urls=' + peer,
                '--initial-cluster=default=' + peer],
            'apiserver': [
                '--etcd-servers=' + etcd, '--bind-address=127.0.0.1',
                '--advertise-address=127.0.0.1',
                '--secure-port=%d' % self.port,
                '--tls-cert-file=' + self.path('server.pem'),
                '--tls-private-key-file=' + self.path('server.key'),
                '--token-auth-file=' + self.path('tokens'),
                '--authorization-mode=RBAC',
                '--service-account-key-file=' + key,
                '--service-account-signing-key-file=' + key,
                '--service-account-issuer=https://kubernetes.default.svc',
                '--service-cluster-ip-range=10.0.0.0/24',
                # their controllers are not run
                '--disable-admission-plugins=ServiceAccount,'
                'TaintNodesByCondition',
                # compact() does it, when the test wants it
                '--etcd-compaction-interval=0'],
            'scheduler': [
                '--config=' + self.path('scheduler.yaml'),
                '--secure-port=0', '--authentication-skip-lookup'],
            'controllers': [self.admin_config]}

    def run(self, part):
        with open(self.path(part + '.log'), 'ab') as log:
            self.processes[part] = subprocess.Popen(
                [self.program, part, *self.commands[part]],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.dir, preexec_fn=die_with_parent)

    def kill(self, part):
        process = self.processes.pop(part, None)
        if process is not None:
            process.kill()
            process.wait()

    def revive(self):
        """Starts what was killed; returns when it answers."""
        for part in self.commands:
            if part not in self.processes:
                self.run(part)
        until(self.ready, 'the API server')

    def ready(self):
        for part, process in self.processes.items():
            if process.poll() is not None:
                with open(self.path(part + '.log'), encoding='utf-8',
                          errors='replace') as f:
                    raise AssertionError('%s ended: %s' % (
                        part, f.read()[-2000:]))
        try:
            return self.admin.raw('GET', '/readyz')[0] == 200
        except (OSError, http.client.HTTPException):
            self.admin.close()
            return False

    def close(self):
        for part in reversed(list(self.processes)):
            self.kill(part)
        shutil.rmtree(self.dir, ignore_errors=True)

    def kubeconfig(self, name, url, **user):
        """Path of a kubeconfig for that user; JSON is YAML, too."""
        return self.write(name + '.kubeconfig', json.dumps({
            'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'test',
            'clusters': [{'name': 'test', 'cluster': {
                'server': url, 'certificate-authority': 'ca.pem'}}],
            'users': [{'name': 'test', 'user': user}],
            'contexts': [{'name': 'test', 'context': {
                'cluster': 'test', 'user': 'test'}}]}))

    def kubectl(self, *args, config=None, check=True):
        """What kubectl prints; (status, what it prints) unless check."""
        done = subprocess.run(
            [self.program, 'kubectl', '--kubeconfig',
             config or self.admin_config, '--cache-dir', self.path('cache'),
             *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env=dict(os.environ, HOME=self.dir, KUBERC='off'), timeout=60,
            check=False)
        if not check:
            return done.returncode, done.stdout + done.stderr
        if done.returncode != 0:
            raise AssertionError('kubectl %s: %s' % (' '.join(args),
                                                     done.stderr))
        return done.stdout

    def compact(self):
        """Forgets the past of etcd, as the API server does every 5 minutes."""
        connection = http.client.HTTPConnection('127.0.0.1', self.etcd_port,
                                                timeout=30)

        def ask(path, body):
            connection.request('POST', path, json.dumps(body))
            answer = connection.getresponse()
            return json.loads(answer.read())
        try:
            now = ask('/v3/kv/range', {'key': 'AA=='})['header']['revision']
            ask('/v3/kv/compaction', {'revision': now, 'physical': True})
        finally:
            connection.close()

    def account_token(self, namespace, name, bound_to=None):
        """A token of a service account; it ends with the Secret bound_to."""
        spec = {'expirationSeconds': 3600}
        if bound_to is not None:
            secret = self.admin.create(
                '/api/v1/namespaces/%s/secrets' % namespace,
                {'metadata': {'name': bound_to}})
            spec['boundObjectRef'] = {
                'kind': 'Secret', 'apiVersion': 'v1', 'name': bound_to,
                'uid': secret['metadata']['uid']}
        return self.admin.create(
            '/api/v1/namespaces/%s/serviceaccounts/%s/token'
            % (namespace, name), {'spec': spec})['status']['token']
