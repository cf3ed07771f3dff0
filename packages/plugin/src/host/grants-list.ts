import { VaultError } from '@ragnos/tuf';

import type { PluginSpec } from '../names.ts';
import type { Held } from './reports.ts';
import type { Context } from './context.ts';
import { HostNotFoundError } from './errors.ts';
import { verifyEvidence } from './evidence.ts';
import { permitFor, type Permit } from './grants-permit.ts';
import { readConsents, removeConsents, type Consent } from './grants.ts';
import type { Pointer } from './pointer.ts';
import { heldFor } from './verify.ts';

/** What was agreed to for an installed plugin, and what it may do by that and by the policy. */
export interface PluginGrant {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
  readonly version: string;
  /** `null` = it may not run; `refused` says why. */
  readonly permit: Permit | null;
  readonly refused: Held | null;
  /** All that was agreed to, the newest first; also of versions that are not in force. */
  readonly consents: readonly Consent[];
}

export async function grantOf(context: Context, pointer: Pointer): Promise<PluginGrant> {
  const { vendor, plugin, version } = pointer;
  const consents = await readConsents(context, pointer);
  const about = { repository: context.record.alias, vendor, plugin, version, consents };
  try {
    const manifest = await verifyEvidence(context, pointer, pointer);
    return { ...about, permit: await permitFor(context, manifest), refused: null };
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    return { ...about, permit: null, refused: heldFor(error) };
  }
}

/** Takes back all that was agreed to: it stays installed and is not started until somebody agrees anew. The lock is held. */
export async function withdraw(context: Context, { vendor, plugin }: PluginSpec): Promise<void> {
  const name = `${vendor}/${plugin}`;
  if (!(await removeConsents(context, { vendor, plugin })))
    throw new HostNotFoundError('NO_CONSENT', `nothing was agreed to for ${name}`, {
      hint: 'ragv grant list',
    });
  context.events.change('CONSENT_WITHDRAWN', `${name}: what was agreed to is taken back`, name);
}
