import { verifyTranscript } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { sha256 } from '../sha256.ts';
import { transcriptFiles } from '../metadata/transcripts.ts';

/** What happened in a ceremony, once the keys of the roots it tells of have been found to vouch for it. */
export async function run(context: Context): Promise<undefined> {
  const { transcript: bytes, ...roots } = await transcriptFiles(context.args[0] ?? '', context);
  const transcript = verifyTranscript(bytes, roots);
  const digest = sha256(bytes);
  context.voice.answer({ ...transcript, sha256: digest, verified: true }, [
    `root version ${transcript.rootVersion}, ${transcript.threshold} of ${transcript.participants.filter(({ serves }) => serves !== 'old').length} keys`,
    `root file:   sha256:${transcript.rootSha256}`,
    `transcript:  sha256:${digest}, signed by all who took part`,
    `with:        ${transcript.tool.join(', ')}`,
    ...transcript.participants.map(
      ({ name, keyId, part, serves }) =>
        `  ${part.padEnd(6)}  ${keyId}  ${name}${serves === 'old' ? ', of the root before' : ''}`,
    ),
    ...transcript.steps.map(({ at, what, who }) => `  ${at}  ${who === '' ? '' : `${who} `}${what}`),
    ...transcript.words,
  ]);
  return;
}
