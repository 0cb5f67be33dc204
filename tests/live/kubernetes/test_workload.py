"""What a user of /system/state sees of a cluster in which things happen."""
import unittest

from kubelet import stamp
from objects import (LIMITS, METRICS_AWAY, autoscaler, container, controller,
                     cron_job, job, pod, usage)
from world import path, say, world

from harness import until

NS = 'agents'


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.world = world()
        self.view = self.world.view

    def see(self, kind, name, what, check, namespace=NS):
        """Waits for a workload that satisfies check; returns it."""
        seen = []

        def holds():
            seen[:] = [self.view.workload(namespace, kind, name)]
            return seen[0] is not None and check(seen[0])
        try:
            until(holds, '%s %s: %s' % (kind, name, what))
        except AssertionError:
            say('seen: %s' % seen)
            raise
        return seen[0]

    def gone(self, kind, name, namespace=NS):
        until(lambda: self.view.workload(namespace, kind, name) is None,
              '%s %s to be gone' % (kind, name))

    def deploy(self, name, image, namespace=NS, **spec):
        self.world.create(namespace, 'deployments',
                          controller(name, image, **spec))

    def drop(self, kind, plural, name):
        self.world.remove(NS, plural, name)
        self.gone(kind, name)


def active(count):
    return lambda w: w['live']['active_pods'] == count


def ready(count):
    return lambda w: (w['live']['ready_pods'] == count and
                      w['live']['active_pods'] == count)


def rollout(state, reason=None):
    return lambda w: (w['rollout']['state'] == state and
                      (reason is None or w['rollout']['reason'] == reason))


class Deployments(Case):
    def test_life(self):
        self.deploy('planner', 'run:1', replicas=3)
        seen = self.see('Deployment', 'planner', 'three pods run', ready(3))
        seen = self.see('Deployment', 'planner', 'rolled out',
                        rollout('complete'))
        self.assertEqual(
            (seen['max_pods'], seen['max_pods_source'], seen['images'],
             seen['pod_max_cpu'], seen['pod_max_ram'],
             seen['rollout']['revision'], seen['autoscaler']),
            (3, 'replicas', ['registry.example/run:1'], LIMITS['cpu'],
             LIMITS['memory'], '1', None))
        self.assertEqual({p['status'] for p in seen['pods']}, {'Running'})
        for p in seen['pods']:
            self.assertTrue(p['node'].startswith('node-'), p)
            self.assertIsNotNone(p['started_at'])
            self.assertNotIn('containers', p)
        told = self.world.admin.get(path(NS, 'deployments', 'planner'))
        self.assertEqual(seen['uid'], told['metadata']['uid'])
        self.world.patch(NS, 'deployments', 'planner',
                         {'spec': {'replicas': 0}})
        seen = self.see('Deployment', 'planner', 'scaled to none',
                        lambda w: active(0)(w) and not w['pods'])
        self.assertEqual(seen['max_pods'], 0)
        self.drop('Deployment', 'deployments', 'planner')

    def test_roll_out(self):
        self.deploy('coder', 'run:1', replicas=2, progressDeadlineSeconds=2)
        self.see('Deployment', 'coder', 'rolled out', rollout('complete'))
        self.image('coder', 'slow:2')
        seen = self.see('Deployment', 'coder', 'on its way',
                        rollout('progressing'))
        self.assertEqual(seen['rollout']['revision'], '2')
        self.see('Deployment', 'coder', 'stuck',
                 rollout('stuck', 'ProgressDeadlineExceeded'))
        self.image('coder', 'run:3')
        seen = self.see('Deployment', 'coder', 'rolled out again',
                        lambda w: rollout('complete')(w) and ready(2)(w))
        self.assertEqual((seen['rollout']['revision'], seen['images']),
                         ('3', ['registry.example/run:3']))
        self.world.patch(NS, 'deployments', 'coder', {'spec': {
            'paused': True}})
        self.see('Deployment', 'coder', 'paused', rollout('paused'))
        self.drop('Deployment', 'deployments', 'coder')

    def image(self, name, image):
        self.world.patch(NS, 'deployments', name, {'spec': {'template': {
            'spec': {'containers': [container(image, limits=LIMITS)]}}}})

    def test_does_not_fit(self):
        """Why a pod is pending is what its user wants to know."""
        self.deploy('huge', 'run', limits={'cpu': '10k', 'memory': '1Gi'})
        seen = self.see('Deployment', 'huge', 'cannot be scheduled',
                        lambda w: w['pods'] and
                        w['pods'][0]['reason'] == 'Unschedulable')
        self.assertEqual((seen['pods'][0]['status'], seen['pods'][0]['node']),
                         ('Pending', None))
        self.assertIn('Insufficient cpu', seen['pods'][0]['message'])
        self.drop('Deployment', 'deployments', 'huge')

    def test_quota(self):
        """No pod at all, and the controller says why."""
        quotas = '/api/v1/namespaces/other/resourcequotas'
        self.world.admin.create(quotas, {
            'metadata': {'name': 'none'}, 'spec': {'hard': {'pods': '0'}}})
        # its controller is not run
        self.world.admin.patch(quotas + '/none/status', {'status': {
            'hard': {'pods': '0'}, 'used': {'pods': '0'}}})
        self.deploy('refused', 'run', namespace='other')
        seen = self.see('Deployment', 'refused', 'refused',
                        lambda w: 'exceeded quota' in
                        (w['rollout']['message'] or ''), 'other')
        self.assertEqual((seen['live']['active_pods'], seen['pods']), (0, []))
        self.world.admin.delete(quotas + '/none')
        self.world.remove('other', 'deployments', 'refused')
        self.gone('Deployment', 'refused', 'other')


class Trouble(Case):
    """Pods that do not run, each in its way."""

    def setUp(self):
        super().setUp()
        for name in ('crash', 'oom', 'missing', 'unready', 'slow'):
            self.deploy(name, name + ':1')
        self.world.create(NS, 'pods', pod('broken', container('broken'),
                                          restart='Never'))

    def tearDown(self):
        for name in ('crash', 'oom', 'missing', 'unready', 'slow'):
            self.drop('Deployment', 'deployments', name)
        self.drop('Pod', 'pods', 'broken')

    def pod(self, kind, name, status):
        seen = self.see(kind, name, status, lambda w: w['pods'] and
                        w['pods'][0]['status'] == status)
        return seen['pods'][0]

    def test_trouble(self):
        seen = self.pod('Deployment', 'crash', 'CrashLoopBackOff')
        one = seen['containers'][0]
        self.assertEqual((seen['restarts'], seen['ready'], one['state'],
                          one['reason']),
                         (5, False, 'waiting', 'CrashLoopBackOff'))
        self.assertEqual((one['last']['reason'], one['last']['exit_code']),
                         ('Error', 1))
        self.assertIn('back-off', one['message'])
        one = self.pod('Deployment', 'oom', 'CrashLoopBackOff')
        self.assertEqual(one['containers'][0]['last']['reason'], 'OOMKilled')
        self.assertIsNotNone(one['last_restart_at'])
        self.pod('Deployment', 'missing', 'ImagePullBackOff')
        self.pod('Deployment', 'slow', 'ContainerCreating')
        seen = self.pod('Deployment', 'unready', 'Running')
        self.assertFalse(seen['ready'])
        seen = self.pod('Pod', 'broken', 'Error')
        self.assertEqual(seen['containers'][0]['exit_code'], 3)
        self.assertEqual(seen['phase'], 'Failed')
        say('%d pods as kubectl prints them' % self.world.agree())


class Kinds(Case):
    def test_kinds(self):
        create = self.world.create
        create(NS, 'statefulsets', controller(
            'memory', 'run', replicas=2, serviceName='memory'))
        create(NS, 'daemonsets', controller('watcher', 'run'))
        create(NS, 'jobs', job('index', 'task', completions=2, parallelism=2))
        create(NS, 'jobs', job('import', 'run', parallelism=2))
        create(NS, 'cronjobs', cron_job('nightly', 'task'))
        self.world.cluster.kubectl('-n', NS, 'create', 'job', 'nightly-1',
                                   '--from=cronjob/nightly')
        create(NS, 'pods', pod('shell', container('run'),
                               container('run', 'side')))
        seen = self.see('StatefulSet', 'memory', 'two pods', ready(2))
        self.assertEqual([p['pod_id'] for p in seen['pods']],
                         ['memory-0', 'memory-1'])
        seen = self.see('DaemonSet', 'watcher', 'one a node', ready(3))
        self.assertEqual((seen['max_pods'], seen['max_pods_source']),
                         (3, 'desired_number_scheduled'))
        seen = self.see('Job', 'import', 'two run', active(2))
        self.assertEqual((seen['max_pods'], seen['max_pods_source']),
                         (2, 'parallelism'))
        seen = self.see('Job', 'index', 'done',
                        lambda w: w['live']['finished_pods'] == 2)
        self.assertEqual(seen['live']['active_pods'], 0)
        # the pods of its jobs are the cron job's
        seen = self.see('CronJob', 'nightly', 'done', lambda w:
                        w['live']['finished_pods'] == 1)
        self.assertTrue(seen['pods'][0]['pod_id'].startswith('nightly-1-'))
        seen = self.see('Pod', 'shell', 'runs', ready(1))
        self.assertEqual((seen['pods'][0]['containers_ready'],
                          seen['pods'][0]['containers_total']), (2, 2))
        say('%d pods as kubectl prints them' % self.world.agree())
        for kind, plural, name in (
                ('StatefulSet', 'statefulsets', 'memory'),
                ('DaemonSet', 'daemonsets', 'watcher'), ('Pod', 'pods',
                                                         'shell')):
            self.drop(kind, plural, name)
        # without this their pods would be left alone
        for plural, name, kind in (('jobs', 'index', 'Job'),
                                   ('jobs', 'import', 'Job'),
                                   ('cronjobs', 'nightly', 'CronJob')):
            self.world.remove(NS, plural, name,
                              propagationPolicy='Background')
            self.gone(kind, name)


class ByHand(Case):
    """Pods whose status the test writes itself."""

    def status(self, name, **status):
        self.world.patch('manual', 'pods', name, {'status': status},
                         '/status')

    def add(self, name, *containers, **spec):
        self.world.create('manual', 'pods', pod(
            name, *(containers or (container('run'),)), nodeName='node-a',
            **spec))

    def test_evicted(self):
        self.add('evicted')
        self.status('evicted', phase='Failed', reason='Evicted',
                    message='The node was low on resource: memory.',
                    startTime=stamp())
        seen = self.see('Pod', 'evicted', 'evicted', lambda w: w['pods'] and
                        w['pods'][0]['status'] == 'Evicted', 'manual')
        self.assertEqual((seen['pods'][0]['phase'],
                          seen['pods'][0]['message']),
                         ('Failed', 'The node was low on resource: memory.'))
        self.world.agree()
        self.world.remove('manual', 'pods', 'evicted', gracePeriodSeconds=0)
        self.gone('Pod', 'evicted', 'manual')

    def test_terminating(self):
        self.add('leaving')
        self.status('leaving', phase='Running', startTime=stamp())
        self.world.remove('manual', 'pods', 'leaving', gracePeriodSeconds=600)
        seen = self.see('Pod', 'leaving', 'leaves', lambda w: w['pods'] and
                        w['pods'][0]['status'] == 'Terminating', 'manual')
        self.assertEqual((seen['live']['active_pods'],
                          seen['live']['terminating_pods']), (0, 1))
        self.world.agree()
        self.world.remove('manual', 'pods', 'leaving', gracePeriodSeconds=0)
        self.gone('Pod', 'leaving', 'manual')

    def test_init_and_sidecars(self):
        """The states between Pending and Running, as a kubelet tells them."""
        self.add('stages', container('run'), container('run', 'web'),
                 initContainers=[container('task', 'first'), dict(
                     container('run', 'proxy'), restartPolicy='Always')])
        running = {'running': {'startedAt': stamp()}}
        done = {'terminated': {'exitCode': 0, 'reason': 'Completed'}}
        failed = {'terminated': {'exitCode': 2, 'reason': 'Error'}}
        starting = {'waiting': {'reason': 'PodInitializing'}}

        def one(name, state, ready=False, restarts=0, started=None):
            return {'name': name, 'image': '', 'imageID': '', 'ready': ready,
                    'restartCount': restarts, 'state': state,
                    'started': started}
        waiting = [one('main', starting), one('web', starting)]
        stages = (
            ([one('first', running), one('proxy', starting)], waiting),
            ([one('first', failed, restarts=2), one('proxy', starting)],
             waiting),
            ([one('first', done, True), one('proxy', running, started=False)],
             waiting),
            ([one('first', done, True),
              one('proxy', running, True, 1, True)], waiting),
            ([one('first', done, True), one('proxy', running, True, 1, True)],
             [one('main', running, True, started=True),
              one('web', {'terminated': {'exitCode': 137, 'signal': 9}})]),
            ([one('first', done, True), one('proxy', running, True, 1, True)],
             [one('main', running, True, started=True),
              one('web', done)]),
        )
        seen = []
        for init, main in stages:
            self.status('stages', phase='Running' if main is not waiting
                        else 'Pending', startTime=stamp(),
                        initContainerStatuses=init, containerStatuses=main)
            want = self.world.table()['manual', 'stages']
            until(lambda: self.world.served().get(('manual', 'stages')) ==
                  want, 'stages to be %s, is %s' % (want, self.world.served(
                  ).get(('manual', 'stages'))))
            seen.append('%s %d/%d' % want[:3])
        say('a pod with init containers: ' + ', '.join(seen))
        self.world.remove('manual', 'pods', 'stages', gracePeriodSeconds=0)
        self.gone('Pod', 'stages', 'manual')


class Usage(Case):
    """The metrics API is not there, is broken, is there."""

    def part(self, state):
        until(lambda: self.view.parts()['podmetrics']['state'] == state,
              'metrics to be ' + state)
        return self.view.parts()['podmetrics']

    def test_usage(self):
        self.deploy('search', 'run', replicas=2)
        seen = self.see('Deployment', 'search', 'two pods', ready(2))
        self.assertEqual([(p['cpu'], p['memory']) for p in seen['pods']],
                         [(None, None)] * 2)
        self.part('unsupported')
        self.world.admin.create('/apis/apiregistration.k8s.io/v1/apiservices',
                                METRICS_AWAY)
        say('503 is told as: %s' % self.part('failing')['reason'])
        self.assertEqual(self.view.source()['status'], 'degraded')
        self.world.admin.delete('/apis/apiregistration.k8s.io/v1/apiservices/'
                                'v1beta1.metrics.k8s.io')
        self.world.serve_metrics()
        self.part('ok')
        self.report('search', '400m', '64Mi')
        seen = self.see('Deployment', 'search', 'use is known', lambda w: all(
            p['cpu'] is not None for p in w['pods']))
        self.assertEqual({(p['cpu'], p['memory'], p['memory_bytes'])
                          for p in seen['pods']}, {(0.4, 64, 64 << 20)})
        self.assertEqual(self.view.source()['status'], 'ok')
        self.scale()
        self.drop('Deployment', 'deployments', 'search')

    def report(self, name, cpu, memory):
        """What a metrics server tells of the pods there are."""
        where = '/apis/metrics.k8s.io/v1beta1/namespaces/%s/pods' % NS
        pods = self.world.admin.get(
            path(NS, 'pods') + '?labelSelector=app%3D' + name)['items']

        def tell():
            for one in pods:
                self.world.admin.create(where, usage(
                    one['metadata']['name'], {'app': name}, stamp(), cpu,
                    memory))
            return True
        # the new kind takes a moment to be served
        until(lambda: self.world.admin.raw('GET', where)[0] == 200,
              'metrics.k8s.io')
        tell()

    def scale(self):
        """400m of the 500m asked for, where 60 % are wanted: more pods."""
        self.world.create(NS, 'horizontalpodautoscalers',
                          autoscaler('search-scaler', 'search', 1, 3))
        seen = self.see('Deployment', 'search', 'three pods', lambda w:
                        ready(3)(w) and w['autoscaler'] is not None and
                        w['autoscaler']['current_pods'] == 3)
        self.assertEqual((seen['max_pods'], seen['max_pods_source']),
                         (3, 'hpa'))
        self.assertEqual(
            seen['autoscaler'],
            dict(seen['autoscaler'], name='search-scaler', min_pods=1,
                 max_pods=3, desired_pods=3))
        self.world.patch(NS, 'horizontalpodautoscalers', 'search-scaler',
                         {'spec': {'maxReplicas': 9}})
        self.see('Deployment', 'search', 'max_pods 9',
                 lambda w: w['max_pods'] == 9)
        self.world.remove(NS, 'horizontalpodautoscalers', 'search-scaler')
        self.see('Deployment', 'search', 'no autoscaler', lambda w:
                 w['autoscaler'] is None and
                 w['max_pods_source'] == 'replicas')
