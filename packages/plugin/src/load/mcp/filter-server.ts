import type { Readable } from 'node:stream';

import { ConfineFailureError, ConfineRefusedError, type ConfineError } from '../../confine/errors.ts';
import { defaultConfineLimits } from '../../confine/limits.ts';
import type { Started } from '../start.ts';
import { McpFilter, type McpEnds } from './filter.ts';
import { messageWriter, readServer, type OnServer } from './lines.ts';

/** The client's side of the filter. */
export interface FilteredClient
  extends Pick<McpEnds, 'toClient' | 'refused'>, Pick<OnServer, 'stray' | 'end'> {
  /** Is not read while the server takes no more; `null`: who writes waits by itself. */
  readonly source: Readable | null;
  /** The server broke the protocol, or reads nothing, and is to be ended. */
  readonly fault: (error: ConfineError) => void;
}

/** So long a server may take nothing of what it is sent while its client is not read: it would outlive one that is gone. */
const unreadMs = 60_000;

/** Puts the filter around a server that was started. What the client says is for the filter that comes back. */
export function filterServer(
  { activated: { manifest }, process: { stdin, stdout }, permit, callsPerMinute }: Started,
  { source, toClient, refused, stray, end, fault }: FilteredClient,
): McpFilter {
  const { vendor, plugin, version } = manifest;
  const rules = {
    ...permit.capabilities,
    callsPerMinute,
    identity: { name: `${vendor}/${plugin}`, version },
  };
  const unread = (waiting: number): void =>
    fault(new ConfineFailureError('CHANNEL_FULL', `does not read its standard input: ${waiting} bytes wait`));
  const write = messageWriter(stdin, source, { afterMs: unreadMs, tell: unread });
  const { unreadBytes } = defaultConfineLimits;
  // What it asks is answered whatever its client does: who asks and does not read would fill us.
  const toServer = (message: object): void => {
    const waiting = write(message);
    if (waiting > unreadBytes) unread(waiting);
  };
  const ends = { toServer, toClient, refused, log: stray };
  const filter = new McpFilter(rules, ends);
  readServer(stdout, {
    message: (value) => filter.fromServer(value),
    stray,
    end,
    bad: (why) => fault(new ConfineRefusedError('CHANNEL_GARBAGE', `the server wrote ${why}`)),
  });
  return filter;
}
