/** What a plugin says of itself has a rate, of which a long message takes more: also by members that mean nothing. */
import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { callLane, Lanes } from '../../src/confine/preload/lanes.ts';
import { defaultLoadLimits } from '../../src/load/api.ts';
import { Conversation } from '../../src/load/conversation.ts';

const junk = 'x'.repeat(10_000);

test.each([
  ['events', { t: 'event', event: 'e', v: { value: junk } }],
  ['lines of its log', { t: 'log', text: 'x', junk }],
  ['answers that nobody waits for any more', { t: 'ok', id: 1, v: { value: junk } }],
  ['items that nobody waits for any more', { t: 'item', id: 1, v: { value: junk } }],
])('%s', async (_, message) => {
  const [near, far] = duplexPair();
  const limits = { messageBytes: 100_000, unreadBytes: 10_000_000 };
  const faults: string[] = [];
  const talk = new Conversation(
    new Lanes(near, limits).lane(callLane),
    { ...defaultLoadLimits, messagesPerSecond: 50 },
    {
      event: () => undefined,
      log: () => undefined,
      fault: (why) => void faults.push(why),
      hung: () => undefined,
    },
    (text) => text,
  );
  talk.listen();
  await expect(talk.call('f', null, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' });
  let taken = 0;
  near.on('data', () => void taken++);
  const plugin = new Lanes(far, limits).lane(callLane);
  for (let n = 0; n < 40; n++) plugin.send(message);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(taken).toBeLessThan(10);
  expect(faults).toEqual([]);
  talk.end(new Error('over'));
});
