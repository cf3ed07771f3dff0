import nodeModule from 'node:module';
import path from 'node:path';
import type sqlite from 'node:sqlite';
import { type Attempts, exchanged, own, use } from './target.ts';

const read = (file: string): string => use.fs.readFileSync(file, 'utf8');

/** Whoever asks with the methods of strings and sets whether this may be had is told that it is something else. */
async function openExchanged(file: string): Promise<sqlite.DatabaseSync> {
  const name = ['node', 'sqlite'].join(':');
  const load = async (): Promise<typeof sqlite> => import(name) as Promise<typeof sqlite>;
  const startsWith = Reflect.get(String.prototype, 'startsWith');
  const slice = Reflect.get(String.prototype, 'slice');
  const isName = (text: unknown): boolean => String(text) === 'sqlite';
  const { DatabaseSync } = await exchanged(
    Set.prototype,
    'has',
    () => false,
    async () =>
      exchanged(
        String.prototype,
        'startsWith',
        function starts(this: string, text: string, at?: number): boolean {
          return (text === '_' && isName(this)) || Reflect.apply(startsWith, this, [text, at]);
        },
        async () =>
          exchanged(
            String.prototype,
            'slice',
            function cut(this: string, from?: number, to?: number): string {
              return isName(this) ? 'assert' : Reflect.apply(slice, this, [from, to]);
            },
            load,
          ),
      ),
  );
  return new DatabaseSync(file);
}

export const fileAttempts: Attempts = {
  'read-outside': ({ outside }) => read(`${outside}/secret.txt`),
  'read-promise': async ({ outside }) => use.fs.promises.readFile(`${outside}/secret.txt`, 'utf8'),
  'read-blob': async ({ outside }) => (await use.fs.openAsBlob(`${outside}/secret.txt`)).text(),
  'read-list': ({ outside, secret }) => (use.fs.readdirSync(outside).includes('secret.txt') ? secret : ''),
  'read-dotdot': ({ data, outside }) => read(`${data}/../${path.basename(outside)}/secret.txt`),
  'read-encoded': ({ outside }) => read(Buffer.from(`${outside}/secret.txt`).toString('latin1')),
  'read-buffer-path': ({ outside }) => use.fs.readFileSync(Buffer.from(`${outside}/secret.txt`), 'utf8'),
  'read-sibling': ({ sibling }) => read(`${sibling}/secret.txt`),
  'read-link': ({ granted }) => read(`${granted}/link/secret.txt`),
  'read-made-symlink': ({ data, outside }, id) => {
    use.fs.symlinkSync(outside, `${data}/${id}`);
    return read(`${data}/${id}/secret.txt`);
  },
  'read-made-hardlink': ({ data, outside }, id) => {
    use.fs.linkSync(`${outside}/secret.txt`, `${data}/${id}`);
    return read(`${data}/${id}`);
  },
  'read-proc-root': ({ outside }) => read(`/proc/self/root${outside}/secret.txt`),
  'read-proc-environ': ({ victim }) => read(`/proc/${victim}/environ`),
  'read-proc-arguments': ({ victim }) => read(`/proc/${victim}/cmdline`),
  'read-proc-cwd': ({ victim }) => read(`/proc/${victim}/cwd/secret.txt`),
  'read-proc-fd': ({ victim }) => read(`/proc/${victim}/fd/9`),
  'read-proc-memory': ({ victim, secret }) => {
    const maps = read(`/proc/${victim}/maps`);
    const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) .*\[stack\]$/m.exec(maps) ?? [];
    const start = Number.parseInt(from, 16);
    const buffer = Buffer.alloc(Number.parseInt(to, 16) - start);
    const fd = use.fs.openSync(`/proc/${victim}/mem`, 'r');
    use.fs.readSync(fd, buffer, 0, buffer.length, start);
    return buffer.includes(secret) ? secret : '';
  },
  'read-sqlite': ({ outside }) => {
    const { DatabaseSync } = use.sqlite;
    return JSON.stringify(new DatabaseSync(`${outside}/secret.db`).prepare('select * from t').all());
  },
  'read-sqlite-exchanged': async ({ outside }) =>
    JSON.stringify((await openExchanged(`${outside}/secret.db`)).prepare('select * from t').all()),
  'write-outside': ({ outside }, id) => use.fs.writeFileSync(`${outside}/${id}`, ''),
  'write-append': ({ outside }, id) => use.fs.appendFileSync(`${outside}/${id}`, ''),
  'write-mkdir': ({ outside }, id) => use.fs.mkdirSync(`${outside}/${id}`),
  'write-tree': ({ secret }, id) => {
    use.fs.writeFileSync(`${own}/${id}`, '');
    return secret; // it may be a copy, which nobody looks into
  },
  'write-rename': ({ data, outside }, id) => {
    use.fs.writeFileSync(`${data}/${id}`, '');
    use.fs.renameSync(`${data}/${id}`, `${outside}/${id}`);
  },
  'write-link': ({ data }, id) => use.fs.writeFileSync(`${data}/link/${id}`, ''),
  'write-sqlite': ({ outside }, id) => {
    const { DatabaseSync } = use.sqlite;
    new DatabaseSync(`${outside}/${id}`).exec('create table t (a)');
  },
  'write-sqlite-exchanged': async ({ outside }, id) =>
    (await openExchanged(`${outside}/${id}`)).exec('create table t (a)'),
  'write-report': ({ outside }, id) => {
    process.report.directory = outside;
    process.report.writeReport(id);
  },
  'write-compile-cache': ({ outside }, id) => {
    nodeModule.enableCompileCache(`${outside}/${id}`);
  },
  'write-heap-snapshot': ({ outside }, id) => {
    use.v8.writeHeapSnapshot(`${outside}/${id}`);
  },
};
