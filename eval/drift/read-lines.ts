import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

/**
 * Lines of a file of a run, gzipped or not; none where the file is not there.
 * @throws Error with the file and the line of what is no JSON object
 */
export async function* readLines(folder: string, name: string): AsyncGenerator<Record<string, unknown>> {
  const plain = join(folder, name);
  const path = existsSync(plain) ? plain : `${plain}.gz`;
  if (!existsSync(path)) return;
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line === '') continue;
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch (cause) {
      throw new Error(`${path}, line ${number} is not JSON; write the run again`, { cause });
    }
    yield row as Record<string, unknown>;
  }
}
