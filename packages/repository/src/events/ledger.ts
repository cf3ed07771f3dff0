import { join } from 'node:path';
import { nodeFileSystem } from '@ragnos/disk';
import { parseJson, Reader, VaultError, type KeyId } from '@ragnos/tuf';
import { EventError } from './errors.ts';

/** What a key of this person signed: kept beside the person, not the repository, since offline there is no repository. */
export interface Signed {
  readonly role: string;
  readonly version: number;
  /** Of the signed part. */
  readonly sha256: string;
}

export interface Ledger {
  /** Another content that this key signed under the same role and version; `null`: none that is known here. */
  other(keyId: KeyId, signed: Signed): Promise<Signed | null>;
  /** Durable when this resolves: to be called before the signature leaves. Noting the same again changes nothing. */
  note(keyId: KeyId, signed: Signed, now: Date): Promise<void>;
}

/** Bytes; twenty thousand signatures of one key. */
const maxLength = 8_000_000;

/** `<folder>/<key id>.jsonl`. A line that a crash cut short is passed over, since its signature never left; any other damage is refused. */
export function ledgerIn(folder: string): Ledger {
  const path = (keyId: KeyId): string => join(folder, `${fileSafe(keyId)}.jsonl`);
  const load = async (keyId: KeyId): Promise<readonly Signed[]> => {
    const file = path(keyId);
    const bytes = await nodeFileSystem.read(file, maxLength);
    const lines = bytes === null ? [] : Buffer.from(bytes).toString().split('\n');
    return lines.flatMap((line, index) => (line.endsWith('}') ? [parse(line, `${file}:${index + 1}`)] : []));
  };
  const find = async (keyId: KeyId, { role, version }: Signed): Promise<readonly Signed[]> =>
    (await load(keyId)).filter((known) => known.role === role && known.version === version);
  return {
    other: async (keyId, signed) =>
      (await find(keyId, signed)).find(({ sha256 }) => sha256 !== signed.sha256) ?? null,
    async note(keyId, signed, now) {
      if ((await find(keyId, signed)).some(({ sha256 }) => sha256 === signed.sha256)) return;
      await nodeFileSystem.makeFolder(folder, 0o700);
      const file = await nodeFileSystem.append(path(keyId), 0o600);
      try {
        // A line of its own, also behind one that was cut.
        await file.write(Buffer.from(`\n${JSON.stringify({ ...signed, at: now.toISOString() })}\n`));
        await file.sync();
      } finally {
        await file.close();
      }
      await nodeFileSystem.syncFolder(folder);
    },
  };
}

/** Remembers nothing: for tests, and for keys that sign by themselves all day. */
export const noLedger: Ledger = {
  other: () => Promise.resolve(null),
  note: () => Promise.resolve(),
};

function parse(line: string, where: string): Signed {
  try {
    const reader = Reader.of(parseJson(Buffer.from(line), where), where);
    return {
      role: reader.string('role'),
      version: reader.version('version'),
      sha256: reader.string('sha256'),
    };
  } catch (cause) {
    if (!(cause instanceof VaultError)) throw cause;
    throw new EventError(
      'SECOND_BODY',
      `${where} is damaged, so nobody can tell what this key signed before`,
      {
        cause,
        hint: 'restore it from a backup, or move it away once you have checked by other means',
      },
    );
  }
}

/** Ids are hex where they are ours; a declared one may be any text. */
function fileSafe(id: string): string {
  return /^[0-9a-f]{1,128}$/.test(id) ? id : Buffer.from(id).toString('hex').slice(0, 200);
}
