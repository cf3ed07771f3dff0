import { expect, test } from 'vitest';
import { duplexPair } from 'node:stream';
import { callLane, Lanes } from '../../src/confine/preload/lanes.ts';
import { defaultLoadLimits } from '../../src/load/api.ts';
import { Conversation } from '../../src/load/conversation.ts';

test('what a plugin says before anybody can end it is judged as soon as somebody can', async () => {
  const [near, far] = duplexPair();
  const limits = { messageBytes: 1000, unreadBytes: 1000 };
  const faults: string[] = [];
  const talk = new Conversation(
    new Lanes(near, limits).lane(callLane),
    defaultLoadLimits,
    {
      event: () => undefined,
      log: () => undefined,
      fault: (why) => void faults.push(why),
      hung: () => undefined,
    },
    (text) => text,
  );
  new Lanes(far, limits).lane(callLane).send({ t: 'ok', id: 4711 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(faults).toEqual([]);
  talk.listen();
  expect(faults).toEqual(['an answer to what was never asked']);
  talk.end(new Error('over'));
});
