// The pages in a real Chromium, over a real run: made here by the built program while the pages look on.
//
//   HONE_BINARY=build/release/hone PAGES_MODULES=build/release/web node web/tests/pages.test.mjs
//
// PAGES_PICTURES=FOLDER keeps pictures of every page, wide and narrow, light and dark. Everything it starts ends with
// it. Waits are for what is to be seen, never for a time.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';

const hone = resolve(process.env.HONE_BINARY ?? 'build/release/hone');
const modules = resolve(process.env.PAGES_MODULES ?? 'build/release/web');
const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(chromiumPath)) {
  console.log(`skipped: there is no ${chromiumPath} (tools/setup.sh test installs it)`);
  process.exit(77);
}
const { chromium } = createRequire(join(modules, 'package.json'))('playwright-core');
const pictures = process.env.PAGES_PICTURES;

const folder = mkdtempSync(join(tmpdir(), 'hone_pages_'));
const runs = join(folder, 'runs');
const children = [];
const kRecipe = `
name: first
model:
  init: {hidden_size: 32, intermediate_size: 64, layers: 2, heads: 2, kv_heads: 1, max_position_embeddings: 96}
  tokenizer: {vocab_size: 272, samples: 200}
data: {task: arithmetic, difficulty: 2}
sft: {steps: 30, batch_size: 32}
grpo:
  steps: 12
  inner_epochs: 2 # the second is off policy: a narrow clip cuts tokens off
  loss: {clip_low: 0.001, clip_high: 0.001}
  rollout: {prompts_per_step: 8, group_size: 8, max_new_tokens: 24}
  optimizer: {learning_rate: 1.0e-3}
eval: {problems: 30}
threads: 1
`;

function start(...args) {
  const child = spawn(hone, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  child.text = '';
  child.stdout.on('data', (d) => { child.text += d; });
  child.stderr.on('data', (d) => { child.text += d; });
  child.ended = new Promise((done) => child.on('close', (code) => done(code)));
  child.said = async (pattern) => {
    for (;;) {
      const found = pattern.exec(child.text);
      if (found) return found[0];
      if (child.exitCode !== null) throw new Error(`it ended: ${child.text}`);
      await Promise.race([child.ended, new Promise((r) => child.stdout.once('data', r))]);
    }
  };
  return child;
}
const train = (...settings) => start('train', join(folder, 'recipe.yaml'), ...[`runs=${runs}`, ...settings].flatMap((s) => ['--set', s]));

let browser, address;
const problems = []; // what the browser complained of

async function open(hash = '#/', options = {}) {
  const { token, at = address, ...rest } = options;
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...rest });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (e) => problems.push(`${hash}: ${e.message}`));
  page.on('console', (m) => { if (m.type() === 'error' && !/status of 40[14]/.test(m.text())) problems.push(`${hash}: ${m.text()}`); });
  page.on('request', (r) => { if (!r.url().startsWith(at)) problems.push(`${hash}: asked ${r.url()}`); });
  await page.goto(at + hash);
  return page;
}
// Playwright's waitForFunction would evaluate text in the page, which its content security policy forbids.
async function until(page, condition, argument) {
  const end = Date.now() + 20_000;
  while (!await page.evaluate(condition, argument)) {
    assert.ok(Date.now() < end, `never came true: ${condition}`);
    await page.waitForTimeout(30);
  }
}
const picture = async (page, name) => { if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) }); };

before(async () => {
  if (pictures) mkdirSync(pictures, { recursive: true });
  mkdirSync(runs);
  writeFileSync(join(folder, 'recipe.yaml'), kRecipe);
  const ui = start('ui', runs, '--port', '0');
  address = (await ui.said(/http:\/\/127\.0\.0\.1:\d+\//)).trim();
  browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
});

after(async () => {
  await browser?.close();
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('a run appears, grows and ends without a reload', async () => {
  const page = await open();
  await page.getByText('No runs yet').waitFor();
  await picture(page, 'runs-empty');
  const training = train();
  await training.said(/watch it/);
  training.kill('SIGSTOP'); // it would be at its end before a busy machine's browser has looked
  await page.getByRole('link', { name: 'first' }).waitFor();
  await page.evaluate(() => { window.sameDocument = true; });
  await page.locator('.state.running').waitFor();
  training.kill('SIGCONT');
  await page.getByRole('link', { name: 'first' }).click();
  await page.getByRole('heading', { name: 'Reward', exact: true }).waitFor(); // GRPO has begun
  await page.locator('.state.finished').waitFor();
  assert.equal(await training.ended, 0, training.text);
  assert.match(training.text, /watch it +hone ui /);
  await page.locator('.chart', { hasText: 'Reward' }).first().locator('.at', { hasText: 'step 12' }).waitFor();
  assert.equal(await page.evaluate(() => window.sameDocument), true);
  await page.context().close();
});

test('charts show the run: pointer, zoom, smoothing, logarithm', async () => {
  const page = await open('#/run/first');
  for (const title of ['Reward', 'Held-out accuracy', 'Reward by verifier', 'Truncated', 'Entropy', 'Clip fractions', 'Gradient norm', 'Dead groups', 'Tokens a second', 'Where the time went, s']) {
    await page.getByRole('heading', { name: title, exact: true }).waitFor();
  }
  const at = (title) => page.locator('.chart', { has: page.getByRole('heading', { name: title, exact: true }) });
  // The pointer over one chart tells the same step in all of them.
  const over = at('Reward').locator('.u-over');
  const box = await over.boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 50);
  const step = /step (\d+)/.exec(await at('Reward').locator('.at').innerText())[1];
  assert.ok(Number(step) > 1 && Number(step) < 12, step);
  for (const other of ['Gradient norm', 'Held-out accuracy']) assert.equal(await at(other).locator('.at').innerText(), `step ${step}`);
  // A zoom in one chart is a zoom of all.
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + 60, { steps: 4 });
  await page.mouse.up();
  const zoomed = page.getByRole('button', { name: /^steps \d+–\d+/ });
  const range = await zoomed.innerText();
  await page.reload(); // it is in the address
  assert.equal(await zoomed.innerText(), range);
  await zoomed.click();
  await page.getByRole('button', { name: 'whole range' }).waitFor();
  // Smoothing changes the value that the legend tells for the last step.
  await page.mouse.move(5, 5);
  const value = () => at('Entropy').locator('.legend b').innerText();
  const raw = await value();
  await page.locator('body').press('s');
  await page.locator('body').press('s');
  await until(page, (r) => [...document.querySelectorAll('.chart')].find((c) => c.querySelector('h3')?.textContent === 'Entropy')?.querySelector('.legend b')?.textContent !== r, raw);
  assert.equal(await at('Held-out accuracy').locator('.legend i').count(), 1);
  await page.getByLabel('log axes').check();
  await picture(page, 'run-log');
  await page.reload(); // the address and the settings survive
  await page.getByRole('heading', { name: 'Entropy', exact: true }).waitFor();
  assert.ok(await page.getByLabel('log axes').isChecked());
  // The recipe, and the metrics that have no chart of their own.
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.getByText('hidden_size: 32').waitFor();
  await page.getByLabel('Stage').selectOption('sft');
  await page.getByRole('heading', { name: 'Learning rate', exact: true }).waitFor();
  await page.getByText('30 of 30').waitFor();
  assert.equal(await at('Held-out accuracy').locator('.at').innerText(), 'step 30'); // the one evaluation at its end
  // A line can be put away.
  await page.goto(`${address}#/run/first?stage=grpo`);
  const line = at('Reward by verifier').locator('.legend button').first();
  await line.click();
  assert.equal(await line.getAttribute('aria-pressed'), 'false');
  await page.context().close();
});

test('two runs are compared: a line for each, and how their recipes differ', async () => {
  await train('name=second', 'grpo.steps=6', 'sft.steps=10', 'eval.problems=30').ended;
  const page = await open();
  await page.getByLabel('Compare first').check();
  await page.getByLabel('Compare second').check();
  await picture(page, 'runs');
  await page.getByRole('button', { name: 'Compare 2' }).click();
  await page.locator('.chart', { hasText: 'Held-out accuracy' }).locator('.legend', { hasText: 'first' }).waitFor();
  const reward = page.locator('.chart', { has: page.getByRole('heading', { name: 'Reward', exact: true }) });
  await reward.locator('.legend', { hasText: 'second' }).waitFor();
  await page.getByText('grpo.steps', { exact: true }).waitFor();
  assert.match(await page.locator('.difference').innerText(), /grpo\.steps\s+(12 → 6|6 → 12)/);
  // The second run ended at step 6: there is nothing to tell of it at the last one.
  const box = await reward.locator('.u-over').boundingBox();
  await page.mouse.move(box.x + box.width - 4, box.y + 50);
  await reward.locator('.at', { hasText: 'step 12' }).waitFor();
  assert.match(await reward.locator('.legend', { hasText: 'second' }).innerText(), /second\s*–/);
  await picture(page, 'compare');
  // By a list to type in; and a run that is not there is said so.
  await page.goto(`${address}#/run/first?with=${encodeURIComponent('no%2C such')}`);
  await page.locator('.tag', { hasText: 'no, such' }).getByText('is not there').waitFor();
  await page.getByLabel('Compare with').fill('second');
  await page.getByLabel('Compare with').press('Enter');
  await page.waitForURL(/with=no%252C%2520such%2Csecond/);
  await page.context().close();
});

test('groups: filters, a group whole, votes, thinking, tokens, keys', async () => {
  const page = await open('#/run/first/groups');
  await page.locator('.rollout').first().waitFor();
  assert.equal(await page.locator('.rollout').count(), 8);
  assert.ok((await page.locator('.votes .track').count()) > 0);
  await page.locator('.verdict', { hasText: 'number' }).first().waitFor();
  // By verdict: what is open has such a verdict.
  await page.getByLabel('Verifier').selectOption('number');
  await page.getByLabel('Verdict').selectOption('wrong');
  await page.waitForURL(/status=wrong/);
  await page.locator('.item').first().click();
  await page.locator('.verdict', { hasText: 'number wrong' }).first().waitFor();
  assert.match(await page.locator('.verdict', { hasText: 'number wrong' }).first().innerText(), /read .*expected/s);
  // By step.
  await page.getByLabel('Step').fill('3');
  await page.getByLabel('Step').press('Tab');
  await page.waitForURL(/step=3/);
  await until(page, () => [...document.querySelectorAll('.item')].every((i) => i.textContent.includes('grpo 3')) && document.querySelector('.item'));
  // By text that nothing holds.
  await page.getByLabel('Search text').fill('nothing says this');
  await page.getByText('No group is like that').waitFor();
  await picture(page, 'groups-none');
  await page.getByRole('link', { name: 'Clear filters' }).click();
  await page.locator('.item').nth(3).waitFor();
  // Keys: the next of the list, the next of the step, thinking, colours.
  const url = page.url();
  await page.locator('body').press('j');
  await until(page, (u) => location.href !== u, url);
  const open2 = page.url();
  await page.locator('body').press('[');
  await until(page, (u) => location.href !== u, open2);
  await page.locator('body').press('t');
  await page.getByRole('button', { name: 'Fold thinking' }).waitFor();
  await page.locator('body').press('c');
  await page.locator('.token').first().waitFor();
  const first = page.locator('.rollout').first();
  assert.match(await first.locator('.token').first().getAttribute('title'), /probability .*%/);
  const tokens = await first.locator('.token').evaluateAll((all) => all.map((t) => t.textContent).join(''));
  for (let i = 0; i < 3; ++i) await page.locator('body').press('c');
  await page.locator('body').press('c');
  await until(page, () => !document.querySelector('.token'));
  // What the tokens say together is the completion, special tokens apart.
  assert.ok(tokens.length > 10, tokens);
  await page.locator('body').press('?');
  await page.getByRole('heading', { name: 'Keys' }).waitFor();
  await picture(page, 'keys');
  await page.keyboard.press('Escape');
  // Its address is whole: opened elsewhere it shows the same group.
  const title = await page.locator('.detail h2').first().innerText();
  const again = await open(new URL(page.url()).hash);
  await again.locator('.detail h2', { hasText: title }).waitFor();
  await again.context().close();
  for (const order of ['improved', 'failing', 'disagree', 'right_low', 'wrong_high']) {
    await page.getByLabel('Order').selectOption(order);
    await page.waitForURL(new RegExp(`order=${order}`));
    await page.locator('.item').first().or(page.getByText('No group is like that')).waitFor();
  }
  await page.context().close();
});

test('evaluation: strategies, difficulties, two checkpoints beside each other', async () => {
  const evaluations = join(runs, 'first', 'evaluations');
  mkdirSync(evaluations);
  const measured = spawnSync(hone, ['eval', join(runs, 'first', 'latest'), '--problems', 'arithmetic', '--difficulty', '2', '-n', '10', '--max-new-tokens', '24', '--strategy', 'pass,maj', '--k', '1,4', '--json']);
  assert.equal(measured.status, 0, String(measured.stderr));
  writeFileSync(join(evaluations, 'final.json'), measured.stdout);
  const page = await open('#/run/first/evaluation');
  await page.locator('.legend', { hasText: 'maj' }).waitFor();
  await page.getByRole('columnheader', { name: 'eval, step 12' }).waitFor();
  const total = await page.locator('.counts b').allInnerTexts();
  assert.equal(total.reduce((n, t) => n + Number(t), 0), 30);
  await page.getByRole('heading', { name: 'A: eval, step 0' }).waitFor();
  await page.locator('.pair .rollout').nth(1).waitFor();
  await picture(page, 'evaluation');
  const busiest = total.findIndex((t) => Number(t) > 0);
  await page.locator('.counts button').nth(busiest).click();
  await until(page, (n) => document.querySelectorAll('[aria-label="Problems"] .item').length === n, Number(total[busiest]));
  await page.context().close();
});

test('try it: says so where no model is served, and speaks to one that is', async () => {
  const page = await open('#/run/first/try');
  const notice = page.getByText('No model can be asked here');
  const asks = page.getByText('Ask a checkpoint');
  await notice.or(asks).waitFor();
  await picture(page, 'try');
  // A server that answers as OpenAI's does stands in: what is tested is the page.
  let asked = null;
  await page.route('**/v1/models', (r) => r.fulfill({ json: { object: 'list', data: [{ id: 'first/latest' }, { id: 'first/step-12' }, { id: 'other/latest' }] } }));
  await page.route('**/v1/chat/completions', (r) => {
    asked = r.request().postDataJSON();
    const chunk = (index, delta) => `data: ${JSON.stringify({ choices: [{ index, delta, finish_reason: null }] })}\n\n`;
    r.fulfill({
      contentType: 'text/event-stream',
      body: chunk(0, { reasoning_content: 'two and two' }) + chunk(0, { content: '<answer>4</answer>' }) + chunk(1, { content: '<answer>4.0</answer>' }) +
        chunk(2, { content: '<img src=x onerror=alert(1)> 5 <answer>5</answer>' }) + 'data: [DONE]\n\n',
    });
  });
  await page.reload();
  await asks.waitFor();
  assert.deepEqual(await page.getByLabel('Checkpoint').locator('option').allInnerTexts(), ['latest', 'step-12']);
  await page.getByLabel('Answers').fill('3');
  await page.getByLabel('Question').fill('2+2?');
  await page.getByLabel('Question').press('Enter');
  await page.getByText('two and two').waitFor();
  await page.locator('.votes', { hasText: '2 of 3' }).waitFor();
  assert.equal(await page.locator('.turns img').count(), 0); // text, whatever it says
  assert.deepEqual([asked.model, asked.n, asked.stream, asked.messages], ['first/latest', 3, true, [{ role: 'user', content: '2+2?' }]]);
  await picture(page, 'try-answers');
  await page.context().close();
});

test('what does not read is said so', async () => {
  const page = await open('#/run/gone');
  await page.getByRole('heading', { name: 'Not found' }).or(page.getByText('This run is not there')).waitFor();
  await page.goto(`${address}#/nothing/here`);
  await page.getByText('There is no such page').waitFor();
  await page.goto(`${address}#/run/first/groups?at=grpo:3:999`);
  await page.getByRole('heading', { name: 'Not found' }).waitFor();
  mkdirSync(join(runs, 'damaged'));
  const bytes = Buffer.from(readFileSync(join(runs, 'first', 'run.db')));
  bytes.fill(0xab, 200, bytes.length);
  writeFileSync(join(runs, 'damaged', 'run.db.new'), bytes);
  renameSync(join(runs, 'damaged', 'run.db.new'), join(runs, 'damaged', 'run.db'));
  await page.goto(`${address}#/`);
  await page.locator('.state.broken').waitFor();
  await page.getByRole('link', { name: 'damaged' }).click();
  await page.getByText('Its database does not read').waitFor();
  await picture(page, 'broken');
  await page.context().close();
  rmSync(join(runs, 'damaged'), { recursive: true });
});

test('a token is asked for, taken from the address, and kept out of it', async () => {
  const ui = start('ui', runs, '--port', '0', '--token', 'a secret/7');
  const shown = (await ui.said(/http:\/\/\S+/)).trim();
  assert.match(shown, /#token=a%20secret%2F7$/);
  const at = shown.slice(0, shown.indexOf('#'));
  const stranger = await open('', { at });
  await stranger.getByText('This server asks for its token').waitFor();
  await picture(stranger, 'token');
  await stranger.getByLabel('Token').fill('a secret/7');
  await stranger.getByRole('button', { name: 'Go on' }).click();
  await stranger.getByRole('link', { name: 'first' }).waitFor();
  await stranger.context().close();
  for (const form of [shown.slice(at.length), '?token=a%20secret%2F7#/run/first']) {
    const page = await open(form, { at });
    await page.getByText('first').first().waitFor();
    assert.doesNotMatch(page.url(), /secret/);
    await page.context().close();
  }
  ui.kill('SIGTERM');
  assert.equal(await ui.ended, 0);
});

// WCAG 2.1, relative luminance and contrast, of every text that is seen.
function lowContrast() {
  const channels = (text) => {
    const c = /rgba?\(([^)]+)\)/.exec(text)[1].split(/[ ,/]+/).map(Number);
    return [c[0], c[1], c[2], c[3] ?? 1];
  };
  const over = ([r, g, b, a], under) => [r * a + under[0] * (1 - a), g * a + under[1] * (1 - a), b * a + under[2] * (1 - a), 1];
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((n, v, i) => n + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    const layers = [];
    for (let n = e; n; n = n.parentElement) layers.push(channels(getComputedStyle(n).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255, 1]);
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const e = n.parentElement;
    if (!n.textContent.trim() || !e.checkVisibility() || e.closest('.hidden, :disabled, option, noscript')) continue;
    const under = ground(e), text = over(channels(getComputedStyle(e).color), under);
    const [a, b] = [light(text), light(under)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.add(`${ratio.toFixed(2)} ${e.tagName}.${e.className} "${n.textContent.trim().slice(0, 30)}"`);
  }
  return [...found];
}

test('tokens are coloured by what was recorded of them', async () => {
  // A group that teaches: its rewards differ.
  const { rows } = await (await fetch(`${address}api/groups?run=first&stage=grpo`)).json();
  const { step, group } = rows.find((r) => r.reward_low < r.reward_high);
  const page = await open(`#/run/first/groups?at=grpo:${step}:${group}`);
  for (const how of ['probability', 'entropy', 'advantage', 'clipping']) {
    await page.getByLabel('Colour tokens by').selectOption(how);
    await until(page, () => [...document.querySelectorAll('.token')].some((t) => t.style.background.includes('rgb')));
    await picture(page, `tokens-${how}`);
  }
  await page.getByText(/^\d+ tok, \d+ clipped/).first().waitFor();
  const title = await page.locator('.token[style*="rgb"]').first().getAttribute('title');
  assert.match(title, /probability .* %\n/);
  assert.match(title, /entropy .* nats, as .* equally likely tokens/);
  assert.match(title, /advantage -?\d/);
  assert.match(title, /clipped in 1 pass of the update/);
  await page.goto(`${address}#/run/first/groups?at=eval:12:0`);
  await page.getByText('No token of this group was clipped: nothing is learned from an evaluation').waitFor();
  await page.context().close();
});

test('readable at 1280 and 400 pixels, light and dark', async () => {
  const pages = { runs: '#/', run: '#/run/first?with=second', groups: '#/run/first/groups', group: '#/run/first/groups?at=grpo:5:1', evaluation: '#/run/first/evaluation?outcome=', try: '#/run/first/try' };
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 400]) {
      const page = await open('#/', { viewport: { width, height: 900 }, colorScheme });
      await page.evaluate((colouring) => {
        localStorage.setItem('hone-thinking', 'open');
        localStorage.setItem('hone-colouring', colouring);
      }, width === 400 ? 'advantage' : 'probability');
      await page.reload();
      for (const [name, hash] of Object.entries(pages)) {
        await page.goto(address + hash);
        await page.locator({ runs: 'table', run: '.u-over', groups: '.item', group: '.token', evaluation: '.pair .rollout', try: '.notice' }[name]).first().waitFor({ state: name === 'evaluation' && width === 400 ? 'attached' : 'visible' });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${name} at ${width}: ${wide} pixels too wide`);
        assert.deepEqual(await page.evaluate(lowContrast), [], `${name}, ${colorScheme}, ${width}`);
        const unnamed = await page.evaluate(() => [...document.querySelectorAll('button, a[href], select, input, textarea')]
          .filter((e) => e.checkVisibility() && !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).map((e) => e.outerHTML.slice(0, 80)));
        assert.deepEqual(unnamed, [], `${name}: controls without a name`);
        await picture(page, `${name}-${width}-${colorScheme}`);
      }
      await page.context().close();
    }
  }
});

test('hostile text stays text', async () => {
  // A server in front of the real one gives a completion that would do harm as HTML, links or formulas.
  const text = '<img src=x onerror="window.harm=1"><script>window.harm=1</script> \u202egnp.exe $\\href{javascript:window.harm=1}{x}$ $\\frac{1}{2}$ \\boxed{7} $\\def\\a{\\a\\a}\\a$';
  const proxy = createServer(async (request, answer) => {
    const response = await fetch(new URL(request.url, address));
    let body = Buffer.from(await response.arrayBuffer());
    if (request.url.startsWith('/api/group?')) {
      const group = JSON.parse(body);
      group.rollouts[0].text = text;
      group.rollouts[0].parts[0].detail = text;
      group.messages[0].content = text;
      group.source = text;
      group.votes.answers.unshift({ answer: text, count: 1, correct: 0 });
      body = Buffer.from(JSON.stringify(group));
    }
    answer.writeHead(response.status, { 'Content-Type': response.headers.get('Content-Type'), 'Content-Security-Policy': response.headers.get('Content-Security-Policy') ?? '' });
    answer.end(body);
  });
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
  const page = await browser.newPage();
  await page.route('**/api/live', async (route) => {
    const list = await (await fetch(`${address}api/runs`)).json();
    await route.fulfill({ contentType: 'text/event-stream', body: list.runs.map((r) => `event: run\ndata: ${JSON.stringify(r)}\n\n`).join('') + 'event: ready\ndata: {}\n\n' });
  });
  await page.goto(`http://127.0.0.1:${proxy.address().port}/#/run/first/groups?at=grpo:2:0`);
  await page.locator('.rollout .katex').first().waitFor(); // what is a formula is drawn as one
  assert.equal(await page.evaluate(() => window.harm), undefined);
  assert.equal(await page.locator('.detail img, .detail script, .detail a[href^="javascript"]').count(), 0);
  assert.ok((await page.locator('.rollout .text').first().innerText()).includes('<img src=x'));
  assert.ok(!(await page.locator('.detail').innerText()).includes('\u202e'));
  await picture(page, 'hostile');
  await page.close();
  proxy.closeAllConnections?.();
  proxy.close();
});

test('the browser complained of nothing', () => {
  assert.deepEqual(problems, []);
});
