import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admitGuest } from '../../store/engine/admit-guest.ts';
import { splitInsert } from '../../store/engine/split-insert.ts';
import { migrationStatements } from '../../store/migrate.ts';
import { sqlTokens } from '../../store/sql-tokens.ts';

/** Kind and text of each token. */
function read(sql: string): string[] {
  return [...sqlTokens(sql)].map((token) => `${token.kind}:${token.text}`);
}

describe('sqlTokens', () => {
  it.each([
    ['SELECT a1,_b', ['word:SELECT', 'word:a1', 'symbol:,', 'word:_b']],
    ["'a''b' 'c\\'d' 'e\\\\'", ["string:a'b", "string:c'd", 'string:e\\']],
    ['`a``b` "c""d" `\\x66ile`', ['name:a`b', 'name:c"d', 'name:file']],
    ['‘it\\’ “a b”', ['string:it\\', 'name:a b']],
    ['1 -- x\n2 // y\n3 # z\n4 #! w\n5', ['number:1', 'number:2', 'number:3', 'number:4', 'number:5']],
    ['a /* b /* c */ d */ e', ['word:a', 'word:e']],
    ["a/**/b '/* c' d -- */", ['word:a', 'word:b', 'string:/* c', 'word:d']],
    ["$$a'b$$ $t$c$$d$t$ a$b $x", ["string:a'b", 'string:c$$d', 'word:a$b', 'word:$x']],
    ["'open", ["broken:quote ' at offset 0 is not closed"]],
    ['x /* open', ['word:x', 'broken:comment at offset 2 is not closed']],
    ['1--2', ['number:1']],
    ['', []],
  ])('reads %j', (sql, tokens) => {
    expect(read(sql)).toEqual(tokens);
  });

  it('covers its source: nothing but white space and comments lies between tokens', () => {
    const piece = fc.constantFrom(...'\'"`\\-/*#;$() \nax1‘’“”', '/*', '*/', '--', '# ', '$a$');
    const whole = fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const sql = pieces.join('');
      let end = 0;
      for (const token of sqlTokens(sql)) {
        expect(token.start).toBeGreaterThanOrEqual(end);
        expect(token.end).toBeGreaterThan(token.start);
        expect(sql.slice(end, token.start)).toMatch(
          /^(\s|--.*(\n|$)|\/\/.*(\n|$)|#[ !].*(\n|$)|\/\*[\s\S]*\*\/)*$/,
        );
        end = token.end;
      }
    });
    fc.assert(whole, { numRuns: 2_000 });
  });
});

describe('admitGuest', () => {
  it('writes what it has looked at: the same tokens, and the same again', () => {
    const piece = fc.constantFrom(
      ...'\'"`\\-/*#$() \nax1‘’“”',
      '/*',
      '*/',
      '--',
      '# ',
      "''",
      '\\x66',
      '$$',
      ' a ',
    );
    let admitted = 0;
    const whole = fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
      const sql = `SELECT ${pieces.join('')}`;
      const tokens = read(sql);
      fc.pre(!tokens.some((token) => token.startsWith('broken') || token === 'symbol:#'));
      const written = admitGuest(sql, new Set());
      expect(read(written)).toEqual(tokens);
      expect(admitGuest(written, new Set())).toBe(written);
      expect(written).not.toMatch(/^[^'"`]*(--|\/\*|\/\/)/);
      admitted++;
    });
    fc.assert(whole, { numRuns: 3_000 });
    expect(admitted).toBeGreaterThan(300);
  });
});

describe('splitInsert', () => {
  it.each([
    ['INSERT INTO t FORMAT CSV\n1,2', 'INSERT INTO t ', '', 'CSV', '1,2'],
    ['insert into t (a, `b c`) format CSV 1,2', 'insert into t (a, `b c`) ', '', 'CSV', '1,2'],
    [
      "INSERT INTO t SETTINGS a = 1, b = 'VALUES' FORMAT TSV\r\n\n1",
      'INSERT INTO t ',
      "SETTINGS a = 1, b = 'VALUES' ",
      'TSV',
      '\n1',
    ],
    ['INSERT INTO values (format) VALUES (1)', 'INSERT INTO values (format) ', '', 'Values', ' (1)'],
    ['INSERT INTO TABLE db.format VALUES(1)', 'INSERT INTO TABLE db.format ', '', 'Values', '(1)'],
    [
      "/* FORMAT X */ INSERT INTO FUNCTION file('VALUES') -- y\nVALUES (1)",
      "/* FORMAT X */ INSERT INTO FUNCTION file('VALUES') -- y\n",
      '',
      'Values',
      ' (1)',
    ],
  ])('finds the data of %j', (sql, target, settings, format, data) => {
    const head = splitInsert(sql);
    expect(head).toMatchObject({ target, settings, format });
    expect(sql.slice(head?.dataAt)).toBe(data);
  });

  it.each([
    'SELECT 1 FORMAT CSV',
    'INSERT INTO t SELECT 1 FORMAT CSV',
    'INSERT INTO t (a) WITH 1 AS x SELECT x',
    "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
    'INSERT INTO t',
    "INSERT INTO t 'open",
    '',
  ])('sees no data in %j', (sql) => {
    expect(splitInsert(sql)).toBe(null);
  });
});

describe('migrationStatements', () => {
  it('splits at semicolons that are not in strings or comments', () => {
    const text =
      "-- why; how\nCREATE TABLE a; -- undo: DROP a;\n\nSELECT ';' -- x\n  FROM b;\n;\nSELECT 3\n-- end";
    expect(migrationStatements(text)).toEqual(['CREATE TABLE a', "SELECT ';' -- x\n  FROM b", 'SELECT 3']);
  });
});
