"""Every command of README.md does what it says, as it stands there.

Blocks marked `sh` run to their end and must succeed; blocks marked `sh follow`
must still be running after they have said something. The blocks share one
folder, like a person who goes through the page. Only durations are shortened."""
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import harness

CLIENT = os.environ.get('SST_SYSTATE', '')
DEFAULT = 'http://127.0.0.1:8080'


def blocks():
    with open(os.path.join(harness.SOURCE, 'README.md'),
              encoding='utf-8') as f:
        return re.findall(r'^```([^\n]*)\n(.*?)^```$', f.read(),
                          re.MULTILINE | re.DOTALL)


class Readme(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.service = harness.Service('mock: {speed: 10}\n', 'demo').ready()
        self.env = dict(os.environ, SYSTATE_URL=self.service.url,
                        PATH=os.path.dirname(CLIENT) + ':' +
                        os.environ['PATH'])
        # there has to be something to tell of, and a past of a second
        born = time.monotonic()
        harness.until(lambda: int(self.service.get('/system/state').headers[
            'Systate-Revision']) > 3 and time.monotonic() > born + 1,
                      'some revisions')

    def tearDown(self):
        self.service.close()
        self.dir.cleanup()

    def shell(self, text, **more):
        # the service under test is not as old as a reader's
        text = re.sub(r'-(15|1)m\b', '-1s', text)
        return subprocess.Popen(
            ['sh', '-e', '-c', text.replace(DEFAULT, self.service.url)],
            cwd=self.dir.name, env=self.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def run_block(self, text):
        done = self.shell(text)
        out, err = done.communicate(timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, 0, '%s\n%s\n%s' % (text, out, err))
        self.assertNotIn('parse error', err)
        self.assertNotEqual(out, '', text)

    def follow(self, text):
        running = self.shell(text, start_new_session=True)
        try:
            self.assertNotEqual(running.stdout.readline(), '', text)
            self.assertIsNone(running.poll(), text + '\nended')
        finally:
            os.killpg(running.pid, signal.SIGTERM)
            running.communicate(timeout=harness.PATIENCE)

    def test_commands(self):
        ran = 0
        for language, text in blocks():
            if language not in ('sh', 'sh follow'):
                continue
            with self.subTest(text=text):
                if language == 'sh':
                    self.run_block(text)
                else:
                    self.follow(text)
                ran += 1
        print('%d blocks of README.md were run' % ran)
        self.assertGreater(ran, 8)

    def test_yaml_is_accepted(self):
        path = os.path.join(self.dir.name, 'systate.yaml')
        for secret in 'rabbitmq-password', 'litellm-key':
            with open(os.path.join(self.dir.name, secret), 'w',
                      encoding='utf-8') as f:
                f.write('secret\n')
        for language, text in blocks():
            if language != 'yaml':
                continue
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text.replace('/etc/systate', self.dir.name))
            done = subprocess.run(
                [harness.SYSTATED, '--check-config', '--config', path],
                capture_output=True, text=True, timeout=harness.PATIENCE,
                env=dict(os.environ, PLANNER_TOKEN='secret'))
            self.assertEqual(done.returncode, 0, text + done.stderr)

    def test_every_kind_of_source_has_its_row(self):
        done = subprocess.run([harness.SYSTATED, '--kinds'], check=True,
                              capture_output=True, text=True)
        kinds = re.findall(r'^(\w+): kind (\S+)$', done.stdout, re.MULTILINE)
        with open(os.path.join(harness.SOURCE, 'README.md'),
                  encoding='utf-8') as f:
            rows = re.findall(r'^\| (\w+) \| `([\w-]+)` \|', f.read(),
                              re.MULTILINE)
        self.assertGreater(len(kinds), 8)
        for section, kind in kinds:
            self.assertIn(('all' if kind == 'mock' else section, kind), rows)

    def test_every_block_is_of_a_known_kind(self):
        plain = {'sh cmd/run\n'}  # .ci and tests/run are how this is run
        for language, text in blocks():
            if language == '':
                self.assertIn(text, plain)
            else:
                self.assertIn(language, ('sh', 'sh follow', 'yaml'))


if __name__ == '__main__':
    unittest.main()
