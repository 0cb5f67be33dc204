// Users of graphile-worker: reads lines of JSON, does what they say, answers
// each with a line. Jobs run until they are told how to end. Usage: node
// graphile.js FOLDER URL
const readline = require('node:readline')
const path = require('node:path')

const [, , folder, url] = process.argv
const { makeWorkerUtils, run } =
  require(path.join(folder, 'node_modules', 'graphile-worker'))

const quiet = new (require(path.join(folder, 'node_modules', 'graphile-worker'))
  .Logger)(() => () => {})

async function main () {
  const utils = await makeWorkerUtils({ connectionString: url, logger: quiet })
  await utils.migrate()
  const running = new Map()
  const task = (payload, helpers) => new Promise((resolve, reject) => {
    running.set(String(helpers.job.id), { resolve, reject })
  })
  const end = (id, how) => {
    const job = running.get(id)
    if (!job) throw new Error('not running: ' + id)
    running.delete(id)
    how(job)
    return id
  }
  const doing = {
    async add ({ task, payload, options }) {
      const o = { ...options }
      if (o.in !== undefined) o.runAt = new Date(Date.now() + o.in)
      delete o.in
      return String((await utils.addJob(task, payload || {}, o)).id)
    },
    async work ({ tasks, concurrency }) {
      await run({ connectionString: url, logger: quiet,
        concurrency: concurrency || 2, noHandleSignals: true,
        pollInterval: 100,
        taskList: Object.fromEntries(tasks.map(name => [name, task])) })
    },
    running: () => [...running.keys()],
    done: ({ id }) => end(id, job => job.resolve()),
    fail: ({ id, why }) => end(id, job => job.reject(new Error(why)))
  }
  console.log('{"ok":null}')
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const order = JSON.parse(line)
    try {
      console.log(JSON.stringify({ ok: (await doing[order.do](order)) ?? null }))
    } catch (error) {
      console.log(JSON.stringify({ error: String(error.stack) }))
    }
  }
}

main().catch(error => {
  console.log(JSON.stringify({ error: String(error.stack) }))
  process.exit(1)
})
