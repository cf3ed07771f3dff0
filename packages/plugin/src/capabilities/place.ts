import { isVisible } from './visible.ts';

/** Folders whose place only the host knows; capabilities name them so, with or without a rest. */
export const roots = ['$data', '$temp', '$project', '$chosen', '$home'] as const;

const maxLength = 1024;

/** Why `text` is no place of `fs.read` and `fs.write`; null if it is one. */
export function placeProblem(text: string): string | null {
  const expected = `an absolute path or one of ${roots.join(', ')}, with "/" between names and without "." or ".."`;
  if (text.length > maxLength || /[\\*?"<>|]/.test(text) || !isVisible(text)) return expected;
  if (text === '/' || /^[A-Za-z]:\/$/.test(text)) return null;
  const [first = '', ...rest] = text.split('/');
  const rooted =
    first === '' || /^[A-Za-z]:$/.test(first) ? rest.length > 0 : roots.some((root) => root === first);
  const plain = rest.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes(':'));
  return rooted && plain ? null : expected;
}

/** Whether whoever may use `wide` may use all of `narrow`. Roots are compared by name: where they lie is not known here. */
export function placeCovers(wide: string, narrow: string): boolean {
  return wide === narrow || narrow.startsWith(wide.endsWith('/') ? wide : `${wide}/`);
}
