"""systate on a terminal: what it takes for one, colour, widths."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import unicodedata

import cli
from cli import DIFFERS, SAME

COLOUR = re.compile(r'\033\[\d*m')


def on_terminal(*args, columns=100, url=None, cwd=None, **env):
    """Runs it with standard output on a terminal; status and what it saw."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack('HHHH', 40, columns, 0, 0))
    env.setdefault('TERM', 'xterm-256color')
    child = subprocess.Popen(
        [cli.SYSTATE, *args], stdin=subprocess.DEVNULL, stdout=slave,
        stderr=subprocess.PIPE, cwd=cwd,
        env=cli.environment(SYSTATE_URL=url, **env))
    os.close(slave)
    data = b''
    while select.select([master], [], [], cli.PATIENCE)[0]:
        try:
            block = os.read(master, 65536)
        except OSError:  # EIO: the other end is closed
            break
        if not block:
            break
        data += block
    os.close(master)
    errors = child.communicate(timeout=cli.PATIENCE)[1].decode()
    return child.returncode, data.decode().replace('\r\n', '\n'), errors


def width(text):
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in 'WF' else 1
               for c in text)


class Terminal(cli.Case):
    def setUp(self):
        super().setUp()
        one, two = cli.pair()
        self.write('one.json', one)
        self.write('two.json', two)
        self.body = cli.compact(one)
        self.double = cli.Double(last=cli.answer(self.body))
        self.addCleanup(self.double.close)

    def get(self, *args, **more):
        status, text, errors = on_terminal(
            'get', *args, url=self.double.url, **more)
        self.assertEqual((status, errors), (SAME, ''))
        return text

    def diff(self, *args, **more):
        status, text, _ = on_terminal(
            'diff', 'one.json', 'two.json', *args, cwd=self.folder.name,
            **more)
        self.assertEqual(status, DIFFERS)
        return text

    def test_get_is_text_on_a_terminal_and_json_elsewhere(self):
        self.assertIn('AGENTS', self.get())
        self.assertEqual(self.run_ok('get', url=self.double.url).out,
                         self.body)
        # what is asked for by form, view or layout is JSON here too, and the
        # prompt comes on a line of its own
        for args in ('--json',), ('--view', 'keyed'), ('--pretty',):
            self.assertEqual(self.get(*args), self.body.decode() + '\n')

    def test_colour(self):
        plain = self.run_ok('diff', 'one.json', 'two.json', status=DIFFERS)
        self.assertNotIn('\033', plain.text)
        text = self.diff()
        self.assertIn('\033[33m~ agent-1\033[0m', text)
        self.assertEqual(COLOUR.sub('', text), plain.text)
        self.assertRegex(self.get(), r'\033\[32mok *\033\[0m')
        for more in ({'NO_COLOR': '1'}, {'TERM': 'dumb'}):
            self.assertEqual(self.diff(**more), plain.text)
            self.assertNotIn('\033', self.get(**more))
        self.assertEqual(self.diff('--colour=never'), plain.text)
        self.assertEqual(self.diff('--color', 'always', NO_COLOR='1'), text)
        self.assertEqual(self.diff(NO_COLOR=''), text)
        for form in '--json', '--ndjson', '--json-patch':
            self.assertNotIn('\033', self.diff(form))

    def test_widths(self):
        document = cli.golden('demo.full.json')
        for agent, name in zip(document['agents'], ('漢字エージェント', 'é́x')):
            agent['name'] = name
            agent['models'] = ['model-%d' % i for i in range(30)]
        double = cli.Double(last=cli.answer(cli.compact(document)))
        self.addCleanup(double.close)
        for columns in 90, 120, 400:
            status, text, _ = on_terminal('get', url=double.url,
                                          columns=columns)
            self.assertEqual(status, SAME)
            rows = COLOUR.sub('', text).split('AGENTS (2)\n')[1].split('\n')
            title, one, two = rows[:3]
            at = title.index('STATUS')
            for row, name in ((one, '漢字エージェント'), (two, 'é́x')):
                before = row[:row.index('idle')]
                self.assertIn(name, before)
                self.assertEqual(width(before), at, (title, row))
                self.assertLessEqual(width(row), columns)
            self.assertEqual(columns < 400, one.endswith('…'), one)
        # COLUMNS is believed
        status, text, _ = on_terminal('get', url=double.url, columns=400,
                                      COLUMNS='90')
        self.assertIn('…', text)
        # and nothing is cut where nobody looks
        done = self.run_ok('get', '--text', url=double.url, COLUMNS='90')
        self.assertNotIn('…', done.text)

    def test_unknown_is_not_none(self):
        document = cli.golden('demo.full.json')
        one, two = document['agents'][:2]
        one['activity']['active_task_ids'] = None
        two['activity']['active_task_ids'] = []
        two['max_parallel_invocations'] = 3
        double = cli.Double(last=cli.answer(cli.compact(document)))
        self.addCleanup(double.close)
        text = self.run_ok('get', '--text', url=double.url).text
        self.assertRegex(text, r'\n *%s +\S+ +\?/' % one['name'])
        self.assertRegex(text, r'\n *%s +\S+ +0/3 ' % two['name'])

    def test_whatever_the_locale_is(self):
        for locale in 'C', 'POSIX', 'C.UTF-8', 'no_SUCH':
            self.assertEqual(self.get(LC_ALL=locale), self.get())

    def test_names_have_no_power(self):
        document = cli.golden('demo.full.json')
        document['agents'][0]['name'] = 'a\033]0;title\007\033[2Jb\nc\u202ed'
        double = cli.Double(last=cli.answer(cli.compact(document)))
        self.addCleanup(double.close)
        for args in ((), ('agents/x', '--text')):
            status, text, _ = on_terminal('get', *args, url=double.url)
            self.assertEqual(status, SAME)
            rest = COLOUR.sub('', text)
            self.assertFalse(re.search('[\x00-\x09\x0b-\x1f\x7f\u202e]',
                                       rest), repr(rest))


if __name__ == '__main__':
    cli.main()
