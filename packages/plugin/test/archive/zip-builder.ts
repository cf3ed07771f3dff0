import { crc32, deflateRawSync } from 'node:zlib';

/** What one of the two headers of a file says. */
export interface ZipHeader {
  readonly name?: string | Buffer;
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  readonly packedLength?: number;
  readonly length?: number;
  readonly extra?: Buffer;
}

export interface RawZipEntry extends ZipHeader {
  readonly name: string | Buffer;
  readonly body?: string | Buffer;
  /** The compressed bytes themselves. */
  readonly packed?: Buffer;
  readonly mode?: number;
  readonly dos?: number;
  readonly system?: number;
  readonly disk?: number;
  /** What the header before the file says, where it says something else than the directory. */
  readonly local?: ZipHeader;
  /** A descriptor behind the data: as it should be, or these bytes. */
  readonly descriptor?: true | Buffer;
  readonly comment?: string;
  /** Bytes before the header that belong to nothing. */
  readonly before?: Buffer;
  /** Where the directory says that it lies. */
  readonly at?: number;
  /** Not in the directory, or only there. */
  readonly only?: 'local' | 'central';
}

export interface RawZip {
  readonly count?: number;
  readonly countHere?: number;
  readonly disk?: number;
  readonly directorySize?: number;
  readonly directoryAt?: number;
  readonly comment?: Buffer;
  readonly beforeDirectory?: Buffer;
  readonly afterDirectory?: Buffer;
  readonly after?: Buffer;
}

export function zip(entries: readonly RawZipEntry[], about: RawZip = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  const push = (...more: readonly Buffer[]): void => {
    for (const part of more) at += parts.push(part) > 0 ? part.length : 0;
  };
  for (const entry of entries) {
    push(entry.before ?? Buffer.alloc(0));
    const start = at;
    const body = Buffer.from(entry.body ?? '');
    const packed = entry.packed ?? ((entry.method ?? 8) === 8 ? deflateRawSync(body) : body);
    const descriptor = entry.descriptor === undefined ? 0 : 8;
    const facts = {
      flags: 0x0800 | descriptor,
      method: 8,
      crc: crc32(body),
      packedLength: packed.length,
      length: body.length,
      ...entry,
    };
    if (entry.only !== 'central') {
      const later = descriptor === 0 ? {} : { crc: 0, packedLength: 0, length: 0 };
      push(localHeader({ extra: Buffer.alloc(0), ...facts, ...later, ...entry.local }), packed);
      if (entry.descriptor === true)
        push(Buffer.from('PK\x07\x08', 'latin1'), words(facts.crc, facts.packedLength, facts.length));
      else if (entry.descriptor !== undefined) push(entry.descriptor);
    }
    if (entry.only !== 'local') directory.push(centralHeader({ ...facts, at: entry.at ?? start }));
  }
  push(about.beforeDirectory ?? Buffer.alloc(0));
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(about.disk ?? 0, 4);
  end.writeUInt16LE(about.countHere ?? about.count ?? directory.length, 8);
  end.writeUInt16LE(about.count ?? directory.length, 10);
  end.writeUInt32LE(about.directorySize ?? list.length, 12);
  end.writeUInt32LE(about.directoryAt ?? at, 16);
  const comment = about.comment ?? Buffer.alloc(0);
  end.writeUInt16LE(comment.length, 20);
  const empty = Buffer.alloc(0);
  push(list, about.afterDirectory ?? empty, end, comment, about.after ?? empty);
  return Buffer.concat(parts);
}

export function file(name: string, body = 'x', more: Partial<RawZipEntry> = {}): RawZipEntry {
  return { name, body, ...more };
}

export function extra(id: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(id, 0);
  header.writeUInt16LE(body.length, 2);
  return Buffer.concat([header, body]);
}

export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, 4 * index);
  return bytes;
}

type Facts = Required<Pick<ZipHeader, 'flags' | 'method' | 'crc' | 'packedLength' | 'length'>>;

function localHeader(header: Facts & { readonly name: string | Buffer; readonly extra: Buffer }): Buffer {
  const name = Buffer.from(header.name);
  const bytes = Buffer.alloc(30);
  bytes.write('PK\x03\x04', 0, 'latin1');
  bytes.writeUInt16LE(20, 4);
  bytes.writeUInt16LE(header.flags, 6);
  bytes.writeUInt16LE(header.method, 8);
  words(header.crc, header.packedLength, header.length).copy(bytes, 14);
  bytes.writeUInt16LE(name.length, 26);
  bytes.writeUInt16LE(header.extra.length, 28);
  return Buffer.concat([bytes, name, header.extra]);
}

function centralHeader(header: Facts & RawZipEntry & { readonly at: number }): Buffer {
  const name = Buffer.from(header.name);
  const more = header.extra ?? Buffer.alloc(0);
  const comment = Buffer.from(header.comment ?? '');
  const folder = name.at(-1) === 0x2f;
  const bytes = Buffer.alloc(46);
  bytes.write('PK\x01\x02', 0, 'latin1');
  bytes.writeUInt16LE(20, 4);
  bytes[5] = header.system ?? 3;
  bytes.writeUInt16LE(20, 6);
  bytes.writeUInt16LE(header.flags, 8);
  bytes.writeUInt16LE(header.method, 10);
  words(header.crc, header.packedLength, header.length).copy(bytes, 16);
  bytes.writeUInt16LE(name.length, 28);
  bytes.writeUInt16LE(more.length, 30);
  bytes.writeUInt16LE(comment.length, 32);
  bytes.writeUInt16LE(header.disk ?? 0, 34);
  bytes.writeUInt16LE(header.dos ?? 0, 38);
  bytes.writeUInt16LE(header.mode ?? (folder ? 0o040755 : 0o100644), 40);
  bytes.writeUInt32LE(header.at >>> 0, 42);
  return Buffer.concat([bytes, name, more, comment]);
}
