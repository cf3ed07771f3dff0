import { afterAll, beforeAll, describe } from 'vitest';
import { openStorage, prepareBucket } from '@ragnos/storage';
import { testStorage } from './contract.ts';
import { s3StandIn, type S3StandIn, type S3StandInOptions } from './stand-in/s3.ts';

const kinds: Readonly<Record<string, S3StandInOptions>> = {
  strict: {},
  'that understands etags only without their quotes': { unquoted: true },
};
for (const [name, options] of Object.entries(kinds))
  describe(`S3, ${name}`, () => {
    let server: S3StandIn;
    let made = 0;
    beforeAll(async () => {
      server = await s3StandIn(options);
      await prepareBucket(server.uri('contract'), { env: server.env });
    });
    afterAll(() => server.close());
    testStorage(() => openStorage(server.uri('contract', `run ${made++}/ü`), { env: server.env }), {
      meta: 'kept',
    });
  });
