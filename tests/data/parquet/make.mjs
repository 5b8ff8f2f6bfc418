// Makes the files of this folder with other projects' writers (Rust's arrow-rs and DuckDB), and beside them the
// rows as JSON lines:
//   npm install parquet-wasm@0.8.0 apache-arrow@21.2.0 @duckdb/node-api@1.5.6-r.1 && node make.mjs
import { writeFileSync } from 'node:fs';
import * as arrow from 'apache-arrow';
import wasm from 'parquet-wasm';
import { DuckDBInstance } from '@duckdb/node-api';

const field = (type) => new arrow.Field('element', type, true);
const text = new arrow.Utf8(), int = new arrow.Int32();
const types = {
  question: text, answer: new arrow.Int64(), level: int, easy: new arrow.Bool(),
  share: new arrow.Float64(), small: new arrow.Float32(), byte: new arrow.Uint8(), big: new arrow.Uint64(),
  messages: new arrow.List(field(new arrow.Struct([
    new arrow.Field('role', text, true), new arrow.Field('content', text, true)]))),
  tags: new arrow.List(field(text)),
  grid: new arrow.List(field(new arrow.List(field(int)))),
  meta: new arrow.Struct([
    new arrow.Field('source', text, true), new arrow.Field('ids', new arrow.List(field(int)), true)]),
};
const list = (count, item) => Array.from({ length: count }, (_, k) => item(k));
const rows = list(40, (i) => ({
  question: i % 7 === 3 ? null : `What is ${i} + ${i * i}? “naïve” \\ "q"\n`,
  answer: i % 5 === 4 ? null : BigInt(i + i * i) * (i % 2 ? -1n : 100000000000n),
  level: (i * 7919) % 100 - 50,
  easy: i % 3 === 0 ? null : i % 2 === 0,
  share: i % 11 === 5 ? null : i / 8,
  small: i === 6 ? NaN : i / 10,
  byte: 255 - i,
  big: 18446744073709551615n - BigInt(i),
  messages: i % 6 === 5 ? null : list(i % 4, (k) => (i + k) % 5 === 4 ? null :
    { role: k % 2 ? 'assistant' : 'user', content: k === 2 ? null : `turn ${k} of ${i}` }),
  tags: i % 4 === 3 ? null : list(i % 3, (k) => (i + k) % 4 ? ['algebra', 'geometry'][k] : null),
  grid: i % 9 === 8 ? null : list(i % 4, (k) => (i + k) % 6 === 1 ? null :
    list(k, (j) => (i + j) % 7 === 2 ? null : i * j)),
  meta: i % 8 === 7 ? null : { source: i % 3 ? 'aime' : null, ids: i % 2 ? [] : i % 4 ? null : [i, null, -i] },
}));
const json = (_, v) => typeof v === 'bigint' ? `#${v}#` : v;
writeFileSync('arrow.jsonl',
  rows.map((row) => JSON.stringify(row, json).replace(/"#(-?\d+)#"/g, '$1') + '\n').join(''));

const ipc = arrow.tableToIPC(new arrow.Table(Object.fromEntries(Object.entries(types).map(
  ([name, type]) => [name, arrow.vectorFromArray(rows.map((row) => row[name]), type)]))), 'stream');
const { Compression, Encoding, WriterVersion } = wasm;
const write = (name, set) => writeFileSync(`arrow_${name}.parquet`,
  wasm.writeParquet(wasm.Table.fromIPCStream(ipc), set(new wasm.WriterPropertiesBuilder()).build()));
const shortPages = (b) => b.setDataPageSizeLimit(64).setWriteBatchSize(4);
write('snappy', (b) => b.setCompression(Compression.SNAPPY).setMaxRowGroupSize(13));
write('gzip_plain', (b) => shortPages(b.setCompression(Compression.GZIP).setDictionaryEnabled(false)));
write('zstd_v2', (b) => shortPages(b.setCompression(Compression.ZSTD).setWriterVersion(WriterVersion.V2)));
write('deltas', (b) => b.setDictionaryEnabled(false).setWriterVersion(WriterVersion.V2));
write('streams', (b) => ['share', 'small', 'level'].reduce(
  (set, name) => set.setColumnEncoding(name, Encoding.BYTE_STREAM_SPLIT), b.setDictionaryEnabled(false)));
write('brotli', (b) => b.setCompression(Compression.BROTLI));

const db = await (await DuckDBInstance.create()).connect();
await db.run(`create table t as select i::int as id,
  case when i % 7 = 3 then null else 'What is ' || i || ' + 1? naïve "q"' || chr(10) end as question,
  (i * 1.25)::decimal(9,2) - 30 as price, ((i - 20) * 123456789012345678901.5)::decimal(38,3) as huge,
  (i * 1000)::decimal(18,4) as mid, i::utinyint as small, (18446744073709551615 - i::ubigint)::ubigint as big,
  i % 2 = 0 as even, i / 7.0 as share,
  case when i % 5 = 2 then null else [{'role': 'user', 'content': 'q' || i},
    {'role': 'assistant', 'content': case when i % 3 = 0 then null else 'a' || i end}] end as messages,
  case when i % 4 = 1 then [] else [i, null, -i] end as xs, {'a': i, 'b': {'c': [['x' || i], []]}} as s,
  map {'k' || i: i, 'z': -i} as m, date '2024-01-31' + i::int as day, '\\xFF\\x00'::blob as raw,
  'abc'::blob as letters from range(50) r(i)`);
await db.run("copy t to 'duck_snappy.parquet' (format parquet, codec snappy)");
await db.run("copy t to 'duck_v2.parquet' (format parquet, codec zstd, parquet_version v2)");
await db.run(`copy (select * replace (map_entries(m) as m, day - date '1970-01-01' as day, null as raw) from t)
  to 'duck.jsonl' (format json)`);
