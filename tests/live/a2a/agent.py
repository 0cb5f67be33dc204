#!/usr/bin/env python3
"""An A2A agent made with a2a-sdk: serves a card and tasks on loopback. To be
run by a Python that has `a2a-sdk[http-server]` and uvicorn. Prints its URL,
then obeys lines on standard input and answers each with `ok`:

    put ID STATE     STATE as in a2a.proto, without TASK_STATE_
    many COUNT       completed tasks, newer than all others
    forget"""
import asyncio
import datetime
import socket
import sys

import uvicorn
from a2a.auth.user import UnauthenticatedUser
from a2a.server.agent_execution import AgentExecutor
from a2a.server.context import ServerCallContext
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_rest_routes
from a2a.server.tasks import InMemoryTaskStore
from a2a.types import (AgentCapabilities, AgentCard, AgentInterface,
                       AgentSkill, Task, TaskState, TaskStatus)
from starlette.applications import Starlette


class Nothing(AgentExecutor):
    """Tasks are put into the store: nobody sends messages here."""

    async def execute(self, context, event_queue):
        raise NotImplementedError

    async def cancel(self, context, event_queue):
        raise NotImplementedError


def make_card(url):
    return AgentCard(
        name='researcher',
        description='Reads papers and answers questions about them.',
        version='2.1.0',
        supported_interfaces=[AgentInterface(
            url=url, protocol_binding='HTTP+JSON', protocol_version='1.0')],
        capabilities=AgentCapabilities(streaming=False),
        default_input_modes=['text/plain'],
        default_output_modes=['text/plain'],
        skills=[
            AgentSkill(id='summarise', name='Summarise papers',
                       description='Gives the gist.', tags=['text']),
            AgentSkill(id='cite', name='Find citations',
                       description='Who said so.', tags=['text'])])


class World:
    def __init__(self):
        self.store = InMemoryTaskStore()
        self.context = ServerCallContext(user=UnauthenticatedUser())
        self.ids = []
        self.seconds = 0

    async def put(self, name, state):
        task = Task(id=name, context_id='context-1')
        task.status.CopyFrom(
            TaskStatus(state=getattr(TaskState, 'TASK_STATE_' + state)))
        # each change is a second after the one before
        self.seconds += 1
        task.status.timestamp.FromDatetime(
            datetime.datetime(2026, 1, 1) +
            datetime.timedelta(seconds=self.seconds))
        await self.store.save(task, self.context)
        self.ids.append(name)

    async def obey(self, words):
        if words[0] == 'put':
            await self.put(words[1], words[2])
        elif words[0] == 'many':
            for i in range(int(words[1])):
                await self.put('done-%05d' % i, 'COMPLETED')
        elif words[0] == 'forget':
            for name in set(self.ids):
                await self.store.delete(name, self.context)
            self.ids = []


async def listen(world):
    loop = asyncio.get_running_loop()
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if line == '':
            return
        await world.obey(line.split())
        print('ok', flush=True)


async def main(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(('127.0.0.1', port))
    url = 'http://127.0.0.1:%d' % sock.getsockname()[1]
    world = World()
    card = make_card(url)
    handler = DefaultRequestHandler(
        agent_executor=Nothing(), task_store=world.store, agent_card=card)
    app = Starlette(routes=[*create_agent_card_routes(
        card, cache_control='public, max-age=2'), *create_rest_routes(handler)])
    server = uvicorn.Server(uvicorn.Config(app, log_level='error'))
    running = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        await asyncio.sleep(0.01)
    print(url, flush=True)
    await listen(world)
    server.should_exit = True
    await running


if __name__ == '__main__':
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
