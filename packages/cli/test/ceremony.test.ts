/** Five people make a root of three of five, by script; later two of them leave. Under five minutes, and it can be checked. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMetadata, replaceableBySingleKey } from '@ragnos/tuf';
import { beforeAll, expect, test } from 'vitest';
import { json, world, write, type Said } from './ragv.ts';

const people = ['ann', 'bob', 'cat', 'dan', 'eve'];
const passwords = Object.fromEntries(
  [...people, 'fay', 'gus'].map((name) => [
    `RAGV_${name.toUpperCase()}_KEY_PASSWORD_FILE`,
    `${name}.password`,
  ]),
);
const here = world({ ...passwords, RAGV_KEY_PASSWORD_FILE: 'online.password' });
const { ragv, folder } = here;
const at = (...names: string[]): string => join(folder, ...names);
const long = { timeout: 120_000 };

const exits = async (exit: number, line: string): Promise<Said> => {
  const said = await ragv(line);
  expect(said, `${line}\n${said.stderr}`).toMatchObject({ exit });
  return said;
};
const holder = (name: string): string => `${name}=file2:sticks/${name}.p8`;
const table = (names: readonly string[]): string => names.map(holder).join(' ');

beforeAll(() => {
  for (const name of [...people, 'fay', 'gus', 'online'])
    write(at(`${name}.password`), `the secret of ${name}\n`, 0o600);
  write(at('sticks', '.keep'), '');
});

// The tests of this file are one story: each goes on where the one before stopped.

test(
  'a first root of three of five, in one command, in less than five minutes',
  { timeout: 300_000 },
  async () => {
    const line = `root ceremony --vault v --vendor acme --threshold 3 --keys ${table(people)}`;
    expect((await exits(0, `${line} --dry-run`)).stdout).toContain('3 of 5 keys');
    expect((await exits(7, line)).stderr).toContain('[CONFIRMATION_REQUIRED]');
    expect(existsSync(at('sticks', 'ann.p8'))).toBe(false);
    const started = performance.now();
    const said = await exits(0, `${line} --yes --json`);
    expect(performance.now() - started).toBeLessThan(300_000);
    expect(json(said.stdout)).toMatchObject({
      rootVersion: 1,
      transcript: at('v', 'ceremonies', 'root-1.json'),
    });
    const { signed, signatures } = parseMetadata(readFileSync(at('v', '1.root.json')), 'root');
    expect(signed.roles.get('root')).toMatchObject({ threshold: 3 });
    expect(signed.roles.get('root')?.keyIds).toHaveLength(5);
    expect(signatures).toHaveLength(5);
    expect(replaceableBySingleKey(signed)).toBe(false);
    expect((await exits(0, 'key list --vault v')).stdout.match(/elsewhere/g)).toHaveLength(5);
  },
);

test(
  'the transcript says who, which key, when, with what; everybody who took part signed it',
  long,
  async () => {
    const said = await exits(0, 'root transcript v/ceremonies/root-1.json --vault v');
    for (const name of people) expect(said.stdout).toMatch(new RegExp(`signed {2}[0-9a-f]{64} {2}${name}\n`));
    expect(said.stdout).toMatch(/with: +ragv \S+, node v\S+, openssl /);
    expect(said.stdout).toMatch(/\d{4}-\d\d-\d\dT[\d:]+Z {2}ann made key [0-9a-f]{64}/);
    expect(said.stdout).toMatch(/\d{4}-\d\d-\d\dT[\d:]+Z {2}eve signed root version 1/);
    await exits(0, 'root transcript v/ceremonies/root-1.json --root v/1.root.json');
  },
);

test('a transcript that was changed, or tells of another root, is refused', long, async () => {
  const text = readFileSync(at('v', 'ceremonies', 'root-1.json'), 'utf8');
  const forged = {
    'another name': text.replace('"name":"ann"', '"name":"amy"'),
    'somebody who was not there': text.replace('"part":"signed"', '"part":"absent"'),
    'another time': text.replace(/"started":"\d{4}/, '"started":"2001'),
    'one signature less': text.replace(/\{"keyid":"[0-9a-f]+","sig":"[0-9a-f]+"\},/, ''),
    'a note': text.replace('"signed":{', '"signed":{"note":"x",'),
  };
  for (const [what, content] of Object.entries(forged)) {
    expect([what, content]).not.toEqual([what, text]);
    writeFileSync(at('forged.json'), content);
    const said = await exits(3, 'root transcript forged.json --vault v');
    expect(`${what}: ${said.stderr}`).toMatch(/\[(UNSIGNED|EVENT_MALFORMED)\]/);
  }
  await exits(0, 'init other --vendor acme');
  const said = await exits(3, 'root transcript v/ceremonies/root-1.json --root other/1.root.json');
  expect(said.stderr).toContain('it tells of another root file');
});

test(
  'the repository works without any root key, and no host has to accept a single signer',
  long,
  async () => {
    write(at('tool'), 'a tool');
    await exits(0, 'target add tool --vault v');
    expect((await exits(8, 'refresh --force --vault v')).stdout).toContain('waiting for other signers: root');
    await exits(0, 'trust init v/public --root v/1.root.json');
  },
);

test(
  'two leave, one joins, one sends a public key: signed by the old ones and the new ones',
  long,
  async () => {
    await exits(0, 'key generate fay.p8 --password-file fay.password');
    const line = `root ceremony --vault v --threshold 3 --keys ${table(['ann', 'bob', 'cat', 'gus'])} fay=fay.pub`;

    const said = await exits(0, `${line} --yes`);
    expect(said.stdout).toContain('root version 2 is in force');
    expect(said.stderr).toContain('fay is not here');
    const shown = await exits(0, 'root transcript v/ceremonies/root-2.json --vault v --json');
    expect(json(shown.stdout)).toMatchObject({
      verified: true,
      rootVersion: 2,
      participants: [
        { name: 'ann', part: 'signed', serves: 'both' },
        { name: 'bob', part: 'signed', serves: 'both' },
        { name: 'cat', part: 'signed', serves: 'both' },
        { name: 'gus', part: 'signed', serves: 'new' },
        { name: 'fay', part: 'absent', serves: 'new' },
      ],
    });
    await exits(0, 'update');
    expect((await exits(0, 'root show --vault v')).stdout).toContain('root version 2');
  },
);

test('who is missing signs later: the ceremony becomes an event', long, async () => {
  const line = `root ceremony --vault v --threshold 2 --keys ${table(['ann', 'bob'])} fay=fay.pub --yes --json`;
  const said = await exits(8, line);
  expect(json(said.stdout)).toMatchObject({ complete: false });
  const id = /root-\d{8}-[0-9a-f]{6}/.exec(said.stdout)?.[0] ?? '';
  expect(existsSync(at('v', 'ceremonies', 'root-3.json'))).toBe(false);
  await exits(0, `event sign ${id} --vault v --key ${holder('cat')} --yes`);
  await exits(0, `event apply ${id} --vault v`);
  expect((await exits(0, 'root show --vault v')).stdout).toContain('root version 3');
});

test('root rotate: at once where enough keys are here, as an event where they are not', long, async () => {
  const rotate = 'root rotate --vault v --threshold 3 --yes';
  const waiting = await exits(8, `${rotate} --key ${holder('ann')} --json`);
  const id = /root-\d{8}-[0-9a-f]{6}/.exec(waiting.stdout)?.[0] ?? '';
  await exits(0, `event cancel ${id} --vault v`);
  const said = await exits(
    0,
    `${rotate} --again --key ${holder('ann')} ${holder('bob')} fay=file2:fay.p8 --password-file ann.password`.replace(
      '--password-file ann.password',
      '',
    ),
  );
  expect(said.stdout).toContain('root version 4 is in force');
  expect((await exits(2, 'root rotate --vault v')).stderr).toContain('what is to change?');
});

const usage: Readonly<Record<string, readonly [line: string, exit: number, says: RegExp]>> = {
  'nobody was named': ['root ceremony --vault v2', 2, /who takes part/],
  'a threshold that nobody reaches': [
    'root ceremony --vault v2 --vendor acme --threshold 2 --keys ann=file2:a.p8',
    2,
    /with 1 keys/,
  ],
  'a key without a name': [
    'root ceremony --vault v2 --vendor acme --yes --threshold 1 --keys file2:a.p8',
    2,
    /whose key/,
  ],
  'one name twice': [
    `root ceremony --vault v2 --yes --vendor acme --threshold 1 --keys ${holder('ann')} ${holder('ann')}`,
    2,
    /two key holders are called ann/,
  ],
  'a transcript that is none': [
    'root transcript v/1.root.json --vault v',
    3,
    /\[(EVENT_MALFORMED|MALFORMED)\]/,
  ],
};
test.for(Object.entries(usage))('refused: %s', long, async ([, [line, exit, says]]) => {
  const said = await exits(exit, line);
  expect(said.stderr).toMatch(says);
  expect(existsSync(at('v2'))).toBe(false);
});

test(
  'the audit log holds the digest of each transcript, before the root that it is about',
  long,
  async () => {
    const entries = (await exits(0, 'log export --vault v')).stdout.trimEnd().split('\n');
    const noted = entries.filter((line) => line.includes('"kind":"ceremony"'));
    for (const [index, line] of noted.entries()) {
      const bytes = readFileSync(at('v', 'ceremonies', `root-${index + 1}.json`));
      expect(line).toContain(createHash('sha256').update(bytes).digest('hex'));
    }
    expect(noted).toHaveLength(2);
    expect(entries.filter((line) => line.includes('"kind":"root"'))).toHaveLength(2);
    expect((await exits(0, 'log verify --vault v')).stdout).toContain('the log is whole');
  },
);

test('nothing secret was ever said', () => {
  expect(here.transcript.join('')).not.toContain('the secret of');
});
