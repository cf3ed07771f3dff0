// The program under test: what it does lies in protocol.ts, what it prints and how it exits lies here.
import { main } from './protocol.ts';

// Until it is known better: Node would exit with 0 or 13 if ever something were waited for that cannot come.
process.exitCode = 1;
process.exitCode = await main(process.argv.slice(2), (line) => console.error(line));
