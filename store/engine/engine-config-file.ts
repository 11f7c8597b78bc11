import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The database that shows files of this machine as tables. chdb always makes one and would make it of `default`,
 * where `SELECT * FROM "/etc/passwd"` then is a query like any other; under a name of its own it can be withheld.
 */
export const FILES_DATABASE = 'plumbline_local_files';

/** Right of callers without the internal token: reading tables, and nothing of files, addresses or programs. */
export const GUEST_ROLE = 'plumbline_guest';

/**
 * Writes the engine's configuration into its directory and gives the path of the file. It is ours alone: written
 * anew at every start, so that an upgrade of Plumbline brings its own.
 */
export async function writeEngineConfig(enginePath: string): Promise<string> {
  const configPath = join(enginePath, 'plumbline-config.xml');
  const usersPath = join(enginePath, 'plumbline-users.xml');
  await writeFile(usersPath, USERS, { mode: 0o600 });
  await writeFile(configPath, config(usersPath), { mode: 0o600 });
  return configPath;
}

/**
 * Caches sized for a machine that is shared with everything else (ClickHouse's own defaults sum to 20 GB), and
 * rows on disk when an insert is answered: the spool forgets them then.
 *
 * What an insert brings is one file a part and not one a column, each to be synced: another process's fdatasync at
 * full load then takes 10 to 16 ms at its p99, not 90. Merges make the wide parts: two at a time and not four, with
 * buffers that grow, so that each takes up to 100 MB and not 250, for as many rows a second (2 cores). They wait for
 * more parts than by default: with batches of 20,000 rows a span costs 27 µs of engine time and not 44. Twelve parts at
 * a time: each takes 8 MB, and what a long merge left waiting was merged fifty parts at a time. From 150 parts on inserts
 * wait a little, more with each part, and at 1,000 they are told to come later, so that merges, which step back behind
 * them, keep up. Under full load without it the parts of all tables only grew, to 4,275 after 18 minutes; with it from
 * 100 parts on, they stayed at some 950 from the fourth minute to the ninth, at a rate 7 % lower.
 *
 * Nothing is begun that would leave less than 64 MiB of the disk. A merge that runs into a full disk may put a part in
 * force whose marks are empty (chdb 3.4), and then its table cannot be read: 14 of 55 runs of `full-disk.test.ts`
 * without this, none of 42 with it. An insert is refused as NOT_ENOUGH_SPACE, a store that is away.
 */
function config(usersPath: string): string {
  return `<clickhouse>
  <timezone>UTC</timezone>
  <default_database>${FILES_DATABASE}</default_database>
  <users_config>${xmlText(usersPath)}</users_config>
  <user_directories><users_xml><path>${xmlText(usersPath)}</path></users_xml></user_directories>
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>268435456</mark_cache_size>
  <index_mark_cache_size>67108864</index_mark_cache_size>
  <primary_index_cache_size>268435456</primary_index_cache_size>
  <storage_configuration>
    <disks><default><keep_free_space_bytes>67108864</keep_free_space_bytes></default></disks>
  </storage_configuration>
  <background_merges_mutations_concurrency_ratio>1</background_merges_mutations_concurrency_ratio>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <merge_selector_base>10</merge_selector_base>
    <max_parts_to_merge_at_once>12</max_parts_to_merge_at_once>
    <parts_to_delay_insert>150</parts_to_delay_insert>
    <parts_to_throw_insert>1000</parts_to_throw_insert>
    <min_columns_to_activate_adaptive_write_buffer>1</min_columns_to_activate_adaptive_write_buffer>
    <merge_max_block_size_bytes>2097152</merge_max_block_size_bytes>
    <min_bytes_for_wide_part>268435456</min_bytes_for_wide_part>
  </merge_tree>
</clickhouse>
`;
}

/**
 * A session has both roles until it gives one up (SET ROLE). The engine itself then refuses whatever is not
 * granted: file(), url() and their kin need READ ON FILE, READ ON URL.
 */
const USERS = `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <roles>
    <plumbline_internal><grants><query>GRANT ALL ON *.* WITH GRANT OPTION</query></grants></plumbline_internal>
    <${GUEST_ROLE}>
      <grants>
        <query>GRANT SELECT, SHOW ON default.*</query>
        <query>GRANT SELECT, SHOW ON system.*</query>
        <query>GRANT SELECT, SHOW ON information_schema.*</query>
        <query>GRANT SELECT, SHOW ON INFORMATION_SCHEMA.*</query>
        <query>GRANT dictGet ON *.*</query>
      </grants>
    </${GUEST_ROLE}>
  </roles>
  <users>
    <default>
      <password/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT plumbline_internal</query>
        <query>GRANT ${GUEST_ROLE}</query>
      </grants>
    </default>
  </users>
</clickhouse>
`;

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
