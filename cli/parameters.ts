/** Parsers of option values. Each returns the value, or throws an error that says what is expected. */
import { InvalidArgumentError } from 'commander';

export function fileName(text: string): string {
  if (text === '') throw new InvalidArgumentError('A file name is expected.');
  return text;
}

export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('A whole number above 0 is expected.');
  return Number(text);
}

/** The longest time of a Node.js timer: it counts milliseconds in 31 bits, and with more it fires at once. */
const MOST_SECONDS = Math.floor((2 ** 31 - 1) / 1000);

export function seconds(text: string): number {
  const value = positiveInteger(text);
  if (value > MOST_SECONDS) throw new InvalidArgumentError(`At most ${MOST_SECONDS} seconds are possible.`);
  return value;
}

export function portNumber(text: string): number {
  const port = positiveInteger(text);
  if (port > 65535) throw new InvalidArgumentError('A TCP port is expected, 1 to 65535.');
  return port;
}

export function memorySize(text: string): string {
  if (!/^[1-9]\d{0,6}[MG]$/.test(text))
    throw new InvalidArgumentError('A number with M or G is expected, such as 512M or 6G.');
  return text;
}
