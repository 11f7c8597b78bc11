import { readOrCreateEngineToken } from '../../store/engine/engine-token.ts';
import { startEngine } from '../../store/engine/start-engine.ts';
import { runRole } from '../role-process.ts';

runRole('store', async ({ dataDir, clickhousePort }, { log }) =>
  startEngine({ dataDir, port: clickhousePort, token: await readOrCreateEngineToken(dataDir), log }),
);
