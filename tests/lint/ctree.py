"""The source tree as the lint sees it: files, C text without its comments and
strings, includes, functions with their sizes. Knows no rule."""
import os
import re
import subprocess

SOURCE_DIRS = ('internal', 'cmd', 'tests')
# Data of others and snippets that are wrong on purpose.
DATA = ('mocks/upstreams/', 'tests/fuzz/corpus/', 'tests/lint/bad/',
        'tests/golden/', 'internal/schema/meta/')


class Finding:
    def __init__(self, rule, path, line, message, name=''):
        self.rule, self.path, self.line = rule, path, line
        self.message, self.name = message, name

    def __str__(self):
        return '%s:%d: %s: %s' % (self.path, self.line, self.rule,
                                  self.message)


class Function:
    """One definition: its name line to its closing brace."""

    def __init__(self, name, line, params):
        self.name, self.line, self.params = name, line, params
        self.lines, self.depth = 0, 1


def list_files(root):
    """Tracked and new files, or every file where there is no git."""
    command = ['git', '-c', 'safe.directory=*', '-C', root, 'ls-files', '-z',
               '--cached', '--others', '--exclude-standard']
    if os.path.exists(os.path.join(root, '.git')):
        try:
            out = subprocess.run(command, check=True, capture_output=True)
            names = out.stdout.decode().split('\0')
            return sorted({n for n in names
                           if n and os.path.isfile(os.path.join(root, n))})
        except (OSError, subprocess.CalledProcessError):
            print('SKIP: git cannot list the files, all of them are read')
    names = []
    for folder, dirs, files in os.walk(root):
        dirs[:] = [d for d in dirs
                   if d != '.git' and not d.startswith('build')]
        names += [os.path.relpath(os.path.join(folder, f), root)
                  for f in files]
    return sorted(names)


def blank(text):
    """Spaces of the same shape: lines stay where they are."""
    return re.sub(r'[^\n]', ' ', text)


LEXER = re.compile(r'''
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<char>'(?:\\.|[^'\\\n])*')
''', re.S | re.X)


class Source:
    """One C file. code: comments and the inside of literals are blank."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.strings = []
        self.includes = []
        self.code = LEXER.sub(self._literal, text)
        for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"\n]+)',
                             text, re.M):
            self.includes.append((self.line_at(m.start()), m.group(1),
                                  m.group(2)))
        self.structure = self._structure()
        self._functions = None

    def line_at(self, offset):
        return self.text.count('\n', 0, offset) + 1

    def _literal(self, m):
        text = m.group(0)
        if m.lastgroup == 'comment':
            return blank(text)
        if m.lastgroup == 'string':
            self.strings.append((m.start(), text[1:-1]))
        return text[0] + blank(text[1:-1]) + text[-1]

    def _structure(self):
        """code without directives and without the second branch of #if."""
        out, skip, depth, joined = [], 0, 0, False
        for line in self.code.split('\n'):
            word = re.match(r'\s*#\s*(\w+)', line)
            if word or joined:
                joined = line.rstrip().endswith('\\')
                word = word.group(1) if word else ''
                if word in ('if', 'ifdef', 'ifndef'):
                    depth += 1
                elif word in ('else', 'elif') and not skip:
                    skip = depth
                elif word == 'endif':
                    skip = 0 if skip == depth else skip
                    depth -= 1
                out.append(blank(line))
            else:
                out.append(blank(line) if skip else line)
        return '\n'.join(out)

    def functions(self):
        if self._functions is None:
            self._functions = list(find_functions(self))
        return self._functions


def count_params(text):
    """Named parameters of the text between the outer parentheses."""
    depth, count = 0, 1
    for c in text:
        depth += (c in '([{') - (c in ')]}')
        count += c == ',' and depth == 0
    words = text.strip()
    if words in ('', 'void'):
        return 0
    return count - words.endswith('...')


def head_of_function(head):
    """(offset of the name, name, parameters) or None."""
    plain = re.sub(r'__attribute__\s*\(\(.*?\)\)', lambda m: blank(m.group(0)),
                   head, flags=re.S)
    m = re.search(r'([A-Za-z_]\w*)\s*\(', plain)
    if m is None or '=' in plain[:m.start()]:
        return None
    depth, i = 1, m.end()
    while i < len(plain) and depth > 0:
        depth += (plain[i] == '(') - (plain[i] == ')')
        i += 1
    if '=' in plain[i:]:
        return None
    inside = plain[m.end():i - 1]
    if m.group(1) == 'START_TEST':  # libcheck's macro
        return m.start(1), inside.strip(), 0
    return m.start(1), m.group(1), count_params(inside)


BLOCK = re.compile(r'\s*(?:if|else|for|while|do|switch)\b|\s*$')


def find_functions(source):
    text = source.structure
    stack = []      # True: a block of statements, False: an initialiser
    function = None
    paren, begin = 0, 0
    for m in re.finditer(r'[{}();:]', text):
        c, at = m.group(0), m.start()
        if c in '()':
            paren += 1 if c == '(' else -1
        elif c == '{':
            head = text[begin:at]
            if not stack and function is None:
                found = head_of_function(head)
                if found:
                    function = Function(
                        found[1], source.line_at(begin + found[0]), found[2])
                stack.append(bool(found))
            else:
                stack.append(bool(stack[-1] and paren == 0 and
                                  BLOCK.match(head)))
                if function:
                    function.depth = max(function.depth, sum(stack))
            if stack[-1] or len(stack) == 1:
                begin = at + 1
        elif c == '}':
            block = stack.pop() if stack else False
            if not stack and function:
                function.lines = source.line_at(at) - function.line + 1
                yield function
                function = None
            if block or not stack:
                begin = at + 1
        elif paren == 0 and (not stack or stack[-1]):
            if c == ';' or re.match(r'\s*(case\b|default\b|\w+\s*$)',
                                    text[begin:at]):
                begin = at + 1


class Tree:
    def __init__(self, root, files=None):
        self.root = os.path.abspath(root)
        self.files = list_files(root) if files is None else files
        self._sources = {}

    def path(self, name):
        return os.path.join(self.root, name)

    def read(self, name):
        with open(self.path(name), 'rb') as f:
            return f.read()

    def source(self, name):
        if name not in self._sources:
            self._sources[name] = Source(
                name, self.read(name).decode('utf-8', 'replace'))
        return self._sources[name]

    def named(self, suffixes, dirs=SOURCE_DIRS):
        """Our own files below dirs with one of these endings."""
        for name in self.files:
            if (name.split('/')[0] in dirs and name.endswith(suffixes)
                    and not name.startswith(DATA)):
                yield name

    def sources(self, suffixes=('.c', '.h'), dirs=SOURCE_DIRS):
        for name in self.named(suffixes, dirs):
            yield self.source(name)
