import { PackError } from '../errors.ts';
import type { PlainFile } from './bundle.ts';

interface Rule {
  /** Named in the refusal, so that somebody can look it up or tell us that it is wrong. */
  readonly name: string;
  readonly path?: RegExp;
  readonly content?: RegExp;
}

const rules: readonly Rule[] = [
  { name: 'env-file', path: /(?:^|\/)\.env(?:\.(?!example$|sample$|template$)[^/]+)?$/ },
  { name: 'npmrc', path: /(?:^|\/)\.npmrc$/ },
  { name: 'login-file', path: /(?:^|\/)(?:\.netrc|\.pypirc|\.git-credentials|\.dockercfg)$/ },
  { name: 'ssh-key-file', path: /(?:^|\/)id_(?:rsa|dsa|ecdsa|ed25519)$/ },
  {
    name: 'private-key',
    content: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----\s*[A-Za-z0-9+/=:\\]{16}/,
  },
  {
    name: 'npm-token',
    content: /(?:^|[^A-Za-z0-9])npm_[A-Za-z0-9]{36}(?:$|[^A-Za-z0-9])|:_authToken\s*=\s*[^\s$]/,
  },
  { name: 'github-token', content: /(?:^|[^A-Za-z0-9])(?:ghp_[A-Za-z0-9]{36}|github_pat_\w{22,})/ },
];
/** Text that people write is shorter; what is longer is looked at as far as this. */
const maxLooked = 1_000_000;

/**
 * Refuses what an author did not mean to publish. Bundled packages are public already and are not looked at.
 *
 * @throws PackError `SECRET_IN_PACKAGE`
 */
export function refuseSecrets(files: readonly PlainFile[]): void {
  for (const { path, body } of files) {
    if (path.startsWith('node_modules/')) continue;
    const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, maxLooked)).toString(
      'latin1',
    );
    const rule = rules.find((item) => item.path?.test(path) === true || item.content?.test(text) === true);
    if (rule !== undefined)
      throw new PackError('SECRET_IN_PACKAGE', `${path} looks like a secret (rule ${rule.name})`, {
        hint: 'leave it out by "files" in package.json or by .npmignore, and replace the secret if it was ever shared',
      });
  }
}
