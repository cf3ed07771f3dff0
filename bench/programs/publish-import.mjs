/** Imports targets in batches. Arguments: folder, bits, number of targets, size of a batch, `metadata` to leave the target files out, who signs the bins. */
import './report.mjs';
import { openPublisher } from './publisher.mjs';

const [folder, bits, count, batch, only, signedBy] = process.argv.slice(2);
const { repository } = await openPublisher(folder, Number(bits), {
  skipTargets: only === 'metadata',
  signedBy,
});
const begun = performance.now();
for (let from = 0; from < Number(count); from += Number(batch))
  await repository.publish(async (draft) => {
    for (let number = from; number < Math.min(from + Number(batch), Number(count)); number++)
      await draft.add(`vendors/acme/p${number}/index.json`, Buffer.from(`{"number":${number}}`));
  });
await repository.close();
console.log(JSON.stringify({ seconds: (performance.now() - begun) / 1000 }));
