#!/usr/bin/env python3
"""systate against a real Kubernetes API server, with one cluster for all
tests. Usage: run.py [NAME...], names as unittest's -k takes them. Needs what
build.py makes; ends with 77 when that is missing. The environment is that of
tests/api/harness.py."""
import os
import signal
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'api'))

import build  # noqa: E402
import harness  # noqa: E402

# in this order: the last ones shake what the first ones need
MODULES = ('test_deploy', 'test_workload', 'test_agents', 'test_outage')


def suite(names):
    loader = unittest.TestLoader()
    if names:
        loader.testNamePatterns = ['*%s*' % name for name in names]
    return unittest.TestSuite(loader.loadTestsFromName(module)
                              for module in MODULES)


def main(names):
    if harness.SYSTATED is None:
        sys.exit('SST_SYSTATED does not name the built service')
    try:
        build.program()
    except build.Missing as why:
        print('SKIP: live Kubernetes: %s' % why)
        return 77
    from world import WORLD
    try:
        result = unittest.TextTestRunner(verbosity=2).run(suite(names))
    finally:
        for made in WORLD:
            made.close()
    if result.testsRun == 0:
        print('no test is called that')
        return 1
    return 0 if result.wasSuccessful() else 1


if __name__ == '__main__':
    # so that what was started is ended, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
