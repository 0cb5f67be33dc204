"""systate with the built service."""
import hashlib
import json
import os
import signal
import socket
import unittest

import cli
from cli import DIFFERS, SAME, UNKNOWN, UNREACHABLE


SHARED = {}


def setUpModule():
    """One service, whose state changes, with some revisions behind it."""
    SHARED['service'] = cli.harness.Service(scenario='overload').ready()
    unittest.addModuleCleanup(SHARED['service'].close)
    SHARED['last'] = cli.until(moved, 'a task that moves')


def moved():
    """The newest revision, once there was a move."""
    rows = SHARED['service'].get(
        '/system/state/history').json()['revisions']
    for row in rows:
        if row['summary'] and row['summary']['moved'] > 0:
            return rows[0]['revision']
    return None


class Served(cli.Case):
    @property
    def service(self):
        return SHARED['service']

    @property
    def last(self):
        return SHARED['last']

    def ask(self, *args, status=SAME, **more):
        return self.run_ok(*args, status=status, url=self.service.url, **more)

    def refused(self, *args, **more):
        return self.fails(*args, url=self.service.url, **more)

    def raw(self, path, accept='application/json'):
        answer = self.service.get(path, {'Accept': accept})
        self.assertEqual(answer.status, 200, answer.body)
        return answer.body


class Get(Served):
    def test_bytes_as_they_came(self):
        at = 'at=%d' % self.last
        for args, query in (((), ''), (('--pretty',), '&pretty=1'),
                            (('--view', 'base'), '&view=base'),
                            (('--view', 'keyed'), '&view=keyed'),
                            (('--sections', 'queues,agents'),
                             '&sections=agents,queues')):
            want = self.raw('/system/state?' + at + query)
            self.assertEqual(self.ask('get', '--at', self.last, *args).out,
                             want)
            self.assertEqual(self.ask('get', '--json', '--at', self.last,
                                      *args).out, want)

    def test_sections_and_entities(self):
        want = self.raw('/system/state/queues/mock/default?at=1')
        for args in (('queues/mock/default',), ('queues/default',),
                     ('/system/state/queues/mock/default',),
                     ('queues/mock/%64efault',),
                     ('--key', 'queues/mock/default'),
                     ('--key', 'mock/default', '--sections', 'queues')):
            self.assertEqual(self.ask('get', '--at', 1, *args).out, want)
        want = self.raw('/system/state/agents?at=1')
        self.assertEqual(self.ask('get', 'agents', '--at', 1).out, want)
        self.assertEqual(self.ask('get', 'agents/', '--at', 1).out, want)
        workload = 'workload/default/Deployment/agent-deployment-1'
        self.assertEqual(self.ask('get', workload, '--at', 1).out,
                         self.raw('/system/state/' + workload + '?at=1'))

    def test_text(self):
        text = self.ask('get', '--text').text
        for word in ('SOURCES (4)', 'AGENTS (', 'WORKLOAD (', 'QUEUES (',
                     'LITELLM (', 'mock/default', 'agents/mock'):
            self.assertIn(word, text)
        self.assertLess(text.index('SOURCES'), text.index('AGENTS'))
        text = self.ask('get', '--text', 'queues/mock/default').text
        self.assertRegex(text, r'\ndepth\.ready +\d+\n')
        self.assertIn('\ntasks (', text)
        text = self.ask('get', '--text', 'agents').text
        self.assertTrue(text.startswith('AGENTS ('))
        text = self.ask('get', '--text', '--view', 'base').text
        self.assertNotIn('SOURCES', text)
        self.assertIn('AGENTS', text)

    def test_ndjson(self):
        document = json.loads(self.raw('/system/state?at=1'))
        lines = self.ask('get', '--ndjson', '--at', 1).lines()
        want = [('sources', s['name'].replace('/', '%2F'), s)
                for s in document['sources']]
        want += [('agents', a['name'], a) for a in document['agents']]
        want += [('workload', '/'.join((w['namespace'], w['kind'],
                                        w['deployment_name'])), w)
                 for w in document['workload']]
        want += [('queues', q['system'] + '/' + q['name'], q)
                 for q in document['queues']]
        want += [('litellm', m['deployment_id'], m)
                 for m in document['litellm']]
        self.assertEqual([(x['section'], x['key'], x['entity'])
                          for x in lines], want)
        keyed = self.ask('get', '--ndjson', '--at', 1, '--view', 'keyed')
        self.assertEqual([(x['section'], x['key']) for x in keyed.lines()],
                         [x[:2] for x in want])
        some = self.ask('get', '--ndjson', '--at', 1, '--sections', 'agents')
        self.assertEqual([x['section'] for x in some.lines()],
                         ['sources'] + ['agents'] * len(document['agents']))
        one = self.ask('get', '--ndjson', '--at', 1, 'queues/default')
        self.assertEqual([x['key'] for x in one.lines()], ['mock/default'])
        # the bytes of an entity are those of the server
        line = self.ask('get', '--ndjson', '--at', 1,
                        'queues/mock/default').out
        self.assertIn(self.raw('/system/state/queues/mock/default?at=1'),
                      line)

    def test_what_is_not_there(self):
        self.refused('get', 'agents/nobody', status=UNKNOWN,
                     says='the server answered 404 Not found: The section '
                     'agents has no entity "nobody"')
        self.refused('get', '--at', 10 ** 6, status=UNKNOWN, says='404')
        self.refused('get', '--at', '0123456789abcdef:1', status=UNKNOWN,
                     says='410')
        self.refused('get', '--at', '-1d', status=UNKNOWN, says='410')

    def test_what_does_not_go_together(self):
        for args, says in (
                (('a/b',), 'must begin with agents, workload'),
                (('agents', '--sections', 'agents'), 'exclude each other'),
                (('agents', '--key', 'x'), 'exclude each other'),
                (('--key', 'x'), 'must begin with agents, workload'),
                (('--key', 'x', '--sections', 'agents,queues'), 'must begin'),
                (('--key', 'agents/x', '--sections', 'queues'),
                 'of different sections'),
                (('--text', '--view', 'keyed'), 'has no text form'),
                (('--text', '--pretty'), '--pretty is for --json')):
            self.refused('get', *args, says=says)


class Diff(Served):
    def test_the_same_here_and_there(self):
        """Files, moments and mixtures give the same bytes in every form."""
        first, last = self.ask('get', '--at', 1), self.ask(
            'get', '--at', self.last)
        self.write('first.json', first.out)
        self.write('last.json', last.out)
        forms = ((), ('--colour=always',), ('--json',),
                 ('--json', '--pretty'), ('--ndjson',), ('--json-patch',),
                 ('--json-patch', '--pretty'), ('--merge-patch',),
                 ('--merge-patch', '--view', 'keyed'),
                 ('--sections', 'queues,agents'),
                 ('--key', 'mock/default', '--json'),
                 ('--json-patch', '--sections', 'litellm,queues'))
        for form in forms:
            want = self.ask('diff', 1, self.last, *form, status=DIFFERS).out
            for ends in (('first.json', 'last.json'), ('first.json',
                         self.last), (1, 'last.json')):
                self.assertEqual(self.ask('diff', *ends, *form,
                                          status=DIFFERS).out, want,
                                 (ends, form))
        want = self.ask('diff', 1, self.last, status=DIFFERS)
        for ends, stdin in (((1, '-'), last), (('-', self.last), first)):
            self.assertEqual(self.ask('diff', *ends, status=DIFFERS,
                                      stdin=stdin.out).out, want.out)
        self.assertEqual(want.out, self.raw(
            '/system/state/diff?from=1&to=%d' % self.last, 'text/plain'))
        self.assertIn(' moved', want.text)

    def test_apply_gives_the_bytes_of_the_server(self):
        first = self.ask('get', '--at', 1)
        patch = self.ask('diff', 1, self.last, '--json-patch', status=DIFFERS)
        self.write('patch.json', patch.out)
        done = self.ask('apply', 'patch.json', stdin=first.out)
        self.assertEqual(done.out, self.ask('get', '--at', self.last).out)
        merge = self.ask('diff', 1, self.last, '--merge-patch',
                         status=DIFFERS)
        self.write('patch.json', merge.out)
        done = self.ask('apply', 'patch.json', stdin=first.out)
        self.assertEqual(done.out, self.ask('get', '--at', self.last).out)

    def test_moments(self):
        rows = self.service.get('/system/state/history').json()
        first = rows['revisions'][-1]
        epoch = rows['epoch']
        when = first['captured_at']
        want = self.ask('diff', 1, self.last, '--json', status=DIFFERS).out
        for moment in (when, '%s:1' % epoch):
            self.assertEqual(self.ask('diff', moment, self.last, '--json',
                                      status=DIFFERS).out, want)
        now = self.ask('diff', 1, '--json', status=DIFFERS).json()
        self.assertGreaterEqual(now['to']['revision'], self.last)
        self.ask('diff', self.last, self.last)
        done = self.ask('diff', self.last, self.last, '--json-patch')
        self.assertEqual(len(done.json()), 1)
        self.ask('diff', self.last, 1, status=DIFFERS)  # backwards too

    def test_limit(self):
        done = cli.systate('diff', 1, self.last, '--ndjson', '--limit', 1,
                           url=self.service.url)
        self.assertEqual((done.status, len(done.lines())), (DIFFERS, 1))
        self.assertRegex(done.err, r'\d+ more changes are not shown')

    def test_gone_and_not_there_yet(self):
        self.refused('diff', '0123456789abcdef:1', status=UNKNOWN,
                     says='the server answered 410')
        self.refused('diff', 1, 10 ** 6, status=UNKNOWN, says='404')
        self.refused('diff', '-1d', 'now', status=UNKNOWN, says='410')
        self.write('one.json', cli.golden('demo.full.json'))
        self.refused('diff', 'one.json', 10 ** 6, status=UNKNOWN, says='404')

    def test_another_epoch(self):
        self.write('one.json', cli.golden('demo.full.json'))
        done = self.ask('diff', 'one.json', status=DIFFERS)
        self.assertIn('(epoch 0000000000000000)', done.text)


class History(Served):
    def test_all_forms(self):
        rows = self.service.get(
            '/system/state/history?to=%d' % self.last).json()['revisions']
        text = self.ask('history', '--to', self.last).text.splitlines()
        self.assertRegex(text[0], r'^REVISION +TIME +\+ +- +~ +> +CAUSE$')
        self.assertEqual(len(text), len(rows) + 1)
        for line, row in zip(text[1:], rows):
            words = line.split()
            self.assertEqual(words[0], str(row['revision']))
            self.assertEqual(words[1], row['captured_at'])
            if row['summary']:
                self.assertEqual(words[2:6], [
                    str(row['summary'][op]) for op in
                    ('added', 'removed', 'changed', 'moved')])
                self.assertEqual(' '.join(words[6:]),
                                 ', '.join(row['cause']))
            else:
                self.assertEqual(words[2:], ['?'] * 5)
        for more in (), ('--all',):
            lines = self.ask('history', '--ndjson', '--to', self.last, *more)
            self.assertEqual(lines.lines(), rows)
            whole = self.ask('history', '--json', '--to', self.last, *more)
            self.assertEqual(whole.json()['revisions'], rows)
            self.assertIsNone(whole.json()['next'])
        one = self.ask('history', '--from', 1, '--to', 1, '--ndjson').lines()
        self.assertEqual([row['revision'] for row in one], [1])

    def test_limit(self):
        done = cli.systate('history', '--limit', 1, '--to', self.last,
                           url=self.service.url)
        self.assertEqual(done.status, SAME)
        self.assertEqual(len(done.text.splitlines()), 2)
        self.assertIn('there are older ones; see --limit and --all', done.err)
        done = self.ask('history', '--limit', 1, '--to', self.last, '--json')
        self.assertIsNotNone(done.json()['next'])
        self.refused('history', '--limit', 1, '--all',
                     says='--all and --limit exclude each other')

    def test_backwards(self):
        self.refused('history', '--from', 2, '--to', 1,
                     says='the server answered 400')


class Sources(Served):
    def test_all_forms(self):
        text = self.ask('sources').text.splitlines()
        self.assertEqual(text[0].split()[:3], ['STATUS', 'NAME', 'KIND'])
        self.assertEqual(len(text), 5)
        whole = self.ask('sources', '--json').json()
        names = [s['name'] for s in whole['sources']]
        self.assertEqual([line.split()[1] for line in text[1:]], names)
        lines = self.ask('sources', '--ndjson').lines()
        self.assertEqual([s['name'] for s in lines], names)
        self.ask('sources', '--check')


DOWN = '''
sources:
  - name: queues/broker
    kind: rabbitmq
    interval_seconds: 1
    options: {url: "http://127.0.0.1:1", username: u, password: p}
'''


class Down(cli.Case):
    def test_a_source_that_is_down(self):
        service = cli.harness.Service(config=DOWN)
        self.addCleanup(service.close)
        cli.until(lambda: any(
            s['failures'] > 0
            for s in service.get('/system/sources').json()['sources']),
            'a failure')
        done = self.run_ok('sources', url=service.url)
        self.assertIn('Connection refused', done.text)
        self.run_ok('sources', '--check', url=service.url, status=DIFFERS)
        self.run_ok('sources', '--check', '--json', url=service.url,
                    status=DIFFERS)


TOKENS = '''
auth:
  tokens:
    - name: reader
      sha256: %s
      scopes: [read]
'''


class Tokens(cli.Case):
    def test_tokens(self):
        service = cli.harness.Service(
            config=TOKENS % hashlib.sha256(b'right-token').hexdigest())
        self.addCleanup(service.close)
        self.write('right', b'right-token\n')
        self.write('wrong', b'wrong-token')
        cli.until(lambda: service.get(
            '/system/state', {'Authorization': 'Bearer right-token'}).status
            == 200, 'a snapshot')
        url = service.url
        self.run_ok('get', '--token-file', 'right', url=url)
        self.run_ok('get', url=url, SYSTATE_TOKEN_FILE=self.path('right'))
        self.run_ok('watch', '--for', '100ms', '--token-file', 'right',
                    url=url)
        for command in (('get',), ('diff', '1'), ('history',), ('sources',),
                        ('watch',)):
            self.fails(*command, url=url, status=UNKNOWN, says='401')
            done = self.fails(*command, '--token-file', 'wrong', url=url,
                              status=UNKNOWN, says='401')
            self.assertNotIn('wrong-token', done.err)
        for content, says in ((b'', 'empty'), (b'a b', 'expected one word'),
                              (b'a\nb\n', 'expected one word'),
                              (b'a' * 5000, 'at most 4096')):
            self.write('bad', content)
            self.fails('get', '--token-file', 'bad', url=url, status=UNKNOWN,
                       says=says)
        self.fails('get', '--token-file', 'none', url=url, status=UNKNOWN,
                   says='token file: none: No such file')


class Tls(cli.Case):
    def test_a_certificate_of_our_own(self):
        path = cli.harness.make_certificates(self.folder.name)
        service = cli.harness.Service(config='''
tls: {cert_file: %s, key_file: %s}
''' % (path('server.pem'), path('server.key')))
        self.addCleanup(service.close)
        self.assertTrue(service.url.startswith('https:'))
        cli.until(lambda: cli.systate(
            'get', '--ca-file', path('ca.pem'),
            url=service.url).status == SAME, 'a snapshot over TLS')
        self.fails('get', url=service.url, status=UNREACHABLE,
                   says='certificate')
        self.fails('get', '--ca-file', path('none.pem'), url=service.url,
                   status=UNREACHABLE, says='ca_file')


class Watch(Served):
    def test_text_and_lines(self):
        done = self.ask('watch', '--count', 2)
        blocks = [line for line in done.text.splitlines()
                  if not line.startswith(' ')]
        self.assertEqual(len(blocks), 3)
        self.assertRegex(blocks[0], r'Z  revision \d+: 4 of 4 sources ok')
        self.assertRegex(blocks[1], r'Z  revision \d+ -> \d+: \d')
        lines = self.ask('watch', '--count', 2, '--ndjson').lines()
        self.assertEqual(lines[0]['event'], 'state')
        changes = [x for x in lines if x['event'] == 'change']
        self.assertEqual(len(changes), 2)
        self.assertRegex(changes[0]['id'], r'^[0-9a-f]{16}:\d+$')
        # each leads on from the one before
        self.assertEqual(changes[0]['data']['to'],
                         changes[1]['data']['from'])

    def test_since(self):
        epoch = self.service.get('/system/state').json()['epoch']
        lines = self.ask('watch', '--since', epoch + ':1', '--count', 1,
                         '--ndjson').lines()
        change = [x for x in lines if x['event'] == 'change'][0]
        self.assertEqual(change['data']['from']['revision'], 1)
        self.refused('watch', '--since', '41', says='must be EPOCH:REVISION')

    def test_until_change(self):
        self.ask('watch', '--until-change', status=DIFFERS)
        # no litellm change by name of a model that is not there
        self.ask('watch', '--until-change', '--for', '300ms', '--key',
                 'mock/no-such-queue')

    def test_signals(self):
        for signo in signal.SIGINT, signal.SIGTERM:
            child = cli.start('watch', url=self.service.url)
            try:
                self.assertIn('revision', child.stdout.readline())
                child.send_signal(signo)
                out, err = child.communicate(timeout=cli.PATIENCE)
            finally:
                child.kill()
            self.assertEqual((child.returncode, err), (SAME, ''))

    def test_a_reader_that_goes_away(self):
        child = cli.start('watch', '--ndjson', url=self.service.url)
        child.stdout.readline()
        child.stdout.close()
        self.assertEqual(child.wait(cli.PATIENCE), SAME)
        self.assertEqual(child.stderr.read(), '')
        child.stderr.close()


class Restart(cli.Case):
    def test_goes_on_where_it_was(self):
        """The service ends and comes again: nothing lost, nothing doubled."""
        with socket.create_server(('127.0.0.1', 0)) as s:
            port = s.getsockname()[1]
        data = os.path.join(self.folder.name, 'data')
        args = ('--port', str(port))
        first = cli.harness.Service(scenario='overload', args=args,
                                    data_dir=data).ready()
        child = cli.start('watch', '--ndjson', '--count', '6', '--timeout',
                          '5s', url=first.url)
        try:
            lines = [json.loads(child.stdout.readline()) for _ in range(3)]
            first.close()
            second = cli.harness.Service(scenario='overload', args=args,
                                         data_dir=data).ready()
            self.addCleanup(second.close)
            out, err = child.communicate(timeout=cli.PATIENCE)
        finally:
            child.kill()
        self.assertEqual(child.returncode, SAME, err)
        self.assertIn('connecting again', err)
        self.assertIn('connected again', err)
        lines += [json.loads(line) for line in out.splitlines()]
        self.assertEqual(lines[0]['event'], 'state')
        at = lines[0]['id'].split(':')
        for line in lines[1:]:
            if line['event'] == 'change':
                self.assertEqual([line['data']['from']['epoch'],
                                  str(line['data']['from']['revision'])], at)
            if line['event'] in ('change', 'bookmark', 'state'):
                at = line['id'].split(':')


if __name__ == '__main__':
    unittest.TestCase.maxDiff = 2000
    cli.main()
