/** What an attacker does to the files that are served or installed. */
import { chmod, copyFile, cp, lstat, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeArchive } from '@ragnos/plugin';
import { fixedPassword, openSigner } from '@ragnos/signing';
import { keyId, metadataToBytes, parseMetadata, signedToBytes, type Timestamp } from '@ragnos/tuf';
import type { Ground } from './attack.ts';
import { ragvQuietly } from './stage.ts';

export async function replaceArchive({ served }: Ground): Promise<void> {
  const evil = await writeArchive([
    {
      path: 'package/package.json',
      mode: 0o644,
      body: Buffer.from('{"name":"hello","version":"1.3.0","type":"module"}'),
    },
    { path: 'package/index.js', mode: 0o644, body: Buffer.from('') },
    { path: 'package/bin.js', mode: 0o755, body: Buffer.from("console.log('pwned');\n") },
  ]);
  const [archive] = (await findBelow(served, '')).filter((path) => path.endsWith('.hello-1.3.0.tgz'));
  if (archive === undefined) throw new Error('hello 1.3.0 is not published');
  await writeFile(archive, evil);
}

export async function prolongTimestamp({ served }: Ground): Promise<void> {
  const path = join(served, 'metadata', 'timestamp.json');
  const { signed, signatures } = parseMetadata(await readFile(path), 'timestamp');
  const forged = { ...signed, version: signed.version + 1, expires: new Date('2040-01-01T00:00:00Z') };
  await writeFile(path, metadataToBytes(signedToBytes(forged), signatures));
}

/** The newest version of the vendor's role gets the content of the one before: signed, and not what the snapshot names. */
export async function mixRoles({ served }: Ground): Promise<void> {
  const folder = join(served, 'metadata');
  const versions = (await readdir(folder))
    .flatMap((name) => /^(\d+)\.vendor\.acme\.json$/.exec(name)?.[1] ?? [])
    .map(Number);
  const [newest, before] = versions.toSorted((a, b) => b - a);
  await copyFile(join(folder, `${before}.vendor.acme.json`), join(folder, `${newest}.vendor.acme.json`));
}

/** The operator rotates the key; the thief, who has the old file and its password, signs a timestamp for ever. */
export async function signWithRotatedKey(ground: Ground): Promise<void> {
  const { rotated, oldKeyFile, password } = await rotatedVault(ground);
  for (const name of await readdir(join(rotated, 'public', 'metadata')))
    await copyFile(join(rotated, 'public', 'metadata', name), join(ground.served, 'metadata', name));
  const path = join(ground.served, 'metadata', 'timestamp.json');
  const timestamp = parseMetadata(await readFile(path), 'timestamp').signed;
  const forged: Timestamp = {
    ...timestamp,
    version: timestamp.version + 1,
    expires: new Date('2040-01-01T00:00:00Z'),
  };
  const signedBytes = signedToBytes(forged);
  const thief = await openSigner(`file2:${oldKeyFile}`, { password: fixedPassword(password) });
  const signature = await thief.sign(signedBytes);
  await writeFile(path, metadataToBytes(signedBytes, [{ ...signature, keyId: keyId(signature.keyId) }]));
}

async function rotatedVault({
  stage,
  folder,
}: Ground): Promise<{ rotated: string; oldKeyFile: string; password: string }> {
  const rotated = join(folder, 'vault');
  await cp(stage.vault, rotated, { recursive: true });
  await ragvQuietly(['key', 'rotate', 'timestamp', '--vault', rotated], {
    cwd: folder,
    env: stage.operatorEnv,
  });
  const password = await readFile(stage.operatorEnv['RAGV_KEY_PASSWORD_FILE'] ?? '', 'utf8');
  return { rotated, oldKeyFile: join(rotated, 'keys', 'timestamp.p8'), password: password.trim() };
}

/** What the host now believes. */
export async function hostTimestamp({ home }: Ground): Promise<string> {
  const found = (await findBelow(home, 'timestamp.json')).filter((path) => path.includes('/metadata/'));
  const texts = await Promise.all(found.map(async (path) => readFile(path, 'utf8')));
  return texts.join('\n');
}

export async function findBelow(folder: string, name: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && (name === '' || entry.name === name))
    .map((entry) => join(entry.parentPath, entry.name).replaceAll('\\', '/'));
}

export async function overwrite(path: string, text: string): Promise<void> {
  const { mode } = await lstat(path);
  await chmod(path, 0o644);
  await writeFile(path, text);
  await chmod(path, mode & 0o777);
}
