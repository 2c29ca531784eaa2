// SPDX-License-Identifier: Apache-2.0

// Drives a server through its interactions with fhir-kit-client, a client that
// none of us wrote. Usage: node kit.mjs BASE TOKEN. Prints how many checks
// passed; exits 1 at the first that does not.
import assert from 'node:assert/strict';
import { Client } from 'fhir-kit-client';

const [base, token] = process.argv.slice(2);
const client = new Client({ baseUrl: base, bearerToken: token });
const status = (answer) => Client.httpFor(answer).response.status;
const header = (answer, name) => Client.httpFor(answer).response.headers.get(name);
const headers = (h) => ({ options: { headers: h } });
const fails = async (promise, code) => {
  const err = await promise.then(() => null, (e) => e);
  assert.ok(err, `no failure, want ${code}`);
  assert.equal(err.response?.status, code);
  assert.equal(err.response.data.resourceType, 'OperationOutcome');
};
const patient = (number, more = {}) => ({ resourceType: 'Patient', identifier: [{ system: 'urn:kit', value: number }], ...more });
const steps = {
  async 'capability statement'() {
    const cs = await client.capabilityStatement();
    assert.equal(cs.fhirVersion, '4.0.1');
  },
  async create() {
    const made = await client.create({ resourceType: 'Patient', body: patient('1', { id: 'mine', name: [{ family: 'Nguyễn', given: ['An'] }], gender: 'male', birthDate: '1990-01-01' }) });
    assert.equal(status(made), 201);
    assert.notEqual(made.id, 'mine');
    assert.match(header(made, 'location'), new RegExp(`/Patient/${made.id}/_history/1$`));
    this.id = made.id;
    const quiet = await client.create({ resourceType: 'Patient', body: patient('2'), ...headers({ Prefer: 'return=minimal' }) });
    assert.equal(status(quiet), 201);
  },
  async 'conditional create'() {
    const again = await client.create({ resourceType: 'Patient', body: patient('1'), ...headers({ 'If-None-Exist': 'identifier=urn:kit|1&gender=male' }) });
    assert.equal(status(again), 200);
    assert.equal(again.id, this.id);
  },
  async read() {
    const got = await client.read({ resourceType: 'Patient', id: this.id });
    assert.equal(got.name[0].family, 'Nguyễn');
    assert.equal(header(got, 'etag'), 'W/"1"');
    await fails(client.read({ resourceType: 'Patient', id: 'nobody' }), 404);
  },
  async update() {
    const got = await client.read({ resourceType: 'Patient', id: this.id });
    const next = await client.update({ resourceType: 'Patient', id: this.id, body: { ...got, active: true }, ...headers({ 'If-Match': 'W/"1"' }) });
    assert.equal(next.meta.versionId, '2');
    await fails(client.update({ resourceType: 'Patient', id: this.id, body: { ...got, active: false }, ...headers({ 'If-Match': 'W/"1"' }) }), 412);
  },
  async 'conditional update'() {
    const got = await client.update({ resourceType: 'Patient', searchParams: { identifier: 'urn:kit|9' }, body: patient('9') });
    assert.equal(status(got), 201);
    const next = await client.update({ resourceType: 'Patient', searchParams: { identifier: 'urn:kit|9' }, body: patient('9', { gender: 'female' }) });
    assert.equal(next.id, got.id);
    assert.equal(next.meta.versionId, '2');
  },
  async vread() {
    const first = await client.vread({ resourceType: 'Patient', id: this.id, version: '1' });
    assert.equal(first.active, undefined);
  },
  async patch() {
    const got = await client.patch({ resourceType: 'Patient', id: this.id, jsonPatch: [{ op: 'replace', path: '/active', value: false }, { op: 'add', path: '/name/-', value: { text: 'An' } }] });
    assert.equal(got.active, false);
    assert.equal(got.name.length, 2);
    await fails(client.patch({ resourceType: 'Patient', id: this.id, jsonPatch: [{ op: 'remove', path: '/photo' }] }), 422);
  },
  async search() {
    for (const post of [false, true]) {
      const got = await client.search({ resourceType: 'Patient', searchParams: { name: 'nguyen', birthdate: 'ge1990' }, ...(post ? { options: { postSearch: true } } : {}) });
      assert.deepEqual(got.entry.map((e) => e.resource.id), [this.id]);
    }
    const strict = client.search({ resourceType: 'Patient', searchParams: { nonsense: 'x' }, ...headers({ Prefer: 'handling=strict' }) });
    await fails(strict, 400);
    const none = await client.search({ resourceType: 'Patient', searchParams: { _count: '0' } });
    assert.equal(none.entry, undefined);
    assert.equal(none.total, 3);
  },
  async pages() {
    let bundle = await client.search({ resourceType: 'Patient', searchParams: { _count: '2' } });
    const ids = new Set();
    for (; bundle; bundle = await client.nextPage({ bundle })) bundle.entry?.forEach((e) => ids.add(e.resource.id));
    assert.equal(ids.size, 3);
  },
  async transaction() {
    const urn = 'urn:uuid:0d5c9b3e-5c1c-4a55-9a4c-0c4ff3a1f0aa';
    const observation = (more) => ({ resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] }, effectiveDateTime: '2026-01-01', ...more });
    const entry = [
      { fullUrl: urn, resource: patient('5'), request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=urn:kit|5' } },
      { resource: observation({ subject: { reference: urn } }), request: { method: 'POST', url: 'Observation' } },
      { resource: observation({ subject: { reference: 'Patient?identifier=urn:kit|1' } }), request: { method: 'POST', url: 'Observation' } },
    ];
    const got = await client.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry } });
    assert.deepEqual(got.entry.map((e) => e.response.status.slice(0, 3)), ['201', '201', '201']);
    assert.equal(got.entry[1].resource.subject.reference, `Patient/${got.entry[0].resource.id}`);
    assert.equal(got.entry[2].resource.subject.reference, `Patient/${this.id}`);
    const before = await client.search({ resourceType: 'Patient', searchParams: { _summary: 'count' } });
    entry[0].resource = patient('6');
    entry[0].request.ifNoneExist = undefined;
    await fails(client.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry: [entry[0], { resource: { resourceType: 'Observation' }, request: { method: 'POST', url: 'Observation' } }] } }), 422);
    const after = await client.search({ resourceType: 'Patient', searchParams: { _summary: 'count' } });
    assert.equal(after.total, before.total);
  },
  async batch() {
    const entry = [{ request: { method: 'GET', url: `Patient/${this.id}` } }, { request: { method: 'GET', url: 'Patient/nobody' } }, { request: { method: 'GET', url: 'Observation?code=29463-7' } }];
    const got = await client.batch({ body: { resourceType: 'Bundle', type: 'batch', entry } });
    assert.deepEqual(got.entry.map((e) => e.response.status.slice(0, 3)), ['200', '404', '200']);
    assert.equal(got.entry[2].resource.entry.length, 2);
  },
  async operations() {
    const all = await client.operation({ name: 'everything', resourceType: 'Patient', id: this.id, method: 'GET' });
    assert.deepEqual(all.entry.map((e) => e.resource.resourceType).sort(), ['Observation', 'Patient']);
    const last = await client.operation({ name: 'lastn', resourceType: 'Observation', method: 'GET', input: { patient: this.id } });
    assert.equal(last.entry.length, 1);
    const meta = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { tag: [{ system: 'urn:kit', code: 'x' }] } }] };
    const tagged = await client.operation({ name: 'meta-add', resourceType: 'Patient', id: this.id, input: meta });
    assert.equal(tagged.parameter[0].valueMeta.tag.length, 1);
  },
  async history() {
    const one = await client.history({ resourceType: 'Patient', id: this.id });
    assert.deepEqual(one.entry.map((e) => e.request.method), ['PUT', 'PUT', 'PUT', 'POST']);
    for (const q of [{ resourceType: 'Patient' }, {}]) {
      // PostgreSQL numbers what was committed a moment later.
      let many = await client.history(q);
      for (let i = 0; i < 100 && many.entry.length <= 4; i++) {
        await new Promise((r) => setTimeout(r, 50));
        many = await client.history(q);
      }
      assert.equal(many.type, 'history');
      assert.ok(many.entry.length > 4);
    }
  },
  async 'resolve a reference'() {
    const got = await client.resolve({ reference: `Patient/${this.id}` });
    assert.equal(got.id, this.id);
  },
  async 'delete and 410'() {
    const made = await client.create({ resourceType: 'Patient', body: patient('7') });
    await client.delete({ resourceType: 'Patient', id: made.id });
    await fails(client.read({ resourceType: 'Patient', id: made.id }), 410);
    const old = await client.vread({ resourceType: 'Patient', id: made.id, version: '1' });
    assert.equal(old.id, made.id);
  },
  async xml() {
    await fails(client.read({ resourceType: 'Patient', id: this.id, ...headers({ Accept: 'application/fhir+xml' }) }), 406);
  },
};
const state = {};
let passed = 0;
for (const [name, step] of Object.entries(steps)) {
  try {
    await step.call(state);
    passed++;
  } catch (err) {
    console.error(`${name}: ${err.message}\n${JSON.stringify(err.response?.data ?? '')}\n${err.stack}`);
    process.exit(1);
  }
}
console.log(`fhir-kit-client: ${passed} of ${Object.keys(steps).length} pass`);
