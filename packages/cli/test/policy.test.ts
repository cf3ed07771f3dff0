/** Consent and policy as a person, a script and an operator meet them: exit codes, sentences, hints with the command. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { refusedHere } from '../src/doctor/refused.ts';
import { containing, helloPlugin, json, world, write } from './ragv.ts';

const { folder, ragv } = world({ RAGV_KEY_PASSWORD: 'correct horse' });
const minute = { timeout: 240_000 };

/** The plugin says hello; from 1.1.0 on it also asks for something. */
function version(number: string, capabilities: object): string {
  const path = helloPlugin(join(folder, `hello-${number}`), number);
  write(join(path, 'ragv.json'), JSON.stringify({ capabilities }));
  return path;
}

async function ok(line: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const said = await ragv(line, { env });
  expect([line, said.stderr, said.exit]).toEqual([line, said.stderr, 0]);
  return said.stdout;
}

const rules = (name: string, ...list: readonly object[]): string =>
  write(join(folder, name), JSON.stringify({ format: 'ragnos-organisation-policy/1', rules: list }));

beforeAll(async () => {
  await ok('init v --vendor acme');
  await ok(`publish ${version('1.0.0', { env: ['TOKEN'] })} --vault v`);
  await ok('trust init v/public --root v/1.root.json --single-signer --alias demo');
}, 120_000);

describe('consent without a terminal', () => {
  test('install refuses with exit 10, in words, and names the command', minute, async () => {
    expect(await ragv('install acme/hello')).toMatchObject({
      exit: 10,
      stdout: '',
      stderr: containing('it sees the environment variable TOKEN [CONSENT_REQUIRED]'),
    });
    expect((await ragv('install acme/hello')).stderr).toContain(
      'ragv install acme/hello@1.0.0 --grant all; to install it and grant nothing: --grant none\n',
    );
    expect(await ragv('run acme/hello')).toMatchObject({ exit: 5 });
  });

  test('what --grant cannot mean is said', minute, async () => {
    for (const what of ['everything', 'env,nothing', './no-such-file.json'])
      expect(await ragv(`install acme/hello --grant ${what}`)).toMatchObject({ exit: 2 });
    expect(await ragv('install acme/hello --folder /tmp')).toMatchObject({ exit: 2 });
  });

  test('to nothing: it is installed, runs, and gets nothing of what it asks for', minute, async () => {
    await ok('install acme/hello --grant none');
    const granted = await ok('grant list acme/hello');
    expect(granted).toMatch(/agreed to by \S+ \(flag\) on /);
    expect(granted).toContain('not: sees the environment variable TOKEN (consent)');
    expect((await ragv('install --help')).stdout).toContain('to none of it');
    const said = await ragv('run --verbose acme/hello', { env: { TOKEN: 'x' } });
    expect(said).toMatchObject({ exit: 0, stderr: containing('not given: sees the environment variable') });
  });

  test('by names, by a file, by all; grant list says who agreed to what', minute, async () => {
    await ok('install acme/hello --grant net.connect');
    expect(await ok('grant list')).toContain('not: sees the environment variable TOKEN (consent)');
    write(join(folder, 'most.json'), '{ "env": ["TOKEN", "OTHER"] }');
    expect(await ragv('install acme/hello --grant most.json')).toMatchObject({
      exit: 0,
      stdout: 'acme/hello@1.0.0 is installed already\n',
      stderr: 'note: what it may do now: ragv grant list acme/hello\n',
    });
    expect(await ok('grant list acme/hello')).toMatch(
      /agreed to by \S+ \(flag\) on .*\n {2}sees the environment variable TOKEN/,
    );
    expect(json(await ok('grant list acme/hello --json'))).toMatchObject({
      grants: [{ permit: { capabilities: { env: ['TOKEN'] } }, consents: [{ asked: { env: ['TOKEN'] } }] }],
    });
    write(join(folder, 'typo.json'), '{ "fs.raed": ["$project"] }');
    expect(await ragv('install acme/hello --grant typo.json')).toMatchObject({
      exit: 2,
      stderr: containing('grant.fs.raed: expected no member of this name in typo.json [USAGE]'),
    });
    await ok('grant remove acme/hello');
    expect(await ragv('run acme/hello')).toMatchObject({
      exit: 10,
      stderr: containing('[CONSENT_REQUIRED]'),
    });
    await ok('install acme/hello --grant all');
  });

  test(
    'update holds what widens: exit 10, the difference in words; then --grant takes exactly that',
    minute,
    async () => {
      await ok(`publish ${version('1.1.0', { env: ['TOKEN'], exec: ['sh'] })} --vault v`);
      const held = await ragv('update');
      expect(held).toMatchObject({ exit: 10, stdout: 'acme/hello@1.0.0 stays; 1.1.0 is held\n' });
      expect(held.stderr).toContain('  + starts sh, which can start anything');
      expect(held.stderr).toContain('ragv update acme/hello --grant');
      expect(await ok('list')).toContain('held: 1.1.0');
      expect(await ok('status --host')).toMatch(/an update is held: .*1\.1\.0/);
      await ok(`publish ${version('1.2.0', { env: ['TOKEN'], exec: ['*'] })} --vault v`);
      expect(await ragv('update acme/hello --grant')).toMatchObject({ exit: 10 }); // not what was shown
      expect(await ok('update acme/hello --grant')).toContain('installed acme/hello@1.2.0 (was 1.0.0)');
      expect(json(await ok('list --json'))).toMatchObject({
        plugins: [{ version: '1.2.0', heldUpdate: null }],
      });
      expect(await ok('rollback acme/hello')).toContain('installed acme/hello@1.0.0');
      await ok('update acme/hello --grant all');
    },
  );
});

describe('policy', () => {
  test('of the host: checked, shown, explained, followed', minute, async () => {
    const path = rules(
      'policy.json',
      { for: '*', versions: '1.0.x', reason: 'tested' },
      { for: 'acme/*', mode: 'process' },
    );
    expect(await ok(`policy check ${path}`)).toContain('rules[0] *: only versions 1.0.x (tested)');
    expect(await ok(`policy show --policy ${path}`)).toContain('rules[1] acme/*: at least mode process');
    const said = await ragv('install acme/hello@1.2.0 --grant all', { env: { RAGV_POLICY: path } });
    expect(said).toMatchObject({
      exit: 10,
      stderr: containing(`says ${path} rules[0]: tested [NOT_PINNED]`),
    });
    const explained = await ok(`policy explain acme/hello --policy ${path}`);
    expect(explained).toContain('1.1.0  acme/hello@1.1.0 is not within 1.0.x');
    expect(explained).toContain('1.0.0  let through');
    const status = await ragv(`status --host --policy ${path}`);
    expect(status).toMatchObject({ exit: 10, stdout: containing('REFUSED, would not be started') });
    const here = { home: join(folder, 'home'), policy: path };
    expect(await refusedHere(here, AbortSignal.timeout(10_000))).toMatchObject([
      {
        rule: 'plugin-refused',
        severity: 'error',
        fault: 'refused',
        message: containing('is not within 1.0.x'),
      },
    ]);
    const verified = await ragv(`verify --all --json --policy ${path}`);
    expect(verified.exit).toBe(10);
    expect(json(verified.stdout)).toMatchObject({ results: [{ ok: true, refused: { code: 'NOT_PINNED' } }] });
    expect(await ragv(`policy show --policy ${join(folder, 'none.json')}`)).toMatchObject({ exit: 5 });
    const wrong = rules('wrong.json', { for: '*', refused: true });
    expect(await ragv(`policy show --policy ${wrong}`)).toMatchObject({
      exit: 2,
      stderr: containing(`ragv policy check ${wrong}`),
    });
    const checked = await ragv(`policy check ${wrong}`);
    expect(checked).toMatchObject({ exit: 2, stderr: containing('no member of this name') });
    expect(checked.stderr).toContain('hint: docs/policy.md says what a rule may hold\n');
    const range = rules('range.json', { for: '*', versions: 'soon' });
    expect(await ragv(`policy check ${range}`)).toMatchObject({
      exit: 2,
      stderr: containing('rules[0]: soon is no range'),
    });
  });

  test('kinds of files: shown, refused with exit 10, explained, an alarm', minute, async () => {
    const kinds = { for: 'acme/*', files: { allow: ['json'] }, reason: 'data only' };
    const path = rules('kinds.json', kinds);
    expect(await ok(`policy check ${path}`)).toContain('rules[0] acme/*: only files .json (data only)');
    expect(await ok(`policy show --policy ${path}`)).toContain('rules[0] acme/*: only files .json');
    expect(json(await ok(`policy show --json --policy ${path}`))).toMatchObject({
      policies: [{ policy: { rules: [kinds] } }],
    });
    const why = `holds bin.js, a kind of file that ${path} rules[0] refuses: data only`;
    expect(await ragv(`install acme/hello@1.1.0 --grant all --policy ${path}`)).toMatchObject({
      exit: 10,
      stderr: containing(`acme/hello@1.1.0 ${why} [FILE_KIND]\nhint: ragv policy explain acme/hello`),
    });
    expect(await ok(`policy explain acme/hello --policy ${path}`)).toContain(
      `1.0.0  acme/hello@1.0.0 ${why}`,
    );
    for (const line of ['run acme/hello', 'verify --all', 'status --host'])
      expect(await ragv(line, { env: { RAGV_POLICY: path } })).toMatchObject({ exit: 10 });
    expect(
      await refusedHere({ home: join(folder, 'home'), policy: path }, AbortSignal.timeout(10_000)),
    ).toMatchObject([{ rule: 'plugin-refused', severity: 'error', message: containing(why) }]);
  });

  test('of the host agrees in advance, for machines that nobody sits at', minute, async () => {
    const path = rules('fleet.json', { for: 'acme/*', grant: { env: ['TOKEN'], exec: ['*'] } });
    await ok('uninstall acme/hello');
    expect(await ragv('install acme/hello')).toMatchObject({ exit: 10 });
    await ok('install acme/hello', { RAGV_POLICY: path });
    expect(await ok(`grant list --policy ${path}`)).toContain(`agreed to by ${path} rules[0] (policy)`);
  });

  test(
    'of the organisation: set by the operator, followed by hosts from their next refresh on',
    minute,
    async () => {
      const granting = rules('granting.json', { for: '*', grant: 'all' });
      expect(await ragv(`policy set ${granting} --vault v`)).toMatchObject({
        exit: 2,
        stderr: containing('cannot agree for a host'),
      });
      const path = rules('organisation.json', { for: 'acme/hello', refuse: true, reason: 'incident 7' });
      expect(await ok(`policy set ${path} --vault v --dry-run`)).toContain(
        'would publish policy/organisation.json',
      );
      expect(await ok(`policy set ${path} --vault v`)).toContain('published');
      expect(await ok(`policy set ${path} --vault v`)).toContain('in force already');
      await ragv('status --host');
      expect(await ok('policy show')).toContain('policy/organisation.json of demo');
      expect(json(await ok('policy show --json'))).toMatchObject({
        policies: [
          { signed: true, policy: { rules: [{ for: 'acme/hello', refuse: true, reason: 'incident 7' }] } },
        ],
      });
      expect(await ragv('run acme/hello')).toMatchObject({
        exit: 10,
        stderr: containing('incident 7 [NOT_ALLOWED]'),
      });
      expect(await ragv('install acme/hello')).toMatchObject({ exit: 10 });
      await ok(`policy set ${rules('door.json', { for: '*', files: { refuse: ['js'] } })} --vault v`);
      expect(await ragv(`publish ${version('1.3.0', {})} --vault v`)).toMatchObject({
        exit: 10,
        stderr: containing('that policy/organisation.json rules[0] refuses [DOOR_FILES]'),
      });
      await ok(`policy set ${rules('none.json')} --vault v`);
      await ragv('status --host');
      expect(await ok('run acme/hello')).toContain('hello 1.2.0');
    },
  );
});
