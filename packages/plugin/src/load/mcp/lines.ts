import type { Readable, Writable } from 'node:stream';

import { isBeyond, maxJsonParts } from '../../confine/preload/json-parts.ts';
import { Pieces } from '../../confine/preload/pieces.ts';
import { Throttle } from '../../confine/throttle.ts';
import { plain } from '../plain.ts';
import { tapOf } from './tap.ts';

/** One line of a server or a client. */
export const mcpLineBytes = 16 * 1024 * 1024;

/** What a server may print beside its messages before it is ended, and how much of each such line is shown. */
export interface StrayLimits {
  readonly linesPerMinute: number;
  readonly bytesPerMinute: number;
  readonly shownBytes: number;
}

/** Room for a banner and for a word with every call; a flood is over within a second. */
const defaultStrayLimits: StrayLimits = {
  linesPerMinute: 100,
  bytesPerMinute: 256 * 1024,
  shownBytes: 4096,
};

/**
 * Reads messages, one a line, none longer than `maxBytes`; stops with `bad` at a line that is longer or no JSON. What is
 * not written yet on the other side stops the reading.
 */
export function readMessages(
  stream: Readable,
  maxBytes: number,
  on: {
    readonly message: (value: unknown) => void;
    readonly bad: (why: string) => void;
    /** The stream has ended, and every line of it was dealt with. */
    readonly end?: (() => void) | undefined;
  },
): void {
  readWhole(stream, maxBytes, {
    bad: on.bad,
    end: on.end,
    line: (line) => {
      if (isBlank(line)) return null;
      if (hasTooMany(line)) return tooMany;
      const value = parsed(line);
      if (value === undefined) return `a line that is not JSON: ${shown(line, 60)}`;
      on.message(value);
      return null;
    },
  });
}

/**
 * What a server said: the answer to what it was asked; a request that may be as long; anything else; `null`: JSON, and no
 * message.
 */
export type Heard = 'answer' | 'request' | 'word' | null;

export interface OnServer {
  readonly message: (value: unknown) => Heard;
  /** A line for the log: what was dropped. */
  readonly stray: (warning: string) => void;
  /** Nothing more is read: the server is to be ended. */
  readonly bad: (why: string) => void;
  /** The server says nothing more, and every line of it was dealt with: that may be later than its stream ends. */
  readonly end?: (() => void) | undefined;
}

/** Lines of a server within a second; what is more waits on its side. */
const mostLines = 20_000;
/** Of those what answers nothing: notifications, requests of its own. Each KiB of one counts as one. */
const mostUnasked = 2_000;
/** What answers nothing, and passes no text on, has no reason to be longer. */
const unaskedBytes = 64 * 1024;

const tooMany = `a line of more than ${maxJsonParts} lists, objects, members and values`;

/**
 * Reads what a server prints, as clients do that start it themselves: many print a banner or a word of their log among
 * their messages. What is no message is dropped and told, and goes no further; who prints more of it than `limits` is `bad`,
 * as is a line longer than `mcpLineBytes`, or one longer than `unaskedBytes` that nobody asked for.
 */
export function readServer(stream: Readable, on: OnServer, limits: StrayLimits = defaultStrayLimits): void {
  const mayStray = strayBudget(limits);
  const tap = tapOf(stream);
  const throttles = [mostLines, mostUnasked].map((most) => {
    const reason = {};
    return new Throttle(
      most,
      () => tap.hold(reason),
      () => tap.free(reason),
    );
  });
  const [all, unasked] = throttles;
  readWhole(stream, mcpLineBytes, {
    bad: on.bad,
    end: () => {
      throttles.forEach((throttle) => throttle.stop()); // not before: what one of them holds would stay held
      on.end?.();
    },
    line: (line) => {
      all?.count();
      const blank = isBlank(line);
      if (!blank && hasTooMany(line)) return tooMany;
      const value = blank ? undefined : parsed(line);
      const heard = value === undefined ? null : on.message(value);
      if (heard === 'answer') return null;
      unasked?.count(1 + Math.floor(line.length / 1024));
      if (heard === 'word' && line.length > unaskedBytes)
        return `${line.length} bytes that nobody asked for: ${shown(line, 60)}`;
      if (heard !== null) return null;
      if (!mayStray(line.length + 1, blank ? 0 : 1))
        return `too much that is no message of JSON-RPC 2.0, at last: ${shown(line, 60)}`;
      if (blank) return null;
      on.stray(`warning: not a message, dropped: ${shown(line, limits.shownBytes)}`);
      return null;
    },
  });
}

/** Of whoever takes nothing, for so long, of what is held up for it. */
export interface Stalled {
  readonly afterMs: number;
  readonly tell: (waiting: number) => void;
}

/**
 * Writes messages; while much waits, `source` is not read. Returns how many bytes wait. As long as a source is not read
 * nobody sees that it has ended: `stalled` is told of who holds it up and takes nothing.
 */
export function messageWriter(
  stream: Writable,
  source: Readable | null,
  stalled?: Stalled,
): (message: object) => number {
  const tap = source === null ? null : tapOf(source);
  let taken = 0;
  let timer: NodeJS.Timeout | undefined;
  const free = (): void => {
    clearInterval(timer);
    timer = undefined;
    tap?.free(stream);
  };
  const hold = (): void => {
    tap?.hold(stream);
    if (tap === null || stalled === undefined || timer !== undefined) return;
    let before = taken;
    timer = setInterval(() => {
      if (taken === before) stalled.tell(stream.writableLength);
      before = taken;
    }, stalled.afterMs);
    timer.unref();
  };
  if (tap !== null) stream.on('drain', free).on('close', free);
  return (message) => {
    if (stream.destroyed || stream.writableEnded) return 0;
    if (!stream.write(`${JSON.stringify(message)}\n`, () => taken++)) hold();
    return stream.writableLength;
  };
}

interface OnLine {
  /** Why nothing more is read; `null`: go on. */
  readonly line: (line: Buffer) => string | null;
  readonly bad: (why: string) => void;
  readonly end: (() => void) | undefined;
}

/** So long lines are dealt with at a time; then timers and everybody else get their turn. */
const sliceMs = 5;

/**
 * What the stream ends with and no line break follows is no line. A stream ends also while it is not to be read, as soon as
 * nothing is left in it: lines that wait here then are dealt with before `end`, which is called once.
 */
function readWhole(stream: Readable, maxBytes: number, on: OnLine): void {
  const line = new Pieces();
  let over = false;
  let ended = stream.readableEnded || stream.closed;
  let told = false;
  let rest: Buffer | null = null;
  const tap = tapOf(stream);
  const bad = (why: string): void => {
    over = true;
    rest = null;
    line.take();
    stream.pause();
    on.bad(why);
  };
  const breathe = (): void => {
    tap.hold(on);
    setImmediate(() => tap.free(on));
  };
  const deal = (): void => {
    const until = performance.now() + sliceMs;
    while (rest !== null && !tap.held) {
      if (over) return;
      if (performance.now() > until) return breathe();
      const end: number = rest.indexOf(10);
      const part: Buffer = end < 0 ? rest : rest.subarray(0, end);
      rest = end < 0 || end + 1 === rest.length ? null : rest.subarray(end + 1);
      line.push(part);
      if (line.length > maxBytes) return bad(`a line of more than ${maxBytes} bytes`);
      if (end < 0) return;
      const whole = line.take();
      const why = attempted(on, whole);
      if (why !== null) return bad(why);
    }
  };
  const work = (): void => {
    deal();
    if (!ended || told || rest !== null) return;
    told = true;
    on.end?.();
  };
  const end = (): void => {
    ended = true;
    work();
  };
  tap.onFree(work);
  stream.on('end', end).on('close', end);
  stream.on('data', (piece: Buffer) => {
    if (over) return; // whoever else held the stream has let go of it
    rest = rest === null ? piece : Buffer.concat([rest, piece]);
    work();
  });
  if (ended) work();
}

/** Whatever a line makes go wrong is the fault of whoever wrote it: nothing is thrown out of here. */
function attempted(on: OnLine, line: Buffer): string | null {
  try {
    return on.line(line);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return `a line that cannot be dealt with (${what}): ${shown(line, 60)}`;
  }
}

function isBlank(line: Buffer): boolean {
  for (let at = 0; at < line.length; at++) {
    const byte = line[at] ?? 0;
    if (byte !== 32 && (byte < 9 || byte > 13)) return false;
  }
  return true;
}

/** How deep it goes is judged later: whoever waits for it hears of that. */
function hasTooMany(line: Buffer): boolean {
  return isBeyond(line, { parts: maxJsonParts, levels: maxJsonParts });
}

/** `undefined`: it is no JSON. */
function parsed(line: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(line.toString('utf8').trim());
    return value;
  } catch {
    return undefined;
  }
}

/** Nothing of it moves a cursor or turns the direction of a text. */
function shown(line: Buffer, bytes: number): string {
  const text = line.subarray(0, bytes).toString('utf8');
  return line.length > bytes ? `${plain(text).trim()}… (${line.length} bytes)` : plain(text).trim();
}

function strayBudget({
  linesPerMinute,
  bytesPerMinute,
}: StrayLimits): (bytes: number, count: number) => boolean {
  let since = -Infinity;
  let [lines, size] = [0, 0];
  return (bytes, count) => {
    const now = performance.now();
    if (now - since >= 60_000) [since, lines, size] = [now, 0, 0];
    lines += count;
    size += bytes;
    return lines <= linesPerMinute && size <= bytesPerMinute;
  };
}
