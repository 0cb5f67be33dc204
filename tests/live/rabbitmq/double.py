"""The test double in the broker's place: recorded answers that change as the
test says, behind the same methods as the real one."""
import json
import os
import subprocess
import tempfile

from record import CONSUMERS, LIVE, STATS, pages

RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..',
                        '..', 'mocks', 'upstreams', 'rabbitmq', 'world')
LIVE_PATH = pages('', LIVE)[0][1]
STATS_PATH = pages('', STATS)[0][1]


class Double:
    def __init__(self, program):
        self.dir = tempfile.TemporaryDirectory(prefix='sst-double-')
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        self.url = self.process.stdout.readline().strip()
        self.order('load %s/monitor.routes' % RECORDED)
        self.live = self.recorded('monitor_live.json')
        self.stats = self.recorded('monitor_stats.json')
        self.consumers = self.recorded('monitor_consumers.json')

    @staticmethod
    def recorded(name):
        with open(os.path.join(RECORDED, name), encoding='utf-8') as f:
            return json.load(f)

    def order(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if answer in ('', 'error'):
            raise AssertionError('the double: %s: %s' % (line, answer))
        return answer

    def serve(self):
        for path, tree in ((LIVE_PATH, self.live), (STATS_PATH, self.stats),
                           (CONSUMERS, self.consumers)):
            file = os.path.join(self.dir.name, 'answer.json')
            with open(file, 'w', encoding='utf-8') as f:
                json.dump(tree, f)
            self.order('answer %s 200 %s' % (path, file))

    def rows(self, name):
        return [row for page in (self.live, self.stats)
                for row in page['items'] if row['name'] == name]

    def change(self, name, ready=0, unacked=0):
        for row in self.rows(name):
            row['messages_ready'] += ready
            row['messages_unacknowledged'] += unacked
            row['messages'] += ready + unacked

    # What the test does to either.

    def publish(self, name, count):
        self.change(name, ready=count)
        self.serve()

    def declare(self, name):
        for page in (self.live, self.stats):
            row = dict(page['items'][0], name=name, messages=0,
                       messages_ready=0, messages_unacknowledged=0)
            page['items'].append(row)
            page['total_count'] += 1
        self.serve()

    def delete(self, name):
        for page in (self.live, self.stats):
            page['items'] = [r for r in page['items'] if r['name'] != name]
            page['total_count'] = len(page['items'])
        self.serve()

    def consume(self, name, prefetch):
        self.change(name, ready=-prefetch, unacked=prefetch)
        self.consumers.append({'queue': {'name': name, 'vhost': '/'}})
        self.serve()

    def acknowledge(self, name, count):
        self.change(name, unacked=-count)
        self.serve()

    def leave(self, name):
        held = self.rows(name)[0]['messages_unacknowledged']
        self.change(name, ready=held, unacked=-held)
        self.consumers = [c for c in self.consumers
                          if c['queue']['name'] != name]
        self.serve()

    def consumers_told(self, name):
        return sum(c['queue']['name'] == name for c in self.consumers)

    def kill(self):
        self.order('refuse')

    def restart(self):
        self.order('listen')

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
        self.dir.cleanup()
