/** Publishes one target after the other. Arguments: folder, bits, how many; prints the milliseconds of each and the bytes written per publish. */
import './report.mjs';
import { openPublisher } from './publisher.mjs';

const [folder, bits, times] = process.argv.slice(2);
const { repository, written } = await openPublisher(folder, Number(bits), { audit: true });
const publish = (number) =>
  repository.publish((draft) =>
    draft.add(`vendors/acme/new${number}-${Date.now()}/index.json`, Buffer.from(`{"new":${number}}`)),
  );
await publish(-1); // reads the head
const before = {
  metadata: written.metadata,
  log: written.log,
  targets: written.targets,
  files: written.files,
};
const ms = [];
const cpuBefore = process.cpuUsage();
for (let number = 0; number < Number(times); number++) {
  const begun = performance.now();
  await publish(number);
  ms.push(performance.now() - begun);
}
const cpu = process.cpuUsage();
const each = (name) => Math.round((written[name] - before[name]) / Number(times));
await repository.close();
console.log(
  JSON.stringify({
    ms,
    cpu: (cpu.user + cpu.system - cpuBefore.user - cpuBefore.system) / 1000 / Number(times),
    metadata: each('metadata'),
    log: each('log'),
    targets: each('targets'),
    files: each('files'),
  }),
);
