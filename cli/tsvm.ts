#!/usr/bin/env node
/** The `tsvm` command: each subcommand is a file of this folder and calls one of the other folders. */
import { Command, CommanderError } from 'commander';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, isSystemError, systemText, UserError } from '../linker/errors.js';
import { buildCommand } from './build.js';
import { checkCommand } from './check.js';
import { guestCommand } from './guest.js';
import { imageCommand } from './image.js';
import { inspectCommand } from './inspect.js';
import { packCommand } from './pack.js';
import { root } from '../linker/paths.js';
import { runCommand } from './run.js';
import { tellError } from './terminal.js';

const FOOTER = `
Exit codes:
  0    done
  1    the TypeScript is refused, or the inspected file is damaged
  2    the command line or an input file is wrong
  3    a program of the system is missing or failed, or the system itself: as when the disk is full
  70   tsvm itself is wrong: report what it says
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
    helpCommand(program),
  ];
  program.helpCommand(false);
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands]) tellErrorsAlike(command);
  await program.parseAsync();
}

/** The `help` command. Commander's own one treats an unknown name as if no name was given. */
function helpCommand(program: Command): Command {
  return new Command('help')
    .description('tell all about a command')
    .argument('[command]', 'its name')
    .action((name?: string) => {
      const command = name === undefined ? program : program.commands.find((known) => known.name() === name);
      if (command === undefined) program.error(`unknown command '${name}'`);
      command.help();
    });
}

/** Prints errors of the command line in the same form as all other errors. */
function tellErrorsAlike(command: Command): void {
  const name = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;
  command.exitOverride().configureOutput({
    outputError: (text) => tellError(text.replace(/^error: /, '').trimEnd(), [`${name} --help`]),
  });
}

/** Prints the error that ended the command, and sets the exit code. */
function end(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? ExitCode.success : ExitCode.usage;
  } else if (error instanceof UserError) {
    tellError(error.message, error.remedies);
    process.exitCode = error.exitCode;
  } else if (isSystemError(error)) {
    const { syscall, path } = error;
    tellError(`cannot ${[syscall, path].filter((word) => word !== undefined).join(' ')}: ${systemText(error)}`);
    process.exitCode = ExitCode.tool;
  } else {
    tellError(`internal error, please report it\n${error instanceof Error ? error.stack : String(error)}`);
    process.exitCode = ExitCode.internal;
  }
}

function endAtOnce(error: unknown): void {
  // The reader of the output has closed it, as head(1) does: this is no error.
  if (!isSystemError(error) || error.code !== 'EPIPE') end(error);
  process.exit();
}

process.on('uncaughtException', endAtOnce);
for (const stream of [process.stdout, process.stderr]) stream.on('error', endAtOnce);
main().catch(end);
