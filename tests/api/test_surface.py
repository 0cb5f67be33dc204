#!/usr/bin/env python3
"""Every path of the service: status, headers, representations, contracts."""
import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import harness

STATE = '/system/state'


class Surface(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service().ready()

    @classmethod
    def tearDownClass(cls):
        cls.service.close()

    def get(self, path, headers=None, method='GET'):
        return self.service.get(path, headers, method)

    def paths(self):
        """Every path of OpenAPI, the variables filled with real keys."""
        state = self.get(STATE).json()
        workload, queue = state['workload'][0], state['queues'][0]
        values = {
            '/system/state/agents/{name}': {'name': state['agents'][0]['name']},
            '/schemas/{name}': {'name': 'problem.schema.json'},
            '/problems/{name}': {'name': 'not-found'},
            '/system/state/queues/{name}': queue,
            '/system/state/queues/{system}/{name}': queue,
            '/system/state/litellm/{deployment_id}': state['litellm'][0],
        }
        for path, item in self.get('/openapi.json').json()['paths'].items():
            given = values.get(path, workload)
            content = item['get']['responses'].get('200', {}).get('content')
            if content is not None and 'text/event-stream' in content:
                continue  # does not end
            filled = re.sub(
                r'\{(\w+)\}', lambda m: str(given[m.group(1)]), path)
            if path == STATE + '/diff':
                filled += '?from=now'
            yield path, item, filled

    def test_every_documented_path_answers(self):
        for path, item, filled in self.paths():
            with self.subTest(path=path):
                answer = self.get(filled)
                responses = item['get']['responses']
                self.assertIn(str(answer.status), responses)
                self.assertEqual(answer.headers['X-Content-Type-Options'],
                                 'nosniff')
                if not path.startswith('/swagger/'):
                    self.assertIn(answer.status, (200, 301))

    def test_head_is_get_without_a_body(self):
        for _, _, filled in self.paths():
            if filled in ('/metrics', '/system/sources'):
                continue  # live: two answers may differ
            for coding in ('identity', 'gzip', 'zstd'):
                with self.subTest(path=filled, coding=coding):
                    headers = {'Accept-Encoding': coding}
                    get = self.get(filled, headers)
                    head = self.get(filled, headers, 'HEAD')
                    self.assertEqual(head.body, b'')
                    self.assertEqual(head.status, get.status)
                    for answer in (get, head):
                        del answer.headers['Date']
                    if get.status >= 400:
                        continue  # each problem has an id of its own
                    self.assertEqual(sorted(head.headers.items()),
                                     sorted(get.headers.items()))
                    self.assertEqual(head.headers['Content-Length'],
                                     str(len(get.body)))

    def test_json_is_exactly_json(self):
        for path in (STATE, STATE + '/agents', '/system/sources',
                     '/schemas/', '/openapi.json', '/healthz', '/readyz'):
            answer = self.get(path)
            self.assertEqual(answer.headers['Content-Type'],
                             'application/json')
            answer.json()

    def test_state_conforms(self):
        validate = harness.schema_validator('system-state.schema.json')
        if validate is None:
            return
        validate(self.get(STATE).json())
        validate(self.get(STATE + '?sections=agents').json())

    def test_sources_conform(self):
        try:
            import jsonschema
        except ImportError:
            harness.skip('python3-jsonschema is not installed')
        document = self.get('/openapi.json').json()
        schema = {'$ref': '#/components/schemas/Sources', **document}
        name = '/schemas/system-state.schema.json'
        # as a client would find it from where /openapi.json is
        resolver = jsonschema.RefResolver(
            'http://here/openapi.json', schema,
            store={'http://here' + name: self.get(name).json()})
        jsonschema.Draft202012Validator(schema, resolver=resolver).validate(
            self.get('/system/sources').json())

    def test_representations_are_one_document(self):
        plain = self.get(STATE)
        tags = {plain.headers['ETag']}
        document = plain.json()
        packed = self.get(STATE, {'Accept-Encoding': 'gzip'})
        self.assertEqual(packed.headers['Content-Encoding'], 'gzip')
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        tags.add(packed.headers['ETag'])
        zstd = self.get(STATE, {'Accept-Encoding': 'zstd'})
        self.assertEqual(zstd.headers['Content-Encoding'], 'zstd')
        tags.add(zstd.headers['ETag'])
        if shutil.which('zstd'):
            out = subprocess.run(['zstd', '-dc'], input=zstd.body,
                                 capture_output=True, check=True)
            self.assertEqual(out.stdout, plain.body)
        else:
            print('SKIP: zstd bodies are not unpacked, no zstd program')
        pretty = self.get(STATE + '?pretty=1')
        self.assertEqual(pretty.json(), document)
        self.assertTrue(pretty.body.endswith(b'\n'))
        tags.add(pretty.headers['ETag'])
        base = self.get(STATE + '?view=base')
        tags.add(base.headers['ETag'])
        self.assertEqual(
            set(base.json()), {'id', 'agents', 'workload', 'queues',
                               'litellm'})
        self.assertEqual(len(tags), 5)
        for tag in tags:
            self.assertRegex(tag, r'^"[0-9a-f]{32}(-gzip|-zstd)?"$')

    def test_not_modified(self):
        first = self.get(STATE)
        tag = first.headers['ETag']
        for path, headers in (
                (STATE, {'If-None-Match': tag}),
                (STATE, {'If-None-Match': 'W/' + tag}),
                (STATE, {'If-None-Match': '"x", %s' % tag}),
                (STATE, {'If-None-Match': '*'}),
                (STATE, {'If-Modified-Since':
                         first.headers['Last-Modified']})):
            with self.subTest(headers=headers):
                again = self.get(path, headers)
                self.assertEqual(again.status, 304)
                self.assertEqual(again.body, b'')
                for name in ('ETag', 'Cache-Control', 'Vary', 'Date',
                             'Last-Modified'):
                    self.assertIn(name, again.headers)
                self.assertEqual(again.headers['ETag'], tag)
        self.assertEqual(self.get(STATE, {
            'If-None-Match': '"x"',
            'If-Modified-Since': first.headers['Last-Modified']}).status, 200)

    def test_not_modified_leaves_the_connection_in_step(self):
        tag = self.get(STATE).headers['ETag'].encode()
        one = (b'GET /system/state HTTP/1.1\r\nHost: localhost\r\n'
               b'If-None-Match: %s\r\n%s\r\n')
        answer = harness.raw(self.service, one % (tag, b'') +
                             one % (tag, b'Connection: close\r\n'))
        self.assertEqual(answer.status, 304)
        self.assertNotIn('content-type', answer.headers)
        self.assertTrue(answer.body.startswith(b'HTTP/1.1 304 '))

    def test_parts_are_parts_of_the_document(self):
        document = self.get(STATE).json()
        revision = str(document['revision'])
        for section in ('agents', 'workload', 'queues', 'litellm'):
            answer = self.get(STATE + '/' + section)
            self.assertEqual(answer.json(), document[section])
            self.assertEqual(answer.headers['Systate-Revision'], revision)
            self.assertEqual(answer.headers['Systate-Epoch'],
                             document['epoch'])
        agent = document['agents'][0]
        answer = self.get('%s/agents/%s' % (STATE, agent['name']))
        self.assertEqual(answer.json(), agent)

    def test_sections_parameter(self):
        document = self.get(STATE + '?sections=queues,agents').json()
        self.assertIn('agents', document)
        self.assertIn('queues', document)
        self.assertNotIn('workload', document)
        self.assertNotIn('litellm', document)

    def test_max_age(self):
        self.assertEqual(self.get(STATE + '?max_age=24h').status, 200)
        answer = self.get(STATE + '?max_age=0ms')
        self.assertEqual(answer.status, 503)
        self.assertEqual(answer.json()['parameter'], 'max_age')
        self.assertIn('Retry-After', answer.headers)

    def test_root_is_text_or_page(self):
        text = self.get('/')
        self.assertEqual(text.headers['Content-Type'],
                         'text/plain; charset=utf-8')
        self.assertIn(b'/system/state', text.body)
        page = self.get('/', {'Accept': 'text/html,*/*;q=0.8'})
        self.assertEqual(page.headers['Content-Type'],
                         'text/html; charset=utf-8')
        self.assertNotRegex(page.body.decode(), r'(src|href)="?https?://')
        self.assertIn("default-src 'none'",
                      page.headers['Content-Security-Policy'])

    def test_schemas_are_those_of_the_tree(self):
        names = [s['name'] for s in self.get('/schemas/').json()['schemas']]
        self.assertIn('system-state.schema.json', names)
        for name in names:
            with open(os.path.join(harness.SOURCE, 'schemas', name),
                      'rb') as f:
                self.assertEqual(self.get('/schemas/' + name).body, f.read())

    def test_problem_types_can_be_read(self):
        for path in ('/nothing', STATE + '?view=x'):
            kind = self.get(path).json()['type']
            self.assertEqual(self.get(kind).status, 200)

    def test_keep_alive(self):
        with self.service.connect() as s:
            for _ in range(3):
                s.sendall(b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
                data = b''
                while not data.endswith(b'}\n'):
                    block = s.recv(4096)
                    self.assertTrue(block)
                    data += block

    def test_pipelined_requests_are_answered_in_order(self):
        one = b'GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n'
        answer = harness.raw(self.service, b''.join((
            one % (b'/healthz', b''), one % (b'/nothing', b''),
            one % (b'/readyz', b'Connection: close\r\n'))))
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.body, rb'(?s)"ok".*/nothing.*"ready"')

    def test_metrics_are_prometheus(self):
        self.get('/nothing')
        # An answer is counted when all of it is away, the client may have it
        # a moment before.
        harness.until(lambda: b'{route="other",status="404"}' in
                      self.get('/metrics').body, 'the 404 to be counted')
        answer = self.get('/metrics')
        self.assertEqual(answer.headers['Content-Type'],
                         'text/plain; version=0.0.4; charset=utf-8')
        text = answer.body.decode()
        for name in ('systate_http_requests_total', 'systate_revision ',
                     'systate_http_request_duration_seconds_bucket',
                     'systate_source_up', 'systate_build_info',
                     'process_start_time_seconds',
                     'process_resident_memory_bytes',
                     'systate_http_connections ',
                     'systate_http_connections_refused_total'):
            self.assertIn('\n' + name, '\n' + text)
        if shutil.which('promtool') is None:
            print('SKIP: metrics are not checked, promtool is not installed')
            return
        check = subprocess.run(['promtool', 'check', 'metrics'],
                               input=answer.body, capture_output=True,
                               check=False)
        self.assertEqual((check.returncode, check.stdout + check.stderr),
                         (0, b''))

    def test_openapi_is_valid(self):
        try:
            from openapi_spec_validator import validate
        except ImportError:
            print('SKIP: openapi-spec-validator is not installed')
            return
        validate(self.get('/openapi.json').json(), base_uri='file://%s/' %
                 os.path.join(harness.SOURCE, 'openapi'))

    def test_openapi_forms_are_equal(self):
        try:
            import yaml
        except ImportError:
            print('SKIP: python3-yaml is not installed')
            return
        self.assertEqual(yaml.safe_load(self.get('/openapi.yaml').body),
                         json.loads(self.get('/openapi.json').body))

    def test_a_task_of_a_queue_and_an_agent_is_one(self):
        """Two sources that know nothing of each other."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'agents.yaml')
            with open(path, 'w', encoding='utf-8') as f:
                f.write('description: Has a task.\n'
                        'agents:\n  - name: writer\n    activity:\n'
                        '      active_task_ids: [{id: task-3}]\n')
            service = harness.Service(
                'mock:\n  enabled: false\nsources:\n'
                '  - {name: agents/own, kind: mock, options: {scenario: %s}}\n'
                '  - {name: queues/own, kind: mock,'
                ' options: {scenario: calm}}\n' % path).ready()
            try:
                state = service.get(STATE).json()
            finally:
                service.close()
        task, = (t for q in state['queues'] for t in q['tasks']
                 if t['id'] == 'task-3')
        self.assertEqual((task['status'], task['assigned_to']),
                         ('running', 'writer'))


if __name__ == '__main__':
    harness.main()
