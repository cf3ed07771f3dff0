import { HostFailureError } from './errors.ts';

/** A timer that is to wait longer does not wait at all. */
const longestMs = 2 ** 31 - 1;

const isMs = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= longestMs;

/** What an option may be. Types bind no caller that has none, and a misspelt one would be as if it were not there. */
const kinds = {
  text: [(value: unknown) => typeof value === 'string', 'a text'],
  flag: [(value: unknown) => typeof value === 'boolean', 'true or false'],
  function: [(value: unknown) => typeof value === 'function', 'a function'],
  object: [(value: unknown) => typeof value === 'object' && value !== null, 'an object'],
  texts: [
    (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
    'a list of texts',
  ],
  map: [(value: unknown) => value instanceof Map, 'a Map'],
  signal: [(value: unknown) => value instanceof AbortSignal, 'an AbortSignal'],
  /** A count: 0 where it means "none", and no end where there is to be none. */
  number: [(value: unknown) => typeof value === 'number' && value >= 0, 'a number of 0 or more'],
  positive: [
    (value: unknown) => typeof value === 'number' && value > 0 && value < Infinity,
    'a finite number above 0',
  ],
  /** 0 where it means "never" or "at once". */
  ms: [isMs, `a number from 0 to ${longestMs}`],
  positiveMs: [(value: unknown) => isMs(value) && value > 0, `a number above 0, up to ${longestMs}`],
  textOrObject: [
    (value: unknown) => typeof value === 'string' || (typeof value === 'object' && value !== null),
    'a path or an object',
  ],
  textOrNull: [(value: unknown) => typeof value === 'string' || value === null, 'a text or null'],
  objectOrNull: [(value: unknown) => typeof value === 'object', 'an object or null'],
  any: [() => true, ''],
} as const satisfies Record<string, readonly [fits: (value: unknown) => boolean, words: string]>;

/** Every option of `Options`: the compiler refuses a list that lacks one. */
export type Kinds<Options> = Readonly<Record<keyof Options & string, keyof typeof kinds>>;

/** @throws HostFailureError `BAD_SPEC` for an option that `what` does not have, or that cannot be meant */
export function checkGiven<Options extends object>(
  what: string,
  given: NoInfer<Options> | { readonly [Name in keyof Options]?: Options[Name] | undefined },
  known: Kinds<Options>,
  needed: readonly string[] = [],
): void {
  const bad = (why: string, hint: string): never => {
    throw new HostFailureError('BAD_SPEC', `${what}: ${why}`, { hint });
  };
  if (typeof given !== 'object' || given === null)
    bad('what is given are no options', 'give an object, or nothing');
  const table: Readonly<Record<string, keyof typeof kinds>> = known;
  for (const name of Object.keys(given)) {
    const value: unknown = Reflect.get(given, name);
    const kind = Object.hasOwn(table, name) ? table[name] : undefined; // calls come here: nothing is built for it
    if (kind === undefined)
      return bad(
        `there is no option ${JSON.stringify(name.slice(0, 50))}`,
        `there are ${Object.keys(table).join(', ')}`,
      );
    const [fits, words] = kinds[kind];
    if (value !== undefined && !fits(value)) bad(`${name} is not ${words}`, 'nothing was done');
  }
  for (const name of needed)
    if (Reflect.get(given, name) === undefined) bad(`${name} is missing`, 'nothing was done');
}
