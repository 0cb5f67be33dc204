#!/usr/bin/env python3
"""The shipped manifests and unit, as far as no cluster is needed: their
configuration is one that the service takes, the unit one that systemd takes.
Usage: check_deploy.py SYSTATED"""
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    '..', '..', '..')
DEPLOY = os.path.join(ROOT, 'cmd', 'systated', 'deploy')
EXPOSURE = '20'  # of 100, by systemd's own count


def read(name):
    with open(os.path.join(DEPLOY, name), encoding='utf-8') as f:
        return f.read()


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, check=False)
    return done.returncode, done.stdout


def check_config(systated, folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    status, said = run(systated, '--config', path, '--share-dir', ROOT,
                       '--check-config')
    assert status == 0, '%s: %s' % (name, said)
    print('  %s: %s' % (name, said.strip()))


def config_map(folder):
    """systate.yaml out of the ConfigMap, with the tokens of a test."""
    block = read('kubernetes.yaml').split('  systate.yaml: |\n')[1]
    block = textwrap.dedent(block.split('---')[0])
    tokens = os.path.join(folder, 'tokens.yaml')
    with open(tokens, 'w', encoding='utf-8') as f:
        f.write('- {name: me, sha256: "%s"}\n' % ('0' * 64))
    assert '/etc/systate/tokens/tokens.yaml' in block
    return block.replace('/etc/systate/tokens/tokens.yaml', tokens)


def check_unit(systated, folder):
    analyze = shutil.which('systemd-analyze')
    if analyze is None:
        print('SKIP: systated.service, systemd-analyze is not installed')
        return
    unit = os.path.join(folder, 'systated.service')
    text = read('systated.service')
    assert '/usr/local/bin/systated' in text
    with open(unit, 'w', encoding='utf-8') as f:
        f.write(text.replace('/usr/local/bin/systated', systated))
    status, said = run(analyze, 'verify', '--man=no', unit)
    assert status == 0 and said == '', 'systemd-analyze verify: ' + said
    status, said = run(analyze, 'security', '--offline=true',
                       '--threshold=' + EXPOSURE, '--no-pager', unit)
    if 'unrecognized option' in said:
        print('SKIP: exposure of systated.service, systemd is too old')
        return
    assert status == 0, 'systemd-analyze security: ' + said
    print('  systated.service: ' + said.strip().splitlines()[-1].strip())


def main(argv):
    if len(argv) != 2:
        sys.exit(__doc__)
    systated = os.path.abspath(argv[1])
    with tempfile.TemporaryDirectory() as folder:
        check_config(systated, folder, 'the ConfigMap', config_map(folder))
        check_config(systated, folder, 'systate.yaml', read('systate.yaml'))
        check_unit(systated, folder)
    print('ok')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
