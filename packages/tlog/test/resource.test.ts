import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { verifiedSigner, type Signer } from '@ragnos/signing';
import { memoryStorage } from '@ragnos/storage';
import { newKey, verifySignature } from '@ragnos/tuf';
import {
  AuditLog,
  checkpointKey,
  emptyHead,
  headOfLines,
  leafHash,
  signCheckpoint,
  type LogHead,
} from '@ragnos/tlog';
import { decodeBundle } from '../src/bundle.ts';
import { collect, grown, keysBelow, overwrite, sample, sweep } from './samples.ts';

async function made(): Promise<{ log: AuditLog; storage: ReturnType<typeof memoryStorage>; head: LogHead }> {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  const head = (await grown(log, emptyHead, [250, 250, 100, 1, 1, 1])).at(-1) ?? emptyHead;
  return { log, storage, head };
}

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

describe('files of tlog-tiles', () => {
  test('full, partial and not stored: those of the tree at the head', async () => {
    const { log, head } = await made();
    expect(head.size).toBe(603);
    const lines = (await collect(log.lines(head))).map(({ line }) => line);
    const hashes = lines.map(leafHash);
    expect(await log.resource(head, 'tile/0/000')).toEqual(Buffer.concat(hashes.slice(0, 256)));
    expect(await log.resource(head, 'tile/0/002.p/91')).toEqual(Buffer.concat(hashes.slice(512)));
    expect(await log.resource(head, 'tile/0/002.p/3')).toEqual(Buffer.concat(hashes.slice(512, 515)));
    expect(await log.resource(head, 'tile/1/000.p/2')).toHaveLength(64);
    const partial = await log.resource(head, 'tile/entries/002.p/91');
    expect(decodeBundle(partial ?? Buffer.of(), '')).toEqual(lines.slice(512));
    const full = await log.resource(head, 'tile/entries/001');
    expect(decodeBundle(full ?? Buffer.of(), '')).toEqual(lines.slice(256, 512));
  });

  // More than there is, an index or width in another form, and what is no tile.
  const absent =
    `tile/0/002 tile/0/002.p/92 tile/0/003 tile/0/003.p/1 tile/1/000 tile/1/000.p/3 tile/2/000.p/1
    tile/entries/002 tile/0/000.p/0 tile/0/000.p/256 tile/0/000.p/01 tile/0/0 tile/0/x000/000 tile/00/000
    tile/8/0/000 tile/-1/000 tile/0/000/ checkpoint ../metadata/timestamp.json`.split(/\s+/);
  for (const path of absent)
    test(`there is no ${path}`, async () => {
      const { log, head } = await made();
      expect(await log.resource(head, path)).toBeNull();
    });
});

describe('a checkpoint', () => {
  const origin = 'vault.example/audit';

  function signerOf(type: 'ed25519' | 'ecdsa'): Signer {
    const pair =
      type === 'ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const raw = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
    const key = newKey(type, type === 'ed25519' ? 'ed25519' : 'ecdsa-sha2-nistp256', raw);
    return verifiedSigner({
      key,
      uri: 'test:',
      signRaw: async (message) => sign(null, message, pair.privateKey),
    });
  }

  test('is a signed note', async () => {
    const { head } = await made();
    const own = signerOf('ed25519');
    const note = await signCheckpoint(origin, head, own);
    const [first, size, root, blank, signature, end] = note.split('\n');
    expect([first, size, root, blank, end]).toEqual([
      origin,
      '603',
      Buffer.from(head.root, 'hex').toString('base64'),
      '',
      '',
    ]);
    const raw = Buffer.from(signature?.split(' ')[2] ?? '', 'base64');
    expect(raw).toHaveLength(4 + 64);
    expect(checkpointKey(origin, own)).toContain(`${origin}+${raw.subarray(0, 4).toString('hex')}+`);
    const text = Buffer.from(note.slice(0, note.indexOf('\n\n') + 1));
    expect(verifySignature(own.key, raw.subarray(4).toString('hex'), text)).toBe(true);
  });

  test('needs an Ed25519 key and an origin that is a word', async () => {
    await expect(signCheckpoint(origin, emptyHead, signerOf('ecdsa'))).rejects.toMatchObject({
      code: 'LOG_BAD_HEAD',
    });
    for (const bad of ['', 'two words', 'a+b', 'a\nb'])
      await expect(signCheckpoint(bad, emptyHead, signerOf('ed25519'))).rejects.toMatchObject({
        code: 'LOG_BAD_HEAD',
      });
  });
});

describe('restored from an export', () => {
  test('whatever was deleted or altered: the same log, and it goes on', { timeout: 60_000 }, async () => {
    const { log, storage, head } = await made();
    await sweep(storage, log, head);
    const lines = (await collect(log.lines(head))).map(({ line }) => line);
    for (const key of await keysBelow(storage, 'log/')) {
      for (const damage of [null, Buffer.from('x')]) {
        await overwrite(storage, key, damage);
        await log.restore(head, () => each(lines));
        expect(await log.verify(head)).toMatchObject({ ok: true, verified: 603 });
      }
    }
    for (const key of await keysBelow(storage, 'log/')) await overwrite(storage, key, null);
    await log.restore(head, () => each(lines));
    const next = (await grown(log, head, [1, 200])).at(-1) ?? emptyHead;
    expect(await log.verify(next, { since: head })).toMatchObject({ ok: true, verified: 804 });
  });

  test(
    'from an older export, with what the store still has of the entries since',
    { timeout: 60_000 },
    async () => {
      const { log, storage, head } = await made();
      await sweep(storage, log, head);
      const lines = (await collect(log.lines(head))).map(({ line }) => line);
      for (const size of [0, 1, 255, 300, 512, 600, 603]) {
        const continued = (): AsyncIterable<string> => log.continued(head, each(lines.slice(0, size)));
        expect(await collect(continued())).toEqual(lines);
        for (const key of await keysBelow(storage, 'log/')) {
          const covered = key.startsWith('log/tile/entries/000')
            ? 256
            : key.startsWith('log/tile/entries/001')
              ? 512
              : 0;
          if (size < covered || (key.startsWith('log/head/') && size < head.size)) continue;
          await overwrite(storage, key, null);
          await log.restore(head, continued);
          expect(await log.verify(head)).toMatchObject({ ok: true, verified: 603 });
        }
      }
    },
  );

  test('what the store no longer has is not made up', async () => {
    const { log, storage, head } = await made();
    await sweep(storage, log, head);
    const lines = (await collect(log.lines(head))).map(({ line }) => line);
    const before = await keysBelow(storage, '');
    for (const key of before) if (key.startsWith('log/head/')) await overwrite(storage, key, null);
    const left = await keysBelow(storage, '');
    const old = (): AsyncIterable<string> => log.continued(head, each(lines.slice(0, 600)));
    await expect(log.restore(head, old)).rejects.toMatchObject({ code: 'LOG_ALTERED' });
    expect(await keysBelow(storage, '')).toEqual(left);
  });

  test('of any size, into an empty store', async () => {
    const { log, head: all } = await made();
    const lines = (await collect(log.lines(all))).map(({ line }) => line);
    for (const size of [0, 1, 255, 256, 257, 512]) {
      const storage = memoryStorage();
      const copy = new AuditLog(storage);
      const some = lines.slice(0, size);
      const head = await headOfLines(some);
      await copy.restore(head, () => each(some));
      expect(await copy.verify(head)).toMatchObject({ ok: true, verified: size });
      const staged = await copy.stage(head, [sample(1)]);
      await copy.settle(staged);
      expect(await copy.verify(staged.head)).toMatchObject({ ok: true, verified: size + 1 });
    }
  });

  test('nothing is written from lines that are not the log', async () => {
    const { log, head } = await made();
    const lines = (await collect(log.lines(head))).map(({ line }) => line);
    const storage = memoryStorage();
    await expect(new AuditLog(storage).restore(head, () => each(lines.slice(1)))).rejects.toMatchObject({
      code: 'LOG_ALTERED',
    });
    expect(await keysBelow(storage, '')).toEqual([]);
  });
});
