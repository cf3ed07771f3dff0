/**
 * What a publish of one target into bins costs this machine at least: as many files, as large, parsed, signed, hashed, synced. Nothing
 * is checked or read back, there is no log and no turn. Arguments: folder, targets, bits, who signs the bins, how many.
 */
import './report.mjs';
import { generateKeyPairSync, hash, randomBytes, sign, verify } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
const [folder, targets, bits, signedBy, times] = process.argv.slice(2);
const dir = mkdtempSync(join(folder, 'floor-'));
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const fileOf = (sha256, length) => (signedBy === 'snapshot' ? {} : { hashes: { sha256 }, length });
const list = (n, name, entry) => Object.fromEntries(Array.from({ length: n }, (_, i) => [name(i), entry()]));
const random = () => randomBytes(32).toString('hex');
const path = (n) => `vendors/acme/p${n}/index.json`;
const binName = (n) => `vendor.acme-${n.toString(16).padStart(3, '0')}.json`;
function put(name, bytes) {
  const sync = (handle) => (fsyncSync(handle), closeSync(handle));
  const to = join(dir, name);
  const handle = openSync(`${to}.new`, 'wx');
  writeSync(handle, bytes);
  sync(handle);
  renameSync(`${to}.new`, to);
  sync(openSync(dirname(to), 'r'));
  return bytes.length;
}
function signed(value) {
  const text = JSON.stringify(value);
  const sig = sign(null, Buffer.from(text), privateKey).toString('hex');
  return Buffer.from(`{"signatures":[{"keyid":"${'0'.repeat(64)}","sig":"${sig}"}],"signed":${text}}`);
}
const inBin = Math.round(targets / 2 ** bits);
let bin = signed({ targets: list(inBin, path, () => ({ hashes: { sha256: random() }, length: 14 })) });
let snapshot = signed({
  meta: list(2 ** bits, binName, () => ({ ...fileOf(random(), 155_000), version: 5 })),
});
const result = { ms: [], metadata: 0, log: 0 };
const before = process.cpuUsage();
for (let n = 0; n < times; n++) {
  const begun = performance.now();
  const [role, meta] = [JSON.parse(bin), JSON.parse(snapshot).signed];
  const read = Buffer.from(JSON.stringify(role.signed));
  verify(null, read, publicKey, Buffer.from(role.signatures[0].sig, 'hex'));
  const target = Buffer.from(`{"new":${n}}`);
  mkdirSync(join(dir, `${n}`));
  put(`${n}/index.json`, target);
  role.signed.targets[path(n % inBin)] = {
    hashes: { sha256: hash('sha256', target) },
    length: target.length,
  };
  bin = signed(role.signed);
  meta.meta[binName(n % 2 ** bits)] = { ...fileOf(hash('sha256', bin), bin.length), version: n + 6 };
  snapshot = signed(meta);
  const timestamp = signed({ hashes: { sha256: hash('sha256', snapshot) }, version: n });
  result.metadata += put(`${n}.bin`, bin) + put(`${n}.snapshot`, snapshot) + put('timestamp', timestamp);
  result.ms.push(performance.now() - begun);
}
const { user, system } = process.cpuUsage(before);
const cpu = (user + system) / 1000 / times;
console.log(JSON.stringify({ ...result, cpu, metadata: Math.round(result.metadata / times) }));
