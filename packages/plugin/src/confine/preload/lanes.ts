import type { Duplex } from 'node:stream';
import { drained } from './drained.ts';
import {
  controlBytes,
  encodeFrame,
  FrameDecoder,
  FrameError,
  isTooMuch,
  UnreadError,
  type Frame,
} from './frames.ts';
import { maxJsonParts } from './json-parts.ts';

export interface Message {
  readonly value: unknown;
  /** A view on memory that is nobody else's; `null` = none were sent. */
  readonly bytes: Uint8Array | null;
  /** What dealing with it costs: one, and one for each KiB of its JSON. */
  readonly weight: number;
}

/** A private, ordered message channel between host and plugin. What comes from the other side is to be distrusted. */
export interface Channel {
  /**
   * `false`: much is waiting, wait for `drained()` before sending more. Nothing happens once it is closed.
   * @throws RangeError larger than one message may be
   */
  send(value: unknown, bytes?: Uint8Array): boolean;
  /** Settles when what waited is written, or the channel closed. */
  drained(): Promise<void>;
  /** One listener; a second replaces it. Messages that came before the first wait for it. What it throws closes the channel. */
  onMessage(listener: (message: Message) => void): void;
  /** No more messages, on any lane, until `resume()`: the other side then waits. */
  pause(): void;
  resume(): void;
  close(): void;
  /** `null`: ended in order. Never rejects. */
  readonly closed: Promise<Error | null>;
}

export interface LaneLimits {
  readonly messageBytes: number;
  /** Written and not yet taken by the other side. */
  readonly unreadBytes: number;
  /** So long messages are dealt with at a time, in milliseconds; then timers get their turn. Absent: without an end. */
  readonly sliceMs?: number;
  /** Of a side that is not believed, how many lanes it has: what it says is measured before it is read. Absent: it is believed. */
  readonly lanes?: number;
}

/** Lane 0 is for the confinement itself, lane 1 for whoever uses it. */
export const controlLane = 0;
export const callLane = 1;

/** Several channels over one stream. Closing one closes all. */
export class Lanes {
  readonly closed: Promise<Error | null>;
  readonly #stream: Duplex;
  readonly #limits: LaneLimits;
  readonly #listeners = new Map<number, (message: Message) => void>();
  readonly #early = new Map<number, Message[]>();
  #earlyBytes = 0;
  /** Lanes whose users want nothing more for now. */
  readonly #paused = new Set<number>();
  /** What came is dealt with when others have had their turn. */
  #breathing = false;
  #settle: (error: Error | null) => void = () => undefined;

  constructor(stream: Duplex, limits: LaneLimits) {
    this.#stream = stream;
    this.#limits = limits;
    this.closed = new Promise((resolve) => (this.#settle = resolve));
    const decoder = new FrameDecoder(limits.messageBytes, limits.lanes ?? null);
    stream.on('data', (piece: Buffer) => {
      this.#read(decoder.push(piece));
    });
    stream.on('error', (error) => this.#end(error));
    stream.on('end', () => this.#end(null));
    stream.on('close', () => this.#end(null));
  }

  lane(number: number): Channel {
    const stream = this.#stream;
    return {
      send: (value, bytes) => this.#send(number, value, bytes ?? null),
      drained: async () => drained(stream),
      onMessage: (listener) => {
        this.#listeners.set(number, listener);
        const early = this.#early.get(number) ?? [];
        this.#early.delete(number);
        for (const message of early) listener(message);
      },
      pause: () => {
        this.#paused.add(number);
        stream.pause();
      },
      resume: () => {
        this.#paused.delete(number);
        if (!this.#breathing && this.#paused.size === 0) stream.resume();
      },
      close: () => this.#end(null),
      closed: this.closed,
    };
  }

  #read(frames: Generator<Frame>): void {
    const { sliceMs } = this.#limits;
    const until = sliceMs === undefined ? Infinity : performance.now() + sliceMs;
    try {
      for (;;) {
        const next = frames.next();
        if (next.done === true || this.#stream.destroyed) break;
        this.#deliver(next.value);
        if (performance.now() < until) continue;
        this.#breathing = true;
        this.#stream.pause();
        return void setImmediate(() => this.#read(frames));
      }
    } catch (error) {
      this.#end(error instanceof Error ? error : new FrameError(String(error)));
    }
    if (!this.#breathing) return;
    this.#breathing = false;
    if (this.#paused.size === 0) this.#stream.resume();
  }

  #send(lane: number, value: unknown, bytes: Uint8Array | null): boolean {
    if (this.#stream.destroyed || this.#stream.writableEnded) return true;
    const { messageBytes } = this.#limits;
    const most = lane === controlLane ? Math.min(controlBytes, messageBytes) : messageBytes;
    const frame = encodeFrame(lane, value, bytes, most);
    if (isTooMuch(frame)) throw new RangeError(`a message of more than ${maxJsonParts} parts`);
    const fits = this.#stream.write(frame);
    if (this.#stream.writableLength > this.#limits.unreadBytes)
      this.#end(new UnreadError(`${this.#stream.writableLength} bytes wait for a reader`));
    return fits;
  }

  #deliver({ lane, length, ...message }: Frame): void {
    const listener = this.#listeners.get(lane);
    if (listener !== undefined) {
      listener(message);
      return;
    }
    this.#earlyBytes += 64 + length;
    if (lane > callLane || this.#earlyBytes > this.#limits.messageBytes)
      throw new FrameError(`messages for lane ${lane}, where nobody listens`);
    const early = this.#early.get(lane) ?? [];
    early.push(message);
    this.#early.set(lane, early);
  }

  #end(error: Error | null): void {
    this.#settle(error);
    if (!this.#stream.destroyed) this.#stream.destroy();
  }
}
