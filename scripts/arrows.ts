/**
 * Who may import whom: DESIGN.md, "Rooms and who may import whom", as the lint reads it.
 * `npm` lists the only modules a room may take from outside besides its siblings; no list means any.
 */
type Room = { readonly may: readonly string[]; readonly outside?: readonly string[] };

export const rooms: Readonly<Record<string, Room>> = {
  tuf: { may: [], outside: ['node:crypto'] },
  disk: { may: [], outside: ['node:*', 'node:*/**'] }, // ADR 2
  storage: { may: ['disk'] },
  client: { may: ['tuf', 'disk'], outside: ['node:*', 'node:*/**'] },
  signing: { may: ['tuf', 'disk'] },
  tlog: { may: ['storage', 'signing'] },
  evidence: { may: ['tuf'] },
  plugin: { may: ['tuf', 'client', 'disk'] },
  repository: { may: ['tuf', 'storage', 'signing', 'tlog', 'disk'] },
  mirror: { may: ['tuf', 'client', 'storage'] },
  trust: { may: ['tuf', 'client', 'evidence'] },
  server: { may: ['repository', 'mirror', 'storage', 'tlog'] },
  cli: {
    may: 'tuf disk storage client signing tlog evidence plugin repository mirror trust server'.split(' '),
  },
  testkit: { may: ['tuf', 'disk', 'client', 'storage', 'signing'] }, // and nobody's src imports testkit
};

const reachOver = {
  regex: `^(\\.\\./)+(packages/)?(${Object.keys(rooms).join('|')})/(src|dist|test|package\\.json)`,
  message: "name the package: another package's folder is not yours to reach into",
};

// Bare `process` prints as well as console does, and the rule on properties does not see an import.
const printing = ['process', 'node:process'].map((name) => ({
  name,
  importNames: ['stdout', 'stderr'],
  message: 'only packages/cli/src/voice.ts prints',
}));

const elsewhere = Object.keys(rooms).flatMap((name) => [`../**/${name}/src/**`, `../**/${name}/dist/**`]);

function patterns(name: string, { may, outside }: Room) {
  const siblings = may.map((other) => `!@ragnos/${other}`);
  // One group per room, because in oxlint a negation silences all other groups too; the last match counts.
  const group =
    outside === undefined
      ? ['@ragnos/*', ...siblings]
      : ['*', '*/**', ...siblings, '!./**', '!../**', ...outside.map((module) => `!${module}`), ...elsewhere];
  const message = `${name} may import ${[...may, ...(outside ?? [])].join(', ') || 'no sibling'} (DESIGN.md, "Rooms")`;
  const inside = { regex: '^@ragnos/[^/]+/', message: 'a package is imported by its name alone' };
  return [{ group, message }, inside, reachOver];
}

const restrict = (files: string[], options: object) => ({
  files,
  rules: { 'eslint/no-restricted-imports': ['error', options] } as Record<string, ['error', object]>,
});

/** One lint override per room for its `src`, and one for everybody's tests, which may import any package by name. */
export const arrows = [
  restrict(['packages/*/test/**'], { patterns: [reachOver] }),
  ...Object.entries(rooms).map(([name, room]) =>
    restrict([`packages/${name}/src/**`], { paths: printing, patterns: patterns(name, room) }),
  ),
];
