#!/usr/bin/env python3
"""Builds the control plane that the live Kubernetes test runs against, once:

    python3 tests/live/kubernetes/build.py

The test itself never builds it, because that takes minutes, a network and
some 4 GB of disk for as long as it lasts. What remains is one program of
125 MB in ${XDG_CACHE_HOME:-~/.cache}/systate-tests/kubernetes-VERSION/.
Needs Go; every module is pinned by controlplane/go.sum. Prints the path and
ends with 0, or prints a line `SKIP: why` and ends with 77."""
import fcntl
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       'controlplane')
DISK = 6 << 30
SECONDS = 1500
RETRY_SECONDS = 3600  # a machine without a network does not try each time


class Missing(Exception):
    """There is no control plane: a reason to skip."""


def version():
    with open(os.path.join(SOURCES, 'go.mod'), encoding='ascii') as f:
        return re.search(r'^\s*k8s\.io/kubernetes v(\S+)', f.read(),
                         re.M).group(1)


def flags():
    told = ' '.join('-X k8s.io/%s/version.%s' % (package, value)
                    for package in ('component-base', 'client-go/pkg')
                    for value in ('gitVersion=v' + version(),
                                  'gitMajor=' + version().split('.')[0],
                                  'gitMinor=' + version().split('.')[1]))
    # nobody debugs it: a third less to write
    return ['-mod=readonly', '-trimpath', '-buildvcs=false',
            '-gcflags=all=-dwarf=false', '-ldflags=-s -w ' + told]


def place():
    """Where the program is, once it is made of these sources."""
    digest = hashlib.sha256('\0'.join(flags()).encode())
    for path in sorted(glob.glob(SOURCES + '/*')):
        with open(path, 'rb') as f:
            digest.update(f.read())
    cache = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    return os.path.join(cache, 'systate-tests', 'kubernetes-' + version(),
                        'controlplane-' + digest.hexdigest()[:12])


def program():
    """The program, for a test; Missing when it has not been built."""
    path = place()
    if not os.access(path, os.X_OK):
        raise Missing('Kubernetes %s is not built here: '
                      'python3 tests/live/kubernetes/build.py' % version())
    return path


def compile_it(path):
    go = shutil.which('go')
    if go is None:
        raise Missing('go is not installed')
    folder = os.path.dirname(path)
    if shutil.disk_usage(folder).free < DISK:
        raise Missing('building Kubernetes takes %d GB of disk' % (DISK >> 30))
    # what only the build needs, kept when it fails and gone when it is done
    work = os.path.join(folder, 'work')
    env = dict(os.environ, GOFLAGS='-modcacherw', GOTOOLCHAIN='local',
               CGO_ENABLED='0', GO111MODULE='on', GOWORK='off',
               GOCACHE=os.path.join(work, 'build'),
               GOMODCACHE=os.path.join(work, 'modules'))
    with tempfile.TemporaryFile('w+', encoding='utf-8',
                                errors='replace') as said:
        try:
            code = subprocess.run(
                [go, 'build', *flags(), '-o', path + '.new', '.'],
                cwd=SOURCES, env=env, stdin=subprocess.DEVNULL, stdout=said,
                stderr=said, timeout=SECONDS, check=False).returncode
        except subprocess.TimeoutExpired:
            raise Missing('go build took more than %d s' % SECONDS) from None
        said.seek(0)
        if code != 0:
            raise Missing('go build: ' + ' / '.join(
                said.read().strip().splitlines()[-3:]))
    os.rename(path + '.new', path)
    shutil.rmtree(work, ignore_errors=True)


def build():
    path = place()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(os.path.dirname(path) + '/lock', 'w', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.access(path, os.X_OK):
            return path
        failed = path + '.failed'
        try:
            age = time.time() - os.stat(failed).st_mtime
        except FileNotFoundError:
            age = RETRY_SECONDS
        if age < RETRY_SECONDS:
            with open(failed, encoding='utf-8') as f:
                raise Missing('within the hour: ' + f.read())
        begin = time.monotonic()
        try:
            compile_it(path)
        except Missing as why:
            with open(failed, 'w', encoding='utf-8') as f:
                f.write(str(why))
            raise
        print('Kubernetes %s built in %d s' % (version(),
                                               time.monotonic() - begin))
        return path


def main():
    try:
        print(build())
    except Missing as why:
        print('SKIP: live Kubernetes: %s' % why)
        return 77
    return 0


if __name__ == '__main__':
    sys.exit(main())
