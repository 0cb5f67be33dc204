"""Proof that the lint can fail. Every file of bad/ says in its first line

    lint-as PATH expect RULE*COUNT...        (or: expect nothing)

and is linted alone, as if it stood at PATH: it must give exactly these
findings, so that a rule that sleeps and one that cries wolf both show."""
import json
import os
import re
import shutil
import tempfile

import rules_build as rb
import rules_source as rs
from ctree import Tree

SOURCE = (rs.check_tree, rs.check_text, rs.check_includes, rs.check_calls,
          rs.check_shape, rs.check_sizes)
# Snippets are compiled without the headers of the tree or libraries.
COMPILE = ['-std=c11', '-D_GNU_SOURCE', '-O1', '-w', '-fPIE']
# One header a layer, for snippets to include.
STUBS = ['%s/other.h' % folder for folder in (
    'internal/base', 'internal/model', 'internal/schema', 'internal/config',
    'internal/httpc', 'internal/repository', 'internal/repository/agents',
    'internal/repository/queues', 'internal/repository/scenario',
    'internal/service', 'internal/api', 'cmd/systate', 'tests/support')]
SLOW = {'tidy': ('clang-tidy', rb.check_tidy),
        'cppcheck': ('cppcheck', rb.check_cppcheck)}


def parse_head(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        head = f.readline()
    m = re.search(r'lint-as (\S+) expect ([\w*\- ]+?)\s*(?:\*/|-->|$)', head)
    if m is None:
        return None, {}
    want = {}
    for word in m.group(2).split():
        rule, _, count = word.partition('*')
        want[rule] = int(count or 1)
    want.pop('nothing', None)
    return m.group(1), want


def build_for(tree, folder, name, want):
    """A compile database and an object for one snippet."""
    obj = os.path.join(folder, os.path.dirname(name), 'one.o')
    os.makedirs(os.path.dirname(obj), exist_ok=True)
    flags = list(rb.FLAGS)
    if 'flags' in want:
        flags.remove('-Wshadow')
    command = ['cc', *COMPILE, *flags, '-c', tree.path(name), '-o', obj]
    entries = [{'directory': folder, 'file': tree.path(name),
                'command': ' '.join(command)}]
    if name.endswith('.h') or 'not-built' in want:
        entries[0]['file'] = tree.path('internal/base/other.c')
    with open(os.path.join(folder, 'compile_commands.json'), 'w',
              encoding='utf-8') as f:
        json.dump(entries, f)
    if name.endswith('.c'):
        rb.run(command)
    return rb.Build(tree, folder)


def findings(root, folder, name, want):
    for check in SOURCE:
        yield from check(Tree(root, [name, *STUBS]))
    if not name.endswith(('.c', '.h')):
        return
    tree = Tree(root, [name])
    checks = [rb.check_flags, rb.check_headers]
    build = build_for(tree, folder, name, want)
    if (name.startswith('internal/') and
            os.path.exists(build.entries[0]['object'])):
        checks.append(rb.check_symbols)
    checks += [check for rule, (program, check) in SLOW.items()
               if rule in want and shutil.which(program)]
    for check in checks:
        yield from check(tree, build)


def write_stub(root, name):
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    guard = sorted(rs.guards(name))[0]
    with open(path, 'w', encoding='utf-8') as f:
        f.write('#ifndef %s\n#define %s\n#endif\n' % (guard, guard))


def examine(here, path):
    """True when the snippet gives what it says."""
    name, want = parse_head(path)
    if name is None:
        print('%s: first line without lint-as' % path)
        return False
    with tempfile.TemporaryDirectory() as top:
        root, folder = os.path.join(top, 'tree'), os.path.join(top, 'build')
        os.makedirs(folder)
        for stub in STUBS:
            write_stub(root, stub)
        os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
        shutil.copy(path, os.path.join(root, name))
        shutil.copy(os.path.join(here, '../../.clang-tidy'), root)
        found = list(findings(root, folder, name, want))
    for rule in list(want):
        if rule in SLOW and not shutil.which(SLOW[rule][0]):
            print('SKIP: %s is not installed' % SLOW[rule][0])
            del want[rule]
    got = {}
    for f in found:
        got[f.rule] = got.get(f.rule, 0) + 1
    if got != want:
        print('%s: wanted %s, found %s' % (os.path.basename(path), want, got))
        for f in found:
            print('  %s' % f)
    return got == want


def run(here):
    """The number of snippets that do not give what they say."""
    folder = os.path.join(here, 'bad')
    names = sorted(os.listdir(folder))
    failed = [n for n in names if not examine(here, os.path.join(folder, n))]
    print('selftest: %d snippets, %d wrong' % (len(names), len(failed)))
    return len(failed) + (not names)
