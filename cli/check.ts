import { Command } from 'commander';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ExitCode } from '../linker/errors.js';
import { printDiagnostics } from './diagnostics.js';
import { output, root } from '../linker/paths.js';
import { printJson, tellStep } from './terminal.js';

const EXAMPLES = `
Examples:
  tsvm check            print what the transpiler refuses, and what would mend it
  tsvm check --json     the same as one JSON object

What is found to be true is kept in build/findings: only what a change reaches is checked again.`;

export function checkCommand(): Command {
  return new Command('check')
    .description('check the TypeScript of kernel/ and prove its arithmetic; build nothing')
    .option('--json', 'print the diagnostics as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { json?: true }) => {
      const start = performance.now();
      const { check } = await import('../transpiler/index.js');
      const { diagnostics, program, proofs } = check({ folder: join(root, 'kernel'), cache: join(output, 'findings') });
      if (json) printJson({ diagnostics });
      else printDiagnostics(diagnostics);
      const detail = `${program.modules.length} files, ${proofs.toLocaleString('en')} proofs`;
      tellStep('check', detail, performance.now() - start);
      process.exitCode = diagnostics.length > 0 ? ExitCode.refused : ExitCode.success;
    });
}
