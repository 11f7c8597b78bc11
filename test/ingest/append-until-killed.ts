import { Spool } from '../../ingest/spool.ts';

/** Child of spool.test.ts: appends as fast as it can and tells each acknowledged seq, until it is killed. */
const [folder = '', round = '0'] = process.argv.slice(2);
const spool = await Spool.open({ folder, bytesMax: 2 ** 33, diskFreeBytesMin: 0 });

async function appendForever(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const body = Buffer.from(`${round}/${writer}/${count}`.padEnd(100 + ((count * 997) % 9_000), '.'));
    const { seq, durable } = spool.append('traces', {
      contentType: 'protobuf',
      contentEncoding: 'gzip',
      receivedAtMs: count,
      tenant: '',
      body,
    });
    await durable;
    process.stdout.write(`${seq} ${body.length} ${round}/${writer}/${count}\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, writer) => appendForever(writer)));
