// Diff peers on two documents: node diff_peers.mjs MODULES NAME A.json B.json
// Prints "ms ops bytes": the median time, and the size as RFC 6902.
// With NAME `apply` and a patch as last argument fast-json-patch applies it to
// A; prints whether that gives B.
import assert from 'assert';
import fs from 'fs';
import path from 'path';
import { pathToFileURL } from 'url';

const [, , modules, name, a, b, patchFile] = process.argv;
const from = JSON.parse(fs.readFileSync(a));
const to = JSON.parse(fs.readFileSync(b));
const load = (file) =>
  import(pathToFileURL(path.join(modules, 'node_modules', file)));

function key(o) {
  if (o === null || typeof o !== 'object') return JSON.stringify(o);
  if ('pods' in o) return `${o.namespace}/${o.kind}/${o.deployment_name}`;
  if ('tasks' in o) return `${o.system}/${o.name}`;
  return o.id ?? o.pod_id ?? o.deployment_id ?? o.name;
}

const peers = {
  async jsondiffpatch() {
    const { create } = await load('jsondiffpatch/lib/index.js');
    const jsonpatch = await load('jsondiffpatch/lib/formatters/jsonpatch.js');
    const differ = create({
      objectHash: key,
      arrays: { detectMove: true, includeValueOnMove: false },
      cloneDiffValues: false,
    });
    return {
      diff: () => differ.diff(from, to),
      patch: (delta) => jsonpatch.format(delta, from),
    };
  },
  async 'fast-json-patch'() {
    const m = (await load('fast-json-patch/index.mjs')).default;
    return { diff: () => m.compare(from, to), patch: (delta) => delta };
  },
};

if (name === 'apply') {
  const m = (await load('fast-json-patch/index.mjs')).default;
  const ours = JSON.parse(fs.readFileSync(patchFile));
  assert.deepStrictEqual(m.applyPatch(from, ours).newDocument, to);
  console.log('equal');
  process.exit(0);
}

const peer = await peers[name]();
const times = [];
let delta;
const begin = performance.now();
do {
  const t = performance.now();
  delta = peer.diff();
  times.push(performance.now() - t);
} while (times.length < 5 && performance.now() - begin < 5000);
times.sort((x, y) => x - y);
const patch = peer.patch(delta);
console.log(times[times.length >> 1].toFixed(3), patch.length,
  JSON.stringify(patch).length);
