/*
 * Producer and workers of the test: real ones, of the pinned releases. A JSON
 * line in, a JSON line out. A job that runs ends when the test says how.
 *
 * Usage: actor.js FOLDER_WITH_NODE_MODULES bullmq5|bullmq6 PORT
 */
'use strict';
const path = require('path');
const readline = require('readline');

const [folder, release, port] = process.argv.slice(2);
const { Queue, Worker, FlowProducer, UnrecoverableError } = require(
  path.join(folder, 'node_modules', release));
const IORedis = require(path.join(folder, 'node_modules', 'ioredis'));
const connect = () => new (IORedis.default || IORedis)({
  host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null });

const queues = new Map();
const workers = new Map();
const running = new Map(); // how to end the job that runs, by queue/id
const flows = new FlowProducer({ connection: connect() });

function queue(name) {
  if (!queues.has(name)) {
    queues.set(name, new Queue(name, { connection: connect() }));
  }
  return queues.get(name);
}

function processor(name) {
  return (job) => new Promise((resolve, reject) => {
    running.set(`${name}/${job.id}`, { resolve, reject });
  });
}

const orders = {
  async make({ queue: name }) {
    await queue(name).waitUntilReady();
    return name;
  },
  async add({ queue: name, name: type, data, opts }) {
    return (await queue(name).add(type, data || {}, opts || {})).id;
  },
  async bulk({ queue: name, count, name: type, opts }) {
    const jobs = [];
    for (let i = 0; i < count; i++) {
      jobs.push({ name: type, data: { i }, opts: opts || {} });
    }
    return (await queue(name).addBulk(jobs)).length;
  },
  async flow({ tree }) {
    return (await flows.add(tree)).job.id;
  },
  async work({ queue: name, worker, lock }) {
    const w = new Worker(name, processor(name), {
      connection: connect(), name: worker, concurrency: 1,
      lockDuration: lock || 30000, stalledInterval: 3600000 });
    w.on('error', () => {});
    workers.set(name, w);
    await w.waitUntilReady();
    return worker;
  },
  /* error: it fails so; final: for good */
  async end({ queue: name, id, error, final, value }) {
    const key = `${name}/${id}`;
    const how = running.get(key);
    if (!how) throw new Error(`${key} does not run`);
    running.delete(key);
    if (error) {
      how.reject(final ? new UnrecoverableError(error) : new Error(error));
    } else {
      how.resolve(value || 'MARK-returned');
    }
    return id;
  },
  async stop({ queue: name }) {
    const w = workers.get(name);
    workers.delete(name);
    await w.close();
    return name;
  },
  async retry({ queue: name, id }) {
    await (await queue(name).getJob(id)).retry();
    return id;
  },
  async promote({ queue: name, id }) {
    await (await queue(name).getJob(id)).promote();
    return id;
  },
  async remove({ queue: name, id }) {
    await (await queue(name).getJob(id)).remove();
    return id;
  },
  async pause({ queue: name }) {
    await queue(name).pause();
    return name;
  },
  async resume({ queue: name }) {
    await queue(name).resume();
    return name;
  },
};

process.on('unhandledRejection', () => {});
readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const order = JSON.parse(line);
  let answer;
  try {
    answer = { ok: await orders[order.do](order) };
  } catch (error) {
    answer = { error: String(error && error.stack || error) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}).on('close', () => process.exit(0));
process.stdout.write('{"ok":"ready"}\n');
