import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyableCommand } from '../../alerts/copyable-command.ts';
import { codeText, markdownText, oneLine } from '../../alerts/safe-text.ts';

describe('copyableCommand', () => {
  it('hands hostile names to the program as they are, whatever the shell', () => {
    const hostile = [
      'x; touch /tmp/owned',
      '$(id)',
      '`id`',
      "it's",
      '--help',
      '',
      '"',
      '\\',
      'a\nb',
      '!!',
      '*',
      '日本',
    ];
    const names = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary', maxLength: 40 }));
    const property = fc.property(fc.array(names, { minLength: 20, maxLength: 20 }), (services) => {
      // One shell for many names: printf shows each argument after the program and its subcommand.
      const script = services
        .map((service) =>
          copyableCommand('verdicts', { service }).replace('npx plumbline verdicts', "printf '%s\\0'"),
        )
        .join('\n');
      const shown = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
      expect(shown).toEqual(services.map((service) => `--service=${oneLine(service)}`));
    });
    fc.assert(property, { numRuns: 25, seed: 20261123 });
  });

  it('leaves plain names without quotes', () => {
    expect(copyableCommand('verdicts', { service: 'shop.checkout-v2' })).toBe(
      'npx plumbline verdicts --service=shop.checkout-v2',
    );
  });
});

describe('markdownText', () => {
  it.each([
    ['p95_ms <= 250', 'p95_ms <= 250'],
    ['_boom_ **now**', '\\_boom\\_ \\*\\*now\\*\\*'],
    ['<img src=x onerror=alert(1)>', '\\<img src=x onerror=alert(1)>'],
    ['[click](http://evil)', '\\[click\\](http\\://evil)'],
    ['www.evil.example', 'www\\.evil.example'],
    ['a\n# heading', 'a \\# heading'],
    ['| cell `code`', '\\| cell \\`code\\`'],
    ['&lt;b&gt; AT&T', '\\&lt;b\\&gt; AT\\&T'],
    ['gnp.exe\u202e', 'gnp.exe'],
  ])('%j becomes %j', (text, expected) => {
    expect(markdownText(text)).toBe(expected);
  });

  it('stays on one line and cannot end a code block', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(oneLine(text)).not.toMatch(/[\n\r\t\u2028]/);
        expect(oneLine(text).length).toBeLessThanOrEqual(200);
        expect(codeText(text)).not.toContain('`');
      }),
      { seed: 20261123 },
    );
  });
});
