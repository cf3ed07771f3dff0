import { matchesPattern, parseJson, Reader, roleName, targetPath } from '@ragnos/tuf';
import { PublishError } from '../errors.ts';

/** What must not be deleted, whatever the metadata says, until somebody takes the hold away. */
export interface Hold {
  /** `path`: a target path, or a pattern with `*` and `?`: every content that it ever had. `role`: all its versions and targets. */
  readonly kind: 'path' | 'role';
  readonly name: string;
  readonly reason: string;
  readonly at: Date;
}

const format = 'ragnos-holds/1';

export function holdsToBytes(holds: readonly Hold[]): Uint8Array {
  const list = holds.map(({ kind, name, reason, at }) => ({ kind, name, reason, at: at.toISOString() }));
  return Buffer.from(`${JSON.stringify({ format, holds: list }, null, 2)}\n`);
}

/** @throws MalformedMetadataError: what cannot be read might hold anything, so nothing may be deleted */
export function holdsFromBytes(bytes: Uint8Array, what: string): readonly Hold[] {
  const reader = Reader.of(parseJson(bytes, what), what);
  if (reader.string('format') !== format) reader.fail('format', format);
  return reader.array('holds').map((json, index) => {
    const item = Reader.of(json, `${what}.holds[${index}]`);
    const kind = item.string('kind');
    const at = new Date(item.string('at'));
    if (kind !== 'path' && kind !== 'role') return item.fail('kind', 'path or role');
    if (Number.isNaN(at.getTime())) return item.fail('at', 'a date');
    return { kind, name: item.string('name'), reason: item.string('reason'), at };
  });
}

/** @throws PublishError BAD_TARGET for a path that no target can have */
export function newHold(kind: Hold['kind'], name: string, reason: string, at: Date): Hold {
  try {
    if (kind === 'role') roleName(name);
    else targetPath(name.replaceAll(/[*?]/g, 'x'));
  } catch (cause) {
    throw new PublishError('BAD_TARGET', `${JSON.stringify(name.slice(0, 120))} is no ${kind}`, { cause });
  }
  return { kind, name, reason, at };
}

export function isHeldPath(holds: readonly Hold[], path: string): boolean {
  return holds.some(({ kind, name }) => kind === 'path' && (name === path || matchesPattern(name, path)));
}
