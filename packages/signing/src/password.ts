import type { Readable } from 'node:stream';

export interface PasswordRequest {
  /** What the password opens, for the prompt, like the path of a key file. */
  readonly for: string;
  /** A new password is being chosen: a prompt asks twice. */
  readonly isNew?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Finds the password when it is needed, and not before. */
export type PasswordSource = (request: PasswordRequest) => Promise<Password>;

/** A secret that does not print: only `reveal` gives it. */
export class Password {
  readonly #text: string;
  /** Where it came from, for messages: a variable, a file, standard input, a prompt. */
  readonly from: string;

  constructor(text: string, from: string) {
    this.#text = text;
    this.from = from;
  }

  reveal(): string {
    return this.#text;
  }
}

export interface PasswordSourceOptions {
  /** The role whose key is to be opened, like `targets` or `vendor.acme`. */
  readonly role: string;
  /** `process.env`, or whatever stands for it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** An explicit password file. */
  readonly file?: string | undefined;
  /** Standard input, when the caller asked to read the password from there. */
  readonly stdin?: Readable | undefined;
  /** Asks a person; give it only where there is a terminal. */
  readonly prompt?: ((question: string, signal?: AbortSignal) => Promise<string>) | undefined;
}

/**
 * Looks for the password of a role's key: the explicit file, standard input, `RAGV_<ROLE>_KEY_PASSWORD_FILE`,
 * `RAGV_<ROLE>_KEY_PASSWORD`, `RAGV_KEY_PASSWORD_FILE`, `RAGV_KEY_PASSWORD`, the prompt. The first that is given counts,
 * also when it turns out to be unusable (BAD_PASSWORD_SOURCE, KEY_UNPROTECTED). None is PASSWORD_REQUIRED.
 * There is no default password. The answer is remembered: standard input is read once, a person asked once.
 */
export function passwordSource(options: PasswordSourceOptions): PasswordSource {
  throw new Error(`not built yet: ${options.role}`);
}

/** A password that the caller already has. */
export function fixedPassword(text: string, from = 'the caller'): PasswordSource {
  return () => Promise.resolve(new Password(text, from));
}
