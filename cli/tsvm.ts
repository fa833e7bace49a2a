#!/usr/bin/env node
/** The `tsvm` command: each subcommand is a file of this folder and calls one of the other folders. */
import { Command, CommanderError } from 'commander';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, UserError } from '../linker/errors.js';
import { buildCommand } from './build.js';
import { checkCommand } from './check.js';
import { guestCommand } from './guest.js';
import { imageCommand } from './image.js';
import { inspectCommand } from './inspect.js';
import { packCommand } from './pack.js';
import { root } from './paths.js';
import { runCommand } from './run.js';
import { tellError } from './terminal.js';

const FOOTER = `
Exit codes:
  0    done
  1    the TypeScript is refused, or the inspected file is damaged
  2    the command line or an input file is wrong
  3    a program of the system is missing or failed
  124  the time of --timeout is over

Examples:
  tsvm run                build, and boot the default guest to its shell
  tsvm build --watch      build after every change
  tsvm help run           all about one command`;

async function main(): Promise<void> {
  const { version, description } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string;
    description: string;
  };
  const program = new Command('tsvm').description(description).version(version).addHelpText('after', FOOTER);
  const commands = [
    buildCommand(),
    checkCommand(),
    runCommand(),
    packCommand(),
    imageCommand(),
    inspectCommand(),
    guestCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...program.commands]) command.exitOverride().showHelpAfterError('(try --help)');
  await program.parseAsync();
}

main().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? ExitCode.success : ExitCode.usage;
    return;
  }
  if (!(error instanceof UserError)) throw error;
  tellError(error.message, error.remedies);
  process.exitCode = error.exitCode;
});
