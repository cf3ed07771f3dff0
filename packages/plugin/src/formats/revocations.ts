import { readFormat, readLine, readTime, writeFormat } from './common.ts';

export const revocationsFormat = 'ragnos-revocations/1';

export interface Revocation {
  readonly reason: string;
  readonly at: string;
}

/** `policy/revocations.json`, by sha256 of an artifact: it only grows, and overrides what vendors say (decision 9). */
export type Revocations = ReadonlyMap<string, Revocation>;

export function parseRevocations(bytes: Uint8Array): Revocations {
  return readFormat(bytes, revocationsFormat, (reader) => {
    const revoked = reader.object('revoked');
    return new Map(
      revoked.names().map((digest) => {
        if (!/^[0-9a-f]{64}$/.test(digest)) revoked.fail(digest, 'a sha256 in lower-case hex');
        const entry = revoked.object(digest);
        return [digest, { reason: readLine(entry, 'reason'), at: readTime(entry, 'at') }];
      }),
    );
  });
}

export function serializeRevocations(revocations: Revocations): Uint8Array {
  const revoked = new Map([...revocations].map(([digest, entry]) => [digest, { ...entry }]));
  return writeFormat({ format: revocationsFormat, revoked });
}
