import { userInfo } from 'node:os';
import { Command } from 'commander';
import { readSigningKey } from '../../gates/receipts/signing-key.ts';
import { type Statement, signStatement } from '../../gates/receipts/statement.ts';
import { PATIENT_TIMEOUT_MS } from '../api-client.ts';
import { type ClientFlags, connectApi, examples, print, withClientFlags } from '../client-flags.ts';
import { acceptStatement, revokeStatement } from '../reference-statement.ts';
import { textTable } from '../text-table.ts';

interface PeriodFlags extends ClientFlags {
  readonly from: string;
  readonly until: string;
  readonly service?: readonly string[];
}

interface ReferenceRow {
  readonly id: string;
  readonly services: readonly string[];
  readonly held: readonly string[];
  readonly from: string;
  readonly until: string;
  readonly acceptedBy: string;
  readonly acceptedAt: string;
  readonly reason: string;
  readonly hash: string;
  readonly state: string;
  readonly signature: Signature;
  readonly revoked: { readonly signature: Signature } | null;
}

interface Signature {
  readonly state: string;
  readonly signer: string | null;
}

interface PersonFlags {
  readonly reason: string;
  readonly by: string;
  readonly sign?: string;
}

interface Proposal {
  readonly from: string;
  readonly until: string;
  readonly hash: string;
  readonly frozen: readonly {
    readonly service: string;
    readonly inForce: string | null;
    readonly metrics: readonly {
      readonly metric: string;
      readonly coverageRatio: number;
      readonly minutes: number;
      readonly bins: number;
      readonly versusInForce: { readonly ratio: number | null; readonly sharedBins: number } | null;
    }[];
  }[];
  readonly warnings: readonly { readonly code: string; readonly text: string }[];
}

export function referenceCommand(): Command {
  return new Command('reference')
    .description('what people accepted as normal: what drift is held against')
    .addCommand(proposeCommand())
    .addCommand(acceptCommand())
    .addCommand(revokeCommand())
    .addCommand(listCommand());
}

function withPeriodFlags(command: Command): Command {
  return withClientFlags(command)
    .requiredOption('--from <time>', 'start of the period, such as 2026-11-02T00:00:00Z')
    .requiredOption('--until <time>', 'its end; whole ten minutes, both')
    .option('--service <name...>', 'of these services only (default: all)');
}

/** Whoever accepts or revokes is named: the user of this machine unless told. */
function withPersonFlags(command: Command): Command {
  return command
    .requiredOption('--reason <text>', 'why')
    .option('--by <name>', 'who stands for it', userInfo().username)
    .option('--sign <file>', 'private key to sign it with, as "plumbline key new" makes one');
}

/** Nothing without a key; with one, the act as it is at this moment, signed. */
function signatureOf({ sign }: PersonFlags, statementAt: (at: string) => Statement) {
  if (sign === undefined) return {};
  const at = new Date().toISOString();
  return { signature: { at, value: signStatement(statementAt(at), readSigningKey(sign)) } };
}

function proposeCommand(): Command {
  return withPeriodFlags(new Command('propose'))
    .description('show what would be accepted; nothing is stored')
    .addHelpText(
      'after',
      examples(
        'reference propose --from 2026-11-02T00:00:00Z --until 2026-11-16T00:00:00Z --service checkout',
      ),
    )
    .action(async (flags: PeriodFlags) => {
      const api = connectApi(flags, PATIENT_TIMEOUT_MS);
      const proposal = await api.postJson<Proposal>('/references/propose', periodOf(flags));
      print(flags, proposal, () => proposalText(proposal, flags));
    });
}

function acceptCommand(): Command {
  return withPersonFlags(withPeriodFlags(new Command('accept')))
    .description('accept a period as normal, as propose showed it')
    .requiredOption('--hash <hash>', 'the hash that propose showed')
    .action(async (flags: PeriodFlags & PersonFlags & { hash: string }) => {
      const { hash, reason, by } = flags;
      const signature = signatureOf(flags, (at) => acceptStatement({ hash, by, reason, at }));
      const body = { ...periodOf(flags), hash, reason, acceptedBy: by, ...signature };
      const accepted = await connectApi(flags, PATIENT_TIMEOUT_MS).postJson<ReferenceRow>(
        '/references',
        body,
      );
      print(flags, accepted, () => `Accepted by ${accepted.acceptedBy}: ${accepted.id}\n`);
    });
}

function revokeCommand(): Command {
  return withPersonFlags(withClientFlags(new Command('revoke')))
    .description('take a reference back; the one accepted before it is then in force again')
    .argument('<id>', 'as listed')
    .action(async (id: string, flags: ClientFlags & PersonFlags) => {
      const { by, reason } = flags;
      const signature = signatureOf(flags, (at) => revokeStatement({ id, by, reason, at }));
      const body = { revokedBy: by, reason, ...signature };
      const path = `/references/${encodeURIComponent(id)}/revoke`;
      const revoked = await connectApi(flags).postJson<ReferenceRow>(path, body);
      print(flags, revoked, () => `Revoked by ${flags.by}: ${revoked.id}\n`);
    });
}

function listCommand(): Command {
  return withClientFlags(new Command('list'))
    .description('list every reference that was ever accepted, newest first')
    .action(async (flags: ClientFlags) => {
      const body = await connectApi(flags).getJson<{ references: readonly ReferenceRow[] }>('/references');
      print(flags, body, () => listText(body.references));
    });
}

function periodOf({ from, until, service }: PeriodFlags) {
  return { from, until, services: service ?? [] };
}

function proposalText({ from, until, hash, frozen, warnings }: Proposal, flags: PeriodFlags): string {
  const rows = frozen.flatMap(({ service, metrics }) =>
    metrics.map(({ metric, coverageRatio, minutes, bins, versusInForce }) => [
      service,
      metric,
      `${(100 * coverageRatio).toFixed(0)} %`,
      String(minutes),
      String(bins),
      versusText(versusInForce),
    ]),
  );
  const of = (flags.service ?? []).length === 0 ? '' : ` --service ${flags.service?.join(' ')}`;
  return [
    `From ${from} until ${until} would be accepted:`,
    textTable(['SERVICE', 'METRIC', 'COVERAGE', 'MINUTES', 'LOADS', 'VERSUS IN FORCE'], rows),
    ...warnings.map(({ code, text }) => `warning: ${text} (${code})`),
    'To accept exactly this:',
    `  plumbline reference accept --from ${from} --until ${until}${of} --hash ${hash} --reason "…"`,
    '',
  ].join('\n');
}

function versusText(versus: Proposal['frozen'][number]['metrics'][number]['versusInForce']): string {
  if (versus === null) return 'new';
  if (versus.ratio === null) return 'no load in common';
  const percent = 100 * (versus.ratio - 1);
  return `${percent < 0 ? '' : '+'}${percent.toFixed(1)} % at ${versus.sharedBins} loads`;
}

function listText(references: readonly ReferenceRow[]): string {
  if (references.length === 0) return 'No reference was ever accepted: nothing says what is normal.\n';
  const rows = references.map((reference) => [
    reference.state,
    reference.services.length === 0 ? `all (${reference.held.length})` : reference.held.join(', '),
    reference.from,
    reference.until,
    reference.acceptedBy,
    reference.acceptedAt,
    signatureText(reference),
    reference.id,
    reference.reason,
  ]);
  return textTable(['STATE', 'SERVICES', 'FROM', 'UNTIL', 'ACCEPTED BY', 'AT', 'SIGNED', 'ID', 'WHY'], rows);
}

/** The worse one of what was accepted and what was taken back. */
function signatureText({ signature, revoked }: ReferenceRow): string {
  const { state, signer } =
    revoked !== null && revoked.signature.state !== 'valid' ? revoked.signature : signature;
  return signer === null ? state : `${state} (${signer})`;
}
