import { LoadFailureError, type LoadError } from './errors.ts';
import { plain } from './plain.ts';
import { packValue } from './runner/values.ts';

const maxFunctions = 1000;

export function pack(value: unknown): ReturnType<typeof packValue> {
  try {
    return packValue(value);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'cannot be written';
    throw new LoadFailureError('BAD_VALUE', `what is sent is no JSON: ${why}`, { cause });
  }
}

/** What a caller streams in: types bind nobody, so it is looked at before anything is sent. */
export function itemsOf(input: AsyncIterable<unknown>): AsyncIterator<unknown> {
  const given: unknown = input;
  const begin: unknown =
    typeof given === 'object' && given !== null ? Reflect.get(given, Symbol.asyncIterator) : undefined;
  if (typeof begin !== 'function')
    throw new LoadFailureError('BAD_VALUE', 'input is no async iterable', {
      hint: 'of a list make one: async function* () { yield* list; }',
    });
  return input[Symbol.asyncIterator]();
}

export function tooLarge(cause: unknown): LoadError {
  return new LoadFailureError('VALUE_TOO_LARGE', cause instanceof Error ? cause.message : 'too large', {
    cause,
  });
}

export function packedOf(message: object): object {
  const packed: unknown = Reflect.get(message, 'v');
  if (typeof packed !== 'object' || packed === null) throw new TypeError('a message without its value');
  return packed;
}

export function textOf(message: object, name: string, most: number): string {
  const text: unknown = Reflect.get(message, name);
  if (typeof text !== 'string') throw new TypeError(`a message without its ${name}`);
  return plain(text.slice(0, most));
}

export function namesOf(list: unknown): readonly string[] {
  if (!Array.isArray(list) || list.length > maxFunctions) throw new TypeError('no list of functions');
  return Array.from<unknown>(list).map((name) => (typeof name === 'string' ? name.slice(0, 200) : ''));
}
