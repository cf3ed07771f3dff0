interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly location: { readonly start: { readonly line: number } };
}
interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

/** A first run: everything that survives, in one line each. */
export function judge(
  json: unknown,
  _all: boolean,
): { readonly lines: readonly string[]; readonly good: boolean } {
  const report = json as Report;
  const lines = Object.entries(report.files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
      .map(
        (m) =>
          `${file}:${m.location.start.line} ${m.mutatorName} ${JSON.stringify(source.split('\n')[m.location.start.line - 1]?.trim())} -> ${JSON.stringify(m.replacement)}`,
      ),
  );
  return { lines, good: lines.length === 0 };
}
