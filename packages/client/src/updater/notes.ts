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

/** What a refresh leaves behind beside the metadata. */
export interface State {
  readonly lastRefresh: Date;
  /**
   * The latest time at which a refresh was accepted, but no later than the expiry of the timestamp that it accepted: a
   * clock that was ahead for a while keeps nobody out, one that is set back does not revive what has expired.
   */
  readonly latestTime: Date;
}

export function stateToBytes({ lastRefresh, latestTime }: State): Uint8Array {
  return canonicalJson({
    format: 'ragnos-client-state/1',
    lastRefresh: lastRefresh.toISOString(),
    latestTime: latestTime.toISOString(),
  });
}

/** `null` for anything that we did not write whole. */
export function stateFromBytes(bytes: Uint8Array): State | null {
  return lenient(() => {
    const reader = Reader.of(parseJson(bytes, 'state.json'), 'state.json');
    if (reader.string('format') !== 'ragnos-client-state/1') return null;
    const lastRefresh = new Date(reader.string('lastRefresh'));
    const latestTime = reader.has('latestTime') ? new Date(reader.string('latestTime')) : lastRefresh;
    return Number.isNaN(lastRefresh.getTime()) || Number.isNaN(latestTime.getTime())
      ? null
      : { lastRefresh, latestTime };
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
