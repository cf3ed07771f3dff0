/** An event leaves the vault on a stick, is signed by people who have nothing but a root file and a key, and comes back. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixedPassword, generateKeyFile } from '@ragnos/signing';
import { parseMetadata } from '@ragnos/tuf';
import { beforeAll, expect, test } from 'vitest';
import { containing, json, matching, world, write, type Said } from './ragv.ts';

const here = world();
const { ragv, folder } = here;
const vault = join(folder, 'v');
const at = (...names: string[]): string => join(folder, ...names);
const password = 'correct horse battery staple';
const secret = '--password-file password';

const exits = async (exit: number, line: string, env: Record<string, string> = {}): Promise<Said> => {
  const said = await ragv(line, { env });
  expect(said, `${line}\n${said.stderr}`).toMatchObject({ exit });
  return said;
};
/** Each person has a home, where what was signed is remembered. */
const as = (name: string): Record<string, string> => ({ RAGV_HOME: at('homes', name) });
const member = (text: string, name: string): string => {
  const value: unknown = json(text);
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof found === 'string' ? found : '';
};
let id = '';
let fingerprint = '';
let mallory = '';

beforeAll(async () => {
  write(at('password'), `${password}\n`, 0o600);
  for (const name of ['alice', 'bob', 'mallory']) {
    const path = at(`${name}.p8`);
    const cost = { N: 2 ** 10, r: 8, p: 1 };
    const key = await generateKeyFile({ path, password: fixedPassword(password), kdf: cost });
    if (name === 'mallory') mallory = key.keyId;
    const { keyType: keytype, scheme, public: text } = key;
    write(at(`${name}.pub`), JSON.stringify({ keytype, scheme, keyval: { public: text } }));
  }
  const made = await exits(0, `init v --vendor acme ${secret} --json`);
  fingerprint = member(made.stdout, 'fingerprint');
  mkdirSync(at('stick'));
}, 60_000);

// The tests of this file are one story: each goes on where the one before stopped.

const change =
  'event create root --vault v --add-key alice.pub bob.pub --threshold 2 --reason "two of three"';

test(
  'create: shows what would be signed; then it waits for signatures, exit 8',
  { timeout: 300_000 },
  async () => {
    const would = await exits(0, `${change} --dry-run`);
    expect(would.stdout).toContain('~ threshold root: 1 of 1 → 2 of 3');
    expect(existsSync(join(vault, 'staging', 'events'))).toBe(false);
    const made = await exits(8, `${change} --output stick/event.json --json`);
    id = member(made.stdout, 'id');
    expect(id).toMatch(/^root-\d{8}-[0-9a-f]{6}$/);
    expect(readFileSync(at('stick', 'event.json'))).toEqual(
      readFileSync(join(vault, 'staging', 'events', id, 'event.json')),
    );
    expect(readFileSync(join(vault, 'staging', 'events', id, 'difference.txt'), 'utf8')).toContain(
      'two of three',
    );
    expect((await exits(9, change)).stderr).toContain('[EVENT_EXISTS]');
    expect((await exits(0, 'event list --vault v')).stdout).toMatch(
      new RegExp(`^${id}  open  root  deadline in 13 d`),
    );
  },
);

test('show and sign: nobody signs what came with its own idea of trust', { timeout: 300_000 }, async () => {
  copyFileSync(at('stick', 'event.json'), at('stick', 'alice.json'));
  const line = `event sign stick/alice.json --key file2:alice.p8 ${secret}`;
  expect((await exits(2, line)).stderr).toContain('never one that came with the event');
  expect((await exits(3, `${line} --fingerprint ${'0'.repeat(64)}`)).stderr).toContain('[EVENT_UNTRUSTED]');
  const asked = await exits(7, `${line} --fingerprint ${fingerprint}`, as('alice'));
  expect(asked.stderr).toContain('~ threshold root: 1 of 1 → 2 of 3');
  expect(asked.stderr).toContain('[CONFIRMATION_REQUIRED]');
  expect(readFileSync(at('stick', 'alice.json'))).toEqual(readFileSync(at('stick', 'event.json')));
});

test('sign: offline, each on a copy', { timeout: 300_000 }, async () => {
  copyFileSync(at('stick', 'event.json'), at('stick', 'bob.json'));
  const sign = (name: string, trust: string): string =>
    `event sign stick/${name}.json --key ${name}=file2:${name}.p8 ${secret} ${trust} --yes`;
  expect(
    (await exits(8, sign('alice', `--fingerprint sha256:${fingerprint}`), as('alice'))).stdout,
  ).toContain('signed root version 2');
  await exits(8, sign('bob', '--root v/1.root.json'), as('bob'));
  expect((await exits(8, sign('bob', '--root v/1.root.json'), as('bob'))).stdout).toContain(
    'had been signed',
  );
  const stranger = `event sign stick/bob.json --key file2:mallory.p8 ${secret} --root v/1.root.json --yes`;
  expect((await exits(7, stranger)).stderr).toContain('[NOT_A_SIGNER]');
});

test(
  'a second content under the same version is flagged by the signer’s own tool',
  { timeout: 300_000 },
  async () => {
    await exits(0, `init other --vendor acme ${secret}`);
    const other = { RAGV_VAULT: vault };
    const elsewhere = await exits(9, change.replace('--threshold 2', '--threshold 3'), other);
    expect(elsewhere.stderr).toContain('[EVENT_EXISTS]');
    // Somebody who holds the vault's folder makes another event for the same version behind the first one's back.
    copyFileSync(join(vault, 'staging', 'events', id, 'event.json'), at('kept.json'));
    await exits(0, `event cancel ${id} --vault v`);
    const second = await exits(
      8,
      `${change.replace('--threshold 2', '--threshold 3')} --output stick/second.json --json`,
    );
    const line = `event sign stick/second.json --key file2:alice.p8 ${secret} --root v/1.root.json --yes`;
    const said = await exits(10, line, as('alice'));
    expect(said.stderr).toMatch(/warning: .*signed root version 2 before, with other content/);
    expect(said.stderr).toContain('[SECOND_BODY]');
    await exits(0, `event cancel ${member(second.stdout, 'id')} --vault v`);
    expect((await exits(9, `event sign ${id} --vault v ${secret} --yes`)).stderr).toContain('[EVENT_CLOSED]');
  },
);

test(
  'merge, verify, apply: a root past its threshold can only be applied',
  { timeout: 300_000 },
  async () => {
    const made = await exits(8, `${change} --output stick/event.json --json`);
    id = member(made.stdout, 'id');
    for (const name of ['alice', 'bob']) {
      copyFileSync(at('stick', 'event.json'), at('stick', `${name}.json`));
      const line = `event sign stick/${name}.json --key file2:${name}.p8 ${secret} --root v/1.root.json --yes --again`;
      await exits(8, line, as(name));
    }
    expect((await exits(8, `event apply ${id} --vault v ${secret}`)).stderr).toContain(
      '[SIGNATURES_MISSING]',
    );
    const merged = await exits(8, `event merge ${id} stick/alice.json stick/bob.json --vault v`);
    expect(merged.stdout).toMatch(/for root 1: 0 of 1, 1 missing[\s\S]*for root 2: 2 of 2, complete/);
    await exits(8, `event verify ${id} --vault v`);
    await exits(0, `event sign ${id} --vault v ${secret} --yes`);
    expect((await exits(0, `event verify ${id} --vault v`)).stdout).toContain(
      'root version 2 for root 1: 1 of 1',
    );
    expect((await exits(10, `event cancel ${id} --vault v`)).stderr).toContain('[PAST_THRESHOLD]');
    const applied = await exits(0, `event apply ${id} --vault v ${secret}`);
    expect(applied.stdout).toContain('root version 2 is in force');
    expect(parseMetadata(readFileSync(join(vault, 'root.json')), 'root').signed.version).toBe(2);
    const status = json((await exits(0, 'status --vault v --json')).stdout);
    expect(status).toMatchObject({
      roles: expect.arrayContaining([
        expect.objectContaining({ role: 'root', version: 2, threshold: 2 }),
      ]) as unknown,
    });
    expect((await exits(9, `event apply ${id} --vault v ${secret}`)).stderr).toContain('[EVENT_CLOSED]');
  },
);

test('a copy that was changed on its way is refused', { timeout: 300_000 }, async () => {
  const made = await exits(8, `event create root --vault v --output stick/event.json --json`);
  id = member(made.stdout, 'id');
  const text = readFileSync(at('stick', 'event.json'), 'utf8');
  writeFileSync(at('stick', 'pretty.json'), JSON.stringify(JSON.parse(text), null, 2));
  expect(await ragv(`event merge ${id} stick/pretty.json --vault v`)).toMatchObject({
    exit: 3,
    stderr: containing('[EVENT_MALFORMED]'),
  });
  writeFileSync(at('stick', 'later.json'), text.replace(/"deadline":"20\d\d/, '"deadline":"2099'));
  expect(await ragv(`event merge ${id} stick/later.json --vault v`)).toMatchObject({
    exit: 9,
    stderr: containing('[EVENT_DIFFERS]'),
  });
});

test(
  'the repository moved on: apply opens the event anew, without signatures, exit 8',
  { timeout: 300_000 },
  async () => {
    const both = async (event: string): Promise<void> => {
      const copies = ['alice', 'bob'].map((name) => at('stick', `${name}.json`));
      for (const copy of copies) copyFileSync(at('stick', 'event.json'), copy);
      for (const name of ['alice', 'bob'])
        await ragv(
          `event sign stick/${name}.json --key file2:${name}.p8 ${secret} --root v/root.json --yes --again`,
          {
            env: as(name),
          },
        );
      await exits(0, `event merge ${event} stick/alice.json stick/bob.json --vault v`);
    };
    // A renewal is signed, as if it had been made on another machine,
    await both(id);
    renameSync(join(vault, 'staging', 'events', id), at('slow'));
    const fast = await exits(
      8,
      'event create root --vault v --add-key mallory.pub --output stick/event.json --json',
    );
    await both(member(fast.stdout, 'id'));
    await exits(0, `event apply ${member(fast.stdout, 'id')} --vault v ${secret}`);
    // and comes too late: but the key that was added meanwhile needs no renewal, so only another change is opened anew.
    expect((await exits(9, `event apply slow/event.json --vault v ${secret}`)).stdout).toContain(
      'is superseded',
    );

    const slow = await exits(8, 'event create root --vault v --threshold 3 --output stick/event.json --json');
    id = member(slow.stdout, 'id');
    await ragv(`event sign ${id} --vault v ${secret} --yes`);
    await both(id);
    renameSync(join(vault, 'staging', 'events', id), at('slower'));
    const renewal = await exits(
      8,
      'event create root --vault v --remove-key MALLORY --output stick/event.json --json'.replace(
        'MALLORY',
        mallory,
      ),
    );
    await both(member(renewal.stdout, 'id'));
    await exits(0, `event apply ${member(renewal.stdout, 'id')} --vault v ${secret}`);
    const said = await exits(8, `event apply slower/event.json --vault v ${secret}`);
    expect(said.stdout).toContain('nothing was published');
    expect(said.stdout).toContain(`${id}, round 2, open`);
    expect(said.stdout).toContain('~ threshold root: 2 of 3 → 3 of 3');
    expect(said.stdout).not.toContain(mallory);
    await exits(8, `event verify ${id} --vault v`);
    expect((await exits(9, `event merge ${id} stick/alice.json --vault v`)).stderr).toContain(
      '[EVENT_DIFFERS]',
    );
  },
);

test('what needs nobody’s help is no event', { timeout: 300_000 }, async () => {
  write(at('tool'), 'a tool');
  const said = await exits(2, 'event create targets --vault v --add-target tool --password-file password');
  expect(said.stderr).toMatch(/\[NOTHING_TO_SIGN\]\nhint: /);
  expect((await exits(5, 'event create nobody --vault v')).stderr).toContain('there is no role nobody');
  expect((await exits(2, 'event create root --vault v --remove-key 00000000')).stderr).toContain(
    'no key of root',
  );
  expect((await exits(5, 'event show nope --vault v')).stderr).toContain('[NO_SUCH_EVENT]');
  expect(await ragv('event list')).toMatchObject({ exit: 5, stderr: matching(/NOT_A_VAULT/) });
});

test('nothing secret was ever said', () => {
  expect(here.transcript.join('')).not.toContain(password);
});
