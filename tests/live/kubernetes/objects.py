"""Objects of the API, as short as the test can have them."""
MARKER = 'env-value-must-never-be-printed'
LIMITS = {'cpu': '500m', 'memory': '256Mi'}


def container(image, name='main', limits=None):
    made = {'name': name, 'image': 'registry.example/' + image,
            'env': [{'name': 'API_KEY', 'value': MARKER}]}
    if limits:
        made['resources'] = {'limits': limits}
    return made


def template(app, *containers, restart='Always', **spec):
    return {'metadata': {'labels': {'app': app},
                         'annotations': {'note': MARKER}},
            'spec': {'containers': list(containers), 'restartPolicy': restart,
                     'terminationGracePeriodSeconds': 1, **spec}}


def controller(name, image, limits=LIMITS, **spec):
    """A Deployment, StatefulSet or DaemonSet, by what is in spec."""
    return {'metadata': {'name': name},
            'spec': {'selector': {'matchLabels': {'app': name}},
                     'template': template(name, container(image,
                                                          limits=limits)),
                     **spec}}


def job(name, image, **spec):
    return {'metadata': {'name': name},
            'spec': {'template': template(name, container(image),
                                          restart='Never'), **spec}}


def cron_job(name, image):
    return {'metadata': {'name': name},
            'spec': {'schedule': '0 0 1 1 *',
                     'jobTemplate': {'spec': job(name, image)['spec']}}}


def pod(name, *containers, **spec):
    return {'metadata': {'name': name, 'annotations': {'note': MARKER}},
            'spec': template(name, *containers, **spec)['spec']}


def autoscaler(name, target, lowest, highest):
    return {'metadata': {'name': name},
            'spec': {'minReplicas': lowest, 'maxReplicas': highest,
                     'targetCPUUtilizationPercentage': 60,
                     'scaleTargetRef': {'apiVersion': 'apps/v1',
                                        'kind': 'Deployment',
                                        'name': target}}}


# metrics.k8s.io as the metrics server has it, but stored: the test writes it.
METRICS = {
    'apiVersion': 'apiextensions.k8s.io/v1',
    'kind': 'CustomResourceDefinition',
    'metadata': {'name': 'pods.metrics.k8s.io', 'annotations': {
        'api-approved.kubernetes.io': 'unapproved, a test'}},
    'spec': {
        'group': 'metrics.k8s.io', 'scope': 'Namespaced',
        'names': {'plural': 'pods', 'kind': 'PodMetrics',
                  'listKind': 'PodMetricsList'},
        'versions': [{
            'name': 'v1beta1', 'served': True, 'storage': True,
            'schema': {'openAPIV3Schema': {
                'type': 'object',
                'x-kubernetes-preserve-unknown-fields': True}}}]}}

# What there is when a metrics server is registered and does not run.
METRICS_AWAY = {
    'apiVersion': 'apiregistration.k8s.io/v1', 'kind': 'APIService',
    'metadata': {'name': 'v1beta1.metrics.k8s.io'},
    'spec': {'group': 'metrics.k8s.io', 'version': 'v1beta1',
             'groupPriorityMinimum': 100, 'versionPriority': 100,
             'insecureSkipTLSVerify': True,
             'service': {'namespace': 'kube-system',
                         'name': 'metrics-server'}}}


def usage(name, labels, at, cpu, memory):
    return {'apiVersion': 'metrics.k8s.io/v1beta1', 'kind': 'PodMetrics',
            'metadata': {'name': name, 'labels': labels}, 'timestamp': at,
            'window': '15s',
            'containers': [{'name': 'main', 'usage': {'cpu': cpu,
                                                      'memory': memory}}]}
