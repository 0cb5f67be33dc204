"""A headless Chromium over its debugging pipe: what a page asks for, what it
complains about, what it shows. Standard library only."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PATIENCE = 60
NAMES = ('chromium', 'chromium-browser', 'google-chrome')
FLAGS = ('--headless', '--no-sandbox', '--disable-gpu', '--no-first-run',
         '--disable-dev-shm-usage', '--disable-background-networking',
         '--disable-component-update', '--disable-sync',
         '--disable-default-apps', '--remote-debugging-pipe')


def find():
    for name in NAMES:
        if shutil.which(name):
            return name
    return None


class Browser:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_read, self.to = os.pipe()
        self.come, from_write = os.pipe()
        # Chromium reads commands from descriptor 3 and answers on 4.
        script = 'exec "$0" "$@" 3<&%d 4>&%d' % (to_read, from_write)
        self.process = subprocess.Popen(
            ['bash', '-c', script, find(), *FLAGS,
             '--user-data-dir=' + self.folder.name, 'about:blank'],
            pass_fds=(to_read, from_write), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(from_write)
        self.buffer, self.number, self.session = b'', 0, None
        self.requests, self.complaints = [], []
        target = self.call('Target.createTarget', url='about:blank')
        self.session = self.call('Target.attachToTarget', flatten=True,
                                 targetId=target['targetId'])['sessionId']
        for domain in ('Network', 'Log', 'Runtime', 'Page'):
            self.call(domain + '.enable')

    def _receive(self, deadline):
        while b'\0' not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.come], [], [], left)[0]:
                raise AssertionError('Chromium does not answer')
            block = os.read(self.come, 1 << 20)
            if not block:
                raise AssertionError('Chromium ended')
            self.buffer += block
        message, _, self.buffer = self.buffer.partition(b'\0')
        return json.loads(message)

    def _note(self, message):
        method, p = message.get('method'), message.get('params', {})
        if method == 'Network.requestWillBeSent':
            self.requests.append(p['request']['url'])
        elif method == 'Log.entryAdded' and p['entry']['level'] == 'error':
            self.complaints.append(p['entry']['text'])
        elif method == 'Runtime.exceptionThrown':
            self.complaints.append(json.dumps(p['exceptionDetails'])[:500])
        elif (method == 'Runtime.consoleAPICalled' and
              p['type'] in ('error', 'assert')):
            self.complaints.append(json.dumps(p['args'])[:500])

    def call(self, method, **params):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params}
        if self.session is not None:
            message['sessionId'] = self.session
        os.write(self.to, json.dumps(message).encode() + b'\0')
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._receive(deadline)
            if answer.get('id') != self.number:
                self._note(answer)
                continue
            if 'error' in answer:
                raise AssertionError('%s: %s' % (method, answer['error']))
            return answer['result']

    def open(self, url, condition):
        """Opens a page, waits until the expression is true there."""
        self.requests, self.complaints = [], []
        self.call('Page.navigate', url=url)
        deadline = time.monotonic() + PATIENCE
        while not self.value('Boolean(%s)' % condition):
            if time.monotonic() > deadline:
                raise AssertionError('%s: in vain for %s; %s' % (
                    url, condition, self.complaints))
            select.select([], [], [], 0.05)

    def value(self, expression):
        return self.call('Runtime.evaluate', expression=expression,
                         returnByValue=True)['result'].get('value')

    def screenshot(self, name):
        """Keeps a picture where SST_SCREENSHOTS says, if it does."""
        folder = os.environ.get('SST_SCREENSHOTS')
        if folder is None:
            return
        data = self.call('Page.captureScreenshot')['data']
        with open(os.path.join(folder, name + '.png'), 'wb') as f:
            f.write(base64.b64decode(data))

    def scheme(self, dark, width=1200):
        self.call('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme',
             'value': 'dark' if dark else 'light'}])
        self.call('Emulation.setDeviceMetricsOverride', width=width,
                  height=900, deviceScaleFactor=1, mobile=False)

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        os.close(self.to)
        os.close(self.come)
        self.folder.cleanup()
