"""Workloads that say of themselves that they are agents."""
from objects import controller
from test_workload import Case, NS
from world import say

from harness import until

MARK = 'systate.io/'


class Agents(Case):
    def agent(self, name):
        return {a['name']: a for a in self.view.state()['agents'] or []}.get(
            name)

    def see_agent(self, name, **want):
        def holds():
            seen = self.agent(name)
            return seen is not None and {k: seen.get(k)
                                         for k in want} == want
        try:
            until(holds, 'agent %s: %s' % (name, want))
        except AssertionError:
            say('seen: %s' % self.agent(name))
            raise

    def note(self, plural, name, **notes):
        self.world.patch(NS, plural, name, {'metadata': {'annotations': {
            MARK + key.replace('_', '-'): value
            for key, value in notes.items()}}})

    def test_life(self):
        """Marked by a label, described, renamed, broken, gone."""
        body = controller('reviewer', 'run', replicas=1)
        body['metadata']['labels'] = {MARK + 'agent': 'true'}
        self.world.create(NS, 'deployments', body)
        self.see_agent('reviewer', deployment_name='reviewer', namespace=NS,
                       description='', models=[], status='running',
                       max_parallel_invocations=None)
        self.note('deployments', 'reviewer', description='Reviews changes.',
                  models='gpt-4o-mini, gpt-4o',
                  max_parallel_invocations='4')
        self.see_agent('reviewer', description='Reviews changes.',
                       models=['gpt-4o', 'gpt-4o-mini'],
                       max_parallel_invocations=4)
        self.world.patch(NS, 'deployments', 'reviewer',
                         {'spec': {'replicas': 0}})
        self.see_agent('reviewer', status='offline')
        self.note('deployments', 'reviewer', agent='code reviewer')
        self.see_agent('code reviewer', deployment_name='reviewer')
        self.assertIsNone(self.agent('reviewer'))
        self.drop('Deployment', 'deployments', 'reviewer')
        until(lambda: self.agent('code reviewer') is None, 'it to be gone')

    def test_kinds(self):
        """Others than Deployments; and what is not marked is none."""
        for kind, plural, name, more in (
                ('StatefulSet', 'statefulsets', 'rememberer',
                 {'replicas': 1, 'serviceName': 'rememberer'}),
                ('DaemonSet', 'daemonsets', 'watchman', {})):
            self.world.create(NS, plural, controller(name, 'run', **more))
            self.see(kind, name, 'runs', lambda w: w['live']['ready_pods'])
            self.assertIsNone(self.agent(name))
            self.note(plural, name, agent='true')
            self.see_agent(name, deployment_name=name, status='running')
            self.note(plural, name, agent='false')
            until(lambda gone=name: self.agent(gone) is None, name)
            self.drop(kind, plural, name)
