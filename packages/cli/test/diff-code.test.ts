/** `ragv diff --code`: the line that an update would bring is read before it is installed. */
import { join } from 'node:path';
import { codeChanges, type CodeChange } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { codeChangeLines } from '../src/code-changes.ts';
import { json, world, write } from './ragv.ts';

const here = world({ RAGV_KEY_PASSWORD: 'correct horse battery' });
const { folder, ragv } = here;

async function publish(version: string, line: string, picture: string): Promise<void> {
  const path = join(folder, `mail-${version}`);
  write(join(path, 'package.json'), JSON.stringify({ name: 'mail', version, main: 'index.js' }));
  write(join(path, 'index.js'), `exports.send = (to, text) => ({\n  to,\n${line}  text,\n});\n`);
  write(join(path, 'icon.bin'), `\0${picture}`);
  const said = await ragv(`publish mail-${version} --vault v`);
  if (said.exit !== 0) throw new Error(said.stderr);
}

test(
  'of what is installed and what is published, nothing of which is installed',
  { timeout: 400_000 },
  async () => {
    expect((await ragv('init v --vendor acme')).exit).toBe(0);
    await publish('1.0.0', '', 'a');
    await publish('1.1.0', `  bcc: 'phan@evil.example',\n`, 'b');
    expect((await ragv('trust init v/public --root v/1.root.json --single-signer')).exit).toBe(0);
    expect((await ragv('install acme/mail@1.0.0')).exit).toBe(0);
    const said = await ragv('diff acme/mail@1.1.0 --code');
    expect(said).toMatchObject({ exit: 0 });
    expect(said.stdout).toContain(
      "~ index.js  50 bytes → 78 bytes\n        3 +   bcc: 'phan@evil.example',\n",
    );
    expect(said.stdout).toMatch(
      /~ icon\.bin .*\n {10}- no text that can be read here, sha256:[0-9a-f]{64}\n {10}\+ no text/,
    );
    expect(json((await ragv('diff acme/mail@1.0.0 @1.1.0 --code --json')).stdout)).toMatchObject({
      codeChanges: expect.arrayContaining([
        expect.objectContaining({
          path: 'index.js',
          lines: [{ sign: '+', line: 3, text: "  bcc: 'phan@evil.example'," }],
          leftOut: 0,
        }),
      ]) as unknown,
    });
    expect((await ragv('list')).stdout).toContain('1.0.0');
    expect((await ragv('verify acme/mail')).exit).toBe(0);
  },
);

describe('at a terminal', () => {
  const none: Parameters<typeof codeChanges>[0] = [{ files: [] }, () => new Uint8Array()];
  const change = (lines: number): CodeChange => ({
    path: 'a.js',
    change: 'added',
    before: null,
    after: { sha256: 'a'.repeat(64), size: 9, mode: 0o644 },
    lines: Array.from({ length: lines }, (_, at) => ({ sign: '+', line: at + 1, text: 'x'.repeat(300) })),
    leftOut: 0,
  });
  test('every line begins as one of a file does, however long it is', () => {
    const lines = codeChangeLines([change(2)]);
    expect(lines).toHaveLength(7);
    expect(lines.slice(1).every((line) => /^ {8}[12] \+ /.test(line))).toBe(true);
  });
  test('no more than can be read, and the number of the others', () => {
    const lines = codeChangeLines([change(5), change(5)], 10);
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe('  … 22 more lines: --json has more of them');
    expect(codeChangeLines(codeChanges(none, none))).toEqual([]);
  });
});
