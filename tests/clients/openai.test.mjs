// The official client against `hone serve MODEL`: node --test, with HONE naming the program and MODEL a model directory.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import OpenAI from "openai";

const { HONE: hone, MODEL: model } = process.env;
const question = "What is 12 + 7?";
const messages = [{ role: "user", content: question }];

// The program while it serves; `address` is what it printed.
async function serve(...options) {
  const child = spawn(hone, ["serve", model, "--name", "tiny", "--port", "0", ...options]);
  let out = "", err = "";
  child.stderr.on("data", (piece) => (err += piece));
  const ended = new Promise((resolve) => child.on("close", (code) => resolve(code)));
  const address = await new Promise((resolve, reject) => {
    child.stdout.on("data", (piece) => (out += piece).endsWith("\n") && resolve(out.trim()));
    ended.then(() => reject(new Error(err)));
  });
  const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: "none", maxRetries: 0 });
  const end = async () => (child.kill("SIGTERM"), [await ended, err]);
  return { address, client, end };
}

let server, client;
before(async () => ({ client } = server = await serve("--queue", "2000")));
after(async () => {
  const [code, err] = await server.end();
  assert.equal(code, 0, err);
});

const ask = (more) => client.chat.completions.create({ model: "tiny", messages, max_tokens: 12, seed: 7, ...more });
const rejected = async (promise, status, what) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.status, status, error.message);
    assert.match(error.message, what);
    return true;
  });

test("models are listed", async () => {
  const list = [];
  for await (const one of client.models.list()) list.push(one);
  assert.deepEqual(list.map((one) => [one.id, one.object]), [["tiny", "model"]]);
});

test("the same seed gives the completion of hone sample", async () => {
  for (const temperature of [0, 0.8]) {
    const reply = await ask({ n: 3, temperature });
    const sampled = spawnSync(hone, ["sample", model, question, "-n", "3", "--seed", "7", "--json",
      "--temperature", `${temperature}`, "--max-new-tokens", "12"], { encoding: "utf8" });
    const lines = sampled.stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(reply.choices.map((choice) => choice.message.content), lines.map((line) => line.completion));
    assert.deepEqual(reply.choices.map((choice) => choice.finish_reason),
      lines.map((line) => (line.finish === "length" ? "length" : "stop")));
    assert.equal(reply.usage.prompt_tokens, lines[0].prompt_ids.length);
    assert.equal(reply.usage.completion_tokens, lines.reduce((sum, line) => sum + line.ids.length, 0));
  }
});

test("a stream holds the same", async () => {
  const whole = await ask({ n: 2, temperature: 0.8 });
  const stream = await ask({ n: 2, temperature: 0.8, stream: true, stream_options: { include_usage: true } });
  const texts = ["", ""];
  let chunks = 0, usage = null;
  for await (const chunk of stream) {
    chunks += 1;
    for (const choice of chunk.choices) texts[choice.index] += choice.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.deepEqual(texts, whole.choices.map((choice) => choice.message.content));
  assert.ok(chunks > 2, `${chunks} chunks`);
  assert.deepEqual(usage, whole.usage);
});

test("the client's stream helper understands it", async () => {
  const runner = client.chat.completions.stream({ model: "tiny", messages, max_tokens: 12, seed: 7 });
  const reply = await runner.finalChatCompletion();
  assert.equal(reply.choices[0].message.content, (await ask({})).choices[0].message.content);
});

test("log-probabilities are those of a distribution", async () => {
  const reply = await ask({ logprobs: true, top_logprobs: 5, temperature: 0 });
  const { content } = reply.choices[0].logprobs;
  assert.equal(content.length, reply.usage.completion_tokens);
  for (const token of content) {
    assert.equal(token.top_logprobs.length, 5);
    assert.equal(token.top_logprobs[0].token, token.token, "greedy takes the likeliest");
    assert.ok(token.top_logprobs.reduce((sum, top) => sum + Math.exp(top.logprob), 0) <= 1 + 1e-5);
  }
});

test("stop strings end a completion and are not in it", async () => {
  const text = (await ask({ temperature: 0 })).choices[0].message.content;
  const stop = text.slice(2, 4);
  const cut = await ask({ temperature: 0, stop });
  assert.equal(cut.choices[0].message.content, text.slice(0, text.indexOf(stop)));
  assert.equal(cut.choices[0].finish_reason, "stop");
});

test("text completions, of texts and of ids", async () => {
  const reply = await client.completions.create({ model: "tiny", prompt: ["1 + 1", "2 + 2"], n: 2, max_tokens: 3, logprobs: 1 });
  assert.equal(reply.choices.length, 4);
  assert.ok(reply.choices.every((choice) => choice.logprobs.tokens.length <= 3));
  assert.equal((await client.completions.create({ model: "tiny", prompt: [5, 6] })).choices.length, 1);
});

test("errors are those that the client knows", async () => {
  await rejected(ask({ temperature: 1000 }), 400, /temperature/);
  await rejected(ask({ model: "gpt-4o" }), 404, /gpt-4o/);
  await rejected(ask({ messages: [{ role: "user", content: "x ".repeat(4000) }] }), 400, /context/);
  await rejected(ask({ tools: [{ type: "function", function: { name: "f" } }] }), 400, /not supported/);
  await rejected(ask({ temprature: 1 }), 400, /did you mean temperature/);
});

test("a client that goes away frees its place", async () => {
  const stream = await ask({ stream: true, n: 100, max_tokens: 100 });
  for await (const chunk of stream) {
    assert.ok(chunk.id);
    break;  // the client closes the connection
  }
  for (;;) {
    const metrics = await (await fetch(`${server.address}/metrics`)).text();
    if (metrics.includes("\nhone_completions_running 0\n")) break;
  }
});

test("a thousand short requests of 64 clients, beside rude ones", async () => {
  const port = new URL(server.address).port;
  const rude = [];
  const open = (bytes) => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(bytes);
    rude.push(socket);
  };
  const head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n";
  for (let i = 0; i < 10; ++i) {
    open("POST /v1/chat");                                  // stalls in its head
    open(`${head}Content-Length: 1000\r\n\r\n{"messages`);  // stalls in its body
    open(`${head}Content-Length: 99999999999\r\n\r\n`);     // too large
    open("\0\x01\x02\r\n\r\n");                             // no HTTP
    open(`${head}Content-Length: 2\r\n\r\n{}`);             // never reads its answer
  }
  let next = 0;
  const answers = [];
  await Promise.all(Array.from({ length: 64 }, async () => {
    while (next < 1000) {
      const seed = next++;
      const reply = await ask({ seed, max_tokens: 1 + (seed % 5), stream: false });
      answers[seed] = reply.usage.completion_tokens;
    }
  }));
  assert.equal(answers.length, 1000);
  answers.forEach((tokens, seed) => assert.ok(tokens >= 1 && tokens <= 1 + (seed % 5)));
  rude.forEach((socket) => socket.destroy());
});

test("beyond its queue it says that it is busy", async () => {
  const small = await serve("--queue", "1", "--parallel", "1", "--context", "128");
  const slow = (seed) => small.client.chat.completions.create({ model: "tiny", messages, max_tokens: 90, n: 30, seed });
  const results = await Promise.allSettled(Array.from({ length: 12 }, (_, seed) => slow(seed)));
  const refused = results.filter((result) => result.status === "rejected");
  assert.ok(refused.length > 0);
  for (const { reason } of refused) assert.equal(reason.status, 429, reason.message);
  assert.ok(results.some((result) => result.status === "fulfilled"));
  assert.equal((await small.end())[0], 0);
});
