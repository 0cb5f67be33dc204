"""The completions, run by their shells."""
import os
import shutil
import subprocess

import cli

FOLDER = os.path.join(cli.SOURCE, 'cmd', 'systate')
SCRIPT = '''
. "$0"
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_systate
for i in "${COMPREPLY[@]}"; do printf '%s\\n' "$i"; done
'''


class Bash(cli.Case):
    def complete(self, *words):
        done = subprocess.run(
            ['bash', '-u', '-c', SCRIPT,
             os.path.join(FOLDER, 'completion', 'systate.bash'), 'systate',
             *words],
            capture_output=True, text=True, cwd=self.folder.name,
            timeout=cli.PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, ''), words)
        return sorted(done.stdout.split('\n')[:-1])

    def test_subcommands(self):
        self.assertEqual(self.complete(''), sorted(
            ['get', 'diff', 'watch', 'history', 'sources', 'validate',
             'apply', 'help', '--help', '--version']))
        self.assertEqual(self.complete('d'), ['diff'])
        self.assertEqual(self.complete('help', 'w'), ['watch'])
        self.assertEqual(self.complete('nothing', ''), [])

    def test_options_are_those_of_the_help(self):
        for name in ('get', 'diff', 'watch', 'history', 'sources', 'validate',
                     'apply'):
            lines = self.run_ok('help', name).text.split(
                '\nOptions:\n')[1].split('\nExamples:\n')[0].split('\n')
            options = sorted(line.split()[0] for line in lines
                             if line.startswith('  --'))
            self.assertEqual(self.complete(name, '--'), options, name)
        self.assertEqual(self.complete('diff', '--json'),
                         ['--json', '--json-patch'])

    def test_values(self):
        self.assertEqual(self.complete('get', '--view', ''),
                         ['base', 'full', 'keyed'])
        self.assertEqual(self.complete('diff', '--view', ''),
                         ['full', 'keyed'])
        self.assertEqual(self.complete('get', '--view', '=', 'b'), ['base'])
        self.assertEqual(self.complete('get', '--view', '='),
                         ['base', 'full', 'keyed'])
        self.assertEqual(self.complete('watch', '--colour', 'a'),
                         ['always', 'auto'])
        self.assertEqual(self.complete('get', '--sections', 'a'), ['agents'])
        self.assertEqual(self.complete('get', '--sections', 'agents,'),
                         ['agents,litellm', 'agents,queues',
                          'agents,workload'])
        self.assertEqual(self.complete('watch', '--count', ''), [])

    def test_files(self):
        self.write('one.json', b'')
        self.write('other.txt', b'')
        for words in (('diff', 'o'), ('validate', 'o'), ('apply', 'o'),
                      ('get', '--token-file', 'o'),
                      ('get', '--ca-file', '=', 'o')):
            self.assertEqual(self.complete(*words), ['one.json', 'other.txt'])
        self.assertEqual(self.complete('diff', 'n'), ['now'])
        self.assertEqual(self.complete('get', 'q'), ['queues', 'queues/'])


class Others(cli.Case):
    def test_zsh(self):
        if shutil.which('zsh') is None:
            cli.skip('the zsh completion is not run, zsh is not installed')
        done = subprocess.run(
            ['zsh', '-n', os.path.join(FOLDER, 'completion', '_systate')],
            capture_output=True, text=True, timeout=cli.PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_man_page(self):
        page = os.path.join(FOLDER, 'systate.1')
        checks = (('mandoc', '-T', 'lint', '-W', 'warning', page),
                  ('groff', '-ww', '-mandoc', '-Tutf8', page))
        found = [c for c in checks if shutil.which(c[0])]
        if not found:
            cli.skip('the man page is not checked, neither mandoc nor groff '
                     'is installed')
        for check in found:
            done = subprocess.run(check, capture_output=True, text=True,
                                  timeout=cli.PATIENCE)
            self.assertEqual((done.returncode, done.stderr), (0, ''))


if __name__ == '__main__':
    cli.main()
