import { join } from 'node:path';
import { lockFile, nodeFileSystem, writeFileAtomic } from '@ragnos/disk';
import { parseJson, parseMetadata, Reader, type JsonValue } from '@ragnos/tuf';
import { newRestart } from '../log-restart.ts';
import { rootRole } from '../signed.ts';
import type { CallOptions } from '../types.ts';
import { EventError } from './errors.ts';
import { eventId, eventLimits, eventToBytes, metadataOf, parseEvent, type SigningEvent } from './event.ts';

export type EventState = 'open' | 'applied' | 'cancelled' | 'superseded';

export interface KeptEvent {
  readonly event: SigningEvent;
  readonly state: EventState;
  /** `event.json`, the one file that travels. */
  readonly file: string;
}

/** The operator's events: `staging/events/<id>/event.json`, and beside it what became of it and the difference in words. */
export interface EventFolder {
  /** By id. */
  list(): Promise<readonly KeptEvent[]>;
  /** @throws EventError NO_SUCH_EVENT */
  load(id: string): Promise<KeptEvent>;
  /** @throws EventError EVENT_EXISTS where an open event is about one of its roles already */
  create(event: SigningEvent, options?: CallOptions): Promise<KeptEvent>;
  /**
   * Replaces an open event by what `change` makes of it; two at once take turns.
   * @throws EventError NO_SUCH_EVENT, EVENT_CLOSED, and what `change` throws: then nothing changed
   */
  update(
    id: string,
    change: (event: SigningEvent) => Promise<{ readonly event: SigningEvent; readonly state: EventState }>,
    options?: CallOptions,
  ): Promise<KeptEvent>;
}

export function eventFolder(staging: string): EventFolder {
  const folder = join(staging, 'events');
  const file = (id: string): string => join(folder, eventId(id), 'event.json');

  const load = async (id: string): Promise<KeptEvent> => {
    const bytes = await nodeFileSystem.read(file(id), eventLimits.maxLength);
    if (bytes === null)
      throw new EventError('NO_SUCH_EVENT', `there is no event ${id}`, {
        hint: 'ragv event list shows them',
      });
    return { event: parseEvent(bytes, file(id)), state: await stateOf(join(folder, id)), file: file(id) };
  };
  const save = async (event: SigningEvent, state: EventState): Promise<KeptEvent> => {
    const own = join(folder, event.id);
    await nodeFileSystem.makeFolder(own, 0o700);
    const words = [`${event.id}, round ${event.round}: ${event.reason}`, ...event.words, ''].join('\n');
    await writeFileAtomic(join(own, 'difference.txt'), Buffer.from(words), { mode: 0o600 });
    await writeFileAtomic(file(event.id), eventToBytes(event), { mode: 0o600 });
    await writeFileAtomic(join(own, 'state.json'), Buffer.from(`${JSON.stringify({ state })}\n`), {
      mode: 0o600,
    });
    return { event, state, file: file(event.id) };
  };
  const list = async (): Promise<readonly KeptEvent[]> => {
    const kept: KeptEvent[] = [];
    for (const id of (await nodeFileSystem.list(folder)).toSorted())
      if (/^[a-z0-9][a-z0-9-]*$/.test(id) && (await nodeFileSystem.info(file(id))) !== null)
        kept.push(await load(id));
    return kept;
  };
  const alone = async <T>(act: () => Promise<T>, { signal }: CallOptions = {}): Promise<T> => {
    await nodeFileSystem.makeFolder(folder, 0o700);
    const lock = await lockFile(join(folder, '.lock'), { timeoutMs: 10_000, signal });
    return act().finally(() => lock.release());
  };

  return {
    list,
    load,
    create: (event, options) =>
      alone(async () => {
        for (const other of await list()) if (other.state === 'open') refuseSameRole(event, other.event);
        return save(event, 'open');
      }, options),
    update: (id, change, options) =>
      alone(async () => {
        const { event, state } = await load(id);
        if (state !== 'open')
          throw new EventError('EVENT_CLOSED', `the event ${id} was ${state}`, {
            hint: 'create another one',
          });
        const next = await change(event);
        return save(next.event, next.state);
      }, options),
  };
}

/** Two changes of one role would be two contents of one version. */
function refuseSameRole(event: SigningEvent, other: SigningEvent): void {
  const role = event.roles.find(({ name }) => other.roles.some((each) => each.name === name));
  if (role === undefined || other.id === event.id || givesLogUp(event)) return;
  throw new EventError('EVENT_EXISTS', `${role.name} has an open event already: ${other.id}`, {
    hint: `two events for one role are two contents of one version: ragv event apply ${other.id}, or ragv event cancel ${other.id}, comes first`,
  });
}

/**
 * While the log is lost no other root can be applied, and one that has all its signatures cannot be cancelled: it does not stand in
 * the way, and is opened anew afterwards. Who signed it is asked before signing this one.
 */
function givesLogUp({ roots, roles }: SigningEvent): boolean {
  const [root, last] = [roles.find(({ name }) => name === rootRole), roots.at(-1)];
  if (root === undefined || last === undefined) return false;
  const before = parseMetadata(last, 'root').signed;
  return newRestart(before, parseMetadata(metadataOf(root), 'root').signed) !== null;
}

async function stateOf(folder: string): Promise<EventState> {
  const path = join(folder, 'state.json');
  const bytes = await nodeFileSystem.read(path, 10_000);
  const json: JsonValue | undefined = bytes === null ? undefined : parseJson(bytes, path);
  const state = json === undefined ? 'open' : Reader.of(json, path).string('state');
  return state === 'applied' || state === 'cancelled' || state === 'superseded' ? state : 'open';
}
