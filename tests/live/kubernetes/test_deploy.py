"""The shipped manifests against the API server that would take them."""
import json
import os
import unittest

from world import DEPLOY, say, world

from harness import until

READER = 'system:serviceaccount:systate:systate'
MAY = (('', 'pods'), ('apps', 'deployments'), ('apps', 'replicasets'),
       ('apps', 'statefulsets'), ('apps', 'daemonsets'), ('batch', 'jobs'),
       ('batch', 'cronjobs'), ('autoscaling', 'horizontalpodautoscalers'))
MAY_NOT = (('get', '', 'secrets'), ('list', '', 'secrets'),
           ('list', '', 'configmaps'), ('get', '', 'pods/log'),
           ('create', '', 'pods/exec'), ('create', '', 'pods'),
           ('delete', '', 'pods'), ('get', '', 'pods'), ('list', '', 'nodes'),
           ('patch', 'apps', 'deployments'), ('list', '', 'events'),
           ('impersonate', '', 'users'),
           ('create', '', 'serviceaccounts/token'))


class Manifests(unittest.TestCase):
    def setUp(self):
        self.world = world()
        self.kubectl = self.world.cluster.kubectl

    def may(self, verb, group, resource, namespace=''):
        """As `kubectl auth can-i` asks."""
        resource, _, part = resource.partition('/')
        return self.world.admin.create(
            '/apis/authorization.k8s.io/v1/subjectaccessreviews',
            {'spec': {'user': READER, 'resourceAttributes': {
                'verb': verb, 'group': group, 'resource': resource,
                'subresource': part, 'namespace': namespace}}}
        )['status']['allowed']

    def test_accepted(self):
        """Applied before the first test; the server finds nothing to say of
        it again, neither does it warn."""
        for name, namespace in (('kubernetes.yaml', 'systate'),
                                ('kubernetes-namespaced.yaml', 'agents')):
            status, said = self.kubectl(
                '-n', namespace, 'apply', '--dry-run=server',
                '--warnings-as-errors', '--validate=strict',
                '-f', os.path.join(DEPLOY, name), check=False)
            self.assertEqual(status, 0, said)
            self.assertNotIn('arning', said)

    def test_rights(self):
        for group, resource in MAY:
            for verb in ('list', 'watch'):
                self.assertTrue(self.may(verb, group, resource), resource)
        self.assertTrue(self.may('list', 'metrics.k8s.io', 'pods'))
        for verb, group, resource in MAY_NOT:
            self.assertFalse(self.may(verb, group, resource, 'agents'),
                             (verb, resource))

    def test_role_is_the_cluster_role(self):
        """Two files, the same rules."""
        rules = {}
        for name in ('kubernetes.yaml', 'kubernetes-namespaced.yaml'):
            said = self.kubectl('create', '--dry-run=client', '-o', 'json',
                                '-f', os.path.join(DEPLOY, name))
            decoder, at = json.JSONDecoder(), 0
            while at < len(said):
                one, at = decoder.raw_decode(said, at)
                at += len(said[at:]) - len(said[at:].lstrip())
                if one['kind'] in ('Role', 'ClusterRole'):
                    rules[one['kind']] = one['rules']
        self.assertEqual(rules['Role'], rules['ClusterRole'])

    def test_runs(self):
        """The pod was admitted under the restricted policy of its namespace,
        and systate shows itself."""
        until(lambda: any(
            key[0] == 'systate' and p['status'] == 'Running'
            for key, p in self.world.view.pods().items()), 'the pod')
        seen = self.world.view.workload('systate', 'Deployment', 'systate')
        self.assertEqual((seen['pod_max_cpu'], seen['pod_max_ram'],
                          seen['max_pods']), ('1', '512Mi', 1))
        space = self.world.admin.get('/api/v1/namespaces/systate')
        self.assertEqual(space['metadata']['labels'][
            'pod-security.kubernetes.io/enforce'], 'restricted')
        say('the shipped Deployment runs, under the policy "restricted"')
