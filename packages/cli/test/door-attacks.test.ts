/** Submissions that somebody changed after they were signed, or that were signed for somebody else: refused by rule and file, and in the log. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  parseIndex,
  parseSubmission,
  pluginVersion,
  serializeIndex,
  serializeSubmission,
  type Submission,
} from '@ragnos/plugin';
import { fixedPassword, openSigner } from '@ragnos/signing';
import {
  hexDigest,
  parseMetadata,
  targetPath,
  type TargetFile,
  type TargetPath,
  type Targets,
} from '@ragnos/tuf';
import { beforeAll, describe, expect, test } from 'vitest';
import { signRole } from '../src/vendor/sign.ts';
import { containing, helloPlugin, matching, world, type Said } from './ragv.ts';

const password = 'a password of the test';
const who = world({ RAGV_KEY_PASSWORD: password });
const here = join(who.folder, 'here');
const elsewhere = join(who.folder, 'elsewhere');
const at = (name: string): string => join(who.folder, name);
const role = 'roles/vendor.acme.json';

async function good(line: string): Promise<string> {
  const said = await who.ragv(line);
  expect({ line, ...said }).toMatchObject({ exit: 0 });
  return said.stdout;
}

const submit = (name: string, more = ''): Promise<Said> =>
  who.ragv(`vendor submit ${at(name)} --vault ${here} ${more}`);

/** One vendor with one key, in two repositories. */
beforeAll(async () => {
  await good('key generate acme.p8 --key-type ed25519');
  for (const [alias, vault] of [
    ['here', here],
    ['elsewhere', elsewhere],
  ] as const) {
    await good(`init ${vault} --vendor first --key-type ed25519`);
    const url = pathToFileURL(join(vault, 'public')).href;
    await good(`trust init ${url} --root ${join(vault, '1.root.json')} --alias ${alias} --single-signer`);
    await good(`vendor join acme --key acme.p8 --output join-${alias} --repository ${alias}`);
    await good(`vendor add acme --join ${at(`join-${alias}`)} --vault ${vault}`);
  }
  helloPlugin(at('hello'), '1.0.0');
  for (const alias of ['here', 'elsewhere'])
    await good(`vendor sign ./hello --vendor acme --key acme.p8 --repository ${alias} --output for-${alias}`);
}, 240_000);

/** A copy of what was signed for this repository, which may be spoilt. */
function copy(name: string, from = 'for-here'): string {
  cpSync(at(from), at(name), { recursive: true });
  return at(name);
}

function editSubmission(folder: string, edit: (submission: Submission) => Submission): void {
  const file = join(folder, 'submission.json');
  writeFileSync(file, serializeSubmission(edit(parseSubmission(readFileSync(file)))));
}

async function editRole(folder: string, edit: (signed: Targets) => Targets): Promise<void> {
  const signer = await openSigner(`file2:${at('acme.p8')}`, { password: fixedPassword(password) });
  const { signed } = parseMetadata(readFileSync(join(folder, role)), 'targets');
  const bytes = await signRole(edit(signed), [signer], new AbortController().signal);
  writeFileSync(join(folder, role), bytes);
}

const idOf = (name: string): string =>
  parseSubmission(readFileSync(join(at(name), 'submission.json'))).repository;

function replaceTarget(folder: string, make: (file: string) => void): void {
  const [name = ''] = readdirSync(join(folder, 'targets'));
  const file = join(folder, 'targets', name);
  rmSync(file);
  make(file);
}

describe('what was signed for another repository', () => {
  test('is refused, though the submission says that it is for this one', { timeout: 60_000 }, async () => {
    const folder = copy('disguised', 'for-elsewhere');
    editSubmission(folder, (submission) => ({ ...submission, repository: idOf('for-here') }));
    expect(await submit('disguised')).toMatchObject({
      exit: 3,
      stderr: matching(/vendor\.acme\.json: was signed for another repository.*\[DOOR_SIGNATURES\]/s),
    });
  });

  test('is refused as a submission for it, too', { timeout: 60_000 }, async () => {
    expect(await submit('for-elsewhere')).toMatchObject({
      exit: 3,
      stderr: matching(/submission\.json: was signed for another repository.*\[DOOR_SIGNATURES\]/s),
    });
  });

  test('or for none is refused, and says how to sign', { timeout: 60_000 }, async () => {
    await editRole(copy('nameless'), (signed) => ({ ...signed, unrecognized: new Map() }));
    expect(await submit('nameless')).toMatchObject({
      exit: 3,
      stderr: matching(/vendor\.acme\.json: .*\[DOOR_SIGNATURES\].*ragv vendor sign/s),
    });
  });
});

describe('files that are not what they should be', () => {
  const pipe = (file: string): void => void execFileSync('mkfifo', [file]);
  const targets: Readonly<Record<string, readonly [make: (file: string) => void, why: string]>> = {
    'that are not there': [() => undefined, 'was not handed in'],
    'that are named pipes': [pipe, 'is no regular file'],
    'that are links': [(file) => symlinkSync('/etc/passwd', file), 'is no regular file'],
    'that lead to a device': [(file) => symlinkSync('/dev/zero', file), 'is no regular file'],
    'that are folders': [(file) => mkdirSync(file), 'is no regular file'],
    'that are short': [(file) => writeFileSync(file, 'short'), 'has 5 bytes, and'],
    'that are a terabyte': [
      (file) => {
        writeFileSync(file, '');
        truncateSync(file, 2 ** 40);
      },
      'has 1099511627776 bytes, and',
    ],
  };
  test.for(Object.entries(targets))('targets %s', { timeout: 20_000 }, async ([name, [make, why]]) => {
    const folder = name.replaceAll(' ', '-');
    replaceTarget(copy(folder), make);
    expect(await submit(folder)).toMatchObject({
      exit: 10,
      stderr: matching(
        new RegExp(`error: vendors/acme/hello/\\S+: targets/[0-9a-f]{64} ${why}.*\\[DOOR_TARGETS\\]`),
      ),
    });
  });

  test('roles and the submission itself', { timeout: 60_000 }, async () => {
    for (const [number, name] of [role, 'submission.json'].entries())
      for (const [kind, make] of [
        ['pipe', pipe],
        ['link', (file: string): void => symlinkSync('/dev/zero', file)],
      ] as const) {
        const folder = copy(`${kind}-${number}`);
        rmSync(join(folder, name));
        make(join(folder, name));
        expect(await submit(`${kind}-${number}`)).toMatchObject({
          exit: 3,
          stderr: containing(`error: ${name}: is no regular file [DOOR_FORMAT]`),
        });
      }
  });

  test('more than the rules allow is not even read', { timeout: 60_000 }, async () => {
    const folder = copy('terabytes');
    editSubmission(folder, (submission) => ({
      ...submission,
      targets: submission.targets.map((target) => ({ ...target, length: 2 ** 40 })),
    }));
    for (const name of readdirSync(join(folder, 'targets')))
      truncateSync(join(folder, 'targets', name), 2 ** 40);
    expect(await submit('terabytes')).toMatchObject({ exit: 10, stderr: containing('[DOOR_LIMITS]') });
  });
});

test(
  'two versions with one manifest: the second is judged by its own bytes',
  { timeout: 60_000 },
  async () => {
    const folder = copy('twice');
    const base = 'vendors/acme/hello/';
    const { targets } = parseSubmission(readFileSync(join(folder, 'submission.json')));
    const bodyOf = (name: string): Buffer =>
      readFileSync(join(folder, 'targets', targets.find(({ path }) => path === base + name)?.sha256 ?? ''));
    const index = parseIndex(bodyOf('index.json'));
    const [first, second] = [pluginVersion('1.0.0'), pluginVersion('1.0.1')];
    const entry = index.versions.get(first);
    if (entry === undefined) throw new Error('no version');
    const evil = Buffer.from('nobody looked at this');
    const digest = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');
    const [artifact, manifest] = [entry.artifact, entry.manifest].map(({ name }) =>
      name.replace(first, second),
    );
    const changed = serializeIndex({
      ...index,
      channels: new Map([['latest', second]]),
      versions: new Map([
        ...index.versions,
        [
          second,
          {
            ...entry,
            artifact: { name: artifact ?? '', length: evil.length, sha256: digest(evil) },
            manifest: { ...entry.manifest, name: manifest ?? '' },
          },
        ],
      ]),
    });
    const more = new Map<string, Uint8Array>([
      ['index.json', changed],
      [artifact ?? '', evil],
      [manifest ?? '', bodyOf(entry.manifest.name)],
    ]);
    for (const body of more.values()) writeFileSync(join(folder, 'targets', digest(body)), body);
    const added = [...more].map(([name, body]) => ({
      path: base + name,
      length: body.length,
      sha256: digest(body),
    }));
    editSubmission(folder, (submission) => ({
      ...submission,
      targets: [...targets.filter(({ path }) => path !== `${base}index.json`), ...added],
    }));
    const files = added.map(({ path, length, sha256 }): [TargetPath, TargetFile] => [
      targetPath(path),
      {
        length,
        hashes: new Map([['sha256', hexDigest(sha256)]]),
        custom: undefined,
        unrecognized: new Map(),
      },
    ]);
    await editRole(folder, (signed) => ({ ...signed, targets: new Map([...signed.targets, ...files]) }));
    expect(await submit('twice', '--dry-run')).toMatchObject({
      exit: 10,
      stderr: containing('describes another plugin, version or artifact [DOOR_PATHS]'),
    });
  },
);

test('a refusal names the file that breaks the rule, once', { timeout: 90_000 }, async () => {
  const edits: readonly (readonly [name: string, from: RegExp, to: string])[] = [
    ['format', /ragnos-submission\/1/, 'ragnos-submission/9'],
    ['digest', /"sha256":"[0-9a-f]{64}"/, '"sha256":"../../etc/passwd"'],
    ['path', /"path":"vendors\/acme/, '"path":"vendors/acme/..'],
    ['json', /^\{/, ''],
  ];
  for (const [name, from, to] of edits) {
    const file = join(copy(name), 'submission.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
    expect(await submit(name)).toMatchObject({
      exit: 3,
      stderr: matching(/^error: submission\.json: (?!ragnos-submission\/1[.:]).*\[DOOR_FORMAT\]/),
    });
  }
  writeFileSync(join(copy('no-json'), role), '[');
  expect(await submit('no-json')).toMatchObject({
    exit: 3,
    stderr: matching(/^error: vendor\.acme\.json: (?!vendor\.acme\.json).*\[DOOR_FORMAT\]/),
  });
});

test(
  'a key that cannot be opened is found out where nothing is left to sign',
  { timeout: 90_000 },
  async () => {
    await good(`vendor submit ${at('for-here')} --vault ${here}`);
    const sign = 'vendor sign ./hello --vendor acme --repository here --output again';
    expect(await who.ragv(`${sign} --key nokey.p8`)).toMatchObject({
      exit: 5,
      stderr: containing('nokey.p8'),
    });
    expect(await who.ragv(sign)).toMatchObject({ exit: 2, stderr: containing('no key') });
    expect(await good(`${sign} --key acme.p8`)).toMatch('nothing to sign');
  },
);

test('a role that names no repository is signed anew with the name', { timeout: 90_000 }, async () => {
  await good('vendor sign --renew --vendor acme --repository here --key acme.p8 --output renewed');
  const { unrecognized } = parseMetadata(readFileSync(join(at('renewed'), role)), 'targets').signed;
  expect(unrecognized.get('x-ragnos-repository')).toBe(idOf('for-here'));
  await good(`vendor submit ${at('renewed')} --vault ${here}`);
});

test('every refusal is in the log, each with its code', { timeout: 60_000 }, async () => {
  const log = await good(`log show --last 100 --vault ${here} --json`);
  for (const said of [
    'was signed for another repository',
    'does not say which repository',
    'submission.json: ',
    'is no regular file',
    'was not handed in',
  ])
    expect(log).toContain(said);
});
