#!/usr/bin/env python3
"""The past of the built service: at=, since= and wait=, the list of revisions,
differences, and what is left of all that after a restart."""
import contextlib
import gzip
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import unittest

import harness

STATE = '/system/state'
HISTORY = STATE + '/history'
DIFF = STATE + '/diff'
PATCH = 'application/json-patch+json'
MERGE = 'application/merge-patch+json'
FORMS = (STATE, STATE + '?view=base', STATE + '?view=keyed',
         STATE + '?pretty=1', STATE + '?sections=queues,agents',
         STATE + '/queues', STATE + '/agents/agent-1?view=base')
LIVELY = 'mock:\n  speed: 20\n'


def query(path, more):
    return path + ('&' if '?' in path else '?') + more


def revision(answer):
    return int(answer.headers['Systate-Revision'])


def collect(service, revisions):
    """What was sent while it was current: {path: {revision: answer}}."""
    seen = {path: {} for path in FORMS}

    def more():
        for path in FORMS:
            answer = service.get(path)
            assert answer.status == 200, (path, answer.body)
            seen[path][revision(answer)] = answer
        return min(len(r) for r in seen.values()) >= revisions

    harness.until(more, 'more revisions')
    return seen


class Past(unittest.TestCase):
    """A world that changes."""

    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service(LIVELY, 'demo').ready()
        cls.seen = collect(cls.service, 6)
        cls.epoch = cls.service.get(STATE).headers['Systate-Epoch']

    @classmethod
    def tearDownClass(cls):
        cls.service.close()

    def get(self, path, headers=None, method='GET'):
        return self.service.get(path, headers, method)

    def ok(self, path, headers=None):
        answer = self.get(path, headers)
        self.assertEqual(answer.status, 200, (path, answer.body[:500]))
        return answer

    def refused(self, path, status, kind, headers=None):
        answer = self.get(path, headers)
        problem = answer.json()
        self.assertEqual((answer.status, problem['type']),
                         (status, '/problems/' + kind), problem)
        self.assertEqual(answer.headers['Cache-Control'], 'no-store')
        self.assertLessEqual(len(answer.body), 2000)
        validate = harness.schema_validator('problem.schema.json')
        if validate is not None:
            validate(problem)
        return problem

    def test_same_bytes_as_when_it_was_current(self):
        for path, revisions in self.seen.items():
            for number, then in revisions.items():
                with self.subTest(path=path, revision=number):
                    now = self.ok(query(path, 'at=%d' % number))
                    self.assertEqual(now.body, then.body)
                    for name in ('ETag', 'Last-Modified', 'Content-Type',
                                 'Systate-Revision', 'Systate-Epoch', 'Vary',
                                 'Cache-Control'):
                        self.assertEqual(now.headers[name],
                                         then.headers[name])
                    again = self.get(query(path, 'at=%d' % number),
                                     {'If-None-Match': now.headers['ETag']})
                    self.assertEqual((again.status, again.body), (304, b''))

    def test_codings_and_head(self):
        number = min(self.seen[STATE])
        path = STATE + '?at=%d' % number
        plain = self.seen[STATE][number].body
        packed = self.ok(path, {'Accept-Encoding': 'gzip'})
        self.assertEqual(gzip.decompress(packed.body), plain)
        self.assertTrue(packed.headers['ETag'].endswith('-gzip"'))
        head = self.get(path, {'Accept-Encoding': 'zstd'}, 'HEAD')
        zstd = self.ok(path, {'Accept-Encoding': 'zstd'})
        self.assertEqual(head.headers['ETag'], zstd.headers['ETag'])
        self.assertEqual(head.headers['Content-Length'],
                         str(len(zstd.body)))
        if shutil.which('zstd'):
            out = subprocess.run(['zstd', '-dc'], input=zstd.body,
                                 capture_output=True, check=True)
            self.assertEqual(out.stdout, plain)

    def test_named_with_its_epoch_it_holds_for_ever(self):
        number = min(self.seen[STATE])
        answer = self.ok('%s?at=%s:%d' % (STATE, self.epoch, number))
        self.assertIn('immutable', answer.headers['Cache-Control'])
        self.assertEqual(answer.body, self.seen[STATE][number].body)

    def test_moments(self):
        number = min(self.seen[STATE])
        document = self.seen[STATE][number].json()
        at = document['captured_at']
        self.assertEqual(revision(self.ok(STATE + '?at=' + at)), number)
        east = at.replace('Z', '%2B00:00')
        self.assertEqual(revision(self.ok(STATE + '?at=' + east)), number)
        newest = revision(self.ok(STATE))
        for later in ('now', '-0s', '-0ms', '2999-12-31T00:00:00Z',
                      '@253402300799'):
            self.assertGreaterEqual(
                revision(self.ok(STATE + '?at=' + later)), newest)

    def test_gone(self):
        for at in ('-520w', '@1', '2001-01-01T00:00:00Z'):
            problem = self.refused(STATE + '?at=' + at, 410, 'gone')
            self.assertEqual(problem['parameter'], 'at')
            self.assertEqual(problem['epoch'], self.epoch)
            self.assertGreaterEqual(problem['newest_revision'],
                                    problem['oldest_revision'])
            self.ok(problem['example'])
        other = '0' * 16 if self.epoch != '0' * 16 else '1' * 16
        problem = self.refused('%s?at=%s:1' % (STATE, other), 410, 'gone')
        self.ok(problem['example'])
        self.refused('%s/agents?at=%s:1' % (STATE, other), 410, 'gone')

    def test_not_there_yet(self):
        problem = self.refused(STATE + '?at=99999999', 404,
                               'revision-not-found')
        self.assertLess(problem['newest_revision'], 99999999)
        self.ok(problem['example'])
        self.refused(STATE + '/agents/agent-1?at=99999999', 404,
                     'revision-not-found')
        self.refused(DIFF + '?from=now&to=99999999', 404,
                     'revision-not-found')

    def test_wrong_parameters(self):
        for path in ('?at=', '?at=0', '?at=x', '?at=-15', '?at=1&at=1',
                     '?at=1&max_age=5s', '?at=1&since=1', '?wait=1s',
                     '?since=', '?since=now', '?since=0', '?since=1&wait=',
                     '?since=1&wait=301s', '?since=1&wait=1', '?key=a',
                     '?from=1', '?cursor=1', '?limit=1', '/agents?since=1',
                     '/history?limit=0', '/history?limit=10001',
                     '/history?cursor=x', '/history?at=1',
                     '/history?from=9&to=8', '/history?sections=agents',
                     '/diff', '/diff?to=1', '/diff?from=', '/diff?from=x',
                     '/diff?from=1&view=base', '/diff?from=1&view=keyed',
                     '/diff?from=1&key=', '/diff?from=1&key=/a',
                     '/diff?from=1&limit=x', '/diff?from=1&from=1'):
            with self.subTest(path=path):
                problem = self.refused(STATE + path, 400,
                                       'invalid-parameter')
                self.assertTrue(problem['example'].startswith(STATE))
                # What it proposes is understood, whatever is held.
                self.assertIn(self.get(problem['example']).status,
                              (200, 304, 404, 410))

    def test_the_list_has_every_revision_once(self):
        validate = harness.schema_validator('history.schema.json')
        url, numbers, pages = HISTORY + '?limit=3', [], 0
        while url is not None:
            page = self.ok(url).json()
            if validate is not None:
                validate(page)
            self.assertLessEqual(len(page['revisions']), 3)
            numbers += [row['revision'] for row in page['revisions']]
            pages += 1
            url = page['next']
        self.assertGreater(pages, 1)
        self.assertEqual(
            numbers, list(range(numbers[0], page['oldest_revision'] - 1, -1)))
        for number in self.seen[STATE]:
            self.assertIn(number, numbers)

    def test_rows_say_what_changed(self):
        def known():
            rows = self.ok(HISTORY + '?from=%d&to=%d' % (
                min(self.seen[STATE]), max(self.seen[STATE]))).json()
            return rows['revisions'] if all(
                row['cause'] is not None
                for row in rows['revisions'][:-1]) else None
        rows = harness.until(known, 'the notes of all revisions')
        for row in rows[:-1]:
            total = sum(row['summary'][op] for op in
                        ('added', 'removed', 'changed', 'moved'))
            diff = self.ok('%s?from=%d&to=%d' % (
                DIFF, row['revision'] - 1, row['revision'])).json()
            self.assertEqual(row['summary'], diff['summary'])
            self.assertEqual(total, len(diff['changes']) + diff['omitted'])
            document = self.ok('%s?at=%d' % (STATE, row['revision']))
            self.assertEqual(row['bytes'], len(document.body))
            self.assertEqual(row['captured_at'],
                             document.json()['captured_at'])

    def test_the_list_within_bounds(self):
        numbers = sorted(self.seen[STATE])
        page = self.ok('%s?from=%d&to=%d' % (
            HISTORY, numbers[1], numbers[-2])).json()
        got = [row['revision'] for row in page['revisions']]
        self.assertEqual(got, list(range(numbers[-2], numbers[1] - 1, -1)))
        at = self.seen[STATE][numbers[1]].json()['captured_at']
        page = self.ok('%s?to=%s&limit=1' % (HISTORY, at)).json()
        self.assertEqual(page['revisions'][0]['revision'], numbers[1])
        url = '%s?from=-1h&to=%s&limit=1' % (HISTORY, at)
        self.assertNotIn('-1h', self.ok(url).json()['next'] or '')
        tag = self.ok('%s?to=%d' % (HISTORY, numbers[0]))
        self.refused('%s?cursor=%s-5' % (HISTORY, '0' * 16), 410, 'gone')
        self.assertEqual(tag.headers['Cache-Control'], 'no-cache')

    def ends(self):
        numbers = sorted(self.seen[STATE])
        return numbers[0], numbers[-1]

    def test_diff_conforms(self):
        first, last = self.ends()
        validate = harness.schema_validator('diff.schema.json')
        for more in ('', '&pretty=1', '&limit=1', '&sections=queues',
                     '&key=agent-1'):
            diff = self.ok('%s?from=%d&to=%d%s' % (
                DIFF, first, last, more)).json()
            if validate is not None:
                validate(diff)
            self.assertEqual(diff['from']['revision'], first)
            self.assertEqual(diff['to']['revision'], last)
            for change in diff['changes']:
                if 'sections' in more:
                    self.assertIn(change['section'], ('queues', 'sources',
                                                      'agents'))
                if 'key' in more:
                    self.assertTrue(change['key'].startswith('agent-1') or
                                    change['from']['key']
                                    .startswith('agent-1'))
        same = self.ok('%s?from=%d&to=%d' % (DIFF, last, last)).json()
        self.assertEqual(same['changes'], [])
        back = self.ok('%s?from=%d&to=%d' % (DIFF, last, first)).json()
        there = self.ok('%s?from=%d&to=%d' % (DIFF, first, last)).json()
        self.assertEqual(back['summary']['added'],
                         there['summary']['removed'])

    def test_every_form_of_a_diff(self):
        first, last = self.ends()
        path = '%s?from=%d&to=%d' % (DIFF, first, last)
        tags = set()
        for accept, content in (
                (None, 'application/json'), ('*/*', 'application/json'),
                (PATCH, PATCH), (MERGE, MERGE),
                ('text/plain', 'text/plain; charset=utf-8'),
                ('text/*', 'text/plain; charset=utf-8'),
                ('text/html,application/xhtml+xml,*/*;q=0.8',
                 'application/json'),
                (MERGE + ';q=0.5,' + PATCH + ';q=0.4', MERGE),
                ('application/json;q=0,*/*', PATCH)):
            headers = {} if accept is None else {'Accept': accept}
            for coding in ('identity', 'gzip', 'zstd'):
                with self.subTest(accept=accept, coding=coding):
                    headers['Accept-Encoding'] = coding
                    answer = self.ok(path, headers)
                    self.assertEqual(answer.headers['Content-Type'], content)
                    self.assertEqual(answer.headers['Vary'],
                                     'Accept, Accept-Encoding')
                    tags.add(answer.headers['ETag'])
                    head = self.get(path, headers, 'HEAD')
                    self.assertEqual(head.headers['ETag'],
                                     answer.headers['ETag'])
                    self.assertEqual(head.headers['Content-Length'],
                                     str(len(answer.body)))
                    again = self.get(path, {
                        **headers, 'If-None-Match': answer.headers['ETag']})
                    self.assertEqual(again.status, 304)
        self.assertEqual(len(tags), 4 * 3)
        problem = self.refused(path, 406, 'not-acceptable',
                               {'Accept': 'text/html'})
        self.assertEqual(len(problem['allowed']), 4)
        for parameter in ('view=full', 'view=base', 'key=a', 'limit=1'):
            self.refused('%s&%s' % (path, parameter), 400,
                         'invalid-parameter', {'Accept': MERGE if parameter
                                               != 'view=full' else PATCH})

    def test_merge_patches_lead_there(self):
        """RFC 7396, section 2, applied to the keyed view: no member in the
        demo becomes null but by going."""
        def merge(target, patch):
            if not isinstance(patch, dict):
                return patch
            target = dict(target) if isinstance(target, dict) else {}
            for name, value in patch.items():
                if value is None:
                    target.pop(name, None)
                else:
                    target[name] = merge(target.get(name), value)
            return target

        def without_nulls(value):
            if isinstance(value, dict):
                return {k: without_nulls(v) for k, v in value.items()
                        if v is not None}
            if isinstance(value, list):
                return [without_nulls(v) for v in value]
            return value

        first, last = self.ends()
        for view in ('full', 'keyed'):
            patch = self.ok('%s?from=%d&to=%d&view=%s' % (
                DIFF, first, last, view), {'Accept': MERGE}).json()
            one, two = (self.ok('%s?at=%d&view=%s' % (
                STATE, n, view)).json() for n in (first, last))
            self.assertEqual(without_nulls(merge(one, patch)),
                             without_nulls(two))

    def test_a_patch_begins_with_a_test(self):
        first, last = self.ends()
        patch = self.ok('%s?from=%d&to=%d' % (DIFF, first, last),
                        {'Accept': PATCH}).json()
        self.assertEqual(patch[0], {'op': 'test', 'path': '/revision',
                                    'value': first})

    def test_curl_for_people(self):
        if shutil.which('curl') is None:
            harness.skip('curl is not installed')
        first, last = self.ends()
        out = subprocess.run(
            ['curl', '-sf', '-H', 'Accept: text/plain', '%s%s?from=%d&to=%d'
             % (self.service.url, DIFF, first, last)],
            capture_output=True, check=True, timeout=harness.PATIENCE)
        self.assertTrue(out.stdout.endswith(b'\n'))
        self.assertNotIn(b'\x1b', out.stdout)

    def test_since_answers_at_once_what_differs(self):
        first, _ = self.ends()
        answer = self.ok('%s?since=%d' % (STATE, first))
        self.assertGreater(revision(answer), first)
        self.ok('%s?since=99999999' % STATE)
        self.ok('%s?since=%s:1' % (STATE, '0' * 16))
        head = self.get('%s?since=%d' % (STATE, first), method='HEAD')
        self.assertEqual((head.status, head.body), (200, b''))

    def test_since_follows_the_changes(self):
        at = revision(self.ok(STATE))
        for _ in range(3):
            answer = self.ok('%s?since=%s:%d&wait=%ds' % (
                STATE, self.epoch, at, harness.PATIENCE))
            self.assertGreater(revision(answer), at)
            at = revision(answer)

    def test_many_wait_and_all_are_answered(self):
        at = revision(self.ok(STATE))
        answers = []

        def wait():
            answers.append(self.get('%s?since=%d&wait=%ds&view=base' % (
                STATE, at, harness.PATIENCE)))

        threads = [threading.Thread(target=wait) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([a.status for a in answers], [200] * 50)
        self.assertEqual(len([a for a in answers if revision(a) > at]), 50)

    def test_figures(self):
        figures = self.ok('/system/sources').json()
        self.assertEqual(figures['history']['status'], 'ok')
        self.assertIsNone(figures['history']['error'])
        stored = harness.until(
            lambda: self.ok('/system/sources').json()['history']['revisions'],
            'something stored')
        self.assertGreater(stored, 0)
        metrics = self.ok('/metrics').body.decode()
        for name in ('systate_history_status{status="ok"} 1',
                     'systate_history_revisions ', 'systate_watchers ',
                     'systate_history_pending ',
                     'systate_watch_events_total{kind="change"}'):
            self.assertIn('\n' + name, metrics)


class Quiet(unittest.TestCase):
    """A world in which nothing happens."""

    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service().ready()

    @classmethod
    def tearDownClass(cls):
        cls.service.close()

    def settled(self):
        """The revision after which nothing comes."""
        def quiet():
            before = revision(self.service.get(STATE))
            answer = self.service.get('%s?since=%d&wait=500ms' % (
                STATE, before))
            return before if answer.status == 304 else None
        return harness.until(quiet, 'silence')

    def test_nothing_changed(self):
        at = self.settled()
        tag = self.service.get(STATE).headers['ETag']
        for more in ('wait=0s', 'wait=1ms', 'wait=200ms',
                     'wait=200ms&sections=agents', 'wait=200ms&view=base'):
            answer = self.service.get('%s?since=%d&%s' % (STATE, at, more))
            with self.subTest(more=more):
                self.assertEqual((answer.status, answer.body), (304, b''))
                self.assertEqual(revision(answer), at)
                self.assertIn('ETag', answer.headers)
        answer = self.service.get('%s?since=%d&wait=0s' % (STATE, at))
        self.assertEqual(answer.headers['ETag'], tag)
        diff = self.service.get('%s?from=%d' % (DIFF, at)).json()
        self.assertEqual(diff['changes'], [])

    def watchers(self):
        return self.service.get('/system/sources').json()['watchers']['open']

    def test_a_client_that_leaves_is_forgotten(self):
        """At the end of its wait at the latest."""
        at = self.settled()
        sockets = [self.service.connect() for _ in range(5)]
        for s in sockets:
            s.sendall(b'GET /system/state?since=%d&wait=5s HTTP/1.1\r\n'
                      b'Host: localhost\r\n\r\n' % at)
        harness.until(lambda: self.watchers() == 5, 'five watchers')
        self.assertEqual(self.service.get(STATE).status, 200)
        for s in sockets:
            s.close()
        harness.until(lambda: self.watchers() == 0, 'no watcher')

    def test_the_connection_goes_on(self):
        at = self.settled()
        one = b'GET /system/state?since=%d&wait=50ms HTTP/1.1\r\n' \
              b'Host: localhost\r\n%s\r\n'
        answer = harness.raw(self.service, one % (at, b'') +
                             one % (at, b'Connection: close\r\n'))
        self.assertEqual(answer.status, 304)
        self.assertTrue(answer.body.startswith(b'HTTP/1.1 304 '))


class Stopping(unittest.TestCase):
    def test_who_waits_is_answered(self):
        service = harness.Service().ready()
        try:
            at = revision(service.get(STATE))
            while service.get('%s?since=%d&wait=300ms' % (
                    STATE, at)).status != 304:
                at = revision(service.get(STATE))
            with service.connect() as s:
                s.sendall(b'GET /system/state?since=%d&wait=5m HTTP/1.1\r\n'
                          b'Host: localhost\r\n\r\n' % at)
                harness.until(
                    lambda: service.get('/system/sources').json()
                    ['watchers']['open'] == 1, 'one watcher')
                self.assertEqual(service.stop(), 0)
                answer = harness.Raw(harness.read_all(s))
                self.assertIn(answer.status, (200, 304, 503))
        finally:
            service.close()


class Restart(unittest.TestCase):
    def test_the_past_is_still_there(self):
        with tempfile.TemporaryDirectory() as folder:
            data = os.path.join(folder, 'data')
            first = harness.Service(LIVELY, 'demo', data_dir=data).ready()
            try:
                seen = collect(first, 4)
                epoch = first.get(STATE).headers['Systate-Epoch']
            finally:
                first.close()
            second = harness.Service(LIVELY, 'demo', data_dir=data).ready()
            try:
                self.check(second, seen, epoch)
            finally:
                second.close()

    def check(self, service, seen, epoch):
        newest = max(seen[STATE])
        now = service.get(STATE)
        self.assertEqual(now.headers['Systate-Epoch'], epoch)
        self.assertGreaterEqual(revision(now), newest)
        for path, revisions in seen.items():
            for number, then in revisions.items():
                with self.subTest(path=path, revision=number):
                    answer = service.get(
                        query(path, 'at=%s:%d' % (epoch, number)))
                    self.assertEqual(answer.status, 200, answer.body[:500])
                    self.assertEqual(answer.body, then.body)
                    self.assertEqual(answer.headers['ETag'],
                                     then.headers['ETag'])
        page = service.get(HISTORY + '?to=%d' % newest).json()
        numbers = [row['revision'] for row in page['revisions']]
        self.assertEqual(numbers[0], newest)
        self.assertTrue(set(seen[STATE]) <= set(numbers))
        diff = service.get('%s?from=%d&to=%d' % (
            DIFF, min(seen[STATE]), newest))
        self.assertEqual(diff.status, 200)
        # The world has begun anew and may be as it was once.
        answer = service.get('%s?since=%s:%d&wait=0s' % (
            STATE, epoch, min(seen[STATE])))
        self.assertIn(answer.status, (200, 304))


class Damaged(unittest.TestCase):
    """A file that somebody else has written into."""

    def damage(self, data, number):
        with contextlib.closing(sqlite3.connect(
                os.path.join(data, 'history.db'))) as db, db:
            db.execute('UPDATE body SET data = zeroblob(length(data)) '
                       'WHERE revision = ?', (number,))
            db.execute('UPDATE body SET note = ? WHERE revision = ?',
                       (b'{"summary":', number + 1))

    def test_a_revision_that_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as folder:
            data = os.path.join(folder, 'data')
            first = harness.Service(LIVELY, 'demo', data_dir=data).ready()
            try:
                number = min(collect(first, 4)[STATE])
            finally:
                first.close()
            second = harness.Service(data_dir=data).ready()
            try:
                # Not at its start: it would set the whole file aside.
                self.damage(data, number)
                self.check(second, number)
            finally:
                second.close()

    def check(self, service, number):
        for path in ('%s?at=%d' % (STATE, number),
                     '%s/agents?at=%d' % (STATE, number),
                     '%s?from=%d' % (DIFF, number)):
            answer = service.get(path)
            problem = answer.json()
            self.assertEqual((answer.status, problem['type']),
                             (500, '/problems/internal'), problem)
            self.assertIn('Revision %d ' % number, problem['detail'])
            self.assertIn(problem['instance'], service.read_log())
        self.assertEqual(service.get(STATE).status, 200)
        self.assertEqual(service.get('%s?since=%d&wait=0s' % (
            STATE, number)).status, 200)
        rows = service.get(HISTORY + '?limit=10000').json()['revisions']
        row = [r for r in rows if r['revision'] == number + 1]
        self.assertEqual([(r['summary'], r['cause']) for r in row],
                         [(None, None)])


class Off(unittest.TestCase):
    """Without files: the last revisions are in memory."""

    def test_memory_only(self):
        service = harness.Service(
            LIVELY + 'history:\n  enabled: false\n', 'demo').ready()
        try:
            seen = collect(service, 3)
            for number, then in seen[STATE].items():
                self.assertEqual(
                    service.get(STATE + '?at=%d' % number).body, then.body)
            figures = service.get('/system/sources').json()['history']
            self.assertEqual(figures['status'], 'off')
            self.assertIsNone(figures['newest_revision'])
            page = service.get(HISTORY).json()
            self.assertGreaterEqual(len(page['revisions']), 3)
        finally:
            service.close()


if __name__ == '__main__':
    harness.main()
