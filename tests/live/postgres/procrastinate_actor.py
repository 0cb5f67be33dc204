"""Users of procrastinate: reads lines of JSON, does what they say, answers each
with a line. Jobs run until they are told how to end. Usage:
procrastinate_actor.py CONNINFO"""
import asyncio
import json
import logging
import sys

import procrastinate

logging.disable(logging.CRITICAL)
app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(conninfo=sys.argv[1]))
running = {}


@app.task(name='step', queue='agents', pass_context=True,
          retry=procrastinate.RetryStrategy(max_attempts=2, wait=3600))
async def step(context, **_):
    end = asyncio.get_running_loop().create_future()
    running[context.job.id] = end
    await end


async def add(order):
    options = dict(order.get('options', {}))
    return await step.configure(**options).defer_async(
        **order.get('payload', {}))


async def work(_):
    work.worker = asyncio.create_task(app.run_worker_async(
        concurrency=2, wait=True, install_signal_handlers=False,
        listen_notify=True, fetch_job_polling_interval=0.2))


async def done(order):
    running.pop(order['id']).set_result(None)


async def fail(order):
    running.pop(order['id']).set_exception(RuntimeError(order['why']))


async def ids(_):
    return sorted(running)


async def main():
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        print('{"ok":null}', flush=True)
        doing = {'add': add, 'work': work, 'done': done, 'fail': fail,
                 'running': ids}
        while line := await reader.readline():
            order = json.loads(line)
            try:
                said = {'ok': await doing[order['do']](order)}
            except Exception as error:  # told to the test
                said = {'error': repr(error)}
            print(json.dumps(said), flush=True)


asyncio.run(main())
