/** What is read by a model instead of run by a machine: an attacker need not change a line of code to change what a tool does. */
import type { Attack } from './attack.ts';
import { noConsent } from './checks.ts';
import { mailPlugin, poisonedText, victimsWords } from './mail-plugin.ts';
import { publishAndServe } from './releasing.ts';

export const toolIncidents: readonly Attack[] = [
  {
    id: 'postmark-words',
    title:
      'postmark-mcp by words alone: the update’s tool tells the model to copy every mail to somebody else',
    host: 'new',
    serves: 'new',
    command: ['update', 'acme/mail'],
    tamper: async (ground) =>
      publishAndServe(ground, 'mail-words', async (at) =>
        mailPlugin(at, '1.1.0', { port: ground.port, text: poisonedText }),
      ),
    behindMetadata: true,
    patches: [noConsent],
    exit: 10,
    codes: ['changes the text of the tool send [CONSENT_REQUIRED]'],
    worked: (outcome) => outcome.exit === 0,
  },
  {
    id: 'rug-pull',
    title: 'a rug pull: a tool says one thing to whoever publishes it, and another to the model',
    host: 'new',
    serves: 'new',
    command: ['run', 'acme/mail'],
    input: victimsWords(),
    patches: [
      {
        package: 'plugin',
        file: 'load/mcp/signed-texts.js',
        find: 'const passes = signed !== undefined && signed === textHash(item);',
        replace: 'const passes = true;',
      },
    ],
    exit: 0,
    codes: ['the tool "send" is not in the signed manifest'],
    worked: (outcome) => outcome.stdout.includes(poisonedText),
  },
];
