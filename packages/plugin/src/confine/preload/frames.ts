import { Pieces } from './pieces.ts';

/**
 * The form of a message on the private channel, alike on both sides: length of what follows (4 bytes, little-endian), lane (1),
 * length of the JSON (4), JSON, bytes. JSON, because V8's own form is not made for what an enemy writes.
 */
export interface Frame {
  /** Of all of it. */
  readonly length: number;
  readonly lane: number;
  readonly value: unknown;
  readonly bytes: Uint8Array | null;
}

/** What came is no frame. The plain base, because a confined process has nothing of ours but this folder. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** The other side leaves unread what was sent to it. */
export class UnreadError extends Error {
  override readonly name = 'UnreadError';
}

const head = 9;

/** @throws RangeError longer than `maxBytes` */
export function encodeFrame(
  lane: number,
  value: unknown,
  bytes: Uint8Array | null,
  maxBytes: number,
): Buffer {
  const json = JSON.stringify(value) ?? 'null';
  const jsonBytes = Buffer.byteLength(json);
  const length = head - 4 + jsonBytes + (bytes?.length ?? 0);
  if (length > maxBytes) throw new RangeError(`a message of ${length} bytes, where ${maxBytes} are the most`);
  const frame = Buffer.allocUnsafe(4 + length);
  frame.writeUInt32LE(length, 0);
  frame.writeUInt8(lane, 4);
  frame.writeUInt32LE(jsonBytes, 5);
  frame.write(json, head, 'utf8');
  if (bytes !== null) frame.set(bytes, head + jsonBytes);
  return frame;
}

/** Takes what comes in pieces of any size. Holds at most one frame and the piece that it ends in. */
export class FrameDecoder {
  readonly #maxBytes: number;
  readonly #pieces = new Pieces();
  /** So much is needed to go on: a frame's length, then all of it. */
  #needed = 4;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws FrameError after which nothing more can be read */
  *push(piece: Buffer): Generator<Frame> {
    this.#pieces.push(piece);
    while (this.#pieces.length >= this.#needed) {
      const all = this.#pieces.take();
      const length = all.readUInt32LE(0);
      if (length < head - 4 || length > this.#maxBytes) throw new FrameError(`a frame of ${length} bytes`);
      const whole = all.length >= 4 + length;
      this.#needed = whole ? 4 : 4 + length;
      const rest = whole ? all.subarray(4 + length) : all;
      if (rest.length > 0) this.#pieces.push(rest);
      if (whole) yield parse(all.subarray(0, 4 + length));
    }
  }
}

function parse(frame: Buffer): Frame {
  const jsonEnd = head + frame.readUInt32LE(5);
  if (jsonEnd > frame.length) throw new FrameError('a frame whose JSON is longer than itself');
  try {
    const value: unknown = JSON.parse(frame.toString('utf8', head, jsonEnd));
    return {
      length: frame.length,
      lane: frame.readUInt8(4),
      value,
      bytes: jsonEnd === frame.length ? null : frame.subarray(jsonEnd),
    };
  } catch (cause) {
    throw new FrameError('a frame that is not JSON', { cause });
  }
}
