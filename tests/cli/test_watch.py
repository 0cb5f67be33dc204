"""systate watch against a server that does as it is told."""
import signal

import cli
from cli import DIFFERS, SAME, UNKNOWN, UNREACHABLE

EPOCH = '0f3a55d200c4e1b7'
RETRY = b'retry: 1\n\n'


def ident(revision, epoch=EPOCH):
    return '%s:%d' % (epoch, revision)


def end(revision, epoch=EPOCH):
    return {'epoch': epoch, 'revision': revision,
            'captured_at': '2026-01-01T00:00:%02d.000Z' % (revision % 60)}


def change(revision, changes=None, epoch=EPOCH):
    rows = changes if changes is not None else [
        {'op': 'changed', 'section': 'agents', 'key': 'agent-1',
         'path': '/agents/0', 'name': 'agent-1', 'fields': [
             {'name': 'status', 'from': 'idle', 'to': 'busy'}]}]
    counts = {op: sum(r['op'] == op for r in rows)
              for op in ('added', 'removed', 'changed', 'moved')}
    return cli.event('change', {
        'from': end(revision - 1, epoch), 'to': end(revision, epoch),
        'summary': dict(counts, by_section={}), 'truncated': False,
        'omitted': 0, 'changes': rows}, ident(revision, epoch))


def state(revision, epoch=EPOCH):
    return cli.event('state', dict(end(revision, epoch), sources=[
        {'status': 'ok'}, {'status': 'down'}], agents=[], queues=None),
        ident(revision, epoch))


class Watch(cli.Case):
    def double(self, *scripts, last=None):
        double = cli.Double(*scripts, last=last)
        self.addCleanup(double.close)
        return double

    def watch(self, double, *args):
        return cli.systate('watch', *args, url=double.url)

    def resumes(self, double):
        """Last-Event-ID of each request; None: not sent."""
        found = []
        for head in double.requests:
            at = [line.split(': ', 1)[1] for line in head.split('\r\n')
                  if line.lower().startswith('last-event-id:')]
            found.append(at[0] if at else None)
        return found

    def test_what_is_asked(self):
        double = self.double(cli.stream(RETRY, state(1), change(2)))
        self.watch(double, '--count', 1, '--sections', 'queues,agents',
                   '--key', 'mock/a b')
        head = double.requests[0]
        self.assertTrue(head.startswith(
            'GET /system/state/watch?sections=agents%2Cqueues&'
            'key=mock%2Fa%2520b HTTP/1.1\r\n'), head)
        self.assertIn('Accept: text/event-stream\r\n', head)
        self.assertEqual(self.resumes(double), [None])

    def test_text(self):
        rows = [
            {'op': 'added', 'section': 'queues', 'key': 'mock/q/tasks/t1',
             'path': '', 'name': 't1', 'fields': []},
            {'op': 'removed', 'section': 'agents', 'key': 'a%2Fb',
             'path': '', 'name': 'a/b', 'fields': []},
            {'op': 'moved', 'section': 'agents',
             'key': 'agent-1/active_task_ids/t2', 'path': '', 'name': 't2',
             'from': {'section': 'queues', 'key': 'mock/q/tasks/t2',
                      'path': ''},
             'fields': [{'name': 'status', 'from': 'queued',
                         'to': 'running'}]},
            {'op': 'changed', 'section': 'queues', 'key': 'mock/q',
             'path': '', 'name': 'q', 'fields': [
                 {'name': 'depth.ready', 'from': 3, 'to': None},
                 {'name': 'state', 'to': 'a b\x1b[2J'}]},
            {'op': 'changed', 'section': 'litellm', 'key': 'm', 'path': '',
             'name': 'm', 'fields': [
                 {'name': 'n%d' % i, 'from': 'x' * 60, 'to': 'y'}
                 for i in range(3)]},
        ]
        double = self.double(cli.stream(state(1), change(2, rows)))
        done = self.watch(double, '--count', 1)
        cut = 'x' * 39 + '…'
        self.assertEqual(done.text.splitlines(), [
            '2026-01-01T00:00:01.000Z  revision 1: 1 of 2 sources ok, '
            '0 agents, queues unknown',
            '2026-01-01T00:00:02.000Z  revision 1 -> 2: 1 added, 1 removed, '
            '2 changed, 1 moved',
            '  + queues mock/q/tasks/t1',
            '  - agents a/b',
            '  > t2  queues mock/q -> agents agent-1  '
            'status: queued -> running',
            '  ~ queues mock/q  depth.ready: 3 -> null, '
            'state: (absent) -> "a b[2J"',
            '  ~ litellm m',
            '      n0: %s -> y' % cut,
            '      n1: %s -> y' % cut,
            '      n2: %s -> y' % cut,
        ])
        double = self.double(cli.stream(state(1), change(2, rows)))
        paint = self.watch(double, '--count', 1, '--colour', 'always')
        self.assertIn('  \033[36m> t2  queues', paint.text)
        self.assertIn('\033[32m+ ', paint.text)
        self.assertNotIn('\033[2J', paint.text)

    def test_ndjson_is_an_event_a_line(self):
        book = cli.event('bookmark', {'epoch': EPOCH, 'revision': 5},
                         ident(5))
        double = self.double(cli.stream(
            state(1), b': heartbeat\n\n', book, change(6)))
        lines = self.watch(double, '--count', 1, '--ndjson').lines()
        self.assertEqual([(x['event'], x['id']) for x in lines],
                         [('state', ident(1)), ('bookmark', ident(5)),
                          ('change', ident(6))])
        self.assertEqual(lines[1]['data'], {'epoch': EPOCH, 'revision': 5})

    def test_a_cut_goes_on_where_it_was(self):
        half = change(4)[:30]
        double = self.double(
            cli.stream(RETRY, state(1), change(2)),
            cli.stream(RETRY, change(3), half),
            cli.stream(RETRY, change(4)))
        done = self.watch(double, '--ndjson', '--count', 3)
        self.assertEqual(done.status, SAME)
        self.assertEqual([x['id'] for x in done.lines()],
                         [ident(i) for i in (1, 2, 3, 4)])
        self.assertEqual(self.resumes(double),
                         [None, ident(2), ident(3)])
        self.assertIn('the server ended the stream; connecting again',
                      done.err)
        self.assertIn('connected again', done.err)

    def test_many_cuts(self):
        """No event lost, none doubled, wherever the stream is cut."""
        scripts, revision = [cli.stream(RETRY, state(1))], 1
        for size in (401, 7, 997, 613, 1, 1511, 809, 2003, 3001, 4001, 9973):
            rest = b''.join(change(i) for i in range(revision + 1, 30))
            scripts.append(cli.stream(RETRY, rest[:size]))
            revision += rest[:size].count(b'\n\n')
        self.assertLess(revision, 30)
        double = self.double(*scripts, last=cli.stream(
            RETRY, b''.join(change(i) for i in range(revision + 1, 30))))
        done = self.watch(double, '--ndjson', '--count', 28)
        self.assertEqual(done.status, SAME, done.err)
        self.assertEqual([x['id'] for x in done.lines()],
                         [ident(i) for i in range(1, 30)])

    def test_gone_starts_over(self):
        other = 'ffffffffffffffff'
        double = self.double(
            cli.stream(RETRY, state(7)),
            cli.problem(410, 'Gone', 'epoch %s has ended' % EPOCH),
            cli.stream(RETRY, state(1, other), change(2, epoch=other)))
        done = self.watch(double, '--count', 2)
        self.assertEqual(done.status, SAME)
        self.assertIn('starting over', done.err)
        self.assertEqual(self.resumes(double), [None, ident(7), None])
        self.assertIn('revision 1 (all of it anew)', done.text)

    def test_a_busy_server_is_asked_again(self):
        busy = cli.problem(503, 'Busy', 'The service is stopping.')
        double = self.double(
            cli.stream(RETRY, state(1)), busy, busy, [], [b'garbage'],
            cli.stream(RETRY, change(2)))
        done = self.watch(double, '--count', 1)
        self.assertEqual(done.status, SAME, done.err)
        self.assertEqual(len(double.requests), 6)
        # one note an outage
        self.assertEqual(done.err.count('connecting again'), 1, done.err)

    def test_why_the_server_ends_it(self):
        bye = cli.event('end', {'reason': 'shutdown'})
        double = self.double(cli.stream(RETRY, state(1), bye),
                             cli.stream(RETRY, change(2)))
        done = self.watch(double, '--count', 1)
        self.assertIn('the server ended the stream: shutdown; connecting',
                      done.err)
        self.assertNotIn('end', done.text)

    def test_what_ends_it_at_once(self):
        rows = (
            (cli.problem(401, 'Unauthorized', 'A token is needed.'), 'token'),
            (cli.problem(404, 'Not found', 'no'), 'answered 404'),
            (cli.problem(503, 'Not ready', 'No snapshot.'), 'No snapshot'),
            (cli.problem(410, 'Gone', 'x'), 'answered 410'),
            (cli.answer(b'<html>', kind='text/html'), 'text/event-stream'),
            (cli.answer(b'{}'), 'where text/event-stream belongs'),
            (cli.answer(b'<p>', '502 Bad', 'text/html'), 'answered 502'),
            ([b'HTTP/1.1 200 OK\r\n\r\n'], 'where text/event-stream belongs'),
            (cli.stream(b'event: state\ndata: {\n\n'), 'event state'),
        )
        for script, says in rows:
            double = self.double(script)
            done = self.watch(double)
            self.assertEqual(done.status, UNKNOWN, (done.err, says))
            self.assertIn(says, done.err)
            self.assertEqual(done.err.count('\n'), 1)
            self.assertEqual(done.out, b'')
        done = self.watch(self.double(
            cli.problem(400, 'Invalid', 'key is wrong')))
        self.assertEqual(done.status, 2)
        done = cli.systate('watch', url='http://127.0.0.1:1')
        self.assertEqual(done.status, UNREACHABLE)

    def test_giving_up(self):
        double = self.double(cli.stream(RETRY, state(1)), last=[])
        done = self.watch(double, '--give-up', '300ms')
        self.assertEqual(done.status, UNREACHABLE, done.err)
        double = self.double(cli.stream(RETRY, state(1), None))
        child = cli.start('watch', '--give-up', '300ms', url=double.url)
        try:
            child.stdout.readline()
            double.close()  # nothing listens any more
            out, err = child.communicate(timeout=cli.PATIENCE)
        finally:
            child.kill()
        self.assertEqual(child.returncode, UNREACHABLE, err)
        self.assertIn('Connection refused', err)

    def test_until_change(self):
        held = self.double(cli.stream(state(1), None))
        done = self.watch(held, '--until-change', '--for', '300ms')
        self.assertEqual((done.status, done.err), (SAME, ''))
        double = self.double(cli.stream(state(1), change(2)))
        done = self.watch(double, '--until-change')
        self.assertEqual((done.status, done.err), (DIFFERS, ''))
        # a state in place of a change
        double = self.double(cli.stream(RETRY, state(1), state(2)))
        self.assertEqual(self.watch(double, '--until-change').status,
                         DIFFERS)

    def test_for_also_ends_a_server_that_is_silent(self):
        done = self.watch(self.double([None]), '--for', '300ms')
        self.assertEqual((done.status, done.err), (SAME, ''))
        done = self.watch(self.double([None]), '--timeout', '300ms')
        self.assertEqual(done.status, UNREACHABLE)
        double = self.double(cli.stream(RETRY, state(1)), last=[])
        done = self.watch(double, '--for', '500ms')
        self.assertEqual(done.status, SAME)

    def test_a_signal_ends_a_wait(self):
        slow = b'retry: 20000\n\n'
        double = self.double(cli.stream(slow, state(1)))
        child = cli.start('watch', url=double.url)
        try:
            child.stdout.readline()
            self.assertIn('connecting again', child.stderr.readline())
            child.send_signal(signal.SIGINT)
            child.communicate(timeout=10)
        finally:
            child.kill()
        self.assertEqual(child.returncode, SAME)

    def test_events_over_the_bound(self):
        block = b'x' * 1048576
        double = self.double(cli.stream(b'data: ', *[block] * 257))
        done = self.watch(double)
        self.assertEqual(done.status, UNKNOWN)
        self.assertIn('over the bound', done.err)

    def test_since_is_sent(self):
        double = self.double(cli.stream(RETRY, change(42)))
        done = self.watch(double, '--since', ident(41), '--count', 1)
        self.assertEqual(done.status, SAME)
        self.assertEqual(self.resumes(double), [ident(41)])
        self.assertEqual(len(done.text.splitlines()), 2)


if __name__ == '__main__':
    cli.main()
