/**
 * The form of a message on the private channel, alike on both sides: length of what follows (4 bytes, little-endian), lane (1),
 * length of the JSON (4), JSON, bytes. JSON, because V8's own form is not made for what an enemy writes.
 */
export interface Frame {
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
  #pieces: Buffer[] = [];
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws FrameError after which nothing more can be read */
  *push(piece: Buffer): Generator<Frame> {
    this.#pieces.push(piece);
    this.#held += piece.length;
    for (;;) {
      if (this.#held < 4) return;
      const length = this.#peekLength();
      if (length < head - 4 || length > this.#maxBytes) throw new FrameError(`a frame of ${length} bytes`);
      if (this.#held < 4 + length) return;
      yield parse(this.#take(4 + length));
    }
  }

  #peekLength(): number {
    const first = this.#pieces[0];
    if (first !== undefined && first.length >= 4) return first.readUInt32LE(0);
    return this.#join().readUInt32LE(0);
  }

  #join(): Buffer {
    const whole = this.#pieces.length === 1 ? this.#pieces[0] : undefined;
    const joined = whole ?? Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    return joined;
  }

  #take(length: number): Buffer {
    const all = this.#join();
    this.#pieces = all.length === length ? [] : [all.subarray(length)];
    this.#held -= length;
    return all.subarray(0, length);
  }
}

function parse(frame: Buffer): Frame {
  const jsonEnd = head + frame.readUInt32LE(5);
  if (jsonEnd > frame.length) throw new FrameError('a frame whose JSON is longer than itself');
  try {
    const value: unknown = JSON.parse(frame.toString('utf8', head, jsonEnd));
    return {
      lane: frame.readUInt8(4),
      value,
      bytes: jsonEnd === frame.length ? null : frame.subarray(jsonEnd),
    };
  } catch (cause) {
    throw new FrameError('a frame that is not JSON', { cause });
  }
}
