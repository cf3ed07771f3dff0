import { LoadRefusedError } from '../errors.ts';
import { isObject } from './json-rpc.ts';
import { instructionsName, textHash } from './texts.ts';

const maxItems = 10_000;

type Kind = 'tools' | 'prompts';
type Members = Readonly<Record<string, unknown>>;

/** What of a server's texts is that of its signed manifest: nothing else of it is shown, or called. */
export class SignedTexts {
  readonly #signed: Readonly<Record<Kind, ReadonlyMap<string, string>>>;
  readonly #refused: (error: LoadRefusedError) => void;
  /** Names whose texts were seen and are not the signed ones. */
  readonly #bad = { tools: new Set<string>(), prompts: new Set<string>() };

  /** `refused` hears of each text that does not pass. */
  constructor(
    signed: Readonly<Record<Kind, ReadonlyMap<string, string>>>,
    refused: (error: LoadRefusedError) => void,
  ) {
    this.#signed = signed;
    this.#refused = refused;
  }

  /** Why that may not be called; `null`: it may. */
  refusal(kind: Kind, name: unknown): LoadRefusedError | null {
    if (typeof name === 'string' && this.#signed[kind].has(name) && !this.#bad[kind].has(name)) return null;
    return unsigned(kind, String(name));
  }

  /** Those of a page that are signed, among as many as anybody reads. */
  items(kind: Kind, { [kind]: list }: Members): readonly unknown[] {
    return Array.isArray(list)
      ? list.slice(0, maxItems).filter((item: unknown) => this.#passes(kind, item))
      : [];
  }

  /** `null`: there are none, or others. */
  instructions({ instructions }: Members): string | null {
    if (instructions === undefined) return null;
    const signed = this.#signed.prompts.get(instructionsName);
    if (typeof instructions === 'string' && signed === textHash(instructions)) return instructions;
    const what = 'the instructions of the server are not in its signed manifest';
    this.#refused(new LoadRefusedError('TEXT_NOT_SIGNED', what));
    return null;
  }

  #passes(kind: Kind, item: unknown): boolean {
    const name: unknown = isObject(item) ? item['name'] : undefined;
    if (typeof name !== 'string') return false;
    const signed = this.#signed[kind].get(name);
    const passes = signed !== undefined && signed === textHash(item);
    if (passes) {
      this.#bad[kind].delete(name);
      return true;
    }
    if (signed !== undefined) this.#bad[kind].add(name);
    this.#refused(unsigned(kind, name));
    return false;
  }
}

function unsigned(kind: Kind, name: string): LoadRefusedError {
  const what = kind === 'tools' ? 'tool' : 'prompt';
  return new LoadRefusedError(
    'TEXT_NOT_SIGNED',
    `the ${what} ${JSON.stringify(name.slice(0, 100))} is not in the signed manifest as the server describes it`,
  );
}
