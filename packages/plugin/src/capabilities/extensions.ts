/** Which kinds of files an organisation has in a plugin. An extension is lower case without the dot; `` is a file without one. */
export interface ExtensionPolicy {
  /** Nothing else is allowed; absent: everything is that is not refused. */
  readonly allow?: readonly string[] | undefined;
  readonly refuse?: readonly string[] | undefined;
}

/** The files that `policy` refuses, in the order given. */
export function refusedFiles(
  paths: Iterable<string>,
  { allow, refuse = [] }: ExtensionPolicy,
): readonly string[] {
  const refused = new Set(refuse.map(plain));
  const allowed = allow === undefined ? null : new Set(allow.map(plain));
  return [...paths].filter((path) => {
    const extensions = extensionsOf(path);
    return (
      extensions.some((extension) => refused.has(extension)) ||
      (allowed !== null && !extensions.some((extension) => allowed.has(extension)))
    );
  });
}

/** `a.tar.gz` is `gz` and `tar.gz`: either word of a policy meets it. */
function extensionsOf(path: string): readonly string[] {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const parts = name.split('.').slice(1);
  if (parts.length === 0) return [''];
  return parts.map((_, index) => parts.slice(index).join('.'));
}

function plain(extension: string): string {
  return extension.toLowerCase().replace(/^\./, '');
}
