const types = new Map([
  ['json', 'application/json'],
  ['html', 'text/html; charset=utf-8'],
  ['txt', 'text/plain; charset=utf-8'],
  ['md', 'text/markdown; charset=utf-8'],
  ['pem', 'application/x-pem-file'],
  ['tgz', 'application/gzip'],
  ['gz', 'application/gzip'],
  ['zst', 'application/zstd'],
  ['tar', 'application/x-tar'],
  ['zip', 'application/zip'],
  ['whl', 'application/zip'],
  ['vsix', 'application/zip'],
  ['mcpb', 'application/zip'],
]);

/** The content type that a key's ending stands for; `application/octet-stream` when it stands for none. */
export function contentTypeOf(key: string): string {
  return types.get(key.slice(key.lastIndexOf('.') + 1).toLowerCase()) ?? 'application/octet-stream';
}
