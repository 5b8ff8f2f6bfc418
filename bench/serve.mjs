// What serving costs beside decoding: tokens a second that 32 clients get, with whole answers and with streams,
// against those of requests that keep the batch full by themselves. Taken in turn; between two looks at
// /metrics while all are busy.
//
//   node bench/serve.mjs MODEL [ROUNDS=5] [SECONDS=4] [HONE=build/release/hone]
import { spawn } from "node:child_process";
import http from "node:http";

const [model, rounds = 5, seconds = 4, hone = "build/release/hone"] = process.argv.slice(2);
const clients = 32, tokens = 200;
const server = spawn(hone, ["serve", model, "--name", "m", "--port", "0", "--parallel", `${clients}`],
  { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => server.kill());
const address = await new Promise((found, failed) => {
  let said = "";
  server.stdout.on("data", (piece) => (said += piece).endsWith("\n") && found(said.trim()));
  server.on("exit", (code) => failed(new Error(`hone serve ended with ${code}`)));
});

const agent = new http.Agent({ keepAlive: true, maxSockets: 2 * clients });
const sleep = (s) => new Promise((done) => setTimeout(done, 1000 * s));

function ask(n, stream, seed) {
  let request;
  const ended = new Promise((done, failed) => {
    request = http.request(`${address}/v1/completions`, { method: "POST", agent }, (answer) => {
      if (answer.statusCode !== 200) failed(new Error(`status ${answer.statusCode}`));
      answer.on("data", () => {}).on("end", done).on("error", done);
    });
    request.on("error", done);
  });
  request.end(JSON.stringify({ prompt: [5, 6, 7, 8], n, stream, seed, temperature: 2, max_tokens: tokens }));
  return { ended, drop: () => request.destroy() };
}

async function sampled() {
  const text = await (await fetch(`${address}/metrics`)).text();
  return Number(/completion_tokens_total (\d+)/.exec(text)[1]);
}

async function rate() {
  await sleep(0.7); // until all are at work
  const before = await sampled(), start = performance.now();
  await sleep(Number(seconds));
  return ((await sampled()) - before) / (performance.now() - start) * 1000;
}

async function engine(round) {
  const full = Array.from({ length: 3 * seconds }, (_, i) => ask(128, false, 1000 * round + i));
  const tokensASecond = await rate();
  for (const request of full) request.drop();
  await Promise.all(full.map((request) => request.ended));
  await sleep(0.5);
  return tokensASecond;
}

let seed = 0;
async function served(stream) {
  let asking = true;
  const all = Array.from({ length: clients }, async () => {
    while (asking) await ask(1, stream, ++seed).ended;
  });
  const tokensASecond = await rate();
  asking = false;
  await Promise.all(all);
  return tokensASecond;
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const found = { engine: [], whole: [], streams: [] };
for (let round = 0; round < rounds; ++round) {
  found.engine.push(await engine(round));
  found.whole.push(await served(false));
  found.streams.push(await served(true));
}
for (const [name, rates] of Object.entries(found)) {
  const share = median(rates.map((rate, round) => rate / found.engine[round]));
  console.log(`${name.padEnd(8)} ${median(rates).toFixed(0)} tokens/s, ${share.toFixed(3)} of the engine's ` +
    `(medians of ${rates.map((rate) => rate.toFixed(0)).join(" ")})`);
}
process.exit(0);
