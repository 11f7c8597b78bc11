import { serveRoutes } from './serve-routes.ts';
import { startProcess } from './start-process.ts';
import { startTelemetry } from './start-telemetry.ts';
import { workFor } from './work-for.ts';

const catalog = await startProcess();
startTelemetry(catalog);
const port = await serveRoutes({
  signal: catalog.signal,
  routes: {
    'GET /products': async () => {
      await workFor(12, Math.random);
      return { products: 42 };
    },
  },
});
catalog.tell({ kind: 'listening', port });
