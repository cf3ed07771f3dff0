/** What a key of a store stands for, as far as retention may touch it; everything else is nobody's to delete. */
export type StoredFile =
  | { readonly kind: 'timestamp' | 'root' }
  | { readonly kind: 'role'; readonly role: string; readonly version: number }
  | {
      readonly kind: 'target';
      /** The path that it is published under; two where the name can be read in two ways. */
      readonly paths: readonly string[];
    };

/** `null`: no file of a repository. The role is as it stands in the file name, encoded. */
export function storedFile(key: string): StoredFile | null {
  if (key === 'metadata/timestamp.json') return { kind: 'timestamp' };
  const metadata = /^metadata\/([1-9]\d{0,9})\.([^/]+)\.json$/.exec(key);
  if (metadata !== null) {
    const [, version = '', role = ''] = metadata;
    return role === 'root' ? { kind: 'root' } : { kind: 'role', role, version: Number(version) };
  }
  const named = /^targets\/((?:.*\/)?)(?:[0-9a-f]{2}){16,64}\.([^/]+)$/.exec(key);
  const aliased = /^targets\/[0-9a-f]{64}\.(.+\/.+)$/.exec(key);
  const paths = [
    ...(named === null ? [] : [`${named[1] ?? ''}${named[2] ?? ''}`]),
    ...(aliased?.[1] === undefined ? [] : [aliased[1]]),
  ];
  return paths.length === 0 ? null : { kind: 'target', paths };
}
