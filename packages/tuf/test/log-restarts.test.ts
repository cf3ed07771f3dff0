// Where the audit log beside a repository was begun anew stands in the root, and only there.
import {
  logRestarts,
  logStep,
  maxLogRestarts,
  signedLog,
  withLogRestarts,
  type JsonValue,
  type LogRestart,
  type SignedLog,
} from '@ragnos/tuf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

const none = new Map<string, JsonValue>();
const head = (size: number, restarts = 0, letter = 'a') => ({
  size,
  root: letter.repeat(64),
  ...(restarts === 0 ? {} : { restarts }),
});
const restart = (size: number, restarts = 0, more: Partial<LogRestart> = {}): LogRestart => ({
  ...head(size, restarts),
  time: new Date('2030-01-01T00:00:00Z'),
  by: 'olga@desk',
  reason: 'the disk died',
  ...more,
});
const rooted = (...all: readonly LogRestart[]) => ({ unrecognized: withLogRestarts(none, all) });

test('what is written is read, beside other members, and none leaves no member', () => {
  const all = [restart(7), restart(3, 1)];
  const unrecognized = withLogRestarts(new Map([['x-other', 'kept']]), all);
  expect(unrecognized.get('x-other')).toBe('kept');
  expect(logRestarts({ unrecognized })).toEqual(all);
  expect([...withLogRestarts(unrecognized, []).keys()]).toEqual(['x-other']);
  expect(logRestarts({ unrecognized: none })).toEqual([]);
});

const unreadable: Readonly<Record<string, JsonValue>> = {
  'no list': { size: 7 },
  'no object': [7],
  'no size': [{ root: 'a'.repeat(64), time: '2030-01-01T00:00:00Z', by: 'x', reason: 'y' }],
  'a size below zero': [{ size: -1, root: 'a', time: '2030-01-01T00:00:00Z', by: 'x', reason: 'y' }],
  'no time': [{ size: 1, root: 'a', time: 'soon', by: 'x', reason: 'y' }],
  'a time that is no text': [{ size: 1, root: 'a', time: 5, by: 'x', reason: 'y' }],
  'no reason': [{ size: 1, root: 'a', time: '2030-01-01T00:00:00Z', by: 'x', reason: '' }],
  'a reason of two lines': [{ size: 1, root: 'a', time: '2030-01-01T00:00:00Z', by: 'x', reason: 'a\nb' }],
  'the second log first': [
    { size: 1, root: 'a', restarts: 1, time: '2030-01-01T00:00:00Z', by: 'x', reason: 'y' },
  ],
  'more than anybody needs': Array.from({ length: maxLogRestarts + 1 }, () => 0),
};
test.each(Object.entries(unreadable))('%s approves nothing', (_what, value) => {
  expect(logRestarts({ unrecognized: new Map([['x-ragnos-log-restarts', value]]) })).toEqual([]);
});

test.each([
  ['a first look', null, head(3), [], 'continues'],
  ['no log at all', null, null, [], 'continues'],
  ['longer', head(3), head(4, 0, 'b'), [], 'continues'],
  ['the same', head(3), head(3), [], 'continues'],
  ['shorter', head(3), head(2), [], 'back'],
  ['as long and another', head(3), head(3, 0, 'b'), [], 'back'],
  ['gone', head(3), null, [], 'back'],
  ['anew, as root says', head(3), head(1, 1), [restart(5)], 'restarted'],
  ['anew, twice since', head(3), head(1, 2), [restart(5), restart(9, 1)], 'restarted'],
  ['approved and not yet done', head(3), head(4), [restart(5)], 'continues'],
  ['anew, and root does not say so', head(3), head(9, 1), [], 'unapproved'],
  ['anew, and seen for the first time', null, head(9, 1), [], 'unapproved'],
  ['anew, before what was seen', head(6), head(1, 1), [restart(5)], 'back'],
  ['the log before', head(1, 1), head(9), [restart(5)], 'back'],
  ['shorter, after one that was given up', head(4, 1), head(2, 1), [restart(5)], 'back'],
] as const)('%s', (_what, seen, now, lost, step) => {
  expect(logStep(seen, now, rooted(...lost))).toBe(step);
});

test.each([
  ['what is signed', head(3), head(3)],
  ['that of a log begun anew', head(3, 1), head(3, 1)],
  ['a member of somebody else’s', 'elsewhere', null],
  ['no size', { root: 'a' }, null],
] as const)('the head of a timestamp: %s', (_what, value, read) => {
  expect(signedLog({ unrecognized: new Map([['x-ragnos-log', value]]) })).toEqual(read);
  expect(signedLog({ unrecognized: none })).toBeNull();
});

// A repository's life, in heads: some entries more, or the log is lost and root says so at its present end.
const lives = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant('lost' as const)), {
  maxLength: 30,
});

function live(steps: readonly (number | 'lost')[]) {
  const heads: SignedLog[] = [];
  const lost: LogRestart[] = [];
  let now = head(1);
  for (const [at, step] of steps.entries()) {
    heads.push(now);
    if (step === 'lost') lost.push({ ...restart(0), ...now });
    const size = step === 'lost' ? 1 : now.size + step;
    now = { ...head(size, lost.length), root: String(at).padStart(64, '0') };
  }
  return { heads: [...heads, now], lost };
}

test('whoever saw a moment of a repository follows it to any later one, and never back', () => {
  fc.assert(
    fc.property(lives, fc.nat(), fc.nat(), (steps, a, b) => {
      const { heads, lost } = live(steps);
      const [from, to] = [a % heads.length, b % heads.length].toSorted((x, y) => x - y);
      const [seen, now] = [heads[from ?? 0] ?? null, heads[to ?? 0] ?? null];
      const same = (seen?.restarts ?? 0) === (now?.restarts ?? 0);
      expect(logStep(seen, now, rooted(...lost))).toBe(same ? 'continues' : 'restarted');
      expect(logStep(now, seen, rooted(...lost))).toBe(from === to ? 'continues' : 'back');
      const restarts = now?.restarts ?? 0;
      const lacking = rooted(...lost.slice(0, Math.max(0, restarts - 1)));
      expect(logStep(seen, now, lacking)).toBe(restarts > 0 ? 'unapproved' : 'continues');
    }),
  );
});
