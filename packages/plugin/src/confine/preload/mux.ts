import { Duplex } from 'node:stream';
import { FrameError } from './frames.ts';
import type { Channel, Message } from './lanes.ts';
import { Pieces } from './pieces.ts';

/** What a stream is opened for: a connection, or a request that the broker makes itself. */
export type OpenRequest =
  | { readonly kind: 'connect'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'fetch';
      readonly method: string;
      readonly url: string;
      readonly headers: readonly (readonly [string, string])[];
      readonly redirect: string;
    };

/** Bytes that one side may send before the other has taken any. */
export const windowBytes = 256 * 1024;
const pieceBytes = 64 * 1024;

type Send = (value: object, bytes?: Uint8Array) => boolean;

/** One of many streams over a lane. Each waits for its own reader alone. What the broker says when it opens is the event `opened`. */
export class MuxStream extends Duplex {
  readonly id: number;
  /** Called when bytes come or go. */
  onActivity: () => void = () => undefined;
  readonly #send: Send;
  readonly #forget: () => void;
  #mayIn = windowBytes;
  #mayOut = windowBytes;
  #taken = 0;
  #waiting: (() => void) | null = null;
  #reset = false;
  readonly #unread = new Pieces();
  /** What is unread is the last of it. */
  #ended = false;
  #wanted = false;

  constructor(id: number, send: Send, forget: () => void) {
    // What nobody reads stays with us, joined: in there each piece would be an object, however small.
    super({ allowHalfOpen: true, readableHighWaterMark: 1, writableHighWaterMark: pieceBytes });
    this.id = id;
    this.#send = send;
    this.#forget = forget;
  }

  confirm(info: unknown): void {
    this.#send({ id: this.id, opened: info });
  }

  /**
   * A message for this stream. Whether it is traffic, of which the window bounds how much may come.
   * @throws FrameError the other side does not keep to the window, or goes on after its end
   */
  receive(value: object, bytes: Uint8Array | null): boolean {
    if ('data' in value && bytes !== null) {
      this.#mayIn -= bytes.length;
      if (this.#mayIn < 0 || this.#ended) throw new FrameError('more data than was asked for');
      this.#unread.push(bytes);
      this.onActivity();
      this.#flush();
      return true;
    }
    if ('end' in value) {
      if (this.#ended) throw new FrameError('a stream that ends twice');
      this.#ended = true;
      this.#flush();
      return true;
    }
    if ('credit' in value) {
      const { credit } = value;
      if (typeof credit !== 'number' || credit < pieceBytes || this.#mayOut + credit > windowBytes)
        throw new FrameError('more was taken than was sent, or too little to say so');
      this.#mayOut += credit;
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting?.();
      return true;
    }
    if ('opened' in value) {
      this.emit('opened', value.opened);
    } else if ('reset' in value) {
      this.#reset = true;
      const code: unknown = Reflect.get(value, 'code');
      const error =
        typeof value.reset === 'string' ? Object.assign(new Error(value.reset), { code }) : undefined;
      this.destroy(error);
    }
    return false;
  }

  #flush(): void {
    if (this.#wanted && this.#unread.length > 0) {
      const piece = this.#unread.take();
      this.#taken += piece.length;
      this.#wanted = this.push(piece);
    }
    if (this.#wanted && this.#ended && this.#unread.length === 0) {
      this.#wanted = false;
      this.push(null);
    }
    if (this.#taken < pieceBytes) return;
    this.#mayIn += this.#taken;
    this.#send({ id: this.id, credit: this.#taken });
    this.#taken = 0;
  }

  override _read(): void {
    this.#wanted = true;
    this.#flush();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    let rest = chunk;
    const go = (): void => {
      while (rest.length > 0) {
        if (this.#mayOut === 0) {
          this.#waiting = go;
          return;
        }
        const size = Math.min(rest.length, this.#mayOut, pieceBytes);
        this.#mayOut -= size;
        this.onActivity();
        this.#send({ id: this.id, data: 1 }, rest.subarray(0, size));
        rest = rest.subarray(size);
      }
      done();
    };
    go();
  }

  override _final(done: () => void): void {
    this.#send({ id: this.id, end: 1 });
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#forget();
    const finished = this.readableEnded && this.writableFinished;
    if (!this.#reset && !finished) {
      const code: unknown = error !== null && 'code' in error ? error.code : undefined;
      this.#send({ id: this.id, reset: error?.message.slice(0, 500) ?? null, code });
    }
    done(error);
  }
}

/** All streams of a lane, on either side. */
export class Mux {
  readonly #streams = new Map<number, MuxStream>();
  readonly #held = new Set<MuxStream>();
  readonly #send: Send;
  readonly #busy: (busy: boolean) => void;
  #next = 1;

  /** `busy`: told when the first stream opens that its process waits for, and when the last one is gone. */
  constructor(channel: Pick<Channel, 'send'>, busy: (busy: boolean) => void = () => undefined) {
    this.#send = (value, bytes) => channel.send(value, bytes);
    this.#busy = busy;
  }

  /** As `ref` and `unref` of a socket. */
  hold(stream: MuxStream, yes: boolean): void {
    const before = this.#held.size;
    if (yes && !stream.destroyed) this.#held.add(stream);
    else this.#held.delete(stream);
    if ((before === 0) !== (this.#held.size === 0)) this.#busy(before === 0);
  }

  get size(): number {
    return this.#streams.size;
  }

  open(request: OpenRequest): MuxStream {
    const stream = this.#add(this.#next++);
    try {
      this.#send({ id: stream.id, open: request });
    } catch (error) {
      stream.destroy(); // more than one message may be
      throw error;
    }
    return stream;
  }

  /** The stream that a message asks for; null if it asks for none, or for one that is there. */
  accept(id: number): MuxStream | null {
    return this.#streams.has(id) ? null : this.#add(id);
  }

  refuse(id: number, message: string, code: string): void {
    this.#send({ id, reset: message, code });
  }

  /** Whether it is traffic of a stream that is there. @throws FrameError that is more than it may */
  receive({ value, bytes }: Omit<Message, 'weight'>): boolean {
    if (typeof value !== 'object' || value === null || !('id' in value)) return false;
    const stream = typeof value.id === 'number' ? this.#streams.get(value.id) : undefined;
    return stream?.receive(value, bytes) ?? false; // it is over already
  }

  close(error: Error): void {
    for (const stream of this.#streams.values()) stream.destroy(error);
  }

  #add(id: number): MuxStream {
    const stream: MuxStream = new MuxStream(id, this.#send, () => {
      this.#streams.delete(id);
      this.hold(stream, false);
    });
    this.#streams.set(id, stream);
    this.hold(stream, true);
    return stream;
  }
}
