/** The few DER types of an encrypted PKCS#8 file. The reader is strict: shortest lengths, nothing left over. */
export const tags = { integer: 0x02, octetString: 0x04, null: 0x05, oid: 0x06, sequence: 0x30 } as const;

export class DerError extends Error {
  override readonly name = 'DerError';
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(tags.sequence, Buffer.concat(parts));
}

export function octetString(bytes: Uint8Array): Uint8Array {
  return element(tags.octetString, bytes);
}

/** `hex` is the encoded content, as constants name it. */
export function oid(hex: string): Uint8Array {
  return element(tags.oid, Buffer.from(hex, 'hex'));
}

/** A safe integer ≥ 0. */
export function integer(n: number): Uint8Array {
  if (!Number.isSafeInteger(n) || n < 0) throw new DerError(`not a natural number: ${n}`);
  return element(tags.integer, signed(bigEndian(n)));
}

function element(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | bigEndian(length).length, ...bigEndian(length)];
  return Buffer.concat([Uint8Array.from(header), content]);
}

function bigEndian(n: number): number[] {
  const bytes: number[] = [];
  for (let rest = n; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return bytes;
}

/** With a leading zero where the first bit would read as a minus. */
function signed(bytes: readonly number[]): Uint8Array {
  return Uint8Array.from((bytes[0] ?? 0) >= 0x80 ? [0, ...bytes] : bytes);
}

/** Reads one element after another; throws DerError. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  sequence(): DerReader {
    return new DerReader(this.#element(tags.sequence));
  }

  octetString(): Uint8Array {
    return this.#element(tags.octetString);
  }

  oid(): string {
    return Buffer.from(this.#element(tags.oid)).toString('hex');
  }

  integer(): number {
    const content = this.#element(tags.integer);
    const [first = 0x80, second = 0x80] = content;
    if (first >= 0x80 || (first === 0 && second < 0x80 && content.length > 1) || content.length > 7)
      throw new DerError('not a natural number in its shortest form');
    return content.reduce((n, byte) => n * 256 + byte, 0);
  }

  end(): void {
    if (!this.isAtEnd) throw new DerError('more than expected');
  }

  #element(tag: number): Uint8Array {
    if (this.#byte() !== tag) throw new DerError('another type than expected');
    const length = this.#length();
    if (length > this.#bytes.length - this.#at) throw new DerError('longer than its surroundings');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first - 0x80;
    if (count < 1 || count > 4) throw new DerError('indefinite or absurd length');
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    if (length < 0x80 || bigEndian(length).length !== count)
      throw new DerError('length not in its shortest form');
    return length;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new DerError('ends too early');
    return byte;
  }
}
