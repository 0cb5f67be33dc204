"""An application with Celery: worker and producer of the test. Tasks that are
to take time read a named pipe, so that the test says when they end.

As a program it is the producer: a JSON line in, a JSON line out."""
import json
import os
import sys

from celery import Celery, chain, chord
from kombu import Queue

DIR = os.environ['SST_CELERY_DIR']
app = Celery('agents', broker=os.environ['SST_CELERY_BROKER'],
             backend=os.environ['SST_CELERY_BACKEND'])
app.conf.update(
    task_default_queue='agent.plan',
    task_queues=[Queue('agent.plan'), Queue('agent.embed')],
    task_track_started=True, worker_prefetch_multiplier=4,
    task_acks_late=os.environ.get('SST_CELERY_LATE', '1') == '1',
    result_extended=True, broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    broker_transport_options={'visibility_timeout': 3600})


def wait_for(name):
    with open(os.path.join(DIR, name), encoding='utf-8') as pipe:
        return pipe.read()


@app.task(name='agents.plan')
def plan(name=None, *_):
    return wait_for(name) if name else 'planned'


@app.task(name='agents.fail')
def fail(name, secret):
    wait_for(name)
    raise ValueError('no plan for %s\nMARK-second-line' % name)


@app.task(name='agents.flaky', bind=True, max_retries=3)
def flaky(self, seconds):
    try:
        raise OSError('model is overloaded')
    except OSError as error:
        raise self.retry(exc=error, countdown=seconds)


@app.task(name='agents.sum')
def total(parts):
    return len(parts)


def signature(order):
    return app.signature(order['task'], args=order.get('args', []),
                         immutable=True).set(**order.get('options', {}))


def produce(order):
    """Ids of what was sent, in the order in which it runs."""
    how = order.get('how')
    parts = [signature(o) for o in order.get('parts', [order])]
    if how == 'chain':
        sent, ids = chain(*parts).apply_async(), []
        while sent is not None:
            ids.insert(0, sent.id)
            sent = sent.parent
        return ids
    if how == 'chord':
        sent = chord(parts[:-1], parts[-1]).apply_async()
        return [child.id for child in sent.parent.children] + [sent.id]
    return [p.apply_async().id for p in parts]


def main():
    with app.connection_for_write() as connection:
        for queue in app.conf.task_queues:
            queue(connection.default_channel).declare()
    print('ready', flush=True)
    for line in sys.stdin:
        print(json.dumps(produce(json.loads(line))), flush=True)


if __name__ == '__main__':
    main()
