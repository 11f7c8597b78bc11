import { metrics } from '@opentelemetry/api';
import { serveRoutes } from './serve-routes.ts';
import { startProcess } from './start-process.ts';
import { startTelemetry } from './start-telemetry.ts';
import { workFor } from './work-for.ts';

const payment = await startProcess();
startTelemetry(payment);
const charges = metrics.getMeter('shop').createCounter('shop.charges', { unit: '{charge}' });
const port = await serveRoutes({
  signal: payment.signal,
  routes: {
    'POST /charges': async () => {
      await workFor(35, Math.random);
      charges.add(1);
      return { charged: true };
    },
  },
});
payment.tell({ kind: 'listening', port });
