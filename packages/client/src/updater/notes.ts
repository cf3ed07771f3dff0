import { canonicalJson, parseJson, Reader, VaultError } from '@ragnos/tuf';

// Our own notes beside the metadata: unsigned, so nothing is ever trusted because of them.

/** The root that trust began with here. `sha256` is of its signed part, which more signatures do not change. */
export interface StartedFrom {
  readonly version: number;
  readonly sha256: string;
}

export function startedFromToBytes(note: StartedFrom): Uint8Array {
  return canonicalJson({ format: 'ragnos-started-from/1', version: note.version, sha256: note.sha256 });
}

/** `null` for anything that we did not write whole. */
export function startedFromFromBytes(bytes: Uint8Array): StartedFrom | null {
  return lenient(() => {
    const reader = Reader.of(parseJson(bytes, 'started-from.json'), 'started-from.json');
    if (reader.string('format') !== 'ragnos-started-from/1') return null;
    return { version: reader.integer('version', 1), sha256: reader.string('sha256') };
  });
}

export function lastRefreshToBytes(at: Date): Uint8Array {
  return canonicalJson({ format: 'ragnos-client-state/1', lastRefresh: at.toISOString() });
}

export function lastRefreshFromBytes(bytes: Uint8Array): Date | null {
  return lenient(() => {
    const reader = Reader.of(parseJson(bytes, 'state.json'), 'state.json');
    if (reader.string('format') !== 'ragnos-client-state/1') return null;
    const at = new Date(reader.string('lastRefresh'));
    return Number.isNaN(at.getTime()) ? null : at;
  });
}

function lenient<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}
