import { Command } from 'commander';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ExitCode } from '../linker/errors.js';
import { printDiagnostics } from './diagnostics.js';
import { root } from './paths.js';
import { printJson, tellStep } from './terminal.js';

const EXAMPLES = `
Examples:
  tsvm check            print what the transpiler refuses, and what would mend it
  tsvm check --json     the same as one JSON object`;

export function checkCommand(): Command {
  return new Command('check')
    .description('check the TypeScript of kernel/ and prove its arithmetic; write nothing')
    .option('--json', 'print the diagnostics as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { json?: true }) => {
      const start = performance.now();
      const { transpile } = await import('../transpiler/index.js');
      const { diagnostics, program, proofs } = transpile({ folder: join(root, 'kernel') });
      if (json) printJson({ diagnostics });
      else printDiagnostics(diagnostics);
      const detail = `${program.modules.length} files, ${proofs.toLocaleString('en')} proofs`;
      tellStep('check', detail, performance.now() - start);
      process.exitCode = diagnostics.length > 0 ? ExitCode.refused : ExitCode.success;
    });
}
