/** The fuzzer finds planted faults: missing checks in parsers. */
import t from 'tap';
import { scratchFolder } from '../support/hosted/scratch.js';
import { compileFuzzer, fuzz, parserSources, withFault } from './fuzzer.js';
import { fuzzSeeds } from './seeds.js';

t.setTimeout(600_000);

/** The missing checks. They are in different targets, so that one program has all. If two checks refuse an input, both are. */
const FAULTS = [
  {
    target: 'bundle',
    forgotten: [
      ['boot/bundle/cpio.c', 'nameBytes > archive.length - name'],
      ['boot/bundle/cpio.c', 'end > (uint64_t)archive.length'],
    ],
  },
  { target: 'multiboot2', forgotten: [['boot/loaders/multiboot2.c', 'length > tags.length - offset']] },
  { target: 'acpi', forgotten: [['machine/madt.c', 'bytes > madt.length - offset']] },
  {
    target: 'efiMap',
    forgotten: [
      [
        'machine/efiMemoryMap.c',
        'start < end && start < highest && machine_efiMemoryMap_overlapsEarlier(i, start, end)',
      ],
      ['guest/efi/map.c', 'offset > map.length || bytes > map.length - offset'],
    ],
  },
] as const;

const planted = FAULTS.flatMap(({ forgotten }) => [...forgotten]).reduce(
  (sources, [file, condition]) => withFault(sources, file, condition),
  parserSources(),
);
const folder = scratchFolder(t, 'planted');
const binary = await compileFuzzer(planted, folder);
const seeds = await fuzzSeeds();

for (const { target, forgotten } of FAULTS) {
  t.test(`${target} without ${forgotten.map(([, condition]) => condition).join(' and ')}`, async (t) => {
    const { found, said } = await fuzz(binary, folder, {
      target,
      seeds: seeds.get(target) ?? [],
      runs: 300_000,
      seed: 1,
    });
    t.ok(found, 'the fuzzer finds it');
    t.match(said, /SUMMARY: (AddressSanitizer|libFuzzer)|runtime error/);
  });
}
