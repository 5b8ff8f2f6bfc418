// Which metrics stand together in a chart, and which charts stand together. Names are TRL's, as the run records them.
import type { MetricTable } from './api';

export interface Panel { title: string; names: (string | RegExp)[]; share?: boolean; help?: string; fill?: boolean }
export interface Part { title: string; panels: Panel[] }

export const kParts: Part[] = [
  {
    title: 'Learning',
    panels: [
      { title: 'Reward', names: ['reward'], help: 'Mean over the completions of the step' },
      { title: 'Reward by verifier', names: [/^rewards\/.+\/mean$/], help: 'Mean score of each verifier, before its weight' },
      { title: 'Accuracy in training', names: ['accuracy', /^accuracy\/difficulty_/], share: true },
      { title: 'Loss', names: ['loss', 'policy_loss'] },
      { title: 'Reward against the reference', names: [/(^|\/)reward_accuracy$/, 'label_accuracy'], share: true, help: 'How often votes or friends reward what the reference answer calls right' },
    ],
  },
  {
    title: 'Completions',
    panels: [
      { title: 'Length, tokens', names: ['completions/mean_length', 'completions/mean_terminated_length'] },
      { title: 'Truncated', names: ['completions/clipped_ratio'], share: true, help: 'Share of completions that reached the length limit' },
      { title: 'Thinking', names: ['think_rate', /^think_rate\//], share: true, help: 'Share of completions that think before they answer' },
      { title: 'Length by difficulty', names: [/^completions\/mean_length\//] },
    ],
  },
  {
    title: 'Policy',
    panels: [
      { title: 'KL to the reference', names: ['kl'] },
      { title: 'Entropy', names: ['entropy'], help: 'Mean over the sampled tokens, nats' },
      { title: 'Clip fractions', names: ['clip_ratio/low_mean', 'clip_ratio/high_mean', 'clip_ratio/region_mean'], share: true },
      { title: 'Gradient norm', names: ['grad_norm'] },
      { title: 'Learning rate', names: ['learning_rate'] },
      { title: 'Sampled against trained logprobs', names: ['sampling/sampling_logp_difference/mean', 'sampling/sampling_logp_difference/max'] },
    ],
  },
  {
    title: 'Groups',
    panels: [
      { title: 'Dead groups', names: ['frac_reward_zero_std'], share: true, help: 'Groups whose rewards are all equal teach nothing' },
      { title: 'Votes', names: ['majority_ratio', /(^|\/)agreement$/, /(^|\/)yes_rate$/], share: true },
      { title: 'Answers a group', names: ['answers_per_group'] },
      { title: 'Unparsable', names: [/^verdicts\/.+\/unparsable$/] },
      { title: 'Undecided', names: [/^verdicts\/.+\/(timeout|error)$/], help: 'Completions whose verifier ran out of time or failed' },
    ],
  },
  {
    title: 'Speed',
    panels: [
      { title: 'Tokens a second', names: ['tokens/s'], help: 'Prompt and completion tokens of the step over its whole time' },
      { title: 'Where the time went, s', names: ['sampling and judging', 'all of the step'], fill: true, help: 'The area above sampling and judging is the update' },
    ],
  },
  { title: 'Amortize', panels: [{ title: 'Labels', names: ['amortize/kept', 'amortize/label_accuracy', 'amortize/majority_ratio'], share: true }] },
  { title: 'Propose', panels: [{ title: 'Proposals', names: [/^propose\/(valid|unique|learnable|solve_rate)$/], share: true }, { title: 'Reward of proposals', names: ['propose/reward'] }] },
];

// With what follows from two metrics.
export function derived(table: MetricTable): MetricTable['metrics'] {
  const m = table.metrics;
  const all: MetricTable['metrics'] = { ...m };
  const tokens = m['num_tokens'], step = m['step_time'], rollout = m['rollout_time'];
  if (tokens && step) all['tokens/s'] = tokens.map((t, i) => (t !== null && step[i] ? t / step[i]! : null));
  if (step && rollout) {
    all['all of the step'] = step;
    all['sampling and judging'] = rollout;
  }
  return all;
}

export function namesOf(panel: Panel, known: string[]): string[] {
  const found: string[] = [];
  for (const want of panel.names) {
    for (const name of known) {
      if ((typeof want === 'string' ? name === want : want.test(name)) && !found.includes(name)) found.push(name);
    }
  }
  return found;
}

// "rewards/number/mean" in the chart of verifiers is "number".
export function label(name: string, panel: Panel): string {
  const verifier = /^(?:rewards|verdicts)\/(.+?)\/(mean|std|timeout|error|unparsable|wrong|correct)$/.exec(name);
  if (verifier) return verifier[2] === 'mean' || panel.names.length === 1 && verifier[2] === 'unparsable' ? verifier[1]! : `${verifier[1]} ${verifier[2]}`;
  return name.replace(/^.*difficulty_/, 'difficulty ').replace(/^(completions|clip_ratio|amortize|propose|sampling)\//, '').replace(/_/g, ' ').replace('sampling logp difference/', '');
}
