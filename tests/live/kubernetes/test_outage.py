"""What a user sees while the way to the cluster, the rights in it or the
cluster itself are away, and that nothing is lost over it."""
import os
import time
import unittest

from objects import container, controller, pod
from relay import Relay
from world import DEPLOY, View, say, world

from harness import resident, until

NS = 'agents'


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.world = world()
        self.view = self.world.view
        self.world.serve_metrics()

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
    """Each with a service of its own, which has not failed before: how long it
    waits to try again grows with its failures."""

    def setUp(self):
        super().setUp()
        self.relay = Relay(self.world.cluster.port)
        self.addCleanup(self.relay.close)
        for name in ('stays', 'leaves'):
            self.world.create(NS, 'deployments',
                              controller(name, 'run', replicas=2))
            self.addCleanup(self.world.remove, NS, 'deployments', name)
        self.addCleanup(self.world.cluster.revive)

    def look(self, url):
        self.view = View(self.world.sources(
            config=self.world.cluster.kubeconfig('other', url,
                                                 tokenFile='token')))
        self.addCleanup(self.view.close)
        for name in ('stays', 'leaves'):
            self.settled(name, 2)
        self.status('ok')

    def two(self):
        return [self.view.workload(NS, 'Deployment', name)
                for name in ('stays', 'leaves')]

    def back(self, what):
        """Until it is ok again: 30 s and as much again is the longest that
        it waits between two attempts."""
        begin = time.monotonic()
        while (self.view.source()['status'] != 'ok' and
               time.monotonic() < begin + 70):
            time.sleep(0.05)
        self.assertEqual(self.view.source()['status'], 'ok')
        self.assertEqual(self.view.source()['error'], None)
        say('%s: ok %.1f s later; %d pods as kubectl prints them' % (
            what, time.monotonic() - begin, self.world.agree(self.view)))

    def test_away(self):
        """While nobody looks one leaves, one comes, the past is compacted
        away and the server forgets it: only a new list can tell."""
        self.look(self.relay.url)
        before = self.two()
        self.relay.close()
        self.world.remove(NS, 'deployments', 'leaves')
        self.world.create(NS, 'deployments', controller('comes', 'run'))
        self.addCleanup(self.world.remove, NS, 'deployments', 'comes')
        until(lambda: not any(name[1].startswith('leaves-')
                              for name in self.world.table()), 'pods to go')
        self.status('stale')
        self.assertEqual(self.two(), before)
        self.world.cluster.compact()
        self.world.cluster.kill('apiserver')
        self.world.cluster.revive()
        self.relay.open()
        self.back('the way is open again')
        # who is ok has listed anew
        self.assertIsNone(self.view.workload(NS, 'Deployment', 'leaves'))
        self.settled('comes', 1)

    def test_servers_killed(self):
        """kill -9 of the API server and of etcd."""
        self.look(self.world.cluster.url)
        self.world.cluster.kill('apiserver')
        self.world.cluster.kill('etcd')
        self.status('stale')
        error = self.view.source()['error']
        self.assertEqual(error['code'], 'unreachable', error)
        self.world.cluster.revive()
        self.back('etcd and the API server were killed and are back')
        self.world.patch(NS, 'deployments', 'stays', {'spec': {
            'replicas': 3}})
        self.settled('stays', 3)

    def test_cut(self):
        """Connections that break are no event."""
        self.look(self.relay.url)
        for _ in range(5):
            for replicas in (4, 1):
                self.relay.cut()
                self.world.patch(NS, 'deployments', 'stays', {'spec': {
                    'replicas': replicas}})
                self.settled('stays', replicas)
        self.world.agree(self.view)


class Rights(Case):
    ROLE = '/apis/rbac.authorization.k8s.io/v1/clusterroles/systate-reader'
    waiting = []  # (service, relay, since)

    def set_rules(self, rules):
        self.world.admin.patch(self.ROLE, {'rules': rules},
                               'application/merge-patch+json')

    def test_forbidden(self):
        """One resource is refused: that fact is missing, with the reason;
        the rest is served and follows."""
        relay = Relay(self.world.cluster.port)
        view = View(self.world.sources(config=self.world.cluster.kubeconfig(
            'other', relay.url, tokenFile='token')))
        self.world.create(NS, 'deployments', controller('keeps', 'run'))
        self.settled('keeps', 1, view=view)
        rules = self.world.admin.get(self.ROLE)['rules']
        self.set_rules([r for r in rules
                        if r['apiGroups'] != ['autoscaling']])
        # an open watch is not ended by that
        relay.cut()

        def refused():
            part = view.parts()['horizontalpodautoscalers']
            return part['state'] == 'forbidden' and part
        reason = until(refused, 'autoscalers to be forbidden')['reason']
        self.assertIn('horizontalpodautoscalers', reason)
        self.assertIn('system:serviceaccount:systate:systate', reason)
        say('403 is told as: ' + reason)
        self.assertEqual(view.source()['status'], 'degraded')
        self.world.patch(NS, 'deployments', 'keeps', {'spec': {
            'replicas': 2}})
        self.settled('keeps', 2, view=view)
        self.assertEqual([name for name, part in view.parts().items()
                          if part['state'] == 'forbidden'],
                         ['horizontalpodautoscalers'])
        self.set_rules(rules)
        # which is seen after 30 to 60 s: meanwhile there is other work
        self.waiting.append((view, relay, time.monotonic()))
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
        view = View(self.world.sources(', namespaces: [%s]' % NS, False,
                                       config))
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
        self.reached(lambda seen: seen is not None and
                     seen['live']['ready_pods'] == self.PODS)
        say('%d pods created and ready after %.1f s; resident before %.1f, '
            'with them %.1f MB' % (self.PODS, time.monotonic() - begin,
                                   before / 1e6, resident(process) / 1e6))
        self.world.agree()
        self.world.relay.cut()
        self.world.remove(NS, 'deployments', 'many')
        # what is left of it while its pods go is not a Deployment any more
        self.reached(lambda _: not any(key[2].startswith('many')
                                       for key in self.view.workloads()))

    def reached(self, check):
        """More pods take longer."""
        end = time.monotonic() + 30 + self.PODS / 50
        while not check(self.view.workload(NS, 'Deployment', 'many')):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.2)


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


class AllowedAgain(Case):
    def test_allowed_again(self):
        """What Rights began."""
        for view, relay, since in Rights.waiting:
            end = since + 90
            while (view.parts()['horizontalpodautoscalers']['state'] != 'ok'
                   and time.monotonic() < end):
                time.sleep(0.2)
            took = time.monotonic() - since
            self.assertEqual(
                view.parts()['horizontalpodautoscalers']['state'], 'ok')
            say('allowed again: at the latest %.0f s later' % took)
            view.close()
            relay.close()
        Rights.waiting.clear()
