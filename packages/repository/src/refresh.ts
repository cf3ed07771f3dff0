import { topLevelKeys } from './signing-needs.ts';
import { dueAt } from './due.ts';
import { SigningDesk, type SigningNeed } from './desk.ts';
import { incomingIn, incomingSets } from './incoming.ts';
import { nextRoot, putRoot, rootExpiry } from './root.ts';
import { transact, type Engine, type Plan } from './transact.ts';
import type { RefreshOptions, RefreshResult } from './types.ts';
import { Workspace } from './workspace.ts';

interface Due {
  (role: string, splits: string | null, expires: Date): boolean;
}

/** Re-signs what is due and can be signed; what cannot is told, and stays as it is. */
export async function refresh(engine: Engine, options: RefreshOptions): Promise<RefreshResult> {
  const { within = 0, force = false, signal } = options;
  let pending: string[] = [];
  const due: Due = (role, splits, expires) => {
    const now = engine.now().getTime();
    return (
      force ||
      dueAt(engine.lifetimes, role, splits, expires).getTime() <= now ||
      expires.getTime() - now <= within * 1000
    );
  };
  const published = await transact(
    engine,
    async (workspace, desk) => {
      pending = [];
      return plan(workspace, desk, due, pending);
    },
    { signal, orPreviousRoot: force, clockIsRight: options.clockIsRight === true },
  );
  const { root } = await engine.reader.read({ signal });
  if (due('root', null, root.signed.expires) && !(await renewRoot(engine, options))) pending.push('root');
  return { ...published, pending, next: await nextDue(engine, new Set(pending), options) };
}

async function plan(workspace: Workspace, desk: SigningDesk, due: Due, pending: string[]): Promise<Plan> {
  const { head } = workspace;
  const { root } = head;
  const keys = root.signed.keys;
  // Keys that somebody is about to give a role sign with it: without them at hand it waits.
  const incoming = incomingIn(head.timestamp.signed, root.signed.version, workspace.now);
  const top = (role: 'snapshot' | 'timestamp'): SigningNeed => ({
    role,
    askAs: role,
    sets: [{ role: topLevelKeys(root.signed, role), keys }, ...incomingSets(incoming, role)],
  });
  const snapshotReady =
    (await desk.find(top('snapshot'))) !== null && (await desk.find(top('timestamp'))) !== null;
  for await (const at of workspace.walk()) {
    const loaded = await workspace.onHead(at);
    const { role, keys, askAs, splits } = await workspace.keysOf(at);
    if (loaded === null || !due(at.name, splits, loaded.signed.expires)) continue;
    const ready =
      snapshotReady &&
      (await desk.find({
        role: at.name,
        askAs,
        sets: [{ role, keys }, ...incomingSets(incoming, at.name)],
      })) !== null;
    if (ready) workspace.edit(at, { resign: true });
    else pending.push(at.name);
  }
  let snapshot = head.underPreviousRoot || due('snapshot', null, head.snapshot.signed.expires);
  let timestamp = head.underPreviousRoot || due('timestamp', null, head.timestamp.signed.expires);
  if (snapshot && !snapshotReady) {
    pending.push('snapshot');
    snapshot = false;
  }
  if (timestamp && (await desk.find(top('timestamp'))) === null) {
    pending.push('timestamp');
    timestamp = false;
  }
  return { workspace, resign: { snapshot, timestamp } };
}

/** `false`: fewer signers are at hand than the threshold asks for. */
async function renewRoot(engine: Engine, { signal }: RefreshOptions): Promise<boolean> {
  const head = await engine.reader.read({ signal });
  const { signed } = head.root;
  const role = topLevelKeys(signed, 'root');
  const found = await new SigningDesk(engine.source).find({
    role: 'root',
    askAs: 'root',
    sets: [{ role, keys: signed.keys }],
  });
  if (found === null) return false;
  await putRoot(engine, head, nextRoot(signed, new Map(), rootExpiry(engine)), { signal });
  return true;
}

async function nextDue(
  engine: Engine,
  pending: ReadonlySet<string>,
  { signal }: RefreshOptions,
): Promise<Date> {
  const head = await engine.reader.read({ signal });
  const workspace = new Workspace(head, engine.now());
  const dates = [
    head.timestamp.signed.expires,
    dueAt(engine.lifetimes, 'timestamp', null, head.timestamp.signed.expires),
  ];
  const add = (role: string, splits: string | null, expires: Date): void => {
    if (!pending.has(role)) dates.push(dueAt(engine.lifetimes, role, splits, expires));
  };
  add('snapshot', null, head.snapshot.signed.expires);
  add('root', null, head.root.signed.expires);
  for await (const at of workspace.walk()) {
    const loaded = await workspace.onHead(at);
    if (loaded !== null) add(at.name, (await workspace.keysOf(at)).splits, loaded.signed.expires);
  }
  return new Date(Math.min(...dates.map((date) => date.getTime())));
}
