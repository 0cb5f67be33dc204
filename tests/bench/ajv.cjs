// Median milliseconds of ajv's compiled validator over the sections of a
// document. Usage: node ajv.cjs MODULES SCHEMA DOCUMENT ROUNDS
const fs = require('fs');
const path = require('path');
const [, , modules, schemaPath, documentPath, rounds] = process.argv;
const Ajv = require(path.join(modules, 'node_modules/ajv/dist/2020')).default;
const schema = JSON.parse(fs.readFileSync(schemaPath));
const sections = JSON.parse(fs.readFileSync(documentPath));
// the head of the document: what is measured is the sections
const whole = {
  id: 'bench', schema_version: '1.0', epoch: '0123456789abcdef', revision: 1,
  captured_at: '2026-01-01T00:00:00.000Z', sources: [], ...sections,
};
const ajv = new Ajv({ strict: false, validateFormats: false });
const valid = ajv.compile(schema);
const times = [];
for (let i = 0; i < Number(rounds) + 2; i++) {
  const begin = performance.now();
  if (!valid(whole)) {
    console.error(JSON.stringify(valid.errors));
    process.exit(1);
  }
  times.push(performance.now() - begin);
}
times.splice(0, 2); // warm-up
times.sort((a, b) => a - b);
console.log(times[times.length >> 1].toFixed(3));
