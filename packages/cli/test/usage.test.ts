/** What is mistyped is refused with exit 2 and the right word, and does nothing (DESIGN.md, "Command line"). */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { containing, json, matching, world } from './ragv.ts';

const here = world();

const refused: Readonly<Record<string, readonly [line: string, exit: number, says: RegExp]>> = {
  'a mistyped command': ['pubish ./x', 2, /Did you mean publish\?.*\[USAGE\]\nhint: /s],
  'a mistyped flag': ['publish --vendr acme ./x', 2, /Did you mean --vendor\?.*\[USAGE\]/],
  'a mistyped word of a noun': ['key rotat timestamp', 2, /Did you mean rotate\?/],
  'a missing argument': ['publish', 2, /missing required argument 'source'/],
  'an argument too many': ['list extra', 2, /too many arguments/],
  'a flag without its value': ['list --home', 2, /argument missing/],
  'a flag of another command': ['list --vault x', 2, /unknown option '--vault'/],
  'an unknown shell': ['completion tcsh', 2, /hint: bash, zsh or fish/],
  'no vendor to pack for': ['pack ./x', 2, /hint: give --vendor/],
  'a plugin without its vendor': ['yank hello@1.0.0 --reason x', 2, /\[BAD_NAME\]/],
  'a yank without a version': ['yank acme/hello --reason x', 2, /which version\?/],
  'a yank without a reason': ['yank acme/hello@1.0.0', 2, /hint: give --reason/],
  'no port': ['serve --port 70000', 2, /--port 70000 is no port/],
  'no number': ['refresh --within soon', 2, /no number of hours/],
  'an unknown kind of key': [
    'init v --vendor acme --key-type dsa',
    2,
    /known are ecdsa, ecdsa-p384, ed25519, rsa3072, rsa4096, ml-dsa-44, ml-dsa-65, ml-dsa-87\n/,
  ],
  'a vendor named like a role': ['init v --vendor root', 2, /\[BAD_NAME\]/],
  'a vendor that leads out of its folder': ['init v --vendor ../x', 2, /\[BAD_NAME\]/],
  'no password anywhere': ['init v --vendor acme', 7, /\[PASSWORD_REQUIRED\]\nhint: /],
  'a host that trusts nothing': ['install acme/hello', 5, /\[NO_REPOSITORY\]\nhint: ragv trust init/],
  'a URL that is none': ['trust init http:// --root r', 2, /is no URL \[USAGE\]/],
  'a URL without https:': ['trust init plugins.example --root r', 5, /hint: .*https:\/\/plugins\.example/],
  'trust on first use': ['trust init https://plugins.example/', 2, /nothing is trusted on first use/],
  'both a root and a fingerprint': [
    'trust init https://plugins.example/ --root r --fingerprint f',
    2,
    /either --root/,
  ],
  'a root file that is not there': [
    'trust init https://plugins.example/ --root nope.json',
    5,
    /\[NO_SUCH_FILE\]/,
  ],
  'a folder that is no vault': ['status --vault .', 5, /\[NOT_A_VAULT\]\nhint: .*ragv init/],
  'publishing where no vault is': ['publish ./x', 5, /\[NOT_A_VAULT\]/],
};

test.for(Object.entries(refused))('%s', async ([, [line, exit, says]]) => {
  const said = await here.ragv(line);
  expect(said).toMatchObject({ exit, stdout: '' });
  expect(said.stderr).toMatch(/^error: /);
  expect(said.stderr).toMatch(says);
  expect(readdirSync(here.folder)).toEqual([]);
});

test('with --json an error is one line of JSON, and stdout stays empty', async () => {
  const said = await here.ragv('publish --vendr acme ./x --json');
  expect(said).toMatchObject({ exit: 2, stdout: '' });
  expect(said.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(json(said.stderr)).toEqual({
    error: {
      code: 'USAGE',
      message: "unknown option '--vendr' (Did you mean --vendor?)",
      hint: containing('--help'),
      exit: 2,
    },
  });
});

test.for([
  ['', 'Examples:\n  ragv init'],
  ['key', 'Usage: ragv key'],
] as const)('`ragv %s` alone shows its help, on stderr, with exit 2', async ([line, begins]) => {
  const said = await here.ragv(line);
  expect(said).toMatchObject({ exit: 2, stdout: '' });
  expect(said.stderr.startsWith(begins)).toBe(true);
});

test('help that was asked for is the answer, and begins with examples', async () => {
  const said = await here.ragv('publish --help');
  expect(said).toMatchObject({ exit: 0, stderr: '' });
  expect(said.stdout).toMatch(/^Examples:\n {2}ragv publish \.\/hello\n/);
});

test('common options may stand before the command', async () => {
  const said = await here.ragv('--json trust list');
  expect(said.exit).toBe(0);
  expect(json(said.stdout)).toEqual({ repositories: [] });
  expect((await here.ragv('--home=elsewhere --quiet trust list')).exit).toBe(0);
});

test('ragv --version, alone or not', async () => {
  expect(await here.ragv('--version')).toMatchObject({ exit: 0, stdout: '0.1.0\n', stderr: '' });
  expect(await here.ragv('-V')).toMatchObject({ exit: 0, stdout: '0.1.0\n' });
});

test('ragv env says which variables are set, and never to what', async () => {
  const env = { RAGV_VENDOR_ACME_KEY_PASSWORD: 'swordfish' };
  const said = await here.ragv('env --json', { env });
  expect(json(said.stdout)).toContainEqual({
    name: 'RAGV_<ROLE>_KEY_PASSWORD',
    meaning: matching(/./),
    set: true,
  });
  expect(said.stdout + said.stderr).not.toContain('swordfish');
});

test('what was refused before anything was trusted is in the log', async () => {
  const { ragv } = world();
  const wrong = 'ab'.repeat(32);
  const refusal = await ragv(`trust init file:///nowhere/ --fingerprint ${wrong}`);
  expect(refusal.exit).not.toBe(0);
  const said = await ragv('log --json');
  expect(said.exit).toBe(0);
  expect(json(said.stdout)).toMatchObject({ events: [{ type: 'refusal', plugin: null }] });
});
