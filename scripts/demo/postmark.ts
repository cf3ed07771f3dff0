/**
 * postmark-mcp as it was: by its own author, one `Bcc:` line in mails for the host that was declared already. Nothing is asked
 * for, so neither inference nor consent nor confinement can see it; a cooldown only delays it. Who may publish can stop it, and
 * a person who looks.
 */
import type { Attack, Ground, Limit } from './attack.ts';
import { noPin, noThreshold } from './checks.ts';
import { bccLine, mailPlugin, sendsMail } from './mail-plugin.ts';
import { hostDoes, publishAndServe, signAsStranger, writePolicy } from './releasing.ts';

export const postmark: readonly Attack[] = [
  {
    id: 'postmark-pinned',
    title: 'postmark-mcp: the Bcc line comes as an update, while policy waits for somebody to look at it',
    host: 'new',
    serves: 'new',
    command: ['install', 'acme/mail@1.1.0', '--policy', 'policy.json'],
    tamper: async (ground) => {
      await writePolicy(ground, { for: 'acme/mail', versions: '1.0.0' });
      await release(ground);
    },
    behindMetadata: true,
    patches: [noPin],
    exit: 10,
    codes: ['NOT_PINNED'],
    worked: (outcome) => outcome.exit === 0,
  },
  {
    id: 'postmark-name',
    title: 'postmark-mcp: somebody who is not the vendor publishes in its name',
    host: 'new',
    serves: 'new',
    command: ['vendor', 'submit', 'submission', '--vault', 'vault', '--yes'],
    operator: true,
    tamper: signAsStranger,
    patches: [noThreshold],
    exit: 3,
    codes: ['DOOR_SIGNATURES'],
    worked: (outcome) => outcome.exit === 0,
  },
];

const hour = 60 * 60 * 1000;

export const limits: readonly Limit[] = [
  {
    id: 'postmark',
    title: 'postmark-mcp: one Bcc line more in mails for the host that it has always sent them to',
    host: 'new',
    serves: 'new',
    command: ['run', 'acme/mail'],
    input: sendsMail(),
    clockShiftMs: 2 * hour,
    tamper: async (ground) => {
      await writePolicy(ground, { for: '*', cooldown: { hours: 1 } });
      await release(ground);
      await hostDoes({ ...ground, clockShiftMs: 2 * hour }, 'update', 'acme/mail', '--policy', 'policy.json');
    },
    worked: (_, ground) => ground.posted().some((one) => /^localhost.*\/email\n.*"Bcc"/.test(one)),
    why: 'it asks for nothing new: no consent, no confinement, and a cooldown of an hour is over after two',
    shows: { command: ['diff', '--code', 'acme/mail@1.0.0', '@1.1.0'], says: bccLine },
  },
];

async function release(ground: Ground): Promise<void> {
  await publishAndServe(ground, 'mail-bcc', async (at) =>
    mailPlugin(at, '1.1.0', { port: ground.port, copies: true }),
  );
}
