#!/usr/bin/env python3
"""Each way in which RabbitMQ can fail has its own code in sources[], and
nothing else of the document changes. Usage: faults.py SYSTATED DOUBLE"""
import json
import sys

sys.dont_write_bytecode = True

from broker import source, wait_until  # noqa: E402
from double import Double  # noqa: E402
from service import Service, run  # noqa: E402

TIMING = {'interval_seconds': 0.1, 'deadline_seconds': 4,
          'max_age_seconds': 600}
FAULTS = (
    ('hold', 'timeout'),
    ('hold-body', 'timeout'),
    ('cut', 'truncated'),
    ('cut-chunk', 'truncated'),
    ('reset', 'truncated'),
    ('length-long', 'truncated'),
    ('length-short', 'protocol'),
    ('bad-chunk', 'protocol'),
    ('garbage', 'protocol'),
    ('redirect', 'protocol'),
    ('close', 'truncated'),
    ('huge 100000000', 'too_large'),
    ('huge-chunked 100000000', 'too_large'),
    ('gzip-bomb 20000000', 'too_large'),
    ('bad-gzip', 'protocol'),
    ('utf8', 'encoding'),
    ('nul', 'nul_byte'),
    ('escaped-nul', 'nul_byte'),
    ('deep', 'too_deep'),
    ('html', 'syntax'),
    ('empty', 'truncated'),
    ('wrong-type', 'wrong_type'),
    ('status 401', 'unauthorized'),
    ('status 403', 'forbidden'),
    ('status 404', 'not_found'),
    ('status 429 1', 'rate_limited'),
    ('status 500', 'upstream_error'),
)


def rest(document):
    """All but what a failure may change: the source's own row, identity."""
    document = dict(document)
    for name in ('epoch', 'revision', 'captured_at'):
        document.pop(name)
    document['sources'] = [s for s in document['sources']
                           if s['name'] != 'queues/rabbitmq']
    return json.dumps(document)


def one(service, double, fault, code, good):
    double.order('fault - %s' % fault)

    def failed():
        document = service.state()
        assert rest(document) == good, 'something else changed'
        error = service.source(document)['error']
        return error is not None and error
    error = wait_until('a failure by ' + fault, failed, 30)
    assert error['code'] == code, '%s: %s' % (fault, error)
    assert service.source()['status'] == 'ok'
    double.order('fault - none')
    double.order('release')
    wait_until('the end of ' + fault,
               lambda: service.source()['error'] is None, 60)
    assert rest(service.state()) == good
    print('  %-24s %s' % (fault, code))


def check(systated, program):
    double = Double(program)
    try:
        # a small bound, so that reaching it is no matter of time
        with Service(systated, source(double.url, TIMING),
                     mock={'enabled': True, 'scenario': 'calm'},
                     limits={'max_upstream_body_bytes': 1048576}) as service:
            wait_until('the first answer',
                       lambda: len(service.queues()) == 9, 30)
            good = rest(service.state())
            for fault, code in FAULTS:
                one(service, double, fault, code, good)
            double.order('release')
    finally:
        double.close()


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(run('RabbitMQ', lambda: check(*sys.argv[1:])))
