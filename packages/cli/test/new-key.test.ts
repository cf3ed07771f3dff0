/** A rotation that fails after its root was published must not take the only key with it that can sign from then on. */
import { expect, test } from 'vitest';
import { settleNewKey, type Fate } from '../src/vault/new-key.ts';

const coded = (code: string): Error => Object.assign(new Error(code), { code });

const cases: Readonly<
  Record<string, readonly [error: unknown, named: () => Promise<ReadonlySet<string>>, fate: Fate]>
> = {
  'the metadata does not name it': [
    coded('SIGNATURES_MISSING'),
    () => Promise.resolve(new Set(['old'])),
    'removed',
  ],
  'the metadata names it already': [coded('STORAGE_FULL'), () => Promise.resolve(new Set(['new'])), 'kept'],
  'interrupted after the root was published': [
    new DOMException('interrupted', 'AbortError'),
    () => Promise.resolve(new Set(['new'])),
    'kept',
  ],
  'nobody knows what became of the publish': [
    coded('OUTCOME_UNKNOWN'),
    () => Promise.resolve(new Set(['old'])),
    'kept',
  ],
  'the repository cannot be read': [
    coded('STORAGE_UNAVAILABLE'),
    () => Promise.reject(coded('STORAGE_UNAVAILABLE')),
    'kept',
  ],
};

test.for(Object.entries(cases))('%s', async ([, [error, named, fate]]) => {
  let removed = false;
  const remove = (): Promise<void> => {
    removed = true;
    return Promise.resolve();
  };
  expect(await settleNewKey('new', error, { named, remove })).toBe(fate);
  expect(removed).toBe(fate === 'removed');
});
