/** An export of some SERVER spans of one service in OTLP/JSON, each of a trace of its own, that ended `ageMs` ago. */
export function spansOf(service: string, of: { readonly count: number; readonly ageMs: number }): Buffer {
  const endMs = Date.now() - of.ageMs;
  const spans = Array.from({ length: of.count }, (_, i) => ({
    traceId: randomHex(32),
    spanId: randomHex(16),
    name: 'GET /things',
    kind: 2,
    flags: 1,
    startTimeUnixNano: `${endMs - 20 - i}000000`,
    endTimeUnixNano: `${endMs - i}000000`,
  }));
  const attributes = [
    { key: 'service.name', value: { stringValue: service } },
    { key: 'service.instance.id', value: { stringValue: 'one' } },
  ];
  return Buffer.from(
    JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] }),
  );
}

function randomHex(digits: number): string {
  return Array.from({ length: digits / 8 }, () =>
    Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
}
