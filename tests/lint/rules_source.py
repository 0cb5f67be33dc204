"""Rules that need nothing but the text of the tree."""
import posixpath
import re

from ctree import DATA, Finding

TOP_LEVEL = {'CMakeLists.txt', 'cmd', 'internal', 'schemas', 'openapi',
             'mocks', 'tests', 'README.md', 'LICENSE'}
COLUMNS_HARD, COLUMNS_SOFT = 100, 80
TEXT = ('.c', '.h', '.py', '.sh', '.txt', '.cmake', '.md', '.json', '.yaml',
        '.yml', 'CMakeLists.txt', '/run', '/setup', 'LICENSE', '.clang-format',
        '.clang-tidy', '.in')


def check_tree(tree):
    """Nothing visible at the top besides what the design names."""
    for name in tree.files:
        top = name.split('/')[0]
        if not top.startswith('.') and top not in TOP_LEVEL:
            yield Finding('top-level', name, 1,
                          '%s is no top-level entry of the design' % top)


def text_lines(name, lines):
    c_file = name.endswith(('.c', '.h'))
    for number, line in enumerate(lines, 1):
        if line.endswith((' ', '\t', '\r')):
            yield Finding('trailing-space', name, number,
                          'space, tab or CR at the end of the line')
        if re.match(r'(<{7}|>{7}|\|{7}) |={7}$', line):
            yield Finding('merge-marker', name, number, 'left by a merge')
        # in two pieces, or this file would be reported
        if re.search(r'\b(TO' r'DO|FIX' r'ME)\b', line):
            yield Finding('todo', name, number,
                          'do it, or say why not as XXX: with a reason')
        if not c_file:
            continue
        if re.match(r'\t* {8}', line):
            yield Finding('tab-indent', name, number,
                          'eight spaces where a tab belongs')
        if len(line.expandtabs(8)) > COLUMNS_HARD:
            yield Finding('columns', name, number, '%d columns, at most %d' % (
                len(line.expandtabs(8)), COLUMNS_HARD))


def check_text(tree):
    for name in tree.files:
        if name.startswith(DATA) or not name.endswith(TEXT):
            continue
        try:
            text = tree.read(name).decode('utf-8')
        except UnicodeDecodeError as e:
            yield Finding('utf8', name, 1, str(e))
            continue
        if text and not text.endswith('\n'):
            yield Finding('final-newline', name, text.count('\n') + 1,
                          'no newline at the end')
        yield from text_lines(name, text.split('\n'))


# A folder may include those of a lower number, and itself.
LAYERS = {'base': 0, 'model': 1, 'schema': 2, 'config': 2, 'httpc': 2,
          'repository': 3, 'service': 4, 'api': 5}
# What sources share, no sources of their own: what mocks are made of, and what
# those of a cluster, of a Redis server and of a database have in common.
SHARED = ('scenario', 'kube', 'redis', 'postgres')
# Who alone may include a foreign header.
OWNERS = (
    (r'(ulfius|orcania|yder|microhttpd)\.h$', r'internal/api/'),
    (r'curl/', r'internal/httpc/'),
    (r'yaml\.h$', r'internal/config/|internal/repository/scenario'),
    (r'sqlite3\.h$', r'internal/service/history'),
    (r'pcre2\.h$', r'internal/schema/'),
    (r'hiredis/', r'internal/repository/redis/|internal/repository/queues/'),
    (r'libpq-fe\.h$', r'internal/repository/postgres/'),
    (r'librdkafka/', r'internal/repository/queues/kafka'),
    (r'nats/', r'internal/repository/queues/nats'),
)


def folders(name):
    """internal/a/b/c.h: [a, b]; cmd/x/y.c: [cmd, x]."""
    parts = name.split('/')[:-1]
    return parts[1:] if parts[0] == 'internal' else parts


def resolve(tree, source, target):
    """The file of the tree an include names: from internal/, its folder."""
    here = source.path.rsplit('/', 1)[0]
    for base in ('internal', here, 'tests'):
        name = posixpath.normpath('%s/%s' % (base, target))
        if name in tree.files:
            return name
    return None


def direction(mine, theirs):
    """What is wrong with an include from folders to folders, or None."""
    if mine[0] == 'cmd':
        if theirs[0] == 'cmd' and theirs != mine:
            return 'include-direction'
        return None
    if theirs[0] not in LAYERS or mine[0] not in LAYERS:
        return 'include-direction'
    if mine[0] != theirs[0]:
        lower = LAYERS[theirs[0]] < LAYERS[mine[0]]
        return None if lower else 'include-direction'
    if mine[0] == 'repository' and len(mine) > 1 and len(theirs) > 1:
        if mine[1] != theirs[1] and theirs[1] not in SHARED:
            return 'sibling-include'
    return None


def check_includes(tree):
    for source in tree.sources():
        ours = source.path.startswith(('internal/', 'cmd/'))
        for line, kind, target in source.includes:
            if kind == '<':
                for what, where in OWNERS if ours else ():
                    if re.match(what, target) and not re.match(
                            where, source.path):
                        yield Finding('include-owner', source.path, line,
                                      '<%s> belongs to %s' % (target, where))
                continue
            name = resolve(tree, source, target)
            if name is None:
                if not target.startswith('embed/') and ours:
                    yield Finding('include-missing', source.path, line,
                                  '"%s" is no file of the tree' % target)
                continue
            if not ours:
                continue
            wrong = direction(folders(source.path), folders(name))
            if name.startswith('tests/'):
                wrong = 'include-direction'
            if wrong:
                yield Finding(wrong, source.path, line,
                              'must not include "%s"' % target)


BANNED = {
    'system': 'starts a shell', 'popen': 'starts a shell',
    'strcpy': 'no bound', 'strcat': 'no bound', 'sprintf': 'no bound',
    'vsprintf': 'no bound', 'stpcpy': 'no bound', 'gets': 'no bound',
    'strtok': 'hidden state', 'alloca': 'no failure',
    'atoi': 'no error', 'atol': 'no error', 'atoll': 'no error',
    'atof': 'no error', 'sleep': 'wait for the event',
    'usleep': 'wait for the event', 'nanosleep': 'wait for the event',
    'clock_nanosleep': 'wait for the event',
}
# Calls that one file or folder wraps for all others.
WRAPPED = (
    (r'clock_gettime|gettimeofday|time', r'internal/base/', 'raw-clock',
     'clocks are read through base/clock.h'),
    (r'pthread_(?:mutex|rwlock|spin)_\w+', r'internal/base/', 'raw-lock',
     'locks are those of base/lock.h'),
)


def check_calls(tree):
    banned = re.compile(r'(?<![\w.>])(%s)\s*\(' % '|'.join(BANNED))
    for source in tree.sources():
        for m in banned.finditer(source.code):
            yield Finding('banned-call', source.path,
                          source.line_at(m.start()), '%s: %s' % (
                              m.group(1), BANNED[m.group(1)]), m.group(1))
        if source.path.startswith('tests/'):
            continue
        for what, where, rule, why in WRAPPED:
            if re.match(where, source.path):
                continue
            for m in re.finditer(r'(?<![\w.>])(%s)\s*\(' % what, source.code):
                yield Finding(rule, source.path, source.line_at(m.start()),
                              '%s: %s' % (m.group(1), why), m.group(1))
        for offset, text in source.strings:
            if re.search(r'[{,]\\"', text) and re.search(
                    r'%[-+ #0-9.*]*[a-zA-Z]', text):
                yield Finding('json-printf', source.path,
                              source.line_at(offset),
                              'JSON is not written with a format')


def guards(name):
    """The include guards a header may have."""
    plain = re.sub(r'\W', '_', name).upper()
    if name.startswith('internal/'):
        return {'SST_' + plain[len('INTERNAL_'):]}
    return {'SST_' + plain, plain}


def check_shape(tree):
    """Guards and type definitions."""
    for source in tree.sources():
        for m in re.finditer(r'\btypedef\s+(struct|union)\b', source.code):
            yield Finding('struct-typedef', source.path,
                          source.line_at(m.start()),
                          'structs are used by their tag')
        if not source.path.endswith('.h'):
            continue
        m = re.search(r'^\s*#\s*ifndef\s+(\w+)\s*\n\s*#\s*define\s+(\w+)',
                      source.code, re.M)
        want = guards(source.path)
        if m is None or m.group(1) != m.group(2) or m.group(1) not in want:
            yield Finding('guard', source.path,
                          source.line_at(m.start()) if m else 1,
                          'the guard is to be ' + ' or '.join(sorted(want)))


FILE_MAX, LINES_MAX, DEPTH_MAX, PARAMS_MAX = 600, 80, 4, 5


def check_sizes(tree):
    for source in tree.sources():
        length = source.text.count('\n')
        if length > FILE_MAX:
            yield Finding('file-size', source.path, 1,
                          '%d lines, at most %d' % (length, FILE_MAX))
        for f in source.functions():
            for rule, value, most in (
                    ('function-size', f.lines, LINES_MAX),
                    ('function-depth', f.depth, DEPTH_MAX),
                    ('function-params', f.params, PARAMS_MAX)):
                if value > most:
                    yield Finding(rule, source.path, f.line, '%s: %d, at most'
                                  ' %d' % (f.name, value, most), f.name)


def quantile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def print_sizes(tree):
    """The figures behind the rules, and the worst ten of each."""
    sources = list(tree.sources(dirs=('internal', 'cmd')))
    found = [(f.lines, '%s:%d %s' % (s.path, f.line, f.name))
             for s in sources for f in s.functions()]
    files = [(s.text.count('\n'), s.path) for s in sources]
    wide = sum(len(line.expandtabs(8)) > COLUMNS_SOFT for s in sources
               for line in s.text.split('\n'))
    for title, rows in (('file', files), ('function', found)):
        if not rows:
            continue
        values = [r[0] for r in rows]
        print('%s lines: %d of them, median %d, p90 %d, largest %d' % (
            title, len(rows), quantile(values, .5), quantile(values, .9),
            max(values)))
        for value, name in sorted(rows, reverse=True)[:10]:
            print('  %4d %s' % (value, name))
    print('lines over %d columns: %d' % (COLUMNS_SOFT, wide))
