import { metrics } from '@opentelemetry/api';
import { serveRoutes } from './serve-routes.ts';
import { startProcess } from './start-process.ts';
import { startTelemetry } from './start-telemetry.ts';
import { workFor } from './work-for.ts';

const cart = await startProcess();
startTelemetry(cart);
const added = metrics.getMeter('shop').createCounter('shop.cart.items', { unit: '{item}' });
const port = await serveRoutes({
  signal: cart.signal,
  routes: {
    'GET /items': async () => {
      await workFor(6, Math.random);
      return { items: 3 };
    },
    'POST /items': async () => {
      await workFor(8, Math.random);
      added.add(1);
      return { items: 4 };
    },
  },
});
cart.tell({ kind: 'listening', port });
