import { VaultError } from '@ragnos/tuf';

import { chooseVersion } from './choose.ts';
import type { Context } from './context.ts';
import type { PluginId } from './grants.ts';
import { readPointer } from './pointer.ts';
import { policiesKnown } from './policy-file.ts';
import { judgeFor } from './policy-judge.ts';
import { rulesFor } from './policy.ts';
import { knownSeen } from './seen.ts';
import { knownIndex, knownRevocations } from './session.ts';

/** The command for the newest version that nothing known here speaks against; where there is none, the one that shows them all. */
export async function installAnother(context: Context, id: PluginId): Promise<string> {
  const name = `${id.vendor}/${id.plugin}`;
  const index = await knownIndex(context, id);
  if (index === null) return `ragv info ${name}`;
  const revocations = await knownRevocations(context);
  const rules = rulesFor(await policiesKnown(context), id);
  const [seen, pointer] = [await knownSeen(context, id), await readPointer(context, id)];
  const about = { rules, index, seen, pointer, revocations, filesOf: null };
  const judge = await judgeFor(context, about);
  try {
    const { version } = await chooseVersion(index, '*', { revocations, prerelease: false, judge });
    return `ragv install ${name}@${version}`;
  } catch (error) {
    if (error instanceof VaultError) return `ragv info ${name}`;
    throw error;
  }
}
