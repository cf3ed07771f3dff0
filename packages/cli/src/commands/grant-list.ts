import { capabilitiesToJson, describeCapabilities, type Consent, type PluginGrant } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';

export async function run(context: Context): Promise<undefined> {
  const grants = await (await hostFor(context)).grants(context.args[0]);
  context.voice.answer({ grants: grants.map(grantJson) }, grants.flatMap(grantLines));
  if (grants.length === 0) context.voice.note('no plugin is installed');
  return;
}

/** Capabilities in the words of a manifest, as everywhere else in files and on the command line. */
function grantJson({ permit, consents, ...rest }: PluginGrant): object {
  return {
    ...rest,
    permit:
      permit === null
        ? null
        : {
            ...permit,
            capabilities: capabilitiesToJson(permit.capabilities),
            consent: permit.consent === null ? null : consentJson(permit.consent),
          },
    consents: consents.map(consentJson),
  };
}

function consentJson({ asked, granted, ...rest }: Consent): object {
  return { ...rest, asked: capabilitiesToJson(asked), granted: capabilitiesToJson(granted) };
}

function grantLines({ vendor, plugin, version, permit, refused }: PluginGrant): readonly string[] {
  const name = `${vendor}/${plugin}@${version}`;
  if (permit === null) return [`${name} may not run: ${refused?.message ?? ''}`];
  const { consent, folders, capabilities, withheld } = permit;
  const may = describeCapabilities(capabilities).map(({ text }) => `  ${text}`);
  const how =
    consent === null ? 'asks for nothing' : `agreed to by ${consent.who} (${consent.by}) on ${consent.at}`;
  return [
    `${name}  ${how}`,
    ...may,
    ...folders.map((folder) => `  chosen folder: ${folder}`),
    ...withheld.map(({ what, by }) => `  not: ${what.text} (${by})`),
  ];
}
