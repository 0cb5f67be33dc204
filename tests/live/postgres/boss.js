// Users of pg-boss: reads lines of JSON, does what they say, answers each with
// a line. Usage: node boss.js FOLDER URL 10|12
const readline = require('node:readline')
const path = require('node:path')
const { pathToFileURL } = require('node:url')

const [, , folder, url, release] = process.argv

async function load () {
  const name = path.join(folder, 'node_modules', 'pg-boss-' + release)
  if (release === '10') return require(name)
  return (await import(pathToFileURL(path.join(name, 'dist', 'index.js')))).PgBoss
}

async function main () {
  const Boss = await load()
  const boss = new Boss({ connectionString: url, supervise: false,
    schedule: false, max: 2 })
  boss.on('error', () => {})
  await boss.start()
  const doing = {
    async queue ({ name, options }) {
      await boss.createQueue(name, { name, ...options })
      return name
    },
    send: ({ name, data, options }) => boss.send(name, data || {}, options),
    async fetch ({ name }) {
      const jobs = await boss.fetch(name)
      return jobs.map(job => job.id)
    },
    async complete ({ name, id }) {
      await boss.complete(name, id)
      return id
    },
    async fail ({ name, id, why }) {
      await boss.fail(name, id, new Error(why))
      return id
    },
    async cancel ({ name, id }) {
      await boss.cancel(name, id)
      return id
    },
    flow: ({ jobs }) => boss.flow(jobs)
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
