#!/usr/bin/env python3
"""What a user of /system/state sees of a LiteLLM proxy without a database: its
deployments, use, spend, cool-down, requests in flight; what it has not; that
nothing secret comes through; what remains when it is killed, and that it comes
back. Usage: follow.py SYSTATED"""
import json
import os
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from proxy import KEY, Proxy  # noqa: E402
from service import Missing, wait_until  # noqa: E402
from watch import Watch  # noqa: E402

WRONG_KEY = 'sk-wrong-77a1'
# of one mock answer: 10 tokens in, 20 out
ANSWER_TOKENS = 30
ANSWER_USD = 10 * 1.5e-07 + 20 * 6e-07


def same(what, got, want):
    if got != want:
        raise AssertionError('%s: %r, expected %r' % (what, got, want))


def check_deployments(service):
    models = service.models()
    same('deployments', sorted(models), ['dep-a', 'dep-b'])
    a, b = models['dep-a'], models['dep-b']
    same('model', (a['model'], b['model']), ('gpt-4o-mini', 'local-llm'))
    same('provider', (a['provider'], b['provider']), ('openai', 'openai'))
    same('limits', (a['tpm_max'], a['rpm_max']), (1000, 100))
    same('limits', (b['tpm_max'], b['rpm_max']), (None, 60))
    same('payment', (a['payment_type'], a['payment_type_inferred']),
         ('prepaid', False))
    same('payment', (b['payment_type'], b['payment_type_inferred']),
         ('rented', False))
    same('price', a['price'], {'input_usd_per_token': 1.5e-07,
                               'output_usd_per_token': 6e-07})
    same('fallbacks', (a['fallbacks'], b['fallbacks']), (['local-llm'], []))
    same('spend today', a['spend_usd_today'], None)
    print('  deployments, limits, prices, payment, fallbacks')


def check_upstream(service):
    wait_until('the backlog is known',
               lambda: service.upstream()['in_flight_requests'] == 0, 20)
    upstream, parts = service.upstream(), service.parts()
    same('upstream', [upstream[k] for k in (
        'status', 'version', 'database', 'cooldown_seconds', 'allowed_fails')],
         ['ok', '1.96.0', 'not_configured', 10, 1])
    states = {name: part['state'] for name, part in parts.items()}
    wanted = dict.fromkeys(('liveliness', 'readiness', 'models', 'groups',
                            'metrics', 'router', 'backlog',
                            'provider_budgets'), 'ok')
    wanted.update(dict.fromkeys(('health', 'spend', 'keys', 'teams'),
                                'unsupported'))
    same('parts', states, wanted)
    for name in ('health', 'spend', 'keys', 'teams'):
        assert 'connected' in parts[name]['reason'] or \
            'initialized' in parts[name]['reason'], parts[name]
    budgets = upstream['budgets']
    same('budgets', [(b['scope'], b['name'], b['max_usd'], b['period'])
                     for b in budgets], [('provider', 'openai', 1, '1d')])
    # this release tells a reset half a century ahead
    same('reset', budgets[0]['resets_at'], None)
    same('source', service.source()['status'], 'ok')
    print('  parts: ' + ', '.join('%s %s' % i for i in sorted(states.items())))


def check_use(service, proxy):
    wait_until('two samples', lambda: all(
        m['rpm'] == 0 and m['tpm'] == 0 and m['usage_quality'] == 'ok'
        for m in service.models().values()), 20)
    before = service.models()['dep-a']['spend_usd_observed']
    for _ in range(5):
        same('answer', proxy.chat('gpt-4o-mini'), 200)
    for _ in range(2):
        same('answer', proxy.chat('local-llm'), 200)

    def seen():
        a, b = (service.models()[i] for i in ('dep-a', 'dep-b'))
        return a['rpm'] >= 5 and b['rpm'] >= 2 and (
            a['tpm'] >= 5 * ANSWER_TOKENS and b['tpm'] >= 20) and (a, b)
    a, b = wait_until('use is seen', seen, 20)
    assert b['window_seconds'] == 60
    spent = a['spend_usd_observed'] - before
    assert abs(spent - 5 * ANSWER_USD) < 1e-9, spent
    assert a['spend_observed_since'] is not None
    same('remaining', b['remaining'], {'tokens': 4990, 'requests': 59,
                                       **({'resets_at': None} if 'resets_at'
                                          in b['remaining'] else {})})
    same('status', (a['status'], b['status']), ('healthy', 'healthy'))
    print('  use: rpm %d, tpm %d; observed spend %.7f USD' % (
        a['rpm'], a['tpm'], spent))
    return time.monotonic()


def check_minute(service, began):
    """A minute later the scale is 1 and then nothing is left of it."""
    wait_until('the minute is over', lambda: all(
        m['rpm'] == 0 and m['tpm'] == 0 for m in service.models().values()),
        90)
    print('  no use %d s after the last request' % (time.monotonic() - began))


def check_in_flight(service, proxy):
    proxy.backend.gate.clear()
    asking = threading.Thread(target=proxy.chat, args=('local-llm',))
    asking.start()
    try:
        wait_until('one request in flight',
                   lambda: service.upstream()['in_flight_requests'] == 1, 30)
    finally:
        proxy.backend.gate.set()
        asking.join()
    wait_until('none in flight',
               lambda: service.upstream()['in_flight_requests'] == 0, 30)
    print('  in flight: 1, then 0')


def check_cooldown(service, proxy):
    proxy.backend.status = 429
    for _ in range(3):
        same('refusal', proxy.chat('local-llm'), 429)

    def cooled():
        b = service.models()['dep-b']
        return b['status'] == 'cooldown' and b
    b = wait_until('the cool-down is seen', cooled, 15)
    assert '429' in b['cooldown']['reason'], b
    assert b['cooldown']['until'] is not None, b
    assert b['failures_per_minute'] > 0, b
    proxy.backend.status = 200
    wait_until('the cool-down is over',
               lambda: service.models()['dep-b']['cooldown'] is None, 30)
    same('answer', proxy.chat('local-llm'), 200)
    wait_until('it is healthy again',
               lambda: service.models()['dep-b']['status'] == 'healthy', 20)
    print('  cool-down: noticed, over, healthy')


def check_secrets(service):
    text = service.everything()
    for mark in (KEY, WRONG_KEY, 'MARK-', 'hashed_api_key', 'api_base',
                 'LITELLM_MASTER_KEY', 'litellm_proxy_master_key'):
        assert mark not in text, 'told: ' + mark
    print('  no key, no address, no header in %d bytes' % len(text))


def check_silence(service):
    """An idle proxy is silent: five polls without a revision."""
    def quiet():
        revision, polls = service.state()['revision'], service.attempts()
        wait_until('five polls',
                   lambda: service.attempts() >= polls + 5, 30)
        return service.state()['revision'] == revision
    wait_until('no revision in five polls', quiet, 60)
    print('  no revision in five polls')


def check_wrong_key(binary, proxy):
    service = Watch(binary, proxy.url, WRONG_KEY)
    try:
        source = wait_until('an error', lambda: (
            service.source()['error'] and service.source()), 20)
        same('code', source['error']['code'], 'unauthorized')
        same('status', source['status'], 'down')
        check_secrets(service)
        service.stop()
    finally:
        service.close()
    print('  a wrong key: ' + source['error']['message'])


def check_kill(service, proxy):
    before = sorted(service.models())
    proxy.kill()
    wait_until('the source is stale',
               lambda: service.source()['status'] == 'stale', 30)
    same('code', service.source()['error']['code'], 'unreachable')
    same('deployments', sorted(service.models()), before)
    proxy.start()
    wait_until('the source is ok again',
               lambda: service.source()['status'] == 'ok', 60)
    same('deployments', sorted(service.models()), before)
    wait_until('use is known again', lambda: all(
        m['rpm'] == 0 for m in service.models().values()), 90)
    print('  killed: stale, all served; back: ok')


def follow(binary, proxy):
    proxy.start()
    service = Watch(binary, proxy.url, KEY)
    try:
        wait_until('the first answer',
                   lambda: service.source()['status'] == 'ok', 30)
        check_deployments(service)
        check_upstream(service)
        began = check_use(service, proxy)
        check_in_flight(service, proxy)
        check_cooldown(service, proxy)
        check_wrong_key(binary, proxy)
        check_secrets(service)
        check_minute(service, began)
        check_silence(service)
        check_kill(service, proxy)
        service.stop()
    except BaseException:
        print(json.dumps(service.state(), indent=1)
              if service.process.poll() is None else '')
        print(service.log()[-4000:])
        raise
    finally:
        service.close()


def main(argv):
    if len(argv) != 2:
        sys.exit(__doc__)
    try:
        proxy = Proxy()
    except Missing as why:
        print('SKIP: live LiteLLM: %s' % why)
        return 77
    try:
        follow(argv[1], proxy)
    finally:
        proxy.close()
    print('ok')
    return 0


if __name__ == '__main__':
    # so that what was started is ended, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv))
