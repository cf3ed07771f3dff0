/** What the real plugins have in common: which packages, how they are made a plugin, what is asked and what has to come back. */

interface Common {
  /** Its name in the vault. */
  readonly name: string;
  /** `name@version` as on npm; the first is the plugin, the others are what a host of such plugins has beside it. */
  readonly packages: readonly [string, ...string[]];
  readonly kind: string;
  /** The system that it is published for, where it brings native code: `linux-x64`. */
  readonly target?: string;
  /** Why it is known not to answer: it stays in the list, and the list says so. */
  readonly fails?: string;
}

/** Whose module's own functions are called. */
export interface Library extends Common {
  readonly type: 'library';
  /** With it the plugin is a folder: this index.js and the packages. Without, the package itself as it is published. */
  readonly adapter?: string;
  readonly call: readonly [name: string, params: unknown];
  /** The whole answer, or the members of it that are named here. */
  readonly answer: unknown;
}

/** An MCP server: asked through the official client. */
export interface Server extends Common {
  readonly type: 'server';
  readonly args?: readonly string[];
  /** `<project>` stands for the host's project, here and in what is asked. */
  readonly env?: Readonly<Record<string, string>>;
  readonly tool: readonly [name: string, params: Readonly<Record<string, unknown>>];
  /** Stands in the text that the tool gives. */
  readonly answer: string;
}

/** No program: a host reads a member of a file from the verified tree. */
export interface Data extends Common {
  readonly type: 'data';
  readonly file: string;
  readonly member: readonly string[];
  readonly answer: unknown;
}

export type RealPlugin = Library | Server | Data;

export function library(
  name: string,
  kind: string,
  packages: Common['packages'],
  call: Library['call'],
  answer: unknown,
  adapter?: string,
): Library {
  return {
    type: 'library',
    name,
    kind,
    packages,
    call,
    answer,
    ...(adapter === undefined ? {} : { adapter }),
  };
}

export function server(
  name: string,
  packages: Common['packages'],
  tool: Server['tool'],
  answer: string,
  more: Partial<Pick<Server, 'args' | 'env' | 'fails' | 'kind'>> = {},
): Server {
  return { type: 'server', name, kind: 'MCP server', packages, tool, answer, ...more };
}
