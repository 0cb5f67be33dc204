"""Rules that need a compiler, a build or an analyser."""
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile

from ctree import Finding

FLAGS = ('-Wall', '-Wextra', '-Wshadow', '-Wcast-qual', '-Wstrict-prototypes',
         '-Wmissing-prototypes', '-Wformat=2')


def run(command, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                          errors='replace', stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)


def parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(function, items):
            yield from found


class Build:
    """The compile database of a build folder."""

    def __init__(self, tree, folder):
        self.tree, self.folder = tree, os.path.abspath(folder)
        with open(os.path.join(folder, 'compile_commands.json'),
                  encoding='utf-8') as f:
            self.entries = json.load(f)
        for e in self.entries:
            e['argv'] = e.get('arguments') or shlex.split(e['command'])
            full = os.path.join(e['directory'], e['file'])
            e['name'] = os.path.relpath(full, tree.root)
            e['object'] = os.path.join(e['directory'], e['argv'][
                e['argv'].index('-o') + 1]) if '-o' in e['argv'] else None

    def own(self, dirs=('internal', 'cmd')):
        for e in self.entries:
            if e['name'].split('/')[0] in dirs:
                yield e


def check_flags(tree, build):
    """Every file of ours is built, and with the warnings that we promise."""
    for e in build.own(('internal', 'cmd', 'tests')):
        lack = [f for f in FLAGS if f not in e['argv']]
        if lack:
            yield Finding('flags', e['name'], 1,
                          'compiled without ' + ' '.join(lack))
    built = {e['name'] for e in build.entries}
    for name in tree.named(('.c',), ('internal', 'cmd')):
        if name not in built:
            yield Finding('not-built', name, 1, 'is in no target')


SYMBOL = re.compile(r'^[0-9a-f]+ (.)(.{5})(.) (\S+)\s+[0-9a-f]+\s+'
                    r'(?:\.\w+ )?(\S+)$', re.M)


def symbols(path):
    """(name, exported, a function, in memory that can be written) of it."""
    out = run(['objdump', '-t', path]).stdout
    for scope, _, kind, section, name in SYMBOL.findall(out):
        if section in ('*UND*', '*ABS*') or kind in 'fd':
            continue
        if name == section or name.startswith('.'):
            continue
        writable = (re.match(r'\.(data|bss|tdata|tbss)\b|\*COM\*', section)
                    and not section.startswith('.data.rel.ro'))
        yield name, scope in 'gu', kind == 'F', bool(writable)


def object_findings(name, path):
    base = os.path.basename(name)
    exports = []
    for symbol, exported, function, writable in symbols(path):
        if exported:
            exports.append(symbol)
            if not re.match(r'sst_|[a-z0-9_]+?__[a-z]', symbol):
                yield Finding('symbol-prefix', name, 1, '%s is exported '
                              'without sst_ or <module>__' % symbol, symbol)
        if writable and not function:
            if exported:
                yield Finding('exported-variable', name, 1,
                              symbol + ' can be written from outside', symbol)
            elif name != 'internal/base/log.c':
                yield Finding('static-variable', name, 1,
                              symbol + ' is a mutable static', symbol)
    if not re.match(r'internal/repository/(?!scenario)\w+/', name):
        return
    if base.endswith(('_live.c', '_mock.c')) or base == 'mock.c':
        if len(exports) > 1:
            yield Finding('variant-exports', name, 1, 'a variant exports its '
                          'table of operations only, here: ' +
                          ' '.join(sorted(exports)))


def check_symbols(tree, build):
    """What the objects of the libraries export, by their symbol tables."""
    found = 0
    for e in build.entries:
        if e['object'] is None or not re.match(
                r'internal/', os.path.relpath(e['object'], build.folder)):
            continue
        if os.path.exists(e['object']):
            found += 1
            for f in object_findings(e['name'], e['object']):
                if f.path not in tree.files:  # generated into the build
                    f.path = os.path.relpath(tree.path(f.path), build.folder)
                yield f
    if found == 0:
        print('SKIP: nothing of internal/ is built, no symbols to look at')


def include_options(build):
    """Where the files of ours find headers, each option once."""
    options = []
    for e in build.own(('internal', 'cmd', 'tests')):
        argv = e['argv']
        for i, word in enumerate(argv):
            option = ()
            if re.match(r'-[ID].', word):
                option = (word,)
            elif word == '-isystem':
                option = (word, argv[i + 1])
            if option and option not in options:
                options.append(option)
    return [word for option in options for word in option
            if not word.startswith('-DSST_SOURCE_DIR')]


def check_headers(tree, build):
    """Every header compiles alone, and twice."""
    options = include_options(build)
    compiler = build.entries[0]['argv'][0] if build.entries else 'cc'
    if 'ccache' in compiler:
        compiler = 'cc'

    def compile_alone(name):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'alone.c')
            with open(path, 'w', encoding='utf-8') as f:
                f.write('#include "%s"\n' % tree.path(name) * 2)
            done = run([compiler, '-std=c11', '-fsyntax-only', '-Werror',
                        *FLAGS, *options, '-I' + tree.path('internal'),
                        '-I' + tree.path('tests'), path])
        if done.returncode != 0:
            errors = [line for line in done.stdout.split('\n')
                      if 'error' in line]
            first = errors[0] if errors else done.stdout[:200]
            yield Finding('header-alone', name, 1,
                          first.replace(tree.root + '/', ''))

    yield from parallel(compile_alone, list(tree.named(('.h',))))


def tool(name):
    path = shutil.which(name)
    if path is None:
        print('SKIP: %s is not installed' % name)
    return path


# False: files that clang-format would change are counted and shown only.
FORMAT_ENFORCED = False


def check_format(tree, build):
    """Whether clang-format would change a file."""
    program = tool('clang-format')
    if program is None:
        return
    version = re.search(r'version (\d+)', run([program, '--version']).stdout)
    if version is None or version.group(1) != '14':
        print('SKIP: layout is compared by clang-format 14 only')
        return

    def compare(name):
        done = run([program, '--dry-run', '-Werror', '--style=file',
                    tree.path(name)])
        if done.returncode != 0:
            m = re.search(r':(\d+):\d+: error', done.stdout)
            yield Finding('format', name, int(m.group(1)) if m else 1,
                          'clang-format -i would change it')

    found = list(parallel(compare, list(tree.named(('.c', '.h')))))
    if FORMAT_ENFORCED:
        yield from found
    elif found:
        print('format, not enforced: %d files differ' % len(found))
        for f in found[:10]:
            print('  %s:%d' % (f.path, f.line))


WARNING = re.compile(r'^(\S+?):(\d+):(?:\d+:)? (?:warning|error|performance|'
                     r'portability|style|information): (.*)$', re.M)


def warnings_of(rule, tree, text):
    seen = set()
    for path, line, message in WARNING.findall(text):
        name = os.path.relpath(os.path.join(tree.root, path), tree.root)
        if (name, line, message) not in seen:
            seen.add((name, line, message))
            which = re.search(r'\[([\w.-]+)[^\]]*\]$', message)
            yield Finding(rule, name, int(line), message,
                          which.group(1) if which else '')


def check_tidy(tree, build):
    program = tool('clang-tidy')
    if program is None:
        return

    hints = os.path.join(os.path.dirname(__file__), 'analyser.h')

    def tidy(name):
        more = ['--extra-arg=-include' + hints]
        if not os.path.exists(tree.path('internal/base/error.h')) or (
                name == 'internal/base/error.c'):
            more = []
        done = run([program, '--quiet', '-p', build.folder, *more,
                    '--config-file=' + tree.path('.clang-tidy'),
                    '--header-filter=%s/(internal|cmd)/.*' % re.escape(
                        tree.root), tree.path(name)])
        found = list(warnings_of('tidy', tree, done.stdout))
        if done.returncode != 0 and not found:
            found.append(Finding('tidy', name, 1, 'clang-tidy ended with %d: '
                                 '%s' % (done.returncode, done.stdout[-300:])))
        return found

    seen = set()
    for f in parallel(tidy, sorted({e['name'] for e in build.own()})):
        if str(f) not in seen:  # a header shows up with every includer
            seen.add(str(f))
            yield f


# memleakOnRealloc does not see that another pointer still holds the memory;
# uninitvar takes a failed call, whose results are unset, for a success;
# arrayIndexThenCheck does not see that a list ends with NULL.
CPPCHECK_SUPPRESS = ('missingIncludeSystem', 'unmatchedSuppression',
                     'memleakOnRealloc', 'uninitvar', 'arrayIndexThenCheck')


def check_cppcheck(tree, build):
    program = tool('cppcheck')
    if program is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        project = os.path.join(folder, 'compile_commands.json')
        with open(project, 'w', encoding='utf-8') as f:
            json.dump([{k: e[k] for k in ('directory', 'command', 'file')}
                       for e in build.own() if 'command' in e], f)
        done = run([program, '--quiet', '-j', str(os.cpu_count()),
                    '--enable=warning,performance,portability',
                    '--inline-suppr', '--std=c11', '--max-configs=4',
                    '--library=' + os.path.join(
                        os.path.dirname(__file__), 'cppcheck.cfg'),
                    *['--suppress=' + s for s in CPPCHECK_SUPPRESS],
                    '--template={file}:{line}: {severity}: {message} [{id}]',
                    '--error-exitcode=1', '--project=' + project])
    found = list(warnings_of('cppcheck', tree, done.stdout))
    yield from found
    if done.returncode != 0 and not found:
        yield Finding('cppcheck', 'tests/lint', 1, 'cppcheck ended with %d: %s'
                      % (done.returncode, done.stdout[-300:]))
