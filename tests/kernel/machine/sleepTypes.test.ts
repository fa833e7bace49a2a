import fc from 'fast-check';
import t from 'tap';
import { readAcpi } from '../../../kernel/machine/acpi.js';
import { NO_TYPE, readSleepTypes, sleepTypes } from '../../../kernel/machine/sleepTypes.js';
import { putRsdp, putRsdt, putTable } from '../support/acpiTables.js';
import { logText, powerOn, viewOf } from '../support/startup.js';

const HEADER = 36;
const FADT = 0x10_1000;
const DSDT = 0x10_2000;
const SSDT = 0x10_4000;
const OTHER_SSDT = 0x10_6000;

type Constant = readonly number[];
const constant = (value: number): Constant => (value <= 1 ? [value] : [0x0a, value]);
const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];

/** Name (NAME, Package () {A, B, 0, 0}), as AML has it. */
function state(name: string, a: Constant, b: Constant = [0], before: readonly number[] = [0x08]): number[] {
  const elements = [4, ...a, ...b, 0, 0];
  return [...before, ...ascii(name), 0x12, elements.length + 1, ...elements];
}

/** A machine with these bodies of its DSDT and SSDTs. Returns its memory. */
function machine(dsdt: readonly number[], ...ssdts: readonly (readonly number[])[]): Uint8Array {
  const memory = powerOn(0x20_0000);
  const fadt = new Uint8Array(132 - HEADER);
  viewOf(fadt).setUint32(40 - HEADER, DSDT, true);
  putTable(memory, FADT, 'FACP', fadt);
  putTable(memory, DSDT, 'DSDT', Uint8Array.from(dsdt));
  const places = [SSDT, OTHER_SSDT].slice(0, ssdts.length);
  for (const [i, body] of ssdts.entries()) putTable(memory, places[i] ?? 0, 'SSDT', Uint8Array.from(body));
  putRsdt(memory, 0x10_0000, FADT, ...places);
  putRsdp(memory, 0xf_5ab0, 0x10_0000);
  readAcpi();
  readSleepTypes();
  return memory;
}

const types = () => [sleepTypes.offA, sleepTypes.offB];
const NONE = [NO_TYPE, NO_TYPE];
const textOf = (memory: Uint8Array, at: number, length: number) =>
  Buffer.from(memory.subarray(at, at + length)).toString('latin1');
const sumOf = (memory: Uint8Array, at: number, length: number) =>
  memory.subarray(at, at + length).reduce((sum, byte) => (sum + byte) & 0xff, 0);

t.test('the types of S5 are read in every form of a constant', (t) => {
  for (const a of [constant(7), [0x0b, 7, 0], [0x0c, 7, 0, 0, 0]]) {
    for (const [b, typeB] of [
      [constant(5), 5],
      [constant(0), 0],
      [constant(1), 1],
    ] as const) {
      machine(state('_S5_', a, b));
      t.same(types(), [7, typeB]);
    }
  }
  machine(state('_S5_', constant(0)));
  t.same(types(), [0, 0]);
  machine(state('_S5_', constant(7), constant(7), [0x08, 0x5c]));
  t.same(types(), [7, 7], '\\_S5_');
  t.notMatch(logText(), /warning/);
  t.end();
});

t.test('a package whose length has two bytes is read', (t) => {
  machine([0x08, ...ascii('_S5_'), 0x12, 0x49, 0x00, 4, 0x0a, 7, 0x0a, 6, 0, 0]);
  t.same(types(), [7, 6]);
  t.end();
});

t.test('an SSDT may define the types, and equal definitions may be repeated', (t) => {
  machine([0x10, 0x20], [1, 2, 3], state('_S5_', constant(6)));
  t.same(types(), [6, 0]);
  machine(state('_S5_', constant(6)), state('_S5_', constant(6)));
  t.same(types(), [6, 0]);
  t.end();
});

const WARNING = /warning: the ACPI tables do not say clearly how the machine is switched off \(_S5\)/;

t.test('a missing or unclear definition gives no type, and a line says so', (t) => {
  for (const [why, ...bodies] of [
    ['nothing', []],
    ['two things', state('_S5_', constant(6)), state('_S5_', constant(5))],
    [
      'three times, and other things',
      state('_S5_', constant(6)),
      state('_S5_', constant(5)),
      state('_S5_', constant(5)),
    ],
    ['the type of S3', [...state('_S3_', constant(7)), ...state('_S5_', constant(7))]],
    ['more than three bits', state('_S5_', constant(8))],
    ['a word of more than three bits', state('_S5_', [0x0b, 7, 1])],
    ['an expression', state('_S5_', [0x5b, 0x30])],
    ['a method', [0x14, 0x0b, ...ascii('_S5_'), 0, 0xa4, 0x12, 0x06, 4, 7, 7, 0, 0]],
    ['a name that is only used', ascii('_S5_')],
    ['a table that ends there', [0x08, ...ascii('_S5_'), 0x12, 0x06, 4, 0x0a]],
  ] as const) {
    machine(...(bodies as unknown as [number[], ...number[][]]));
    t.same(types(), NONE, why);
    t.match(logText(), WARNING, why);
  }
  t.end();
});

t.test('S4 may have the type of S5: such a machine is off in both', (t) => {
  machine([...state('_S4_', constant(7)), ...state('_S5_', constant(7))]);
  t.same(types(), [7, 0]);
  t.end();
});

t.test('a damaged table is ignored', (t) => {
  const memory = powerOn(0x20_0000);
  const fadt = new Uint8Array(132 - HEADER);
  viewOf(fadt).setUint32(40 - HEADER, DSDT, true);
  putTable(memory, FADT, 'FACP', fadt);
  putTable(memory, DSDT, 'DSDT', Uint8Array.from(state('_S5_', constant(7))));
  memory[DSDT + 8] = 0xff;
  putRsdt(memory, 0x10_0000, FADT);
  putRsdp(memory, 0xf_5ab0, 0x10_0000);
  readAcpi();
  readSleepTypes();
  t.same(types(), NONE);
  t.end();
});

t.test(
  'the other states lose their names, where they are defined and where they are used, and sums stay right',
  (t) => {
    const dsdt = [1, 2, 3, 4].flatMap((number) => state(`_S${number}_`, constant(number)));
    const body = [...state('_S0_', [0]), ...dsdt, ...state('_S5_', constant(7)), ...ascii('_S3_._S3D_S3W_S6_')];
    const memory = machine(body, ascii('\\_S3_'));
    const names = [...textOf(memory, DSDT + HEADER, body.length).matchAll(/.S\d./g)].map(([name]) => name);
    t.same(names, ['_S0_', 'XS1_', 'XS2_', 'XS3_', 'XS4_', '_S5_', 'XS3_', '_S3D', '_S3W', '_S6_']);
    t.equal(sumOf(memory, DSDT, HEADER + body.length), 0);
    t.equal(textOf(memory, SSDT + HEADER, 5), '\\XS3_');
    t.equal(sumOf(memory, SSDT, HEADER + 5), 0);
    t.end();
  },
);

t.test('any code gives types or none, and the table stays valid', (t) => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map((bytes) => [...bytes]),
    fc
      .tuple(fc.integer({ min: 0, max: 7 }), fc.nat(9), fc.nat(9))
      .map(([n, a, b]) => state(`_S${n}_`, constant(a), constant(b))),
    fc.integer({ min: 0, max: 7 }).map((n) => [0x08, ...ascii(`_S${n}_`), 0x12]),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const body = pieces.flat();
      const memory = machine(body);
      t.ok(sleepTypes.offA <= NO_TYPE && sleepTypes.offB <= NO_TYPE);
      t.equal(sumOf(memory, DSDT, HEADER + body.length), 0);
      t.notMatch(textOf(memory, DSDT + HEADER, body.length), /_S[1-4]_/);
    }),
    { numRuns: 200 },
  );
  t.end();
});
