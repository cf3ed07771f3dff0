import type { Readable } from 'node:stream';

import { ConfineRefusedError } from '../../confine/errors.ts';
import type { Started } from '../start.ts';
import { McpFilter, type McpEnds } from './filter.ts';
import { messageWriter, readServer, type OnServer } from './lines.ts';

/** The client's side of the filter. */
export interface FilteredClient extends Pick<McpEnds, 'toClient' | 'refused'>, Pick<OnServer, 'stray'> {
  /** Is not read while the server takes no more. */
  readonly source: Readable;
  /** The server broke the protocol, and is to be ended: nothing more of it is read. */
  readonly fault: (error: ConfineRefusedError) => void;
}

/** Puts the filter around a server that was started. What the client says is for the filter that comes back. */
export function filterServer(
  { activated: { manifest }, process: { stdin, stdout }, permit, callsPerMinute }: Started,
  { source, toClient, refused, stray, fault }: FilteredClient,
): McpFilter {
  const { vendor, plugin, version } = manifest;
  const rules = {
    ...permit.capabilities,
    callsPerMinute,
    identity: { name: `${vendor}/${plugin}`, version },
  };
  const ends = { toServer: messageWriter(stdin, source), toClient, refused, log: stray };
  const filter = new McpFilter(rules, ends);
  readServer(stdout, {
    message: (value) => filter.fromServer(value),
    stray,
    bad: (why) => fault(new ConfineRefusedError('CHANNEL_GARBAGE', `the server wrote ${why}`)),
  });
  return filter;
}
