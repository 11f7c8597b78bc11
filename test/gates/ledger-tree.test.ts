import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InclusionProof, rootOfProof } from '../../gates/ledger-proof.ts';
import { LedgerTree, leafHash, nodeHash } from '../../gates/ledger-tree.ts';

/** Entries and roots that implementations of RFC 6962 are tested with (certificate-transparency). */
const ENTRIES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = new Map([
  [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
]);

const treeOf = (entries: readonly string[]): LedgerTree => {
  const tree = new LedgerTree();
  for (const entry of entries) tree.append(entry);
  return tree;
};
const hashes = (count: number) =>
  Array.from({ length: count }, (_, index) => createHash('sha256').update(String(index)).digest('hex'));

/** The definition, word by word. */
function rootByDefinition(entries: readonly string[]): Buffer {
  if (entries.length === 0) return createHash('sha256').digest();
  if (entries.length === 1) return leafHash(entries[0] as string);
  let half = 1;
  while (2 * half < entries.length) half *= 2;
  return nodeHash(rootByDefinition(entries.slice(0, half)), rootByDefinition(entries.slice(half)));
}

describe('LedgerTree', () => {
  it.each([...ROOTS])('has the known root of %i entries', (size, root) => {
    expect(treeOf(ENTRIES.slice(0, size)).root().toString('hex')).toBe(root);
  });

  it('is the tree of the definition at every size, and goes on from its frontier as if never stopped', () => {
    const life = fc.property(fc.nat(70), fc.nat(70), (before, after) => {
      const entries = hashes(before + after);
      const stopped = treeOf(entries.slice(0, before));
      const tree = LedgerTree.from(JSON.parse(JSON.stringify(stopped.frontier())));
      for (const entry of entries.slice(before)) tree?.append(entry);
      expect(tree?.size).toBe(entries.length);
      expect(tree?.root()).toEqual(rootByDefinition(entries));
    });
    fc.assert(life, { numRuns: 200 });
  });

  it.each([
    ['a node too few', { size: 3, nodes: hashes(1) }],
    ['a node too many', { size: 4, nodes: hashes(2) }],
    ['a short node', { size: 1, nodes: ['00'] }],
  ])('is not made of %s', (_name, frontier) => {
    expect(LedgerTree.from(frontier)).toBeNull();
  });
});

describe('an inclusion proof', () => {
  it('leads every line of every tree to its root, and no other line, place or path', () => {
    for (let size = 1; size <= 20; size++) {
      const entries = hashes(size);
      const root = treeOf(entries).root();
      for (let index = 0; index < size; index++) {
        const proof = new InclusionProof(index, size);
        for (const [at, entry] of entries.entries()) proof.see(at, entry);
        const path = proof.path().map((hash) => Buffer.from(hash, 'base64'));
        const entry = entries[index] as string;
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
        expect(rootOfProof(entry, { index, size, path })).toEqual(root);
        const wrong = [
          rootOfProof(hashes(size + 1)[size] as string, { index, size, path }),
          ...hashes(size).flatMap((_, other) =>
            other === index ? [] : [rootOfProof(entry, { index: other, size, path })],
          ),
          rootOfProof(entry, { index, size, path: [...path, root] }),
          rootOfProof(entry, { index: size, size, path }),
          ...path.map((_, part) => rootOfProof(entry, { index, size, path: path.toSpliced(part, 1) })),
        ];
        for (const one of wrong) expect(one).not.toEqual(root);
      }
    }
  });
});
