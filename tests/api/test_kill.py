"""What was published survives kill -9: the history and its epoch."""
import tempfile
import unittest

import harness
from killing import kill_rounds


class Kill(unittest.TestCase):
    def test_nothing_acknowledged_is_lost(self):
        def start(data_dir):
            service = harness.Service(
                'mock: {speed: 200}\n', 'overload', data_dir=data_dir)
            services.append(service)
            return service

        services = []
        with tempfile.TemporaryDirectory() as data_dir:
            result = kill_rounds(start, data_dir, 8)
        for service in services:
            service.log.close()
            service.dir.cleanup()
        print('%d kills, %d revisions checked, %d younger than 1 s lost, '
              'start at most %.0f ms' %
              (result.rounds, result.revisions, result.young_lost,
               max(result.start_ms)))
        self.assertEqual(result.lost, [])
        self.assertEqual(result.corrupt, [])
        self.assertEqual(len(result.epochs), 1, result.epochs)
        self.assertGreater(result.revisions, 8, 'the state did not change')


if __name__ == '__main__':
    unittest.main()
