/**
 * What is intercepted, and why (SDM 3C 24.6 to 24.8). Everything else the guest does on the real machine without a VM
 * exit: interrupts, NMI, HLT, CR3, debug registers, TSC, MONITOR, MWAIT, PAUSE, INVLPG, WBINVD, and all ports and MSRs
 * that permissionMaps.ts does not name. VMX itself makes CPUID, XSETBV, INVD, GETSEC, task switches and its own
 * instructions exit.
 */
import { allows, Controls, demand, demandAbsent, readAllowedSettings, refuse, want } from './settings.js';
import { chooseVpid } from './vpid.js';

// Pin-based controls (table 24-5).
const PREEMPTION_TIMER = 1 << 6;

// Primary processor-based controls (table 24-6).
const CR3_LOAD_EXITING = 1 << 15; // must be 1 on processors without EPT
const CR3_STORE_EXITING = 1 << 16;
const USE_IO_BITMAPS = 1 << 25;
const USE_MSR_BITMAPS = 1 << 28; // without MSR bitmaps every MSR access exits

// Secondary processor-based controls (table 24-7).
const ENABLE_EPT = 1 << 1; // keeps the guest out of the hypervisor's memory
const ENABLE_RDTSCP = 1 << 3; // this and the ENABLE bits below: without the control its instructions raise #UD, though CPUID shows them
const UNRESTRICTED_GUEST = 1 << 7; // allows real mode, and protected mode without paging
const ENABLE_INVPCID = 1 << 12;
const ENABLE_XSAVES = 1 << 20;
const ENABLE_USER_WAIT = 1 << 26;
const ENABLE_PCONFIG = 1 << 27;

// VM-exit controls (table 24-13).
const SAVE_DEBUG_CONTROLS = 1 << 2;
const HOST_IS_64_BIT = 1 << 9;
const SAVE_PAT = 1 << 18;
const LOAD_HOST_PAT = 1 << 19;
const SAVE_EFER = 1 << 20;
const LOAD_HOST_EFER = 1 << 21;

// VM-entry controls (table 24-15).
const LOAD_DEBUG_CONTROLS = 1 << 2;
export const GUEST_IS_64_BIT = 1 << 9; // the processor keeps it equal to the guest's EFER.LMA
const LOAD_GUEST_PAT = 1 << 14;
const LOAD_GUEST_EFER = 1 << 15;

/** Intercepted exceptions: #DB and #AC could otherwise raise themselves for ever (CVE-2015-8104, CVE-2015-5307). */
export const INTERCEPTED_EXCEPTIONS = (1 << 1) | (1 << 17);

/** Chooses all controls. Stops start-up with a message if the processor lacks something that a guest needs. */
export function chooseControls(): void {
  readAllowedSettings();
  demand(Controls.secondary, ENABLE_EPT, 'extended page tables (EPT)');
  demand(Controls.secondary, UNRESTRICTED_GUEST, 'unrestricted guest mode');
  requireTimer();
  choosePrimary();
  chooseSecondary();
  chooseExitAndEntry();
}

/** Requires the preemption timer, which stays off until a task is scheduled or an NMI is pending. */
function requireTimer(): void {
  if (!allows(Controls.pin, PREEMPTION_TIMER)) refuse('without ', 'the preemption timer');
}

function choosePrimary(): void {
  demandAbsent(Controls.primary, CR3_LOAD_EXITING | CR3_STORE_EXITING, 'each access to CR3');
  demand(Controls.primary, USE_MSR_BITMAPS, 'MSR bitmaps');
  demand(Controls.primary, USE_IO_BITMAPS, 'I/O bitmaps');
}

function chooseSecondary(): void {
  chooseVpid();
  want(Controls.secondary, ENABLE_RDTSCP);
  want(Controls.secondary, ENABLE_INVPCID);
  want(Controls.secondary, ENABLE_XSAVES);
  want(Controls.secondary, ENABLE_USER_WAIT);
  want(Controls.secondary, ENABLE_PCONFIG);
}

function chooseExitAndEntry(): void {
  demand(Controls.exit, HOST_IS_64_BIT, 'a 64-bit host');
  demand(Controls.exit, SAVE_DEBUG_CONTROLS, 'saving of debug controls');
  demand(Controls.exit, SAVE_PAT | LOAD_HOST_PAT, 'a PAT for guest and host each');
  demand(Controls.exit, SAVE_EFER | LOAD_HOST_EFER, 'an EFER for guest and host each');
  demand(Controls.entry, GUEST_IS_64_BIT, 'a 64-bit guest');
  demand(Controls.entry, LOAD_DEBUG_CONTROLS, 'loading of debug controls');
  demand(Controls.entry, LOAD_GUEST_PAT, 'a PAT for guest and host each');
  demand(Controls.entry, LOAD_GUEST_EFER, 'an EFER for guest and host each');
}
