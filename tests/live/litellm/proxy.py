"""A LiteLLM proxy of one's own: the pinned release in a virtual environment
that is made once, on loopback, without a database, with a back end that does
what the test says. Python's standard library only."""
import http.client
import http.server
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading

from service import environment, free_port, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
REQUIREMENTS = os.path.join(HERE, 'requirements.txt')
KEY = 'sk-live-test-5f0c9a71'
# the second one is what the counters say a mock answer takes
CONFIG = '''
model_list:
  - model_name: gpt-4o-mini
    litellm_params: {{model: openai/gpt-4o-mini, api_key: MARK-api-key,
      mock_response: "pong", tpm: 1000, rpm: 100,
      input_cost_per_token: 1.5e-07, output_cost_per_token: 6.0e-07}}
    model_info: {{id: dep-a, payment_type: prepaid}}
  - model_name: local-llm
    litellm_params: {{model: openai/local, api_key: MARK-api-key,
      api_base: "http://127.0.0.1:{backend}/v1?key=MARK-api-base", rpm: 60,
      extra_headers: {{X-Secret: MARK-extra-header}}}}
    model_info: {{id: dep-b}}
litellm_settings: {{callbacks: ["prometheus"], telemetry: false}}
router_settings: {{routing_strategy: simple-shuffle,
  fallbacks: [{{"gpt-4o-mini": ["local-llm"]}}], cooldown_time: 10,
  allowed_fails: 1, num_retries: 0,
  provider_budget_config: {{openai: {{budget_limit: 1.0, time_period: 1d}}}}}}
general_settings: {{master_key: os.environ/LITELLM_MASTER_KEY,
  background_health_checks: true, health_check_interval: 300}}
'''


class Backend(http.server.ThreadingHTTPServer):
    """An OpenAI-like model: answers, refuses, or holds what comes."""
    daemon_threads = True

    def __init__(self):
        self.status = 200
        self.gate = threading.Event()
        self.gate.set()
        super().__init__(('127.0.0.1', 0), BackendHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.gate.set()
        self.shutdown()
        self.server_close()


class BackendHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers.get('content-length') or 0))
        self.server.gate.wait(60)
        if self.server.status == 200:
            answer = {'id': 'x', 'object': 'chat.completion', 'created': 1,
                      'model': 'local',
                      'choices': [{'index': 0, 'finish_reason': 'stop',
                                   'message': {'role': 'assistant',
                                               'content': 'hi'}}],
                      'usage': {'prompt_tokens': 7, 'completion_tokens': 3,
                                'total_tokens': 10}}
        else:
            answer = {'error': {'message': 'no', 'type': 'rate'}}
        body = json.dumps(answer).encode()
        self.send_response(self.server.status)
        self.send_header('content-type', 'application/json')
        self.send_header('content-length', str(len(body)))
        self.send_header('x-ratelimit-remaining-tokens', '4990')
        self.send_header('x-ratelimit-remaining-requests', '59')
        self.end_headers()
        self.wfile.write(body)


class Proxy:
    def __init__(self):
        self.python = os.path.join(environment('litellm', REQUIREMENTS),
                                   'bin', 'python')
        self.backend = Backend()
        self.dir = tempfile.mkdtemp(prefix='sst-litellm-')
        self.port = free_port()
        self.url = 'http://127.0.0.1:%d' % self.port
        self.process = None
        with open(self.dir + '/config.yaml', 'w', encoding='utf-8') as f:
            f.write(CONFIG.format(backend=self.backend.server_port))

    def start(self):
        environment = {
            'PATH': os.path.dirname(self.python) + ':/usr/bin:/bin',
            'HOME': self.dir, 'LANG': 'C.UTF-8',
            # nothing from outside
            'LITELLM_LOCAL_MODEL_COST_MAP': 'True',
            'LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS': 'True',
            'LITELLM_LOCAL_AUTOROUTER_PRESETS': 'True',
            'LITELLM_LOCAL_BLOG_POSTS': 'True',
            'LITELLM_LOCAL_POLICY_TEMPLATES': 'True',
            'LITELLM_MODE': 'PRODUCTION', 'LITELLM_TELEMETRY': 'False',
            'DISABLE_ADMIN_UI': 'True', 'LITELLM_MASTER_KEY': KEY}
        with open(self.dir + '/out', 'ab') as out:
            self.process = subprocess.Popen(
                [os.path.join(os.path.dirname(self.python), 'litellm'),
                 '--config', self.dir + '/config.yaml', '--host', '127.0.0.1',
                 '--port', str(self.port)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=environment, cwd=self.dir, start_new_session=True)
        wait_until('the proxy answers', self.answers, 90)

    def answers(self):
        if self.process.poll() is not None:
            with open(self.dir + '/out', encoding='utf-8',
                      errors='replace') as f:
                raise AssertionError('the proxy ended: ' + f.read()[-2000:])
        try:
            return self.call('GET', '/health/liveliness')[0] == 200
        except OSError:
            return False

    def call(self, method, path, body=None, key=KEY):
        """(status, body)"""
        connection = http.client.HTTPConnection('127.0.0.1', self.port,
                                                timeout=60)
        try:
            connection.request(
                method, path, None if body is None else json.dumps(body),
                {'Authorization': 'Bearer ' + key,
                 'Content-Type': 'application/json'})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def chat(self, model):
        """The status of one request to a model."""
        return self.call('POST', '/v1/chat/completions', {
            'model': model,
            'messages': [{'role': 'user', 'content': 'ping'}]})[0]

    def kill(self):
        """kill -9 of the group this object started."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None

    def close(self):
        self.kill()
        self.backend.close()
        shutil.rmtree(self.dir, ignore_errors=True)
