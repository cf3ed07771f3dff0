import { header, type HttpObserver } from './observer.ts';
import { finding, type Finding } from './rules.ts';

const start = 10;
const end = 30;

/** A resumed download is pieced together: a wrong piece, or one of another version, makes it unreadable. */
export async function checkRanges(observer: HttpObserver, key: string): Promise<readonly Finding[]> {
  const identity = { 'accept-encoding': 'identity' };
  const whole = await observer.ask(key, { headers: identity, maxLength: 2_000_000 });
  if (whole.status !== 200 || whole.body.length <= end) return [];
  const range = { ...identity, range: `bytes=${start}-${end - 1}` };
  const part = await observer.ask(key, { headers: range });
  const findings: Finding[] = [];
  if (part.status === 200)
    findings.push(
      finding(
        'served-range',
        'ranges are ignored: a download that was cut starts afresh',
        'let the server answer ranges (206), if artifacts are large',
        'info',
      ),
    );
  else if (part.status !== 206)
    findings.push(
      finding(
        'served-range',
        `a range of ${key} is answered with status ${part.status}`,
        'answer ranges with 206, or ignore them',
        'warning',
      ),
    );
  else {
    const expected = Buffer.from(whole.body.subarray(start, end));
    const said = header(part, 'content-range');
    if (!expected.equals(part.body) || !said.startsWith(`bytes ${start}-${end - 1}/`))
      findings.push(
        finding(
          'served-range',
          `bytes ${start} to ${end - 1} of ${key} are answered with others (Content-Range: ${said === '' ? 'none' : said})`,
          'something between the files and the clients rewrites answers: take it out of the way',
        ),
      );
  }
  const stale = await observer.ask(key, { headers: { ...range, 'if-range': '"of-another-version"' } });
  if (stale.status === 206)
    findings.push(
      finding(
        'served-splice',
        'a range of a file that has changed is answered all the same: two versions are spliced into one',
        'the server has to compare If-Range with its ETag, and send the whole file if they differ',
      ),
    );
  return findings;
}
