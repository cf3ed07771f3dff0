import { isBeyond, maxJsonParts } from './json-parts.ts';
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
  /** What dealing with it costs: one, and one for each KiB of its JSON. */
  readonly weight: number;
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

/** What a frame of the first lane has at most: a piece of what a connection carries, and as much around it. */
export const controlBytes = 128 * 1024;

/** Of the JSON of a frame: far more than a value of a call may have, far less than hurts who goes through it. */
const maxLevels = 512;

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

/** Whether a whole frame has more in its JSON than one who does not believe the other side reads. */
export function isTooMuch(frame: Buffer): boolean {
  const json = frame.subarray(head, head + frame.readUInt32LE(5));
  return isBeyond(json, { parts: maxJsonParts, levels: maxLevels });
}

/** Takes what comes in pieces of any size. Holds at most one frame and the piece that it ends in. */
export class FrameDecoder {
  readonly #maxBytes: number;
  readonly #lanes: number | null;
  readonly #pieces = new Pieces();
  /** So much is needed to go on: a frame's length, then all of it. */
  #needed = 4;

  /** `lanes`: so many has the other side, and what comes of it is measured before it is read; `null`: it is believed. */
  constructor(maxBytes: number, lanes: number | null = null) {
    this.#maxBytes = maxBytes;
    this.#lanes = lanes;
  }

  /** @throws FrameError after which nothing more can be read */
  *push(piece: Buffer): Generator<Frame> {
    this.#pieces.push(piece);
    while (this.#pieces.length >= this.#needed) {
      const all = this.#pieces.take();
      const length = all.readUInt32LE(0);
      if (length < head - 4 || length > this.#maxBytes) throw new FrameError(`a frame of ${length} bytes`);
      if (all.length >= head) this.#judge(all, length);
      const whole = all.length >= 4 + length;
      this.#needed = whole ? 4 : all.length < head ? head : 4 + length;
      const rest = whole ? all.subarray(4 + length) : all;
      if (rest.length > 0) this.#pieces.push(rest);
      if (whole) yield parse(all.subarray(0, 4 + length), this.#lanes !== null);
    }
  }

  /** By its head, before the rest is kept. */
  #judge(frame: Buffer, length: number): void {
    const lane = frame.readUInt8(4);
    if (this.#lanes === null) return;
    if (lane >= this.#lanes) throw new FrameError(`a message for lane ${lane}, where nobody listens`);
    if (lane === 0 && length > controlBytes)
      throw new FrameError(`a frame of ${length} bytes on its first lane`);
  }
}

function parse(frame: Buffer, measured: boolean): Frame {
  const jsonEnd = head + frame.readUInt32LE(5);
  if (jsonEnd > frame.length) throw new FrameError('a frame whose JSON is longer than itself');
  if (measured && isTooMuch(frame))
    throw new FrameError(`a frame of more than ${maxJsonParts} parts, or ${maxLevels} levels`);
  try {
    const value: unknown = JSON.parse(frame.toString('utf8', head, jsonEnd));
    return {
      length: frame.length,
      lane: frame.readUInt8(4),
      value,
      bytes: jsonEnd === frame.length ? null : frame.subarray(jsonEnd),
      weight: 1 + Math.floor((jsonEnd - head) / 1024),
    };
  } catch (cause) {
    throw new FrameError('a frame that is not JSON', { cause });
  }
}
