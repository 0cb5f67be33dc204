"""One cluster with its kubelets for the whole run, and the service before it,
reading through a relay as the service account of the shipped manifests."""
import os
import re

from cluster import Cluster, Refused
from kubelet import Kubelet
from objects import MARKER, METRICS
from relay import Relay

from harness import Service, SOURCE, schema_validator, until

DEPLOY = os.path.join(SOURCE, 'cmd', 'systated', 'deploy')
ROW = re.compile(r'(\S+)\s+(\S+)\s+(\d+)/(\d+)\s+(\S+)\s+(\d+)')
SECRETS = (MARKER, 'must-never-be-printed', 'eyJhbGciOi')  # a token's head


def path(namespace, plural, name=None, group='/apis/apps/v1'):
    group = {'pods': '/api/v1', 'jobs': '/apis/batch/v1',
             'cronjobs': '/apis/batch/v1',
             'horizontalpodautoscalers': '/apis/autoscaling/v1'
             }.get(plural, group)
    made = '%s/namespaces/%s/%s' % (group, namespace, plural)
    return made if name is None else '%s/%s' % (made, name)


class View:
    """A systated of the test, by what it serves."""

    def __init__(self, config):
        self.service = Service(config=config, args=('--no-mock',)).ready()
        self.valid = schema_validator('system-state.schema.json')

    def get(self, where):
        answer = self.service.get(where)
        if answer.status != 200:
            raise AssertionError('%s: %d %s' % (where, answer.status,
                                                answer.body))
        return answer.json()

    def state(self):
        return self.get('/system/state')

    def source(self, name='workload/kubernetes', state=None):
        return [s for s in (state or self.state())['sources']
                if s['name'] == name][0]

    def parts(self):
        """State of each thing read, by name."""
        upstream = self.source().get('upstream', {})
        return {p['name']: p for p in upstream.get('parts', [])}

    def workloads(self, state=None):
        return {(w['namespace'], w['kind'], w['deployment_name']): w
                for w in (state or self.state())['workload'] or []}

    def workload(self, namespace, kind, name):
        """None: there is none, or nothing is known yet."""
        answer = self.service.get('/system/state/workload/%s/%s/%s'
                                  % (namespace, kind, name))
        if answer.status not in (200, 404, 503):
            raise AssertionError('%s: %d %s' % (name, answer.status,
                                                answer.body))
        return answer.json() if answer.status == 200 else None

    def pods(self, state=None):
        """By namespace and name."""
        return {(w['namespace'], p['pod_id']): p
                for w in self.workloads(state).values() for p in w['pods']}

    def close(self):
        """Nothing that is secret was served, kept or logged."""
        try:
            for where in ('/system/state', '/system/sources', '/metrics',
                          '/system/state/history'):
                body = self.service.get(where).body.decode()
                for secret in SECRETS:
                    assert secret not in body, '%s in %s' % (secret, where)
            log = self.service.read_log()
            for secret in SECRETS:
                assert secret not in log, '%s in the log' % secret
            if self.valid is not None:
                self.valid(self.state())
        finally:
            self.service.close()


class World:
    def __init__(self):
        self.cluster = Cluster()
        try:
            self.admin = self.cluster.admin
            self.kubelet = Kubelet(self.cluster)
            self.relay = Relay(self.cluster.port)
            for name in ('agents', 'other', 'manual'):
                self.admin.create('/api/v1/namespaces',
                                  {'metadata': {'name': name}})
            self.kubelet.manual.add('manual')
            self.deploy()
            self.token_file = self.cluster.path('token')
            self.rotate()
            self.config = self.cluster.kubeconfig(
                'systate', self.relay.url, tokenFile='token')
            self.view = View(self.sources())
        except BaseException:
            self.cluster.close()
            raise

    def sources(self, options='', agents=True, config=None):
        """The configuration of a service."""
        made = []
        for section in ('workload', 'agents') if agents else ('workload',):
            made.append('  - name: %s/kubernetes\n'
                        '    kind: kubernetes\n'
                        '    interval_seconds: 1\n'
                        '    max_age_seconds: 5\n'
                        '    down_after_seconds: 600\n'
                        '    options: {kubeconfig: "%s"%s}\n'
                        % (section, config or self.config,
                           ', metrics_interval: 5' + options
                           if section == 'workload' else ''))
        return 'sources:\n' + ''.join(made)

    def deploy(self):
        """What a user does who follows the head of kubernetes.yaml."""
        kubectl = self.cluster.kubectl
        kubectl('create', 'namespace', 'systate')
        tokens = self.cluster.write(
            'tokens.yaml', '- {name: me, sha256: "%s"}\n' % ('0' * 64))
        kubectl('-n', 'systate', 'create', 'secret', 'generic',
                'systate-tokens', '--from-file=' + tokens)
        kubectl('apply', '-f', os.path.join(DEPLOY, 'kubernetes.yaml'))

    def serve_metrics(self):
        """metrics.k8s.io is there from now on."""
        try:
            self.admin.create('/apis/apiextensions.k8s.io/v1/'
                              'customresourcedefinitions', METRICS)
        except Refused as why:
            if why.status != 409:
                raise

    def rotate(self):
        """A new token for the service, in the place of the old one; returns
        the Secret with which it ends."""
        self.rotations = getattr(self, 'rotations', 0) + 1
        secret = 'token-%d' % self.rotations
        token = self.cluster.account_token('systate', 'systate', secret)
        self.put_token(token)
        return secret

    def put_token(self, token):
        """As the kubelet does it: the file is another one at once."""
        with open(self.token_file + '.new', 'w', encoding='ascii') as f:
            f.write(token + '\n')
        os.rename(self.token_file + '.new', self.token_file)

    def create(self, namespace, plural, body):
        return self.admin.create(path(namespace, plural), body)

    def patch(self, namespace, plural, name, body, part=''):
        return self.admin.patch(path(namespace, plural, name) + part, body)

    def remove(self, namespace, plural, name, **options):
        try:
            self.admin.delete(path(namespace, plural, name), **options)
        except Refused as why:
            if why.status != 404:
                raise

    def table(self):
        """What kubectl prints of every pod: READY, STATUS, RESTARTS."""
        rows = {}
        for line in self.cluster.kubectl(
                'get', 'pods', '-A', '--no-headers').splitlines():
            match = ROW.match(line)
            assert match, 'kubectl printed %r' % line
            namespace, name, ready, total, status, restarts = match.groups()
            rows[namespace, name] = (status, int(ready), int(total),
                                     int(restarts))
        return rows

    def served(self, view=None):
        """The same of the document."""
        return {key: (p['status'], p['containers_ready'],
                      p['containers_total'], p['restarts'])
                for key, p in (view or self.view).pods().items()}

    def agree(self, view=None):
        """Until both say the same of every pod; how many there are."""
        seen = {}

        def same():
            seen['kubectl'], seen['systate'] = self.table(), self.served(view)
            return seen['kubectl'] == seen['systate']
        try:
            until(same, 'systate to agree with kubectl')
        except AssertionError:
            for key in sorted(set(seen['kubectl']) | set(seen['systate'])):
                pair = [seen[who].get(key) for who in ('kubectl', 'systate')]
                if pair[0] != pair[1]:
                    print('  %s: kubectl %s, systate %s' % (
                        '/'.join(key), *pair))
            raise
        return len(seen['kubectl'])

    def close(self):
        try:
            self.view.close()
        finally:
            try:
                self.kubelet.close()
            finally:
                self.relay.close()
                self.cluster.close()


def say(text):
    print('  ' + text, flush=True)


WORLD = []


def world():
    """Made once, by the first test that asks; when it fails, it does so for
    all of them."""
    if not WORLD:
        try:
            WORLD.append(World())
        except BaseException as why:
            WORLD.append(why)
            raise
    if isinstance(WORLD[0], BaseException):
        raise AssertionError('there is no cluster') from WORLD[0]
    return WORLD[0]


def end():
    """At the end of the run."""
    for made in WORLD:
        if isinstance(made, World):
            made.close()
