"""A producer, or a worker, of RQ 1 or 2.
    actor.py produce REDIS          orders on standard input, a line of JSON each
    actor.py work REDIS NAME QUEUE...
"""
import datetime
import json
import sys

import errands
from redis import Redis
from rq import Queue, Retry, Worker
from rq.job import Job


def enqueue(connection, order):
    """The id of the job that was made."""
    queue = Queue(order['queue'], connection=connection)
    after = [Job.fetch(i, connection=connection)
             for i in order.get('after', [])]
    options = {'job_id': order['id']} if 'id' in order else {}
    if 'retry' in order:
        options['retry'] = Retry(**order['retry'])
    function, args = getattr(errands, order['function']), order['args']
    if 'delay' in order:
        delay = datetime.timedelta(seconds=order['delay'])
        return queue.enqueue_in(delay, function, *args, **options).id
    return queue.enqueue(function, *args, depends_on=after or None,
                         **options).id


def produce(connection):
    print('ready', flush=True)
    for line in sys.stdin:
        print(enqueue(connection, json.loads(line)), flush=True)


def main():
    connection = Redis.from_url(sys.argv[2])
    if sys.argv[1] == 'produce':
        produce(connection)
        return
    queues = [Queue(name, connection=connection) for name in sys.argv[4:]]
    Worker(queues, name=sys.argv[3], connection=connection).work()


if __name__ == '__main__':
    main()
