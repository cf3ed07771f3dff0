export interface PasswordRequest {
  /** What the password opens, for the prompt, like the path of a key file. */
  readonly for: string;
  /** A new password is being chosen: a person is asked twice. */
  readonly isNew?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Finds the password when it is needed, and not before. */
export type PasswordSource = (request: PasswordRequest) => Promise<Password>;

/** A secret that does not print: neither `inspect`, `JSON.stringify` nor a template shows it, only `reveal` gives it. */
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

  toString(): string {
    return `[password from ${this.from}]`;
  }
}

/** A password that the caller already has. */
export function fixedPassword(text: string, from = 'the caller'): PasswordSource {
  return () => Promise.resolve(new Password(text, from));
}
