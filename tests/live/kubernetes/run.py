#!/usr/bin/env python3
"""systate against a real Kubernetes API server, with one cluster for all
tests. Usage: run.py [NAME...], names as unittest's -k takes them. Needs what
build.py makes; ends with 77 when that is missing. The environment is that of
tests/api/harness.py."""
import os
import signal
import sys
import time
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'api'))

import build  # noqa: E402
import harness  # noqa: E402

# In this order: what takes long is begun early, and what shakes the cluster
# comes after what needs it.
TESTS = ('test_workload.Usage', 'test_outage.Rights', 'test_deploy',
         'test_workload.Deployments', 'test_workload.Trouble',
         'test_workload.Kinds', 'test_workload.ByHand',
         'test_agents.Agents', 'test_outage.Many',
         'test_outage.Latency', 'test_outage.Outages',
         'test_outage.AllowedAgain')


class Result(unittest.TextTestResult):
    """Says how long each one took."""

    def startTest(self, test):
        self.begin = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)
        self.stream.writeln('ok, %.1f s' % (time.monotonic() - self.begin))
        self.stream.flush()


def suite(names):
    loader = unittest.TestLoader()
    if names:
        loader.testNamePatterns = ['*%s*' % name for name in names]
    return unittest.TestSuite(loader.loadTestsFromName(name)
                              for name in TESTS)


def main(names):
    if harness.SYSTATED is None:
        sys.exit('SST_SYSTATED does not name the built service')
    try:
        build.program()
    except build.Missing as why:
        print('SKIP: live Kubernetes: %s' % why)
        return 77
    import world
    try:
        result = unittest.TextTestRunner(
            verbosity=2, resultclass=Result).run(suite(names))
    finally:
        world.end()
    if result.testsRun == 0:
        print('no test is called that')
        return 1
    return 0 if result.wasSuccessful() else 1


if __name__ == '__main__':
    # so that what was started is ended, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
