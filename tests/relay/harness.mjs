// An agent on the `ai` SDK, its tools over MCP; as harness.py. Run in the folder that tools/setup_sdks.sh filled.
//
//   node harness.mjs SDKS chat|messages
// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

globalThis.AI_SDK_LOG_WARNINGS = false;
const [sdks, kind] = process.argv.slice(2);
const from = createRequire(pathToFileURL(sdks + "/").href);
const load = (name) => import(pathToFileURL(from.resolve(name)).href);
const { streamText, tool, jsonSchema, stepCountIs } = await load("ai");
const { createOpenAI } = await load("@ai-sdk/openai");
const { createAnthropic } = await load("@ai-sdk/anthropic");

let count = 0;
const mcp = async (method, params) => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: ++count, method, params });
  const answer = await fetch(process.env.XSWEEP_MCP_URL, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  return (await answer.json()).result;
};
await mcp("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "ai" } });
const { tools: offered } = await mcp("tools/list", {});
const tools = Object.fromEntries(offered.map((t) => [t.name, tool({
  description: t.description, inputSchema: jsonSchema(t.inputSchema),
  execute: async (input) => (await mcp("tools/call", { name: t.name, arguments: input })).content[0].text,
})]));
const model = kind === "messages" ? createAnthropic({ baseURL: process.env.ANTHROPIC_BASE_URL + "/v1" })("m") : createOpenAI()[kind]("m");
const result = streamText({ model, tools, maxRetries: 0, stopWhen: stepCountIs(60), prompt: process.env.XSWEEP_PROMPT,
  onError: ({ error }) => { console.error(error); process.exit(1); } });
console.log(await result.text);
