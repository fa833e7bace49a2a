import t from 'tap';
import { checkFirmwareLocks } from '../../../kernel/machine/firmwareLocks.js';
import { options, RequireChoice } from '../../../kernel/machine/options.js';
import { resetMemory, simulate } from '../../../transpiler/lib/testing.js';
import { AmdProcessor, HALTED } from '../support/guest.js';
import { logText } from '../support/startup.js';

const HOST_BRIDGE = 0x8000_0000;
const FLASH_BRIDGE = 0x8000_f800;
const SPI = 0x8000_fd00;

interface Machine {
  readonly configuration: Record<number, number>;
  readonly msrs?: Record<number, bigint>;
}

function lines({ configuration, msrs = {} }: Machine): string[] {
  resetMemory();
  const processor = new AmdProcessor();
  processor.configuration = configuration;
  for (const [msr, value] of Object.entries(msrs)) processor.msrs.set(Number(msr), value);
  simulate(processor);
  checkFirmwareLocks();
  return logText().split('\n').slice(0, -1);
}

const Q35 = { [HOST_BRIDGE]: 0x29c0_8086, [FLASH_BRIDGE]: 0x2918_8086 };
const Q35_LOCKED = {
  ...Q35,
  [HOST_BRIDGE + 0x9c]: 0x1a << 8,
  [FLASH_BRIDGE + 0xdc]: 2,
  [FLASH_BRIDGE + 0xa0]: 0x10,
};
const SMRAM = 'tsvm: warning: the firmware left open the memory of system management mode (SMRAM.D_LCK is clear)';
const FLASH = 'tsvm: warning: the firmware left open the flash of the firmware (BIOS_CNTL)';
const SMI = 'tsvm: warning: the firmware left open the enabling of SMIs (GEN_PMCON_1.SMI_LOCK is clear)';

t.test('a machine whose firmware has locked everything gives no message', (t) => {
  t.same(lines({ configuration: Q35_LOCKED }), []);
  t.end();
});

t.test('each open lock of a q35 is reported in a line', (t) => {
  t.same(
    lines({ configuration: { ...Q35, [HOST_BRIDGE + 0x9c]: 0, [FLASH_BRIDGE + 0xdc]: 0, [FLASH_BRIDGE + 0xa0]: 0 } }),
    [SMRAM, FLASH, SMI],
  );
  t.same(lines({ configuration: { ...Q35_LOCKED, [FLASH_BRIDGE + 0xdc]: 3 } }), [FLASH], 'writes are enabled');
  t.end();
});

t.test('from the 6 series on the flash must be writable only with all processors in system management mode', (t) => {
  const configuration = {
    ...Q35_LOCKED,
    [HOST_BRIDGE]: 0x0100_8086,
    [HOST_BRIDGE + 0x88]: 0x10,
    [FLASH_BRIDGE]: 0x1c54_8086,
  };
  t.same(lines({ configuration }), [FLASH]);
  t.same(lines({ configuration: { ...configuration, [FLASH_BRIDGE + 0xdc]: 0x22 } }), []);
  t.end();
});

t.test('from the 100 series on the controller of the flash has the locks', (t) => {
  const configuration = {
    [HOST_BRIDGE]: 0x1918_8086,
    [HOST_BRIDGE + 0x88]: 0x10,
    [FLASH_BRIDGE]: 0xa149_8086,
    [SPI]: 0xa124_8086,
    [SPI + 8]: 0x0c80_0031,
    [SPI + 0xdc]: 0x22,
  };
  t.same(lines({ configuration }), []);
  t.same(lines({ configuration: { ...configuration, [SPI + 0xdc]: 0x02 } }), [FLASH]);
  t.end();
});

t.test('on AMD’s bridges the processor says whether system management mode is locked', (t) => {
  const configuration = { ...Q35_LOCKED, [HOST_BRIDGE]: 0x1480_1022 };
  t.same(lines({ configuration, msrs: { 0xc0010015: 1n } }), []);
  t.match(lines({ configuration, msrs: { 0xc0010015: 0n } })[0], /HWCR.SMMLOCK is clear/);
  t.end();
});

t.test('a processor that has SMRRs must have them valid', (t) => {
  t.same(lines({ configuration: Q35_LOCKED, msrs: { 0xfe: 0x800n, 0x1f3: 0x800n } }), []);
  t.match(lines({ configuration: Q35_LOCKED, msrs: { 0xfe: 0x800n, 0x1f3: 0n } })[0], /SMRR_PHYSMASK.V is clear/);
  t.end();
});

t.test('an unknown bridge is reported', (t) => {
  t.same(lines({ configuration: { [HOST_BRIDGE]: 0x1234_8086, [FLASH_BRIDGE]: 0xffff_ffff } }), [
    'tsvm: warning: unknown host bridge 0x12348086: cannot tell whether the firmware locked the memory of system management mode',
    'tsvm: warning: unknown flash bridge 0xffffffff: cannot tell whether the firmware locked the flash',
  ]);
  t.end();
});

t.test('with require=locks an open lock, or an unknown one, ends start-up', (t) => {
  for (const configuration of [Q35, { [HOST_BRIDGE]: 0x1234_8086 }]) {
    resetMemory();
    const processor = new AmdProcessor();
    processor.configuration = configuration;
    simulate(processor);
    options.require = RequireChoice.locks;
    t.throws(checkFirmwareLocks, HALTED);
    t.match(logText(), /tsvm: require=locks: lock it in the setup of the firmware, or update the firmware\n$/);
  }
  t.same(lines({ configuration: Q35_LOCKED }), []);
  t.end();
});
