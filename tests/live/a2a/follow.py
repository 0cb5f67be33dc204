#!/usr/bin/env python3
"""What a user of /system/state sees of an agent made with a2a-sdk: its card,
its tasks as they come and go, also one behind a hundred others, and that it is
offline when it was killed. Usage: follow.py SYSTATED"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from service import run, wait_until  # noqa: E402
from world import Agent, World  # noqa: E402

NAME = 'researcher'


def tasks(agent):
    """{id: status}; None: not known."""
    listed = agent.get('activity', {}).get('active_task_ids')
    if listed is None:
        return None
    return {task['id']: task['status'] for task in listed}


def follows(service, what, status, active):
    def check():
        agent = service.agent(NAME)
        return agent.get('status') == status and tasks(agent) == active
    wait_until('%s: %s' % (what, service.agent(NAME)), check)


def card(service, agent):
    shown = wait_until('the agent is there', lambda: service.agent(NAME))
    assert shown['version'] == '2.1.0', shown
    assert shown['url'] == agent.url, shown
    assert shown['skills'] == ['Find citations', 'Summarise papers'], shown
    assert shown['description'].startswith('Reads papers'), shown
    source = service.source()
    assert source['status'] == 'ok' and source['error'] is None, source
    assert source['upstream']['status'] == 'ok', source


def activity(service, agent):
    follows(service, 'it does nothing', 'idle', {})
    agent.order('put t-1 SUBMITTED')
    follows(service, 'a task is submitted', 'busy', {'t-1': 'submitted'})
    agent.order('put t-1 WORKING')
    agent.order('put t-2 INPUT_REQUIRED')
    follows(service, 'one works, one waits', 'busy',
            {'t-1': 'working', 't-2': 'input-required'})
    agent.order('put t-1 COMPLETED')
    follows(service, 'one waits', 'idle', {'t-2': 'input-required'})
    agent.order('put t-2 CANCELED')
    follows(service, 'all are over', 'idle', {})


def crowd(service, agent):
    agent.order('put old WORKING')
    agent.order('many 250')
    agent.order('put new AUTH_REQUIRED')
    follows(service, 'an old one behind many', 'busy',
            {'old': 'working', 'new': 'auth-required'})
    agent.order('put old FAILED')
    follows(service, 'it ends there', 'idle', {'new': 'auth-required'})
    agent.order('forget')
    follows(service, 'all are forgotten', 'idle', {})


def outage(service, agent):
    agent.order('put t-3 WORKING')
    follows(service, 'it works', 'busy', {'t-3': 'working'})
    agent.kill()
    follows(service, 'it was killed', 'offline', None)
    source = service.source()
    assert source['status'] == 'degraded', source
    assert source['error']['code'] == 'unreachable', source
    assert agent.url in source['error']['message'], source
    agent.start()
    follows(service, 'it is back and has forgotten', 'idle', {})
    assert service.source()['status'] == 'ok', service.source()


def follow(binary):
    agent = Agent()
    try:
        with World(binary, agent.url) as service:
            for step in (card, activity, crowd, outage):
                step(service, agent)
                print('ok: %s' % step.__name__, flush=True)
    finally:
        agent.close()


if __name__ == '__main__':
    sys.exit(run('A2A', lambda: follow(sys.argv[1])))
