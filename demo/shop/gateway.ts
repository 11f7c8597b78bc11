import { callService } from './call-service.ts';
import { serveRoutes } from './serve-routes.ts';
import { startProcess } from './start-process.ts';
import { startTelemetry } from './start-telemetry.ts';

const gateway = await startProcess();
startTelemetry(gateway);
const port = await serveRoutes({
  signal: gateway.signal,
  routes: {
    'GET /browse': async () => {
      await callService(gateway.url('catalog'), 'GET', '/products');
      return { page: 'browse' };
    },
    'POST /cart': async () => {
      await callService(gateway.url('catalog'), 'GET', '/products');
      await callService(gateway.url('checkout'), 'POST', '/cart');
      return { page: 'cart' };
    },
    'POST /orders': async () => {
      await callService(gateway.url('checkout'), 'POST', '/orders');
      return { page: 'thanks' };
    },
  },
});
gateway.tell({ kind: 'listening', port });
