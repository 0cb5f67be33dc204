"""systate with files and standard input: no server is there."""
import copy
import json
import os
import re
import subprocess

import cli
from cli import DIFFERS, UNKNOWN, UNREACHABLE

NO_SERVER = 'http://127.0.0.1:1'


class Files(cli.Case):
    def setUp(self):
        super().setUp()
        self.one, self.two = cli.pair()
        self.write('one.json', self.one)
        self.write('two.json', self.two)


class Diff(Files):
    def test_text(self):
        done = self.run_ok('diff', 'one.json', 'two.json', status=DIFFERS)
        lines = done.text.splitlines()
        self.assertEqual(lines[0], 'revision 1 -> 2, 2026-01-01T00:00:00Z -> '
                         '00:15:00Z (900 s): 1 removed, 2 changed, 1 moved')
        self.assertIn('  ~ agent-1  status: idle -> busy', lines)
        self.assertTrue(any(line.startswith('  > task-1') and
                            'queues mock/default -> agents agent-1' in line
                            for line in lines), done.text)
        self.assertIn('  - openai-gpt-4  healthy', lines)
        self.assertLess(len(lines), 24)
        self.assertNotIn('\033', done.text)

    def test_json(self):
        done = self.run_ok('diff', 'one.json', 'two.json', '--json',
                           status=DIFFERS)
        answer = done.json()
        validate = cli.harness.schema_validator('diff.schema.json')
        if validate:
            validate(answer)
        self.assertEqual(answer['from']['revision'], 1)
        self.assertEqual(answer['to']['revision'], 2)
        ops = {c['op']: c for c in answer['changes']}
        self.assertEqual(ops['moved']['from']['section'], 'queues')
        self.assertTrue(done.out.endswith(b'}\n'))
        pretty = self.run_ok('diff', 'one.json', 'two.json', '--json',
                             '--pretty', status=DIFFERS)
        self.assertEqual(pretty.json(), answer)
        self.assertIn(b'\n  "from"', pretty.out)

    def test_ndjson_is_a_change_a_line(self):
        whole = self.run_ok('diff', 'one.json', 'two.json', '--json',
                            status=DIFFERS)
        lines = self.run_ok('diff', 'one.json', 'two.json', '--ndjson',
                            status=DIFFERS)
        self.assertEqual(lines.lines(), whole.json()['changes'])

    def test_colour(self):
        plain = self.run_ok('diff', 'one.json', 'two.json', status=DIFFERS)
        paint = self.run_ok('diff', 'one.json', 'two.json',
                            '--colour=always', status=DIFFERS)
        self.assertIn('\033[33m~ agent-1\033[0m', paint.text)
        self.assertEqual(strip(paint.text), plain.text)
        # asked for by name, so NO_COLOR does not count
        again = self.run_ok('diff', 'one.json', 'two.json', '--color',
                            'always', status=DIFFERS, NO_COLOR='1')
        self.assertEqual(again.out, paint.out)

    def test_the_same(self):
        done = self.run_ok('diff', 'one.json', 'one.json')
        self.assertIn('no changes', done.text)
        done = self.run_ok('diff', 'one.json', 'one.json', '--json')
        self.assertEqual(done.json()['changes'], [])
        done = self.run_ok('diff', 'one.json', 'one.json', '--ndjson')
        self.assertEqual(done.out, b'')

    def test_layout_and_order_do_not_count(self):
        other = {k: self.one[k] for k in reversed(self.one)}
        other['agents'] = list(reversed(other['agents']))
        self.write('other.json', json.dumps(other, indent=3).encode())
        self.run_ok('diff', 'one.json', 'other.json')

    def test_dates_of_change_do_not_count(self):
        other = copy.deepcopy(self.one)
        other['agents'][0]['activity']['updated_at'] = '2026-01-02T00:00:00Z'
        other['revision'] = 5
        self.write('other.json', other)
        self.run_ok('diff', 'one.json', 'other.json')
        done = self.run_ok('diff', 'one.json', 'other.json', '--json-patch')
        self.assertIn('2026-01-02', done.text)

    def test_filters(self):
        done = self.run_ok('diff', 'one.json', 'two.json', '--ndjson',
                           '--sections', 'litellm', status=DIFFERS)
        self.assertEqual([c['section'] for c in done.lines()], ['litellm'])
        self.run_ok('diff', 'one.json', 'two.json', '--sections', 'workload')
        done = self.run_ok('diff', 'one.json', 'two.json', '--ndjson',
                           '--key', 'openai-gpt-4', status=DIFFERS)
        self.assertEqual([c['key'] for c in done.lines()], ['openai-gpt-4'])
        self.run_ok('diff', 'one.json', 'two.json', '--key', 'mock/nothing')
        # whatever is encoded that need not be
        done = self.run_ok('diff', 'one.json', 'two.json', '--ndjson',
                           '--key', '%6fpenai-gpt-4', status=DIFFERS)
        self.assertEqual(len(done.lines()), 1)

    def test_limit(self):
        done = cli.systate('diff', 'one.json', 'two.json', '--ndjson',
                           '--limit', 1, cwd=self.folder.name)
        self.assertEqual((done.status, len(done.lines())), (DIFFERS, 1))
        self.assertIn('3 more changes are not shown', done.err)
        done = self.run_ok('diff', 'one.json', 'two.json', '--json',
                           '--limit', 1, status=DIFFERS)
        answer = done.json()
        self.assertEqual((answer['truncated'], answer['omitted']), (True, 3))
        self.assertEqual(answer['summary']['changed'], 2)
        done = self.run_ok('diff', 'one.json', 'two.json', '--limit', 1,
                           status=DIFFERS)
        self.assertIn('... and 3 more', done.text)

    def test_standard_input(self):
        by_name = self.run_ok('diff', 'one.json', 'two.json', status=DIFFERS)
        done = self.run_ok('diff', '-', 'two.json', status=DIFFERS,
                           stdin=cli.compact(self.one))
        self.assertEqual(done.out, by_name.out)
        done = self.run_ok('diff', 'one.json', '-', status=DIFFERS,
                           stdin=cli.compact(self.two))
        self.assertEqual(done.out, by_name.out)
        self.fails('diff', '-', '-', says='standard input can be one')

    def test_a_pipe_is_a_file(self):
        os.mkfifo(self.path('fifo'))
        feeder = subprocess.Popen(['sh', '-c', 'cat two.json >fifo'],
                                  cwd=self.folder.name)
        self.run_ok('diff', 'one.json', 'fifo', status=DIFFERS)
        self.assertEqual(feeder.wait(cli.PATIENCE), 0)

    def test_patches_lead_from_one_to_the_other(self):
        patch = self.run_ok('diff', 'one.json', 'two.json', '--json-patch',
                            status=DIFFERS)
        self.assertEqual(patch.json()[0],
                         {'op': 'test', 'path': '/revision', 'value': 1})
        self.write('patch.json', patch.out)
        done = self.run_ok('apply', 'patch.json', 'one.json')
        self.assertEqual(done.out, cli.compact(self.two))
        done = self.run_ok('apply', '-', 'one.json', stdin=patch.out)
        self.assertEqual(done.out, cli.compact(self.two))
        done = self.run_ok('apply', 'patch.json',
                           stdin=cli.compact(self.one))
        self.assertEqual(done.out, cli.compact(self.two))
        pretty = self.run_ok('diff', 'one.json', 'two.json', '--json-patch',
                             '--pretty', status=DIFFERS)
        self.assertEqual(pretty.json(), patch.json())

    def test_merge_patches_too(self):
        patch = self.run_ok('diff', 'one.json', 'two.json', '--merge-patch',
                            status=DIFFERS)
        done = self.run_ok('apply', '-', 'one.json', stdin=patch.out)
        self.assertEqual(done.out, cli.compact(self.two))
        keyed = self.run_ok('diff', 'one.json', 'two.json', '--merge-patch',
                            '--view', 'keyed', status=DIFFERS)
        self.assertLess(len(keyed.out), len(patch.out) / 4)
        self.assertEqual(keyed.json()['litellm'], {'openai-gpt-4': None})

    def test_a_patch_is_whole(self):
        for form in '--json-patch', '--merge-patch':
            self.fails('diff', 'one.json', 'two.json', form, '--key', 'a',
                       says='--key does not go with a patch')
            self.fails('diff', 'one.json', 'two.json', form, '--limit', 5,
                       says='--limit does not go with a patch')
        self.fails('diff', 'one.json', 'two.json', '--view', 'keyed',
                   says='--view is for --merge-patch')
        self.fails('diff', 'one.json', 'two.json', '--pretty',
                   says='--pretty is for --json')

    def test_nothing_of_a_file_acts_upon_a_terminal(self):
        evil = copy.deepcopy(self.one)
        evil['agents'][0]['description'] = 'a\033[2J\x07\u202eb\nc'
        evil['agents'][1]['name'] = 'x\u202ey'
        evil['queues'][0]['tasks'][0]['type'] = '\033]0;x\x07'
        self.write('evil.json', json.dumps(evil).encode())
        done = self.run_ok('diff', 'one.json', 'evil.json', status=DIFFERS)
        self.assert_tame(done.text)
        done = self.run_ok('diff', 'evil.json', 'one.json', '--colour=always',
                           status=DIFFERS)
        self.assert_tame(strip(done.text))
        self.assertIn('x', done.text)
        evil['agents'][0]['status'] = 'no\033[31mwhere'
        self.write('evil.json', json.dumps(evil).encode())
        done = self.run_ok('validate', 'evil.json', status=DIFFERS)
        self.assert_tame(done.text)
        self.fails('diff', 'one.json', 'evil.json', status=UNKNOWN)
        evil['agents'][0].update(status='busy', name='a\033[2Jb')
        self.write('evil.json', json.dumps(evil).encode())
        self.fails('diff', 'one.json', 'evil.json', status=UNKNOWN,
                   says='control character')
        name = 'n\033[2J\n.json'
        self.fails('validate', name, status=UNKNOWN, says='No such file')

    def assert_tame(self, text):
        for c in text:
            self.assertFalse(ord(c) < 32 and c != '\n' or ord(c) == 127 or
                             c == '\u202e', repr(text))

    def test_the_server_is_not_asked_for_two_files(self):
        self.run_ok('diff', 'one.json', 'two.json', url=NO_SERVER,
                    status=DIFFERS)
        self.fails('diff', 'one.json', url=NO_SERVER, status=UNREACHABLE,
                   says='Connection refused')
        # a wrong file is told before a server is looked for
        self.write('bad.json', b'{')
        self.fails('diff', 'now', 'bad.json', url=NO_SERVER, status=UNKNOWN,
                   says='bad.json')


class Operands(Files):
    def test_a_word_that_is_both(self):
        self.write('41', self.one)
        self.write('now', self.one)
        self.fails('diff', '41', 'two.json', says='write ./41 for the file')
        self.fails('diff', 'one.json', 'now', says='write ./now for')
        self.run_ok('diff', './41', 'two.json', status=DIFFERS)
        # "now" that nobody wrote is no file
        self.fails('diff', 'one.json', url=NO_SERVER, status=UNREACHABLE)

    def test_a_word_that_is_neither(self):
        self.fails('diff', 'yesterday', says='"yesterday": no such file, and '
                   'no moment; a moment is a revision (41)')
        self.fails('diff', 'one.json', '1.5', says='no such file')
        self.fails('diff', './none.json', 'one.json', status=UNKNOWN,
                   says='./none.json: No such file or directory')


class BadFiles(Files):
    def test_all_of_them(self):
        rows = (
            (b'', 'it is empty'),
            (b'{"id":', 'line 1'),
            (b'<html>', 'bad.json'),
            (b'\xff\xfe', 'bad.json'),
            (b'[]', 'bad.json'),
            (b'{}', 'required'),
            (b'[' * 100000, 'bad.json'),
            (cli.compact(self.one)[:-40], 'bad.json'),
        )
        for content, says in rows:
            self.write('bad.json', content)
            self.fails('diff', 'bad.json', 'two.json', status=UNKNOWN,
                       says='bad.json')
            done = self.fails('diff', 'one.json', 'bad.json', status=UNKNOWN)
            self.assertIn(says, done.err)

    def test_a_fault_names_its_place(self):
        self.two['agents'][0]['status'] = 'lazy'
        self.write('bad.json', self.two)
        self.fails('diff', 'one.json', 'bad.json', status=UNKNOWN,
                   says='/agents/0/status')

    def test_folders_and_closed_files(self):
        self.fails('diff', '.', 'two.json', status=UNKNOWN,
                   says='Is a directory')
        if os.geteuid() != 0:
            os.chmod(self.path('one.json'), 0)
            self.fails('diff', 'one.json', 'two.json', status=UNKNOWN,
                       says='Permission denied')

    def test_one_gibibyte_is_refused(self):
        with open(self.path('big.json'), 'wb') as f:
            f.truncate(1024 ** 3)
        for command in (('diff', 'big.json', 'one.json'),
                        ('validate', 'big.json'),
                        ('apply', 'one.json', 'big.json')):
            self.fails(*command, status=UNKNOWN,
                       says='a document may have at most 256 MiB')

    def test_a_stream_without_an_end(self):
        with open('/dev/zero', 'rb') as zero:
            done = subprocess.run(
                [cli.SYSTATE, 'validate', '-'], stdin=zero,
                capture_output=True, timeout=cli.PATIENCE,
                env=cli.environment())
        self.assertEqual(done.returncode, UNKNOWN)
        self.assertIn(b'no end in sight', done.stderr)


class Validate(Files):
    def test_valid(self):
        done = self.run_ok('validate', 'one.json')
        self.assertEqual(done.text, 'one.json: valid\n')
        done = self.run_ok('validate', '-', stdin=cli.compact(self.one))
        self.assertEqual(done.text, 'standard input: valid\n')
        for scenario in 'calm', 'overload', 'deadlock', 'crashloop':
            self.run_ok('validate', os.path.join(
                cli.GOLDEN, scenario + '.full.json'))
        done = self.run_ok('validate', 'one.json', '--json')
        self.assertEqual(done.json(),
                         {'valid': True, 'faults_total': 0, 'faults': []})
        self.assertEqual(self.run_ok('validate', 'one.json', '--ndjson').out,
                         b'')

    def broken(self):
        self.one['agents'][0]['status'] = 'lazy'
        self.one['queues'][1]['tasks'][0]['id'] = 7
        del self.one['revision']
        self.one['more'] = True
        self.write('bad.json', self.one)

    def test_every_fault_with_its_pointer(self):
        self.broken()
        done = self.run_ok('validate', 'bad.json', status=DIFFERS)
        lines = done.text.splitlines()
        self.assertEqual(lines[-1], 'bad.json: not valid, 4 faults')
        self.assertEqual(len(lines), 5)
        for start in ('/agents/0/status: ', '/queues/1/tasks/0/id: ',
                      'the whole document: '):
            self.assertTrue(any(x.startswith(start) for x in lines), lines)

    def test_for_programs(self):
        self.broken()
        answer = self.run_ok('validate', 'bad.json', '--json',
                             status=DIFFERS).json()
        self.assertEqual((answer['valid'], answer['faults_total']),
                         (False, 4))
        lines = self.run_ok('validate', 'bad.json', '--ndjson',
                            status=DIFFERS).lines()
        self.assertEqual(lines, answer['faults'])
        for fault in lines:
            self.assertEqual(set(fault),
                             {'pointer', 'keyword', 'schema', 'message'})
        done = self.run_ok('validate', 'bad.json', '--limit', 1,
                           status=DIFFERS)
        self.assertIn('not valid, 4 faults (3 not listed)', done.text)
        answer = self.run_ok('validate', 'bad.json', '--json', '--limit', 0,
                             status=DIFFERS).json()
        self.assertEqual((answer['faults_total'], answer['faults']), (4, []))

    def test_what_the_schema_cannot_say(self):
        self.one['agents'].append(self.one['agents'][0])
        self.write('twice.json', self.one)
        done = self.run_ok('validate', 'twice.json', status=DIFFERS)
        self.assertIn('agent-1', done.text)

    def test_not_json(self):
        self.write('bad.json', b'{"a":1,\n "a":2}')
        self.fails('validate', 'bad.json', status=UNKNOWN,
                   says='bad.json: line 2')
        self.fails('validate', 'none.json', status=UNKNOWN)
        self.write('scalar.json', b'42')
        self.run_ok('validate', 'scalar.json', status=DIFFERS)


class Apply(Files):
    def apply(self, patch, *args, **more):
        self.write('patch.json', patch)
        return self.run_ok('apply', 'patch.json', 'one.json', *args, **more)

    def test_a_test_that_fails(self):
        self.write('patch.json', [
            {'op': 'test', 'path': '/revision', 'value': 99},
            {'op': 'replace', 'path': '/id', 'value': 'x'}])
        self.fails('apply', 'patch.json', 'one.json', status=DIFFERS,
                   says='/revision')

    def test_patches_that_are_none(self):
        rows = (([{'op': 'jump', 'path': '/id'}], 'patch.json: operation 0'),
                ([{'op': 'remove', 'path': '/nowhere'}], '/nowhere'),
                ([{'op': 'add', 'path': 'id', 'value': 1}], 'not a JSON Pointer'),
                (b'[', 'not JSON'), (b'7', 'neither a JSON Patch'))
        for patch, says in rows:
            self.write('patch.json', patch)
            self.fails('apply', 'patch.json', 'one.json', status=UNKNOWN,
                       says=says)
        self.fails('apply', 'none.json', 'one.json', status=UNKNOWN)
        self.write('patch.json', [{'op': 'remove', 'path': '/id'}])
        self.fails('apply', 'one.json', 'patch.json', status=UNKNOWN,
                   says='the patch is named first')
        self.fails('apply', '-', says='standard input can be one')
        self.fails('apply', '-', '-', says='standard input can be one')

    def test_members_keep_the_order_of_the_schema(self):
        done = self.apply([
            {'op': 'remove', 'path': '/id'},
            {'op': 'add', 'path': '/id', 'value': 'other'}])
        self.one['id'] = 'other'
        self.assertEqual(done.out, cli.compact(self.one))

    def test_a_result_that_is_none(self):
        bad = [{'op': 'replace', 'path': '/agents/0/status', 'value': 'x'}]
        self.write('patch.json', bad)
        self.fails('apply', 'patch.json', 'one.json', status=DIFFERS,
                   says='/agents/0/status')
        done = self.apply(bad, '--no-validate')
        self.assertEqual(done.json()['agents'][0]['status'], 'x')

    def test_merge(self):
        done = self.apply({'id': 'other'})
        self.assertEqual(done.json()['id'], 'other')
        done = self.apply({'id': 'other'}, '--merge', '--pretty')
        self.assertEqual(done.json()['id'], 'other')
        self.assertTrue(done.text.startswith('{\n  "id": "other"'))
        # what looks like a JSON Patch is a value to replace everything
        done = self.apply([1], '--merge', '--no-validate')
        self.assertEqual(done.out, b'[1]')

    def test_the_keyed_view(self):
        keyed = cli.golden('demo.keyed.json')
        self.write('keyed.json', keyed)
        self.write('patch.json', {'litellm': {'openai-gpt-4': None}})
        done = self.run_ok('apply', 'patch.json', 'keyed.json',
                           '--no-validate')
        del keyed['litellm']['openai-gpt-4']
        self.assertEqual(done.out, cli.compact(keyed))


class Program(cli.Case):
    def test_help(self):
        done = self.run_ok('--help')
        self.assertIn('usage: systate SUBCOMMAND', done.text)
        self.assertEqual(self.run_ok('-h').out, done.out)
        self.assertEqual(self.run_ok('help').out, done.out)
        for name in ('get', 'diff', 'watch', 'history', 'sources', 'validate',
                     'apply'):
            by_word = self.run_ok('help', name)
            self.assertIn('usage: systate %s ' % name, by_word.text)
            self.assertEqual(self.run_ok(name, '--help').out, by_word.out)
            # also when the rest is wrong
            self.assertEqual(self.run_ok(name, '--wrong', '-h').out,
                             by_word.out)
        self.assertRegex(self.run_ok('--version').text,
                         r'^systate \d+\.\d+\.\d+\n$')

    def test_what_is_mistyped(self):
        self.fails(says='a subcommand is missing')
        self.fails('dfif', says='did you mean diff')
        self.fails('help', 'wacth', says='did you mean watch')
        self.fails('frobnicate', says='no such subcommand; systate --help')
        self.fails('--url', 'x', 'get', says='stand behind the subcommand')
        self.fails('diff', '--json-pach', 'now', says='mean --json-patch')
        self.fails('diff', says='a word is missing')
        self.fails('get', '\033[2J', says='must begin with agents')

    def test_output_that_cannot_be_written(self):
        self.write('one.json', cli.golden('demo.full.json'))
        for args in (('help',), ('validate', 'one.json'),
                     ('diff', 'one.json', 'one.json')):
            with open('/dev/full', 'wb') as full:
                done = subprocess.run(
                    [cli.SYSTATE, *args], stdout=full, stderr=subprocess.PIPE,
                    cwd=self.folder.name, env=cli.environment(),
                    timeout=cli.PATIENCE)
            self.assertEqual(done.returncode, UNKNOWN)
            self.assertIn(b'standard output: No space left', done.stderr)
        done = subprocess.run(
            ['sh', '-c', '"$0" help >&-', cli.SYSTATE],
            stderr=subprocess.PIPE, env=cli.environment(),
            timeout=cli.PATIENCE)
        self.assertEqual(done.returncode, UNKNOWN)
        self.assertIn(b'standard output: Bad file descriptor', done.stderr)

    def test_a_reader_that_goes_away(self):
        one = cli.golden('demo.full.json')
        row = one['agents'][0]
        one['agents'] = [dict(row, name='agent-%d' % i) for i in range(4000)]
        two = dict(one, agents=[])
        self.write('one.json', one)
        self.write('two.json', two)
        done = subprocess.run(
            ['sh', '-c', '"$0" diff one.json two.json --limit 10000; '
             'echo "status $?" >&2', cli.SYSTATE],
            stdout=closed_pipe(), stderr=subprocess.PIPE,
            cwd=self.folder.name, env=cli.environment(),
            timeout=cli.PATIENCE)
        self.assertEqual(done.stderr, b'status 1\n')


def closed_pipe():
    read, write = os.pipe()
    os.close(read)
    return write


def strip(text):
    return re.sub(r'\033\[\d*m', '', text)


if __name__ == '__main__':
    cli.main()
