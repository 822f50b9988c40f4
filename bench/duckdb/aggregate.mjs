// Aggregates a trials.jsonl with DuckDB's typed read_ndjson, three times; prints the median seconds of wall and of CPU.
// usage: node aggregate.mjs TRIALS_JSONL THREADS
// SPDX-License-Identifier: Apache-2.0
import { DuckDBInstance } from '@duckdb/node-api';

const [path, threads] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { threads });
const connection = await instance.connect();

// Only the members that the aggregate needs, with their types, so that DuckDB guesses nothing and skips the others.
const query = `
  SELECT cell, seed, outcome, count(*) AS trials, sum(CASE WHEN task_success THEN 1 ELSE 0 END) AS solved,
         sum(CASE WHEN attack.exposed THEN 1 ELSE 0 END) AS exposed, sum(turns) AS turns, sum(tool_calls) AS calls
  FROM read_ndjson('${path.replaceAll("'", "''")}', columns = {
    cell: 'VARCHAR', task: 'VARCHAR', seed: 'BIGINT', outcome: 'VARCHAR', task_success: 'BOOLEAN',
    attack: 'STRUCT(exposed BOOLEAN)', turns: 'INTEGER', tool_calls: 'INTEGER'})
  GROUP BY ALL`;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const wall = [];
const cpu = [];
for (let repeat = 0; repeat < 3; repeat += 1) {
  const cpuBefore = process.cpuUsage();
  const begin = performance.now();
  const result = await connection.runAndReadAll(query);
  if (result.currentRowCount === 0) throw new Error('DuckDB read no rows');
  wall.push((performance.now() - begin) / 1000);
  const used = process.cpuUsage(cpuBefore);
  cpu.push((used.user + used.system) / 1e6);
}
console.log(`${median(wall).toFixed(3)} ${median(cpu).toFixed(3)}`);
