/** tuf-js as a peer: see ../README.md for the commands. It has no repository side, so `write` signs its models. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import models from '@tufjs/models';
import canonicalJson from '@tufjs/canonical-json';
import tufJs from 'tuf-js';

const { canonicalize } = canonicalJson; // CommonJS without named exports
const { Key, Metadata, MetaFile, Root, Signature, Snapshot, TargetFile, Targets, Timestamp } = models;
const { Updater } = tufJs;

/** Refreshes and downloads every path into a file that is named by its line number. */
async function read(root, metadataUrl, targetsUrl, out, pathsFile) {
  const metadataDir = join(out, 'metadata');
  const targetDir = join(out, 'targets');
  mkdirSync(metadataDir, { recursive: true });
  mkdirSync(targetDir, { recursive: true });
  // The root in its metadata folder is where trust begins.
  if (!existsSync(join(metadataDir, 'root.json'))) copyFileSync(root, join(metadataDir, 'root.json'));
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl: metadataUrl.replace(/\/$/, ''),
    targetDir,
    targetBaseUrl: targetsUrl.replace(/\/$/, ''),
    config: { fetchRetries: 0, fetchRetry: { retries: 0 } },
  });
  await updater.refresh();
  for (const [index, path] of readFileSync(pathsFile, 'utf8').split('\n').slice(0, -1).entries()) {
    const info = await updater.getTargetInfo(path);
    if (info === undefined) throw Object.assign(new Error(`no target ${path}`), { name: 'TargetNotFound' });
    await updater.downloadTarget(info, join(targetDir, String(index)));
  }
}

/** One `read` for each line of stdin, which is its `out`; the file `paths` is in it. */
async function sessions(root, metadataUrl, targetsUrl) {
  for await (const out of createInterface({ input: process.stdin })) {
    const answer = await read(root, metadataUrl, targetsUrl, out, join(out, 'paths')).then(() => ({}), said);
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

/** What the library threw, as the answer. */
function said(error) {
  const name = error.name === 'Error' ? error.constructor.name : error.name;
  return { error: name, message: String(error.message).slice(0, 300) };
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A key made now: what signs, and its public part as metadata has it. */
function newKey(keyType, scheme, options, digest) {
  const { publicKey, privateKey } = generateKeyPairSync(keyType === 'ecdsa' ? 'ec' : keyType, options);
  const material =
    keyType === 'ed25519'
      ? publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex')
      : publicKey.export({ type: 'spki', format: 'pem' });
  const json = { keytype: keyType, scheme, keyval: { public: material } };
  const keyID = sha256(canonicalize(json));
  const pss = keyType === 'rsa' ? { padding: 6, saltLength: 32 } : {};
  const signer = (data) =>
    new Signature({ keyID, sig: sign(digest, data, { key: privateKey, ...pss }).toString('hex') });
  return { keyID, key: new Key({ keyID, keyType, scheme, keyVal: json.keyval }), signer };
}

const ed25519 = () => newKey('ed25519', 'ed25519', {}, null);
const p256 = () => newKey('ecdsa', 'ecdsa-sha2-nistp256', { namedCurve: 'P-256' }, 'sha256');
const p384 = () => newKey('ecdsa', 'ecdsa-sha2-nistp384', { namedCurve: 'P-384' }, 'sha384');
const rsa = () => newKey('rsa', 'rsassa-pss-sha256', { modulusLength: 2048 }, 'sha256');

const expires = `${new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 19)}Z`;
const common = { version: 1, specVersion: '1.0.31', expires };
const bytesOf = (signed, keys) => {
  const metadata = new Metadata(signed);
  for (const { signer } of keys) metadata.sign(signer, true);
  return Buffer.from(JSON.stringify(metadata.toJSON(), null, 1));
};
const metaFile = (bytes) =>
  new MetaFile({ version: 1, length: bytes.length, hashes: { sha256: sha256(bytes) } });

/**
 * `roots`: the keys of each root version in turn, `{ root: { keys, threshold }, timestamp, … }`; `roles`: of each targets role
 * its keys, files and delegations.
 */
function write(folder, { roots, roles }) {
  const put = (name, bytes) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  };
  for (const [index, keys] of roots.entries()) {
    const roles = Object.entries(keys).map(([role, { keys: list, threshold }]) => [
      role,
      { keyids: list.map((key) => key.keyID), threshold },
    ]);
    const root = Root.fromJSON({
      _type: 'root',
      spec_version: common.specVersion,
      version: index + 1,
      expires,
      consistent_snapshot: true,
      keys: keyMap(Object.values(keys).flatMap((role) => role.keys)),
      roles: Object.fromEntries(roles),
    });
    const signers = new Set([...(roots[index - 1]?.root.keys ?? []), ...keys.root.keys]);
    put(`metadata/${index + 1}.root.json`, bytesOf(root, signers));
  }
  const top = roots.at(-1);
  const paths = [];
  const meta = {};
  for (const [name, { keys, files = {}, delegations }] of Object.entries(roles)) {
    const targets = new Targets({ ...common, targets: {}, delegations });
    for (const [path, content] of Object.entries(files)) {
      const bytes = Buffer.from(content);
      const hashes = { sha256: sha256(bytes) };
      targets.addTarget(new TargetFile({ path, length: bytes.length, hashes }));
      put(`targets/${path.replace(/[^/]*$/, (last) => `${hashes.sha256}.${last}`)}`, bytes);
      put(`content/${paths.push(path) - 1}`, bytes);
    }
    const bytes = bytesOf(targets, keys ?? top[name].keys);
    put(`metadata/1.${name}.json`, bytes); // a server finds it there, since it decodes the URL
    meta[`${name}.json`] = metaFile(bytes);
  }
  const snapshot = bytesOf(new Snapshot({ ...common, meta }), top.snapshot.keys);
  put('metadata/1.snapshot.json', snapshot);
  const timestamp = new Timestamp({ ...common, snapshotMeta: metaFile(snapshot) });
  put('metadata/timestamp.json', bytesOf(timestamp, top.timestamp.keys));
  put('paths', paths.map((path) => `${path}\n`).join(''));
}

const one = (...keys) => ({ keys, threshold: 1 });
const topLevel = (make) => ({
  root: one(make()),
  timestamp: one(make()),
  snapshot: one(make()),
  targets: one(make()),
});
const keyMap = (keys) => Object.fromEntries(keys.map(({ keyID, key }) => [keyID, key.toJSON()]));
const delegated = (name, key, rest) => ({
  name,
  keyids: [key.keyID],
  threshold: 1,
  terminating: false,
  ...rest,
});
/** Roles and delegations are not exported: they come out of a file. */
const delegations = (keys, rest) => {
  const json = { _type: 'targets', spec_version: common.specVersion, version: 1, expires, targets: {} };
  return Targets.fromJSON({ ...json, delegations: { keys: keyMap(keys), ...rest } }).delegations;
};
const paths = Array.from({ length: 12 }, (_, index) => `files/${index}.txt`);

const scenarios = {
  flat: () => ({
    roots: [topLevel(p256)],
    roles: {
      targets: { files: { 'hello.txt': 'hello\n', 'folder/a+b@c.bin': 'x'.repeat(70_000), empty: '' } },
    },
  }),
  keys: () => ({
    roots: [
      {
        root: { keys: [ed25519(), rsa(), p384()], threshold: 2 },
        timestamp: one(p384()),
        snapshot: one(rsa()),
        targets: { keys: [p256(), ed25519(), rsa()], threshold: 3 },
      },
    ],
    roles: { targets: { files: { 'signed-by-all-kinds.txt': 'four kinds of keys\n' } } },
  }),
  delegations: () => {
    const [first, second, below] = [rsa(), p384(), ed25519()];
    return {
      roots: [topLevel(ed25519)],
      roles: {
        targets: {
          delegations: delegations([first, second], {
            roles: [
              delegated('first', first, { paths: ['first/*', 'first/*/*'], terminating: true }),
              delegated('second/with slash', second, { paths: ['second/*'] }),
            ],
          }),
        },
        first: {
          keys: [first],
          files: { 'first/a.txt': 'a\n' },
          delegations: delegations([below], {
            roles: [delegated('below first', below, { paths: ['first/below/*'] })],
          }),
        },
        'below first': { keys: [below], files: { 'first/below/b.txt': 'b\n' } },
        'second/with slash': { keys: [second], files: { 'second/c.txt': 'c\n' } },
      },
    };
  },
  rotated: () => ({
    roots: Array.from({ length: 6 }, (_, turn) => topLevel([ed25519, rsa, p256][turn % 3])),
    roles: { targets: { files: { 'after-five-rotations.txt': 'still here\n' } } },
  }),
  'hash-prefixes': () => {
    const key = p256();
    const digits = '0123456789abcdef'.split('');
    const filesOf = (digit) =>
      paths.filter((path) => sha256(path).startsWith(digit)).map((path) => [path, path]);
    const roles = digits.map((digit) => delegated(`bin-${digit}`, key, { path_hash_prefixes: [digit] }));
    const bins = digits.map((digit) => [
      `bin-${digit}`,
      { keys: [key], files: Object.fromEntries(filesOf(digit)) },
    ]);
    return {
      roots: [topLevel(ed25519)],
      roles: { targets: { delegations: delegations([key], { roles }) }, ...Object.fromEntries(bins) },
    };
  },
  succinct: () => {
    const key = p256();
    const succinct = { keyids: [key.keyID], threshold: 1, bit_length: 4, name_prefix: 'bin' };
    const split = delegations([key], { succinct_roles: succinct });
    const bins = [...split.succinctRoles.getRoles()].map((name) => {
      const files = paths.filter((path) => split.succinctRoles.getRoleForTarget(path) === name);
      return [name, { keys: [key], files: Object.fromEntries(files.map((path) => [path, path])) }];
    });
    return {
      roots: [topLevel(ed25519)],
      roles: { targets: { delegations: split }, ...Object.fromEntries(bins) },
    };
  },
};

const [command, ...rest] = process.argv.slice(2);
try {
  if (command === 'read') await read(...rest);
  else if (command === 'sessions') await sessions(...rest);
  else write(rest[0], scenarios[rest[1]]());
} catch (error) {
  console.log(JSON.stringify(said(error)));
  process.exitCode = 1;
}
