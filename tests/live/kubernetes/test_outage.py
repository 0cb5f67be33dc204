"""What a user sees while the way to the cluster, the rights in it or the
cluster itself are away, and that nothing is lost over it."""
import os
import time
import unittest

from objects import container, controller, pod
from world import DEPLOY, View, path, say, world

from harness import resident, until

NS = 'agents'


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.world = world()
        self.view = self.world.view

    def status(self, status):
        until(lambda: self.view.source()['status'] == status,
              'the source to be ' + status)

    def settled(self, name, count, namespace=NS, view=None):
        """Until count pods of a Deployment are ready."""
        def holds():
            seen = (view or self.view).workload(namespace, 'Deployment', name)
            return seen is not None and seen['live']['ready_pods'] == count
        until(holds, '%d pods of %s' % (count, name))


class Outages(Case):
    """In this order: each leaves the service as it should be."""

    def setUp(self):
        super().setUp()
        for name in ('stays', 'leaves'):
            self.world.create(NS, 'deployments',
                              controller(name, 'run', replicas=2))
        for name in ('stays', 'leaves'):
            self.settled(name, 2)

    def tearDown(self):
        for name in ('stays', 'leaves', 'comes'):
            self.world.remove(NS, 'deployments', name)

    def test_away(self):
        """While nobody looks one leaves, one comes, the past is compacted
        away and the server forgets it: only a new list can tell."""
        before = self.view.workloads()
        self.world.relay.close()
        self.world.remove(NS, 'deployments', 'leaves')
        self.world.create(NS, 'deployments', controller('comes', 'run'))
        until(lambda: not any(name[1].startswith('leaves-')
                              for name in self.world.table()), 'pods to go')
        self.status('stale')
        self.assertEqual(self.view.workloads(), before)
        self.world.cluster.compact()
        self.world.cluster.kill('apiserver')
        self.world.cluster.run('apiserver')
        until(self.world.cluster.ready, 'the API server')
        self.world.relay.open()
        begin = time.monotonic()
        self.status('ok')
        self.settled('comes', 1)
        until(lambda: self.view.workload(NS, 'Deployment', 'leaves') is None,
              'what left to be gone')
        say('back %.1f s after the way was open; %d pods as kubectl prints '
            'them' % (time.monotonic() - begin, self.world.agree()))

    def test_server_killed(self):
        """kill -9 of the API server, then of etcd, too."""
        for parts in (('apiserver',), ('apiserver', 'etcd')):
            for part in parts:
                self.world.cluster.kill(part)
            self.status('stale')
            self.assertIsNotNone(self.view.source()['error'])
            for part in reversed(parts):
                self.world.cluster.run(part)
            until(self.world.cluster.ready, 'the API server')
            begin = time.monotonic()
            self.status('ok')
            say('%s killed: stale, then ok %.1f s after it was ready'
                % (' and '.join(parts), time.monotonic() - begin))
            self.assertEqual(self.view.source()['error'], None)
        self.world.patch(NS, 'deployments', 'stays', {'spec': {
            'replicas': 3}})
        self.settled('stays', 3)
        self.world.agree()

    def test_cut(self):
        """Connections that break are no event."""
        for _ in range(5):
            self.world.relay.cut()
            self.world.patch(NS, 'deployments', 'stays', {'spec': {
                'replicas': 4}})
            self.settled('stays', 4)
            self.world.relay.cut()
            self.world.patch(NS, 'deployments', 'stays', {'spec': {
                'replicas': 1}})
            self.settled('stays', 1)
        self.world.agree()


class Rights(Case):
    def forbid(self, resource):
        """Takes a resource out of the ClusterRole; returns what it was."""
        where = ('/apis/rbac.authorization.k8s.io/v1/clusterroles/'
                 'systate-reader')
        role = self.world.admin.get(where)
        rules = [dict(rule, resources=[r for r in rule['resources']
                                       if r != resource])
                 for rule in role['rules']
                 if rule['apiGroups'] != ['metrics.k8s.io']]
        self.world.admin.patch(where, {
            'rules': [r for r in rules if r['resources']]},
            'application/merge-patch+json')
        return where, role['rules']

    def test_forbidden(self):
        """One resource is refused: that fact is missing, with the reason;
        the rest is served and follows."""
        self.world.create(NS, 'deployments', controller('keeps', 'run'))
        self.settled('keeps', 1)
        where, rules = self.forbid('horizontalpodautoscalers')
        # an open watch is not ended by it
        self.world.relay.cut()

        def refused():
            part = self.view.parts()['horizontalpodautoscalers']
            return part['state'] == 'forbidden' and part
        reason = until(refused, 'autoscalers to be forbidden')['reason']
        self.assertIn('horizontalpodautoscalers', reason)
        self.assertIn('system:serviceaccount:systate:systate', reason)
        say('403 is told as: ' + reason)
        self.status('degraded')
        self.world.patch(NS, 'deployments', 'keeps', {'spec': {
            'replicas': 2}})
        self.settled('keeps', 2)
        self.assertEqual({name for name, part in self.view.parts().items()
                          if part['state'] == 'forbidden'},
                         {'horizontalpodautoscalers', 'metrics'})
        self.world.admin.patch(where, {'rules': rules},
                               'application/merge-patch+json')
        begin = time.monotonic()
        end = begin + 90
        while (self.view.source()['status'] != 'ok' and
               time.monotonic() < end):
            time.sleep(0.1)
        self.status('ok')
        say('allowed again: ok after %.1f s' % (time.monotonic() - begin))
        self.world.remove(NS, 'deployments', 'keeps')

    def test_rotation(self):
        """The old token ends; the new one is in the file."""
        self.world.create(NS, 'deployments', controller('turns', 'run'))
        self.settled('turns', 1)
        old = 'token-%d' % self.world.rotations
        self.world.rotate()
        self.world.admin.delete('/api/v1/namespaces/systate/secrets/' + old)
        self.world.relay.cut()
        self.world.patch(NS, 'deployments', 'turns', {'spec': {
            'replicas': 2}})
        self.settled('turns', 2)
        # no token that is of use, then one
        self.world.put_token('no-token-must-never-be-printed')
        self.world.relay.cut()

        def unauthorized():
            error = self.view.source()['error']
            return error is not None and error['code'] == 'unauthorized'
        until(unauthorized, '401 to be told')
        self.assertIsNotNone(self.view.workload(NS, 'Deployment', 'turns'))
        self.world.rotate()
        self.status('ok')
        self.world.patch(NS, 'deployments', 'turns', {'spec': {
            'replicas': 1}})
        self.settled('turns', 1)
        self.world.remove(NS, 'deployments', 'turns')

    def test_namespaces(self):
        """A Role in one namespace and the option: nothing else is asked
        for."""
        cluster = self.world.cluster
        self.world.admin.create('/api/v1/namespaces/systate/serviceaccounts',
                                {'metadata': {'name': 'narrow'}})
        with open(os.path.join(DEPLOY, 'kubernetes-namespaced.yaml'),
                  encoding='utf-8') as f:
            manifest = f.read()
        manifest = manifest.replace('name: systate\n', 'name: narrow\n')
        cluster.kubectl('-n', NS, 'apply', '-f',
                        cluster.write('narrow.yaml', manifest))
        config = cluster.kubeconfig(
            'narrow', cluster.url,
            token=cluster.account_token('systate', 'narrow'))
        for namespace in (NS, 'other'):
            self.world.create(namespace, 'deployments',
                              controller('narrowed', 'run'))
        view = View(self.world.sources('namespaces: [%s]' % NS, False, config))
        try:
            self.settled('narrowed', 1, view=view)
            until(lambda: view.source()['status'] == 'ok', 'ok')
            self.assertEqual({w[0] for w in view.workloads()}, {NS})
        finally:
            view.close()
        # cluster-wide it may not
        view = View(self.world.sources('', False, config))
        try:
            until(lambda: view.source()['error'] is not None, '403')
            error = view.source()['error']
            self.assertEqual(error['code'], 'forbidden', error)
            self.assertEqual(view.state()['workload'], None)
            say('refused everywhere: ' + error['message'])
        finally:
            view.close()
        for namespace in (NS, 'other'):
            self.world.remove(namespace, 'deployments', 'narrowed')


class Many(Case):
    PODS = int(os.environ.get('SST_KUBERNETES_PODS', '1000'))

    def test_many(self):
        """As many pods as are made in seconds, and gone again."""
        process = self.view.service.process.pid
        before = resident(process)
        begin = time.monotonic()
        self.world.create(NS, 'deployments', controller(
            'many', 'run', replicas=self.PODS))
        end = begin + 30 + self.PODS / 50
        while time.monotonic() < end:
            seen = self.view.workload(NS, 'Deployment', 'many')
            if seen is not None and seen['live']['ready_pods'] == self.PODS:
                break
            time.sleep(0.2)
        self.settled('many', self.PODS)
        say('%d pods created and ready after %.1f s; resident before %.1f, '
            'with them %.1f MB' % (self.PODS, time.monotonic() - begin,
                                   before / 1e6, resident(process) / 1e6))
        self.world.agree()
        self.world.relay.cut()
        self.world.remove(NS, 'deployments', 'many')
        until(lambda: self.view.workload(NS, 'Deployment', 'many') is None,
              'them to be gone')


class Latency(Case):
    COUNT = 60

    def test_latency(self):
        """Printed, not judged: other work on the machine shows in it."""
        name = 'clock'
        self.world.create('manual', 'pods', pod(name, container('run'),
                                                nodeName='node-a'))
        key = 'manual', name
        until(lambda: key in self.view.pods(), 'the pod')
        took = []
        for number in range(self.COUNT):
            status = {'phase': 'Failed', 'reason': 'Try%d' % number}
            self.world.patch('manual', 'pods', name, {'status': status},
                             '/status')
            # the answer and the event leave the server together
            begin = time.monotonic()
            revision = self.view.get(
                '/system/state/workload/manual/Pod/' + name)
            while revision['pods'][0]['status'] != status['reason']:
                revision = self.view.get(
                    '/system/state/workload/manual/Pod/' + name)
                self.assertLess(time.monotonic(), begin + 30)
            took.append(time.monotonic() - begin)
        took.sort()
        say('%d changes: served %.0f ms after the answer to the write, p50; '
            '%.0f ms p99' % (self.COUNT, took[len(took) // 2] * 1e3,
                             took[int(len(took) * 0.99)] * 1e3))
        self.world.remove('manual', 'pods', name, gracePeriodSeconds=0)
