// The `ai` SDK of npm against a served model: OpenAI Chat, OpenAI Responses and Anthropic Messages, plain and streamed.
//
//   node ai_loops.mjs BASE TRANSCRIPTS      run in the folder that tools/setup_sdks.sh filled
//
// Each kept dialogue is led again through the SDK's own agent loop, with tools that answer what is kept; every call that
// the model makes must be the one that the simulated agent made in the run. Dialogues of one user turn only.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

globalThis.AI_SDK_LOG_WARNINGS = false;
const from = createRequire(pathToFileURL(process.cwd() + "/").href);
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const { generateText, streamText, tool, jsonSchema, stepCountIs } = await load("ai");
const { createOpenAI } = await load("@ai-sdk/openai");
const { createAnthropic } = await load("@ai-sdk/anthropic");
const { createOpenAICompatible } = await load("@ai-sdk/openai-compatible");

const [base, file] = process.argv.slice(2);
const dialogues = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const first = await (await fetch(base + "/trial/0")).json();
const sorted = (value) => JSON.stringify(value, (_, v) =>
  v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v);

const kinds = {
  chat: (at) => createOpenAI({ baseURL: at + "/v1", apiKey: "any" }).chat("m"),
  compatible: (at) => createOpenAICompatible({ name: "x", baseURL: at + "/v1", apiKey: "any" })("m"),
  responses: (at) => createOpenAI({ baseURL: at + "/v1", apiKey: "any" }).responses("m"),
  messages: (at) => createAnthropic({ baseURL: at + "/v1", apiKey: "any" })("m"),
};

let differences = 0;
for (const [kind, model] of Object.entries(kinds)) {
  for (const streamed of [false, true]) {
    let led = 0;
    for (const { index, transcript } of dialogues) {
      const steps = transcript.steps;
      if (steps.filter((s) => s.kind === "user").length !== 1) continue;
      const wanted = steps.filter((s) => s.kind === "agent").flatMap((s) => s.calls ?? []);
      const results = steps.filter((s) => s.kind === "tool").map((s) => s.shown);
      const made = [];
      const tools = Object.fromEntries(first.tools.map((t) => [t.name, tool({
        description: t.description, inputSchema: jsonSchema(t.parameters),
        execute: async (input) => { made.push({ name: t.name, arguments: input }); return results[made.length - 1]; },
      })]));
      const given = { model: model(`${base}/trial/${index}`), tools, maxRetries: 0, stopWhen: stepCountIs(60),
        instructions: transcript.system, system: transcript.system, prompt: steps.find((s) => s.kind === "user").shown };
      delete given[process.env.AI_SYSTEM_KEY === "system" ? "instructions" : "system"];
      const result = streamed ? streamText({ ...given, onError: ({ error }) => { throw error; } }) : await generateText(given);
      const text = await result.text;
      const last = steps.filter((s) => s.kind === "agent").at(-1).shown;
      const same = made.length === wanted.length &&
        made.every((call, i) => call.name === wanted[i].name && sorted(call.arguments) === sorted(wanted[i].arguments));
      if (!same || text !== last) {
        differences++;
        console.log(`trial ${index}: ${JSON.stringify(made)} ${text} in place of ${JSON.stringify(wanted)} ${last}`);
      }
      led++;
    }
    console.log(`ai ${kind}${streamed ? " streamed" : ""}: ${led} dialogues`);
  }
}
process.exit(differences ? 1 : 0);
