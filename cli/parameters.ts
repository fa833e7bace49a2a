/** Parsers of option values: each returns the value or says what it should have been. */
import { InvalidArgumentError } from 'commander';

export function fileName(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is the name of a file.');
  return text;
}

export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is a whole number above 0.');
  return Number(text);
}

/** Timers of Node.js count milliseconds in 31 bits; one that is set to more is over at once. */
const MOST_SECONDS = Math.floor((2 ** 31 - 1) / 1000);

export function seconds(text: string): number {
  const value = positiveInteger(text);
  if (value > MOST_SECONDS) throw new InvalidArgumentError(`It is at most ${MOST_SECONDS} seconds.`);
  return value;
}

export function portNumber(text: string): number {
  const port = positiveInteger(text);
  if (port > 65535) throw new InvalidArgumentError('It is a TCP port, 1 to 65535.');
  return port;
}

export function memorySize(text: string): string {
  if (!/^[1-9]\d{0,6}[MG]$/.test(text)) throw new InvalidArgumentError('It is a number and M or G: 512M, 6G.');
  return text;
}
