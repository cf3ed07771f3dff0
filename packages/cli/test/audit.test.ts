import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containing, helloPlugin, json, world, write } from './ragv.ts';

test(
  'the audit log of a vault: shown, verified, exported; what is changed in it is found',
  { timeout: 120_000 },
  async () => {
    const operator = world({ RAGV_KEY_PASSWORD: 'a password of the test' });
    const vault = join(operator.folder, 'vault');
    const good = async (line: string): Promise<string> => {
      const said = await operator.ragv(`${line} --vault ${vault}`);
      expect(said).toMatchObject({ exit: 0 });
      return said.stdout;
    };
    expect(await operator.ragv(`init ${vault} --vendor acme --key-type ed25519`)).toMatchObject({ exit: 0 });
    await good(`publish ${helloPlugin(join(operator.folder, 'hello'), '1.0.0')}`);
    helloPlugin(join(operator.folder, 'hello'), '1.0.0');
    write(join(operator.folder, 'hello', 'more.js'), '// other content');
    const refused = await operator.ragv(`publish ${join(operator.folder, 'hello')} --vault ${vault}`);
    expect(refused.exit).toBe(9);
    await good('vendor suspend acme');
    const shown = json(await good('log show --json'));
    expect(shown).toMatchObject({
      entries: [
        { entry: { kind: 'suspension', subject: 'acme' } },
        { entry: { kind: 'refusal' } },
        { entry: { kind: 'publish' } },
      ],
    });
    expect(await good('log verify')).toMatch('the log is whole: 3 entries');
    const exported = await good('log export');
    const file = write(join(operator.folder, 'audit.jsonl'), exported);
    expect(await good(`log verify --file ${file}`)).toMatch('is the whole log');
    write(file, exported.replace('suspension', 'revocation'));
    expect(await operator.ragv(`log verify --file ${file} --vault ${vault}`)).toMatchObject({
      exit: 3,
      stdout: containing('is not the log'),
    });

    const folder = join(vault, 'public', 'log', 'head');
    const [last = ''] = readdirSync(folder).toSorted().toReversed();
    const bytes = readFileSync(join(folder, last), 'utf8');
    writeFileSync(join(folder, last), bytes.replace('suspension', 'revocation'));
    const altered = await operator.ragv(`log verify --vault ${vault}`);
    expect(altered).toMatchObject({ exit: 3, stdout: containing('LOG_ALTERED') });
    rmSync(join(folder, last));
    const missing = await operator.ragv(`log verify --vault ${vault}`);
    expect(missing).toMatchObject({ exit: 3, stdout: containing('LOG_MISSING') });
    const stopped = await operator.ragv(`vendor suspend acme --undo --vault ${vault}`);
    expect(stopped).toMatchObject({ exit: 3, stderr: containing('LOG_MISSING') }); // nothing is signed on top of a log that is gone
    const noExport = await operator.ragv(`log restore ${file} --vault ${vault}`);
    expect(noExport).toMatchObject({ exit: 3, stdout: containing('nothing was written') });
    write(file, exported);
    expect(await good(`log restore ${file} --dry-run`)).toMatch('could be put back: 3 entries');
    expect(await operator.ragv(`log verify --vault ${vault}`)).toMatchObject({ exit: 3 });
    expect(await good(`log restore ${file}`)).toMatch('the log is whole again: 3 entries');
    expect(await good('log verify')).toMatch('the log is whole: 3 entries');
    expect(await good(`log restore ${file}`)).toMatch('nothing was missing');
    await good('vendor suspend acme --undo');
    for (const read of ['restore', 'verify --file'])
      expect(await operator.ragv(`log ${read} ${file}.none --vault ${vault}`)).toMatchObject({
        exit: 5,
        stderr: containing('[NO_SUCH_FILE]'),
      });
    expect(await operator.ragv('log')).toMatchObject({ exit: 0 }); // the host's own
  },
);

test(
  'an audit log that is lost without an export is given up, and that is told for ever',
  { timeout: 120_000 },
  async () => {
    const operator = world({ RAGV_KEY_PASSWORD: 'a password of the test' });
    const vault = join(operator.folder, 'vault');
    const log = join(vault, 'public', 'log');
    const ragv = (line: string) => operator.ragv(`${line} --vault ${vault}`);
    await operator.ragv(`init ${vault} --vendor acme --key-type ed25519`);
    const hello = join(operator.folder, 'hello');
    await ragv(`publish ${helloPlugin(hello, '1.0.0')}`);
    expect(await operator.ragv(`trust init ${join(vault, 'public')} --root ${join(vault, '1.root.json')} --single-signer`)) // prettier-ignore
      .toMatchObject({ exit: 0 });
    await ragv('vendor suspend acme');
    await ragv('vendor suspend acme --undo');
    const old = write(join(operator.folder, 'old.jsonl'), (await ragv('log export')).stdout);
    expect(await operator.ragv('install acme/hello')).toMatchObject({ exit: 0 });

    expect(await ragv('log restart --reason none --yes')).toMatchObject({
      exit: 9,
      stderr: containing('the audit log is whole: 3 entries [LOG_INTACT]'),
    });
    rmSync(log, { recursive: true });
    expect(await ragv('log restart --yes')).toMatchObject({ exit: 2 });
    const tried = await ragv('log restart --reason fire --dry-run');
    expect(tried).toMatchObject({ exit: 0, stderr: containing('ragv log restore') });
    expect(await ragv('vendor suspend acme')).toMatchObject({
      exit: 3,
      stderr: containing('ragv log restart'),
    });
    const done = await ragv('log restart --reason fire --yes');
    expect(done).toMatchObject({
      exit: 0,
      stderr: containing('log 2 of this repository has begun, after 3 lost entries'),
    });

    const verified = await ragv('log verify --json');
    expect(verified.exit).toBe(10);
    const report = json(verified.stdout);
    expect(report).toMatchObject({
      verified: 2,
      findings: [{ code: 'LOG_RESTARTED' }],
      lost: [{ size: 3, reason: 'fire' }],
    });
    const now = /--since (\S+)/.exec((await ragv('log verify')).stderr)?.[1] ?? '';
    expect(now).toMatch(/^2:[0-9a-f]{64}:1$/);
    expect(await ragv(`log verify --since ${now}`)).toMatchObject({
      exit: 0,
      stdout: containing('LOG_RESTARTED: restarted at'),
    });
    expect(await ragv(`log verify --file ${old}`)).toMatchObject({
      exit: 0,
      stdout: containing('is the whole log that was lost'),
    });
    expect((await ragv('log show')).stderr).toContain('3 entries before it are lost');
    expect(await ragv('doctor --no-sandbox')).toMatchObject({
      exit: 0,
      stdout: containing('[log-restarted]'),
    });

    await ragv(`publish ${helloPlugin(hello, '1.1.0')}`);
    const exported = write(join(operator.folder, 'new.jsonl'), (await ragv('log export')).stdout);
    rmSync(log, { recursive: true });
    expect(await ragv(`log restore ${exported}`)).toMatchObject({
      exit: 0,
      stdout: containing('whole again: 3 entries'),
    });
    expect(await ragv(`log verify --since ${now}`)).toMatchObject({ exit: 0 });

    expect(await operator.ragv('update')).toMatchObject({ exit: 0, stdout: containing('acme/hello@1.1.0') });
    expect((await operator.ragv('log')).stdout).toMatch(
      /LOG_RESTARTED .*its 3 entries before \S+ are lost; .*: fire/,
    );
  },
);
