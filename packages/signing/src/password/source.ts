import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { SigningError } from '../errors.ts';
import { readSecretFile } from '../file/secret-file.ts';
import { Password, type PasswordRequest, type PasswordSource } from './password.ts';

/** Bytes; longer than any passphrase, shorter than a key file given by mistake may be. */
const passwordMaxLength = 1024;

export interface PasswordSourceOptions {
  /** The role whose key is to be opened, like `targets` or `vendor.acme`. */
  readonly role: string;
  /** `process.env`, or whatever stands for it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The password to be chosen, where the old one is asked for as well: its variables end in `_KEY_NEW_PASSWORD`. */
  readonly isNew?: boolean;
  /** An explicit password file; a pipe will do. */
  readonly file?: string | undefined;
  /** Standard input, when the caller asked to read the password from there. One stream is read once, for all roles. */
  readonly stdin?: Readable | undefined;
  /** Asks a person; give it only where there is a terminal. */
  readonly prompt?: ((question: string, signal?: AbortSignal) => Promise<string>) | undefined;
  /** How the caller's flags for `file` and `stdin` are called, for hints. */
  readonly flags?: { readonly file: string; readonly stdin: string };
}

/** The variables looked at for a role, in this order. Those ending in `_FILE` name a file. */
export function passwordVariables(role: string, { isNew = false } = {}): readonly string[] {
  const name = isNew ? 'KEY_NEW_PASSWORD' : 'KEY_PASSWORD';
  const prefix = role.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
  return [`RAGV_${prefix}_${name}_FILE`, `RAGV_${prefix}_${name}`, `RAGV_${name}_FILE`, `RAGV_${name}`];
}

/**
 * Looks for the password of a role's key: the explicit file, standard input, the variables of `passwordVariables`, the
 * prompt. The first that is given counts, also when it turns out to be unusable (BAD_PASSWORD_SOURCE, KEY_UNPROTECTED): an
 * empty variable is most often a secret that is missing in CI. None is PASSWORD_REQUIRED; there is no default password.
 * An answer is remembered, so that a person is asked once.
 */
export function passwordSource(options: PasswordSourceOptions): PasswordSource {
  let known: Password | null = null;
  return async (request) => {
    request.signal?.throwIfAborted();
    known ??= await find(options, request);
    return known;
  };
}

async function find(options: PasswordSourceOptions, request: PasswordRequest): Promise<Password> {
  const { role, env, file, stdin, prompt, isNew = false, flags = defaultFlags } = options;
  if (file !== undefined) return fromFile(file, `${flags.file} ${file}`, request.signal);
  if (stdin !== undefined)
    return fromBytes(Uint8Array.from(await readOnce(stdin)), `standard input (${flags.stdin})`);
  const variables = passwordVariables(role, { isNew });
  for (const variable of variables) {
    const value = env[variable];
    if (value === undefined) continue;
    if (!variable.endsWith('_FILE')) return usable(value, variable);
    if (value === '') throw bad(variable, 'is empty');
    return fromFile(value, `${variable}=${value}`, request.signal);
  }
  if (prompt !== undefined) return ask(prompt, role, request, isNew);
  throw new SigningError('PASSWORD_REQUIRED', `the ${role} key ${request.for} needs a password`, {
    hint: `give ${flags.file} <file>, ${flags.stdin}, ${variables.join(', ')}, or run it on a terminal; there is no default password`,
  });
}

const defaultFlags = { file: '--password-file', stdin: '--password-stdin' };

async function fromFile(path: string, from: string, signal: AbortSignal | undefined): Promise<Password> {
  try {
    return fromBytes(Uint8Array.from(await readFileOrPipe(path, signal)), from);
  } catch (error) {
    const unread =
      error instanceof SigningError && (error.code === 'KEY_NOT_FOUND' || error.code === 'KEY_UNREADABLE');
    if (unread) throw new SigningError('BAD_PASSWORD_SOURCE', `${from}: ${error.message}`, { cause: error });
    throw error;
  }
}

const pipes = new Map<string, Promise<Uint8Array>>();

/** What a pipe gives it gives once, and the password in it is that of all roles; a file is read whenever it is asked for. */
async function readFileOrPipe(path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const read = (): Promise<Uint8Array> =>
    readSecretFile(path, { maxLength: passwordMaxLength, pipes: true, signal });
  if (!(await stat(path).catch(() => null))?.isFIFO()) return read();
  const known = pipes.get(path) ?? read();
  pipes.set(path, known);
  return known;
}

const reads = new WeakMap<Readable, Promise<Uint8Array>>();

function readOnce(stdin: Readable): Promise<Uint8Array> {
  const known = reads.get(stdin) ?? readAll(stdin);
  reads.set(stdin, known);
  return known;
}

async function readAll(stdin: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stdin as AsyncIterable<Uint8Array | string>) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    length += bytes.length;
    if (length > passwordMaxLength + 2)
      throw bad('standard input', `holds more than ${passwordMaxLength} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

async function ask(
  prompt: NonNullable<PasswordSourceOptions['prompt']>,
  role: string,
  request: PasswordRequest,
  isNew: boolean,
): Promise<Password> {
  const choosing = isNew || request.isNew === true;
  const question = `${choosing ? 'new password' : 'password'} of the ${role} key ${request.for}`;
  const password = usable(await prompt(`${question}: `, request.signal), 'the prompt');
  if (choosing && (await prompt(`${question}, again: `, request.signal)) !== password.reveal())
    throw bad('the prompt', 'was not repeated alike');
  return password;
}

/** One line break at the end is the editor's or `echo`'s, everything else is the password. */
function fromBytes(bytes: Uint8Array, from: string): Password {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw bad(from, 'is not UTF-8');
  } finally {
    bytes.fill(0);
  }
  return usable(text.replace(/\r?\n$/, ''), from);
}

function usable(text: string, from: string): Password {
  if (text === '') throw bad(from, 'is empty');
  if (Buffer.byteLength(text) > passwordMaxLength)
    throw bad(from, `holds more than ${passwordMaxLength} bytes`);
  if (text.includes('\0')) throw bad(from, 'holds a NUL character');
  return new Password(text, from);
}

function bad(from: string, problem: string): SigningError {
  return new SigningError('BAD_PASSWORD_SOURCE', `the password from ${from} cannot be used: it ${problem}`);
}
