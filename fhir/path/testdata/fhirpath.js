// SPDX-License-Identifier: Apache-2.0
//
// Evaluates expressions with npm fhirpath, to compare with. Arguments: the folder
// of the package. Standard input: lines of {"resource", "expr"}; output: a line
// for each, {"result"} or {"error"}.
'use strict';
const [dir] = process.argv.slice(2);
const fhirpath = require(dir);
const model = require(dir + '/fhir-context/r4');
const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter((l) => l);
const out = [];
console.log = console.warn = () => {};
for (const line of lines) {
  const { resource, expr } = JSON.parse(line);
  let answer;
  try {
    const result = fhirpath.evaluate(resource, expr, null, model, { traceFn: () => {} });
    answer = { result };
  } catch (e) {
    answer = { error: String(e.message || e) };
  }
  out.push(JSON.stringify(answer));
}
process.stdout.write(out.join('\n') + '\n');
