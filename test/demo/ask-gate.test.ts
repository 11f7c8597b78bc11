import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { askGate } from '../../demo/shop/ask-gate.ts';

const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});

async function gateThatAnswers(status: number, body: string) {
  const asked: { authorization: string | undefined; question: unknown }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      asked.push({ authorization: request.headers.authorization, question: JSON.parse(text) });
      response.writeHead(status).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ending.push(() => server.close());
  return { asked, apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const QUESTION = { key: null, action: 'scale.down', from: 4, to: 3 } as const;

describe('askGate', () => {
  it('asks before it scales, and passes the answer on', async () => {
    const { asked, apiUrl } = await gateThatAnswers(
      200,
      '{"decision":"hold","failMode":"hold","reasons":[{"text":"data is missing"}]}',
    );
    expect(await askGate({ ...QUESTION, apiUrl, key: 'k' })).toEqual({
      answer: 'hold',
      reasons: ['data is missing'],
      failMode: 'hold',
    });
    expect(asked).toEqual([
      {
        authorization: 'Bearer k',
        question: {
          actor: { id: 'autoscaler/checkout', type: 'autoscaler' },
          action: { kind: 'scale.down', stage: 'scaling', from: { replicas: 4 }, to: { replicas: 3 } },
          target: { service: 'checkout', env: 'demo' },
        },
      },
    ]);
  });

  it.each([
    ['cannot judge', 503, '{"detail":"The gate is closing."}', 'The gate is closing.'],
    ['answers nonsense', 200, '{}', 'the gate answered 200'],
    ['is something else', 200, 'hello', 'Unexpected token'],
  ])('counts a gate that %s as unreachable', async (_, status, body, reason) => {
    const { apiUrl } = await gateThatAnswers(status, body);
    const { answer, reasons } = await askGate({ ...QUESTION, apiUrl });
    expect(answer).toBe('unreachable');
    expect(reasons[0]).toContain(reason);
  });

  it('counts no gate at all as unreachable', async () => {
    expect(await askGate({ ...QUESTION, apiUrl: 'http://127.0.0.1:1' })).toMatchObject({
      answer: 'unreachable',
    });
  });
});
