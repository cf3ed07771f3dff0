import { type Attempts, use } from './target.ts';

/** What it may do: whoever cannot do that either is not held back, but broken. Each answers with the sign. */
export const controls: Attempts = {
  'control-own': async () => {
    const own: unknown = await import(['./own', 'mjs'].join('.'));
    const sign: unknown = Reflect.get(Object(own) as object, 'default');
    return sign;
  },
  'control-read': ({ granted }) => use.fs.readFileSync(`${granted}/sign.txt`, 'utf8'),
  'control-write': ({ data, sign }, id) => {
    use.fs.writeFileSync(`${data}/${id}`, sign);
    return use.fs.readFileSync(`${data}/${id}`, 'utf8');
  },
  'control-connect': async ({ getOnly }) => (await fetch(`http://127.0.0.1:${getOnly}/sign`)).text(),
};
