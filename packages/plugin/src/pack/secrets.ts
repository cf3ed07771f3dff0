import type { FileToPack } from '../archive/tar-writer.ts';
import { PackError } from '../errors.ts';

const names =
  /(?:^|\/)(?:\.env(?:\..+)?|\.npmrc|\.netrc|\.pypirc|id_(?:rsa|dsa|ecdsa|ed25519)|credentials\.json)$/;
const examples = /\.(?:example|sample|template)$/;
const privateKey = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\r?\n[A-Za-z0-9+/=]{20}/;
const maxLooked = 1_000_000;

/** Refuses what an author did not mean to publish. Bundled packages are public already. @throws PackError */
export function refuseSecrets(files: readonly FileToPack[]): void {
  for (const file of files) {
    if (file.path.startsWith('node_modules/')) continue;
    const why =
      names.test(file.path) && !examples.test(file.path)
        ? 'a file that usually holds secrets'
        : privateKey.test(Buffer.from(file.body.subarray(0, maxLooked)).toString('latin1'))
          ? 'a private key stands in it'
          : null;
    if (why !== null)
      throw new PackError('SECRET_IN_PACKAGE', `${file.path}: ${why}`, {
        hint: 'leave it out by "files" in package.json or by .npmignore',
      });
  }
}
