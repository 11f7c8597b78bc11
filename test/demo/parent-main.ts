import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { FromProcess, ProcessOptions, ToProcess } from '../../demo/messages.ts';

/** A demo with one process, to be killed by a test: prints the port of its child. */
const options: ProcessOptions = { samplingProbability: 1, requestsPerSecond: 1, urls: {}, key: null };
const entry = join(import.meta.dirname, '..', '..', 'demo', 'shop', 'payment.ts');
const child = fork(entry, { env: { OTEL_SDK_DISABLED: 'true' }, execArgv: [] });
child.send({ kind: 'start', options } satisfies ToProcess);
child.on('message', (message: FromProcess) => console.log(JSON.stringify(message)));
