import { handoverBytes, parseSubmission, serializeSubmission, type Submission } from '@ragnos/plugin';
import { newTestKey } from '@ragnos/testkit';
import { describe, expect, test } from 'vitest';
import { acme, digest, withMember } from './samples.ts';

const [before, after] = [newTestKey(), newTestKey()];
const owner = {
  keys: [after.key],
  threshold: 1,
  handover: [
    before.sign(
      handoverBytes(digest('1'), acme, { keys: [before.key] }, { keys: [after.key], threshold: 1 }),
    ),
  ],
};
const target = { path: 'vendors/acme/hello/hello-1.0.0.tgz', length: 10, sha256: digest('a') };
const submission: Submission = {
  repository: digest('1'),
  vendor: acme,
  owner,
  roles: ['vendor.acme', 'vendor.acme-3f'],
  targets: [target, { ...target, path: 'vendors/acme/hello/index.json', length: 0 }],
};
const bytes = serializeSubmission(submission);

test('what is written is read back the same, with an owner and without', () => {
  expect(parseSubmission(bytes)).toEqual(submission);
  const plain = { ...submission, owner: null, targets: [] };
  expect(parseSubmission(serializeSubmission(plain))).toEqual(plain);
  const entry = { ...submission, owner: { ...owner, handover: [] } };
  expect(parseSubmission(serializeSubmission(entry))).toEqual(entry);
});

const bad: Readonly<Record<string, readonly [path: readonly (string | number)[], value: unknown]>> = {
  'another format': [['format'], 'ragnos-submission/2'],
  'no repository': [['repository'], undefined],
  'a repository that is no digest': [['repository'], 'https://plugins.example'],
  'a vendor of a role': [['vendor'], 'targets'],
  'no roles': [['roles'], []],
  'roles that are none': [['roles'], [5]],
  'a role that climbs': [['roles'], ['..']],
  'a role with a control character': [['roles'], ['a\u0000b']],
  'a role that reads as another file': [['roles'], ['7.root']],
  'a role twice': [['roles'], ['vendor.acme', 'vendor.acme']],
  '20,001 roles': [['roles'], Array.from({ length: 20_001 }, (_, index) => `r${index}`)],
  'no targets': [['targets'], undefined],
  'a target that is none': [['targets', 0], 'x'],
  'a path that climbs': [['targets', 0, 'path'], 'vendors/acme/../zeta/x'],
  'a path that is absolute': [['targets', 0, 'path'], '/etc/passwd'],
  'a path with a backslash': [['targets', 0, 'path'], 'a\\b'],
  'a path of two lines': [['targets', 0, 'path'], 'a\nb'],
  'a path that is too long': [['targets', 0, 'path'], 'x'.repeat(1025)],
  'a path twice': [['targets', 1, 'path'], target.path],
  'a length below 0': [['targets', 0, 'length'], -1],
  'no length': [['targets', 0, 'length'], undefined],
  'a digest in upper case': [['targets', 0, 'sha256'], digest('A')],
  'a digest that is a path': [['targets', 0, 'sha256'], '../x'],
  'an owner that is null': [['owner'], null],
  'an owner without keys': [['owner', 'keys'], {}],
  'an owner under a false id': [['owner', 'keys'], { [before.key.keyId]: keyJson(after.key.public) }],
  'an owner with a threshold of 0': [['owner', 'threshold'], 0],
  'an owner with a threshold above its keys': [['owner', 'threshold'], 2],
  'an owner without a handover': [['owner', 'handover'], undefined],
};

function keyJson(hex: string): unknown {
  return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: hex } };
}

describe('refused', () => {
  test.each(Object.entries(bad))('%s', (_name, [path, value]) =>
    expect(() => parseSubmission(withMember(bytes, path, value))).toThrow(
      expect.objectContaining({ code: 'BAD_FORMAT' }),
    ),
  );
});
