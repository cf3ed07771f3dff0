// What confined plugins are tested with. Where nobody watches, a test that cannot run must not look like one that passed.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { check, type Outcome, root, run } from './step.ts';

export type Needed = {
  readonly name: string;
  /** `null`: it is here. */
  readonly missing: string | null;
  readonly untested: string;
  readonly hint: string;
};

/** There, what is missing is a failure; on the computer of somebody who develops, its tests are skipped and counted. */
export function isRequired(environment: NodeJS.ProcessEnv): boolean {
  return environment['CI'] === 'true' || environment['RAGV_REQUIRE_SANDBOX'] === '1';
}

/** Both Nodes are packages with the same command name, so this one lives in a folder of its own. */
export function findNode24(): string | undefined {
  const modules = path.join(root, 'scripts/node24/node_modules');
  if (!existsSync(modules)) return undefined;
  const candidates = readdirSync(modules).flatMap((name) =>
    ['node', 'node.exe'].map((file) => path.join(modules, name, 'bin', file)),
  );
  return candidates.find((file) => existsSync(file));
}

const bubblewraps = ['/usr/bin/bwrap', '/bin/bwrap', '/usr/local/bin/bwrap'];

/** Why there is no sandbox. One that is there is tried, as plugins are started: in a container it may not be allowed to work. */
async function missingBubblewrap(): Promise<string | null> {
  const program = bubblewraps.find((file) => existsSync(file));
  if (program === undefined) return 'bubblewrap is not installed';
  const flags =
    '--unshare-all --unshare-user --disable-userns --new-session --cap-drop ALL --ro-bind / / --proc /proc';
  const ran = await run(program, [...flags.split(' '), '--', program, '--version']);
  return ran.ok ? null : `bubblewrap does not work here: ${ran.output.trim()}`;
}

export async function neededHere(): Promise<readonly Needed[]> {
  const node24 = {
    name: 'Node 24, to test on',
    missing:
      findNode24() === undefined ? `npm brought no Node 24 for ${process.platform}-${process.arch}` : null,
    untested: 'nothing is tested on Node 24, on which plugins may run',
    hint: 'npm run setup says why; it needs a package registry',
  };
  if (process.platform !== 'linux') return [node24];
  const bubblewrap = {
    name: 'bubblewrap, to test in',
    missing: await missingBubblewrap(),
    untested: 'nothing of modes sandbox and compute is tested',
    hint: 'apt install bubblewrap; in a container, unshare has to be allowed',
  };
  return [bubblewrap, node24];
}

export async function judge(needed: readonly Needed[], required: boolean): Promise<readonly Outcome[]> {
  return Promise.all(
    needed.map(async ({ name, missing, untested, hint }) =>
      check(name, () => {
        if (missing === null) return Promise.resolve();
        const said = `${missing}: ${untested}\nhint: ${hint}`;
        if (required) throw new Error(`${said}\nCI=true or RAGV_REQUIRE_SANDBOX=1 makes this a failure`);
        return Promise.resolve({ skip: said });
      }),
    ),
  );
}

/** What is said right before the sum of all checks, lest skipped tests be a mere number. */
export function closing(needed: readonly Needed[]): readonly string[] {
  return needed.flatMap(({ missing, untested, hint }) =>
    missing === null ? [] : [`SKIPPED, AND COUNTED BELOW: ${untested}, since ${missing} (${hint})`],
  );
}
