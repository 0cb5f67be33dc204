"""Plays the kubelets of a few nodes: whatever pod the scheduler gives them is
started, fails, ends or hangs as the name of its image says, and is taken away
when it is deleted. Writes status as a kubelet does, by PATCH on the status
subresource.

    .../run          runs and is ready
    .../slow         hangs in ContainerCreating
    .../unready      runs, never ready
    .../crash        CrashLoopBackOff after Error, exit 1
    .../oom          CrashLoopBackOff after OOMKilled
    .../missing      ImagePullBackOff
    .../task         Completed
    .../broken       Failed, exit 3"""
import http.client
import json
import threading
import time

from cluster import Api, Refused

NODES = ('node-a', 'node-b', 'node-c')


def stamp(seconds_ago=0):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ',
                         time.gmtime(time.time() - seconds_ago))


def condition(kind, holds, reason=None, message=None):
    made = {'type': kind, 'status': 'True' if holds else 'False',
            'lastTransitionTime': stamp()}
    if reason:
        made.update(reason=reason, message=message or '')
    return made


def ended(reason, code, ago=0):
    return {'terminated': {'reason': reason, 'exitCode': code,
                           'startedAt': stamp(ago + 60),
                           'finishedAt': stamp(ago)}}


def waiting(reason, message=''):
    return {'waiting': {'reason': reason, 'message': message}}


BACK_OFF = 'back-off 5m0s restarting failed container'


def behaviour(image):
    """(phase, state, last state, ready, restarts)"""
    name = image.rsplit('/', 1)[-1].split(':')[0]
    running = {'running': {'startedAt': stamp()}}
    return {
        'slow': ('Pending', waiting('ContainerCreating'), {}, False, 0),
        'unready': ('Running', running, {}, False, 0),
        'crash': ('Running', waiting('CrashLoopBackOff', BACK_OFF),
                  ended('Error', 1, 30), False, 5),
        'oom': ('Running', waiting('CrashLoopBackOff', BACK_OFF),
                ended('OOMKilled', 137, 30), False, 3),
        'missing': ('Pending', waiting('ImagePullBackOff',
                                       'Back-off pulling image'),
                    {}, False, 0),
        'task': ('Succeeded', ended('Completed', 0), {}, False, 0),
        'broken': ('Failed', ended('Error', 3), {}, False, 0),
    }.get(name, ('Running', running, {}, True, 0))


def container_status(container):
    phase, state, last, ready, restarts = behaviour(container['image'])
    return phase, {
        'name': container['name'], 'image': container['image'],
        'imageID': '', 'state': state, 'lastState': last, 'ready': ready,
        'restartCount': restarts, 'started': 'running' in state}


def status_of(pod):
    """Phase is that of the worst container, as all of ours have one phase."""
    made = [container_status(c) for c in pod['spec']['containers']]
    phases = [phase for phase, _ in made]
    phase = next((p for p in ('Pending', 'Running', 'Failed', 'Succeeded')
                  if p in phases))
    ready = all(status['ready'] for _, status in made)
    return {'phase': phase, 'hostIP': '127.0.0.1', 'podIP': '10.1.0.1',
            'podIPs': [{'ip': '10.1.0.1'}], 'startTime': stamp(),
            'conditions': [condition('Initialized', True),
                           condition('Ready', ready),
                           condition('ContainersReady', ready)],
            'containerStatuses': [status for _, status in made]}


class Kubelet:
    def __init__(self, cluster):
        self.cluster = cluster
        self.api = Api(cluster)
        self.done = threading.Event()
        self.manual = set()  # namespaces that the test plays itself
        self.failure = None
        for node in NODES:
            self.add_node(node)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def add_node(self, name):
        admin = self.cluster.admin
        admin.create('/api/v1/nodes', {'metadata': {'name': name}})
        room = {'cpu': '9k', 'memory': '9Ti', 'pods': '9k'}
        admin.patch('/api/v1/nodes/%s/status' % name, {'status': {
            'capacity': room, 'allocatable': room,
            'conditions': [condition('Ready', True, 'KubeletReady')]}})

    def close(self):
        self.done.set()
        self.thread.join(20)
        self.api.close()
        if self.failure is not None:
            raise AssertionError('the kubelet failed: %r' % self.failure)

    def _run(self):
        while not self.done.is_set():
            try:
                self._follow()
            except (OSError, http.client.HTTPException, Refused):
                self.done.wait(0.1)  # the server is away: begin again
            except Exception as why:  # pylint: disable=broad-except
                self.failure = why
                return

    def _follow(self):
        pods = self.api.get('/api/v1/pods')
        for pod in pods['items']:
            self._see(pod)
        stream = Api(self.cluster)
        try:
            answer = stream.open(
                'GET', '/api/v1/pods?watch=1&timeoutSeconds=5'
                '&resourceVersion=' + pods['metadata']['resourceVersion'])
            for line in answer:
                event = json.loads(line)
                if event['type'] in ('ADDED', 'MODIFIED'):
                    self._see(event['object'])
                elif event['type'] == 'ERROR':
                    return
                if self.done.is_set():
                    return
        finally:
            stream.close()

    def _see(self, pod):
        meta = pod['metadata']
        path = '/api/v1/namespaces/%s/pods/%s' % (meta['namespace'],
                                                  meta['name'])
        if meta['namespace'] in self.manual or 'nodeName' not in pod['spec']:
            return
        try:
            if 'deletionTimestamp' in meta:
                self.api.delete(path, gracePeriodSeconds=0)
            elif 'startTime' not in pod['status']:
                self.api.patch(path + '/status', {'status': status_of(pod)})
        except Refused as why:
            if why.status not in (404, 409):
                raise
