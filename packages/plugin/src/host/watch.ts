import type { OnRevoked } from '../formats/organisation-policy.ts';
import type { Context } from './context.ts';
import { HostPolicyError } from './errors.ts';
import { installAnother } from './other-version.ts';
import type { Installed } from './pointer.ts';
import type { PluginId } from './grants.ts';
import { policiesKnown } from './policy-file.ts';
import { onRevoked, rulesFor } from './policy.ts';
import { knownRevocations } from './session.ts';

/** What is to become of a plugin that runs. */
export interface Judgement {
  readonly error: HostPolicyError;
  readonly action: OnRevoked;
}

/** What is to become of a plugin that runs and might not be started so any more, by the newest policy that is known. */
export async function actionFor(context: Context, id: PluginId): Promise<OnRevoked> {
  return onRevoked(rulesFor(await policiesKnown(context), id));
}

/**
 * Whether something that runs was revoked or is refused by a rule since, as far as this host knows; `null` = it may go on.
 * Asks no network: whoever wants the newest refreshes first.
 */
export async function judgeRunning(
  context: Context,
  running: PluginId & Pick<Installed, 'version' | 'artifact' | 'manifest'>,
): Promise<Judgement | null> {
  const name = `${running.vendor}/${running.plugin}@${running.version}`;
  const rules = rulesFor(await policiesKnown(context), running);
  const action = onRevoked(rules);
  const known = await knownRevocations(context);
  const revoked = known.get(running.artifact) ?? known.get(running.manifest);
  if (revoked !== undefined) {
    const message = `${name} is revoked since ${revoked.at}: ${revoked.reason}`;
    const hint = await installAnother(context, running);
    return { error: new HostPolicyError('REVOKED', message, { hint }), action };
  }
  const refusing = rules.find(({ rule }) => rule.refuse);
  if (refusing === undefined) return null;
  const because = refusing.rule.reason === null ? '' : `: ${refusing.rule.reason}`;
  const message = `${name} is refused by ${refusing.place}${because}`;
  const hint = `ragv policy explain ${running.vendor}/${running.plugin}`;
  return { error: new HostPolicyError('NOT_ALLOWED', message, { hint }), action };
}
