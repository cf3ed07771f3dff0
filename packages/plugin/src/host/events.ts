import { DiskError } from '@ragnos/disk';
import { VaultError } from '@ragnos/tuf';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import type { HostEvent } from './api.ts';

const maxText = 1_000;

export interface EventLog {
  refusal(error: unknown, plugin: string | null): void;
  change(code: string, what: string, plugin: string | null): void;
  /** Oldest first. Lines that are torn or not ours are left out. */
  read(last: number): readonly HostEvent[];
}

/** Appends to `folder`/events.jsonl. A log that cannot be written never stops, or fails, what it is about. */
export function eventLog(
  folder: string,
  about: {
    readonly repository: string | null;
    readonly now: () => Date;
    readonly maxLength: number;
    readonly onEvent?: ((event: HostEvent) => void) | undefined;
  },
): EventLog {
  const file = join(folder, 'events.jsonl');
  const older = join(folder, 'events.1.jsonl');
  const record = (event: Pick<HostEvent, 'type' | 'code' | 'what' | 'plugin' | 'hint'>): void => {
    const whole: HostEvent = {
      time: about.now().toISOString(),
      ...event,
      what: event.what.slice(0, maxText),
      hint: event.hint?.slice(0, maxText) ?? null,
      repository: about.repository,
    };
    attempt(() => append(file, older, `${JSON.stringify(whole)}\n`, about.maxLength));
    attempt(() => about.onEvent?.(whole));
  };
  return {
    refusal: (error, plugin) => {
      if (!(error instanceof VaultError || error instanceof DiskError)) return; // an abort, or a bug: no refusal
      record({ type: 'refusal', code: error.code, what: error.message, plugin, hint: error.hint ?? null });
    },
    change: (code, what, plugin) => record({ type: 'change', code, what, plugin, hint: null }),
    read: (last) =>
      newest(
        [older, file].flatMap((path) => attempt(() => readLines(path, about.maxLength * 2)) ?? []),
        last,
      ),
  };
}

/** The last so many, of which 0 are none. */
export function newest<T>(all: readonly T[], last: number): readonly T[] {
  return all.slice(Math.max(0, all.length - last));
}

function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null; // logging is not worth a failure
  }
}

function append(file: string, older: string, line: string, maxLength: number): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);
  const handle = openSync(file, flags, 0o600);
  try {
    writeSync(handle, line); // one write: lines of several processes do not mix
    if (fstatSync(handle).size > maxLength) rotate(handle, file, older);
  } finally {
    closeSync(handle);
  }
}

/** Unless another process has done it since `handle` was opened: what is `file` now is younger, and would take the place of all that is old. */
export function rotate(handle: number, file: string, older: string): void {
  const [ours, now] = [fstatSync(handle), statSync(file)];
  if (ours.ino === now.ino && ours.dev === now.dev) renameSync(file, older);
}

function readLines(path: string, maxLength: number): readonly HostEvent[] {
  const handle = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const buffer = Buffer.alloc(Math.min(fstatSync(handle).size, maxLength));
    const length = readSync(handle, buffer, 0, buffer.length, 0);
    const lines = buffer.subarray(0, length).toString('utf8').split('\n');
    return lines.flatMap((line) => toEvent(attempt((): unknown => JSON.parse(line))));
  } finally {
    closeSync(handle);
  }
}

function toEvent(json: unknown): readonly HostEvent[] {
  if (typeof json !== 'object' || json === null) return [];
  const members = new Map<string, unknown>(Object.entries(json));
  const text = (name: string): string | null => {
    const value = members.get(name);
    return typeof value === 'string' ? value : null;
  };
  const [time, code, what] = [text('time'), text('code'), text('what')];
  if (time === null || code === null || what === null) return [];
  const type = text('type') === 'change' ? 'change' : 'refusal';
  return [
    { time, type, code, what, repository: text('repository'), plugin: text('plugin'), hint: text('hint') },
  ];
}
