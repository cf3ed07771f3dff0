import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';

/** Which rules are about a plugin, and which of them keeps which version out. */
export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const about = await (await hostFor(context)).explainPolicy(context.args[0] ?? '', { signal });
  const { vendor, plugin, rules, leastMode, withheld, versions, startsFirst } = about;
  voice.answer(about, [
    `${vendor}/${plugin}: ${rules.length === 0 ? 'no rule is about it' : ''}`.trimEnd(),
    ...rules.map(({ place, says }) => `  ${place}: ${says}`),
    ...(leastMode.place === null ? [] : [`runs at least in mode ${leastMode.mode}, says ${leastMode.place}`]),
    ...(startsFirst === null ? [] : [`is started before it stays, says ${startsFirst}`]),
    `when it is revoked: ${about.onRevoked === 'stop' ? 'it is stopped' : 'a warning'}`,
    ...versions.flatMap(({ version, refusedBy }) =>
      refusedBy.length === 0
        ? [`${version}  let through`]
        : refusedBy.map(({ code, message }) => `${version}  ${message} [${code}]`),
    ),
    ...(withheld ?? []).map(({ what, by }) => `not given: ${what.text} (${by})`),
  ]);
  return;
}
