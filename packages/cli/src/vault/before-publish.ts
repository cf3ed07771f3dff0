import type { Context } from '../command.ts';
import type { Vault } from './vault.ts';

/** Said before a publish, at most three: what breaks clients, or soon will. How keys are kept is the doctor's business alone. */
export async function sayBeforePublish(vault: Vault, { voice, signal }: Context): Promise<void> {
  const findings = (await vault.repository.quickCheck({ signal })).filter(
    ({ severity, rule }) => severity !== 'info' && /^(?:budget|expir|compat|clock-ahead)/.test(rule),
  );
  for (const { message } of findings.slice(0, 3)) voice.warn(message);
  if (findings.length > 0) voice.note('all of it, and what to do: ragv doctor');
}
