import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ANCHORS, SOURCES } from './anchors.ts';
import { CASES } from './cases.ts';
import { tortureDocument } from './torture-document.ts';

it('docs/torture.md says what the suite asks', async () => {
  const names = CASES.map(({ name }) => name);
  expect(Object.keys(ANCHORS).filter((name) => !names.includes(name))).toEqual([]);
  const cited = Object.values(ANCHORS).flatMap((text) =>
    [...text.matchAll(/\[(\d+)\]/g)].map((match) => Number(match[1])),
  );
  expect([...new Set(cited)].sort()).toEqual(SOURCES.map((_source, index) => index + 1));
  await expect(tortureDocument()).toMatchFileSnapshot(join(import.meta.dirname, '../../docs/torture.md'));
});
