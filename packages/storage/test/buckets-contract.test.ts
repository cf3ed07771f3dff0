import { afterAll, beforeAll, describe } from 'vitest';
import { openStorage, prepareBucket } from '@ragnos/storage';
import { testStorage } from './contract.ts';
import { standIns, type AnyStandIn } from './stand-in/every.ts';
import { s3StandIn } from './stand-in/s3.ts';

const kinds: Readonly<Record<string, () => Promise<AnyStandIn>>> = {
  ...standIns,
  'S3 that understands etags only without their quotes': () => s3StandIn({ unquoted: true }),
};
for (const [name, start] of Object.entries(kinds))
  describe(`on ${name}`, () => {
    let server: AnyStandIn;
    let made = 0;
    beforeAll(async () => {
      server = await start();
      await prepareBucket(server.uri('contract'), { env: server.env });
    });
    afterAll(() => server.close());
    testStorage(() => openStorage(server.uri('contract', `run ${made++}/ü`), { env: server.env }), {
      meta: 'kept',
    });
  });
