"""An agent made with a2a-sdk, and a service that asks it. The library comes
from PyPI into an environment of its own, made once for each version."""
import os
import subprocess

from service import Service, environment, free_port

HERE = os.path.dirname(os.path.abspath(__file__))
REQUIREMENTS = os.path.join(HERE, 'requirements.txt')


class Agent:
    """agent.py with the environment's Python; it can be killed and started
    anew in the same place."""

    def __init__(self):
        self.python = os.path.join(environment('a2a', REQUIREMENTS), 'bin',
                                   'python')
        self.port = free_port()
        self.process = None
        self.url = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.python, os.path.join(HERE, 'agent.py'), str(self.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise AssertionError('the agent does not start')

    def order(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != 'ok':
            raise AssertionError('the agent: ' + line)

    def kill(self):
        self.process.kill()
        self.close()

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


class World(Service):
    """systated with one A2A source that asks every second."""

    def __init__(self, binary, url):
        super().__init__(binary, {
            'name': 'agents/a2a', 'kind': 'a2a', 'interval_seconds': 1,
            'options': {'agents': [{'url': url}], 'card_every': '1s'}})

    def agent(self, name):
        """The agent of that name, {} when there is none."""
        for agent in self.state()['agents'] or []:
            if agent['name'] == name:
                return agent
        return {}
