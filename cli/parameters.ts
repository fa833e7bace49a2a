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

export function portNumber(text: string): number {
  const port = positiveInteger(text);
  if (port > 65535) throw new InvalidArgumentError('It is a TCP port, 1 to 65535.');
  return port;
}

export function memorySize(text: string): string {
  if (!/^[1-9]\d{0,6}[MG]$/.test(text)) throw new InvalidArgumentError('It is a number and M or G: 512M, 6G.');
  return text;
}
