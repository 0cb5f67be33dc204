"""systate against servers that answer badly, late or not at all."""
import os
import subprocess

import cli
from cli import DIFFERS, SAME, UNKNOWN, UNREACHABLE, USAGE

# Each needs the server; what it asks for.
COMMANDS = (('get',), ('get', '--text'), ('get', '--ndjson', 'agents'),
            ('diff', '1'), ('diff', '1', '--json'),
            ('diff', '1', '--json-patch'), ('history',), ('sources',))
DIFF = {'from': {'epoch': '0' * 16, 'revision': 1, 'captured_at': ''},
        'to': {'epoch': '0' * 16, 'revision': 2, 'captured_at': ''},
        'summary': {'added': 0, 'removed': 0, 'changed': 1, 'moved': 0},
        'truncated': False, 'omitted': 0, 'changes': []}


class Upstream:
    """The test double of the sources, with the faults that it knows."""

    def __init__(self):
        self.process = subprocess.Popen(
            [cli.UPSTREAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        self.url = self.process.stdout.readline().strip()

    def tell(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if answer == 'error':
            raise AssertionError(line)
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait(cli.PATIENCE)
        self.process.stdout.close()


class Faults(cli.Case):
    def setUp(self):
        super().setUp()
        self.up = Upstream()
        self.addCleanup(self.up.close)
        one = os.path.join(cli.GOLDEN, 'demo.full.json')
        for target in ('/system/state', '/system/sources',
                       '/system/state/agents',
                       '/system/state/history?limit=100',
                       '/system/state/diff?from=1&to=now&limit=1000',
                       '/system/state/diff?from=1&to=now&limit=1'):
            self.up.tell('answer %s 200 %s' % (target, one))

    def each(self, fault, status, says):
        self.up.tell('fault - ' + fault)
        for command in COMMANDS:
            done = self.fails(*command, url=self.up.url, status=status)
            self.assertIn(says, done.err, (fault, command))
            self.assertNotIn('<', done.err)

    def test_answers_that_end_too_early(self):
        for fault in 'cut', 'reset', 'length-long', 'cut-chunk':
            self.each(fault, UNKNOWN, 'closed before the announced end')
        self.each('close', UNKNOWN, 'closed without an answer')

    def test_answers_that_are_something_else(self):
        self.each('garbage', UNKNOWN, 'not HTTP/1.1')
        self.each('redirect', UNKNOWN, 'answered 302')
        self.each('status 500', UNKNOWN, 'answered 500')
        self.each('status 502', UNKNOWN, 'is this a systate server?')
        self.each('headers', UNKNOWN, 'headers have no end')
        self.each('bad-gzip', UNKNOWN, 'not encoded as')

    def test_bodies_that_are_no_document(self):
        for fault in 'html', 'utf8', 'deep', 'empty', 'wrong-type':
            self.up.tell('fault - ' + fault)
            for command in COMMANDS:
                if fault in ('utf8', 'deep') and command == ('get',):
                    continue  # handed on as it came
                self.fails(*command, url=self.up.url, status=UNKNOWN,
                           says='GET ' + self.up.url)

    def test_gzip_is_no_fault(self):
        self.up.tell('fault - gzip')
        done = self.run_ok('get', url=self.up.url)
        with open(os.path.join(cli.GOLDEN, 'demo.full.json'), 'rb') as f:
            self.assertEqual(done.out, f.read())

    def test_an_answer_without_an_end(self):
        # 1.5 GB in 1.5 MB
        self.up.tell('fault - gzip-bomb 1500000000')
        self.fails('get', url=self.up.url, status=UNKNOWN,
                   says='over the bound of 268435456 bytes')

    def test_a_slow_server(self):
        for fault in 'hold', 'hold-body':
            self.up.tell('fault - ' + fault)
            for command in COMMANDS:
                self.fails(*command, '--timeout', '200ms', url=self.up.url,
                           status=UNREACHABLE,
                           says='no whole answer in time')
            self.up.tell('release')

    def test_nobody_is_there(self):
        self.up.tell('refuse')
        for command in COMMANDS + (('watch',),):
            self.fails(*command, url=self.up.url, status=UNREACHABLE,
                       says='Connection refused')
        self.fails('get', url='http://no-such-host.invalid',
                   status=UNREACHABLE, says='host name not found')

    def test_tls_to_a_server_without(self):
        self.fails('get', url='https' + self.up.url[4:], status=UNREACHABLE,
                   says='TLS')

    def test_urls(self):
        for url in ('127.0.0.1:8080', 'ftp://x', 'http://u:p4ss@x/', 'http://',
                    'http://x/?a=b', 'http://x/#a'):
            done = self.fails('get', '--url', url, status=USAGE,
                              says="the server's address (--url or "
                              'SYSTATE_URL)')
            self.assertNotIn('p4ss', done.err)
        self.run_ok('get', '--url', self.up.url + '/')
        self.run_ok('get', '--url', self.up.url + '//')


class Problems(cli.Case):
    def ask(self, script, *args, **more):
        double = cli.Double(last=script)
        self.addCleanup(double.close)
        return self.fails(*args, url=double.url, **more)

    def test_what_the_server_says_is_shown(self):
        script = cli.problem(
            400, 'Invalid query parameter', 'sections must be a list',
            example='/system/state?sections=agents')
        done = self.ask(script, 'get', status=USAGE)
        self.assertEqual(
            done.err, 'systate get: the server answered 400 Invalid query '
            'parameter: sections must be a list Example: '
            '/system/state?sections=agents\n')
        for status in 401, 403, 404, 410, 429, 500, 503:
            done = self.ask(cli.problem(status, 'Title', 'Detail.'), 'get',
                            status=UNKNOWN)
            self.assertIn('answered %d Title: Detail.' % status, done.err)

    def test_nothing_of_it_acts_upon_a_terminal(self):
        script = cli.problem(410, 'a\033[2J', 'b\nc\x9b1m\u202e' + 'd' * 5000,
                             example='\x07e')
        done = self.ask(script, 'diff', '1', status=UNKNOWN)
        self.assertLess(len(done.err), 700)
        self.assertIn('Example:  e', done.err)
        self.assertNotIn('\u202e', done.err)

    def test_problems_that_are_none(self):
        for body in b'{', b'[]', b'{"title":7}', b'':
            self.ask(cli.answer(body, '410 Gone', 'application/problem+json'),
                     'history', status=UNKNOWN, says='410')

    def test_a_page_for_people_is_never_shown(self):
        page = b'<html><script>alert(1)</script></html>'
        for status in '200 OK', '404 Not Found', '502 Bad Gateway':
            done = self.ask(cli.answer(page, status, 'text/html'), 'get',
                            status=UNKNOWN, says='text/html')
            self.assertNotIn('script', done.err)
            self.assertIn('is this a systate server?', done.err)

    def test_json_of_another_kind(self):
        for body in ({}, {'changes': []}, {'summary': {'added': 'x'}},
                     dict(DIFF, **{'from': {}})):
            self.ask(cli.answer(body), 'diff', '1', status=UNKNOWN)
        self.ask(cli.answer({'revisions': 7}), 'history', status=UNKNOWN,
                 says='no list of revisions')
        self.ask(cli.answer({'sources': {}}), 'sources', status=UNKNOWN,
                 says='no list of sources')
        self.ask(cli.answer([]), 'get', '--text', status=UNKNOWN)
        page = {'revisions': [], 'next': 'http://elsewhere.invalid/'}
        self.ask(cli.answer(page), 'history', '--all', status=UNKNOWN,
                 says='is no path on it')

    def test_parts_that_are_not_read_are_told(self):
        source = {'name': 'litellm/proxy', 'kind': 'proxy', 'status': 'ok',
                  'upstream': {'status': 'ok', 'parts': [
                      {'name': 'metrics', 'state': 'ok'},
                      {'name': 'health', 'state': 'disabled'},
                      {'name': 'spend', 'state': 'unsupported',
                       'reason': 'no database'}]}}
        double = cli.Double(last=cli.answer({'sources': [source]}))
        self.addCleanup(double.close)
        text = cli.systate('sources', url=double.url).out.decode()
        lines = text.splitlines()
        self.assertEqual(lines[2:4], ['', lines[3]])
        self.assertEqual(lines[3].split(),
                         ['STATE', 'SOURCE', 'PART', 'REASON'])
        self.assertEqual(lines[4].split(), [
            'unsupported', 'litellm/proxy', 'spend', 'no', 'database'])
        self.assertEqual(len(lines), 5)

    def test_tables_of_strange_values(self):
        """What is not of the schema is shown somehow, or told; no crash."""
        for value in (7, 'x', None, [], {}, [7], [None], [[]], [{}],
                      [{'name': {}, 'live': 7, 'pods': 3, 'depth': []}]):
            double = cli.Double(last=cli.answer(
                {'agents': value, 'sources': value, 'queues': value,
                 'workload': value, 'litellm': value, 'revisions': value,
                 'next': None}))
            self.addCleanup(double.close)
            for command in (('get', '--text'), ('get', '--ndjson'),
                            ('get', '--text', 'queues/a/b'),
                            ('get', '--text', 'agents'),
                            ('history',), ('sources',)):
                done = cli.systate(*command, url=double.url)
                self.assertIn(done.status, (SAME, UNKNOWN), done.err)
                self.assertNotIn('Sanitizer', done.err)

    def test_the_diff_is_of_the_revisions_that_were_compared(self):
        """now is another revision a moment later: both requests are of one."""
        double = cli.Double(
            cli.answer(DIFF), cli.answer(b'text', kind='text/plain'))
        self.addCleanup(double.close)
        done = self.run_ok('diff', '-5m', url=double.url, status=DIFFERS)
        self.assertEqual(done.out, b'text\n')
        self.assertIn('from=-5m&to=now&', double.requests[0])
        self.assertIn('from=%s%%3A1&to=%s%%3A2&' % ('0' * 16, '0' * 16),
                      double.requests[1])

    def test_pages_of_a_proxy(self):
        """A server below a path: the next page is below it too."""
        first = {'revisions': [{'revision': 2}],
                 'next': '/system/state/history?cursor=x'}
        double = cli.Double(
            cli.answer(first), cli.answer({'revisions': [{'revision': 1}],
                                           'next': None}))
        self.addCleanup(double.close)
        done = self.run_ok('history', '--all', '--ndjson',
                           url=double.url + '/proxy/')
        self.assertEqual([r['revision'] for r in done.lines()], [2, 1])
        self.assertTrue(double.requests[1].startswith(
            'GET /proxy/system/state/history?cursor=x HTTP/1.1'))


class Large(cli.Case):
    def test_eighteen_megabytes(self):
        """Within bounds of memory, also as a table."""
        document = cli.golden('demo.full.json')
        queue = document['queues'][0]
        task = dict(queue['tasks'][0])
        queue['tasks'] = [dict(task, id='task-%06d' % i)
                          for i in range(130000)]
        body = cli.compact(document)
        self.assertGreater(len(body), 17000000)
        self.write('one.json', body)
        queue['tasks'][77]['status'] = 'running'
        self.write('two.json', document)
        done = self.run_ok('diff', 'one.json', 'two.json', '--ndjson',
                           status=DIFFERS)
        self.assertEqual([c['name'] for c in done.lines()], ['task-000077'])
        patch = self.run_ok('diff', 'one.json', 'two.json', '--json-patch',
                            status=DIFFERS)
        done = self.run_ok('apply', '-', 'one.json', stdin=patch.out)
        with open(self.path('two.json'), 'rb') as f:
            self.assertEqual(done.out, f.read())
        self.run_ok('validate', 'one.json')
        double = cli.Double(last=cli.answer(body))
        self.addCleanup(double.close)
        self.assertEqual(self.run_ok('get', url=double.url).out, body)
        self.assertIn('QUEUES (2)', self.run_ok(
            'get', '--text', url=double.url).text)


if __name__ == '__main__':
    cli.main()
