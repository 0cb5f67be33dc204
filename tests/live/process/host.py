"""The real service with one process source."""
from service import Service


class Host(Service):
    def __init__(self, binary, deployments):
        super().__init__(binary, {
            'name': 'workload/host', 'kind': 'process',
            'interval_seconds': 1, 'deadline_seconds': 2,
            'max_age_seconds': 10, 'options': {'deployments': deployments}})

    def deployment(self, name):
        return [w for w in self.state()['workload'] or []
                if w['deployment_name'] == name][0]

    def pods(self, name):
        """By process number."""
        return {int(p['pod_id'].split('-')[0]): p
                for p in self.deployment(name)['pods']}
