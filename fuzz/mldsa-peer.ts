/** ML-DSA keys and signatures of ours and of securesystemslib, each judged by the other. */
import { fixedPassword, generateSigner, openSigner } from '@ragnos/signing';
import { keyFromJson, keyToJson, newKey, parseJson, Reader, verifySignature } from '@ragnos/tuf';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Python } from './lib/python.ts';
import { isRecord, textOf, type Outcome } from './lib/report.ts';

const types = ['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const;
const message = Buffer.from('{"_type":"root","spec_version":"1.0.34"}');
const hex = message.toString('hex');
const secret = 'correct hörse battery';
const password = fixedPassword(secret, 'fuzz');

export async function mldsa(python: Python): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'ragv-mldsa-'));
  const faults: string[] = [];
  let checks = 0;
  const check = (good: boolean, what: string): void => {
    checks++;
    if (!good) faults.push(`NOT SO: ${what}`);
  };
  const good = (answer: unknown): boolean => isRecord(answer) && answer['good'] === true;
  try {
    for (const type of types) {
      // ours to theirs: key, key id, signature, key file
      const file = join(folder, `${type}.pem`);
      const ours = await generateSigner({ path: file, type, password, kdf: { N: 2, r: 1, p: 1 } });
      const signed = await ours.sign(message);
      const asked = {
        do: 'mldsa-verify',
        key: plain(keyToJson(ours.key)),
        keyid: ours.key.keyId,
        message: hex,
      };
      const verified = await python.ask({ ...asked, sig: signed.sig });
      check(good(verified), `${type}: the library accepts our signature (${JSON.stringify(verified)})`);
      check(textOf(verified, 'keyid') === ours.key.keyId, `${type}: the library computes our key id`);
      check(
        !good(await python.ask({ ...asked, sig: flipped(signed.sig) })),
        `${type}: it refuses a flipped bit`,
      );
      const other = { ...asked, message: `${hex}00`, sig: signed.sig };
      check(!good(await python.ask(other)), `${type}: it refuses another message`);
      const pem = readFileSync(file, 'latin1');
      const theirs = await python.ask({ do: 'mldsa-sign', pem, password: secret, message: hex });
      check(textOf(theirs, 'keyid') === ours.key.keyId, `${type}: the library opens our key file`);
      check(
        verifySignature(ours.key, textOf(theirs, 'sig'), message),
        `${type}: what it signs with it verifies`,
      );

      // theirs to ours
      const made = await python.ask({ do: 'mldsa-make', scheme: `${type}/1`, message: hex });
      const json = isRecord(made) ? JSON.stringify(made['key']) : '{}';
      const read = keyFromJson(textOf(made, 'keyid'), Reader.of(parseJson(Buffer.from(json), 'key'), 'key'));
      const sig = textOf(made, 'sig');
      check(verifySignature(read, sig, message), `${type}: we accept the library's signature`);
      check(!verifySignature(read, flipped(sig), message), `${type}: we refuse a flipped bit`);
      check(!verifySignature(read, sig, Buffer.from(`${hex}00`)), `${type}: we refuse another message`);
      check(
        newKey(read.keyType, read.scheme, read.public).keyId === read.keyId,
        `${type}: we compute its key id`,
      );
      const foreign = join(folder, `${type}.theirs.pem`);
      writeFileSync(foreign, textOf(made, 'pem'), { mode: 0o600 });
      const opened = await openSigner(`file2:${foreign}`, {
        password,
        publicKey: read,
        allowUnencrypted: true,
      });
      check(
        verifySignature(read, (await opened.sign(message)).sig, message),
        `${type}: we sign with its key file`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    lines: [`mldsa: ${checks} checks against securesystemslib, ${faults.length} failed`, ...faults],
    good: faults.length === 0,
  };
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function flipped(sig: string): string {
  const bytes = Buffer.from(sig, 'hex');
  bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
  return bytes.toString('hex');
}
