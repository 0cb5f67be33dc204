#!/usr/bin/env python3
"""The rules of the tree, as a program: lint.py --root R --build B CHECK...

CHECK: tree text includes calls shape sizes    the text alone
       flags symbols headers format            a configured and built tree
       tidy cppcheck                           analysers, slow
       selftest                                every rule finds its bad example
Prints `file:line: rule: message` and ends with 1 when there is a finding.
Exceptions stand in allow.txt, with their reasons; one that has become
needless is a finding too."""
import argparse
import os
import sys

sys.dont_write_bytecode = True

import rules_build as rb  # noqa: E402
import rules_source as rs  # noqa: E402
from ctree import Finding, Tree  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE_CHECKS = {
    'tree': rs.check_tree, 'text': rs.check_text,
    'includes': rs.check_includes, 'calls': rs.check_calls,
    'shape': rs.check_shape, 'sizes': rs.check_sizes,
}
BUILD_CHECKS = {
    'flags': rb.check_flags, 'symbols': rb.check_symbols,
    'headers': rb.check_headers, 'format': rb.check_format,
    'tidy': rb.check_tidy, 'cppcheck': rb.check_cppcheck,
}
# Which rules a check can report, to tell needless exceptions.
RULES = {
    'calls': ('banned-call', 'raw-clock', 'raw-lock', 'json-printf'),
    'includes': ('include-owner', 'include-direction', 'sibling-include'),
    'sizes': ('file-size', 'function-size', 'function-depth',
              'function-params'),
    'symbols': ('symbol-prefix', 'exported-variable', 'static-variable',
                'variant-exports'),
    'format': ('format',),
}


class Allowed:
    """allow.txt: `rule path[:name] reason` a line."""

    def __init__(self, path):
        self.rows, self.used, self.path = {}, set(), path
        with open(path, encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                words = line.split(None, 2)
                if not words or words[0].startswith('#'):
                    continue
                if len(words) < 3:
                    sys.exit('%s:%d: rule, place and reason' % (path, number))
                self.rows[words[0], words[1]] = number

    def covers(self, f):
        for key in ((f.rule, f.path), (f.rule, '%s:%s' % (f.path, f.name))):
            if key in self.rows:
                self.used.add(key)
                return True
        return False

    def needless(self, check):
        for key, number in self.rows.items():
            if key[0] in RULES.get(check, ()) and key not in self.used:
                yield Finding('needless-exception', 'tests/lint/allow.txt',
                              number, '%s %s is no finding any more' % key)


def run_check(check, tree, folder, allowed):
    if check in SOURCE_CHECKS:
        found = list(SOURCE_CHECKS[check](tree))
    else:
        found = list(BUILD_CHECKS[check](tree, rb.Build(tree, folder)))
    found = [f for f in found if not allowed.covers(f)]
    return found + list(allowed.needless(check))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--root', default=os.path.join(HERE, '..', '..'))
    parser.add_argument('--build')
    parser.add_argument('checks', nargs='+', metavar='CHECK',
                        choices=[*SOURCE_CHECKS, *BUILD_CHECKS, 'selftest'])
    options = parser.parse_args()
    if options.build is None and set(options.checks) & set(BUILD_CHECKS):
        parser.error('these checks need --build')
    tree = Tree(options.root)
    allowed = Allowed(os.path.join(HERE, 'allow.txt'))
    total = 0
    for check in options.checks:
        if check == 'selftest':
            import selftest
            total += selftest.run(HERE)
            continue
        found = run_check(check, tree, options.build, allowed)
        for f in sorted(found, key=lambda f: (f.path, f.line)):
            print(f)
        if check == 'sizes':
            rs.print_sizes(tree)
        print('%s: %d findings' % (check, len(found)))
        total += len(found)
    return 1 if total else 0


if __name__ == '__main__':
    sys.exit(main())
