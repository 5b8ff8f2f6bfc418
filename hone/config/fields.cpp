#include "hone/config/fields.h"

#include <array>
#include <string_view>

namespace hone {
namespace {

constexpr std::array kLossTypes = {"grpo", "bnpo", "dr_grpo", "dapo", "gspo", "cispo", "sapo", "rloo"};
constexpr std::array kRatioLevels = {"token", "sequence"};
constexpr std::array kAdvantageScales = {"group", "batch", "none"};
constexpr std::array kKlEstimators = {"k1", "k2", "k3"};
constexpr std::array kKlPlaces = {"loss", "reward"};
constexpr std::array kProposeSources = {"policy", "random"};
constexpr std::array kProposeRewards = {"learnability", "uncertainty", "constant"};

Range at_least(double low) { return {.low = low}; }
Range above(double low) { return {.low = low, .above = true}; }
Range between(double low, double high) { return {.low = low, .high = high}; }
Range from_below(double low, double high) { return {.low = low, .high = high, .below = true}; }
Range above_to(double low, double high) { return {.low = low, .high = high, .above = true}; }
Range zero_or_above(double low) { return {.low = low, .above = true, .or_zero = true}; }

template <class Enum>
Choice choice(Enum& value, std::span<const char* const> words) {
  return {words, [&value] { return static_cast<std::size_t>(value); },
          [&value](std::size_t i) { value = static_cast<Enum>(i); }};
}

// Collects fields under a prefix that the nested describe() calls extend.
class Table {
 public:
  template <class T>
  void add(const char* key, T& target, std::string help, Range range = {}) {
    out.fields.push_back({prefix_ + key, Target(&target), std::move(help), range, {}});
  }
  void add(const char* key, Choice target, std::string help) {
    out.fields.push_back({prefix_ + key, Target(std::move(target)), std::move(help), {}, {}});
  }
  void add_word(const char* key, std::string& target, std::vector<std::string> words, std::string help) {
    out.fields.push_back({prefix_ + key, Target(&target), std::move(help), {}, std::move(words)});
  }
  template <class Options>
  void section(const char* key, Options& options, std::string help);

  Fields out;

 private:
  std::string prefix_;
};

void describe(Table& t, ModelInitOptions& o) {
  t.add("family", o.family, "architecture: a Hugging Face model_type");
  t.add("hidden_size", o.hidden_size, "width of the residual stream", between(1, 1 << 20));
  t.add("intermediate_size", o.intermediate_size, "width of the feed-forward layers", between(1, 1 << 22));
  t.add("layers", o.layers, "decoder layers", between(1, 4096));
  t.add("heads", o.heads, "attention heads", between(1, 65536));
  t.add("kv_heads", o.kv_heads, "key and value heads; heads is a multiple of it", between(1, 65536));
  t.add("head_dim", o.head_dim, "width of a head; 0: hidden_size / heads", between(0, 65536));
  t.add("max_position_embeddings", o.max_position_embeddings, "context: prompt and completion together",
        between(2, 1 << 24));
  t.add("rope_theta", o.rope_theta, "base of the rotary embedding", above(0));
  t.add("tie_word_embeddings", o.tie_word_embeddings, "the output head is the embedding");
  t.add("initializer_range", o.initializer_range, "standard deviation of the initial weights",
        above_to(0, 10));
}

void describe(Table& t, TokenizerInitOptions& o) {
  t.add("vocab_size", o.vocab_size, "tokens; the 256 bytes and the special tokens are always in it",
        between(256, 1 << 22));
  t.add("digits", o.digits, "each digit is a token of its own");
  t.add("special", o.special, "special tokens");
  t.add("samples", o.samples, "problems whose prompts and solutions it is trained on", at_least(0));
}

void describe(Table& t, ModelOptions& o) {
  t.add("path", o.path, "a Hugging Face model directory; empty: made from `model.init`");
  t.section("init", o.init, "A model made from nothing.");
  t.section("tokenizer", o.tokenizer, "The tokenizer trained for a model made from nothing.");
  t.add("device", o.device, "cpu, cuda or cuda:N");
  t.add_word("dtype", o.dtype, {"float32", "bfloat16", "float16"},
             "of the forward pass; masters stay float32");
}

void describe(Table& t, DataFieldOptions& o) {
  t.add("prompt", o.prompt, "holds text, or a list of {role, content}");
  t.add("answer", o.answer, "holds the reference answer");
  t.add("solution", o.solution, "holds a worked completion for the supervised stage; empty: none");
  t.add("answer_after", o.answer_after, "of the answer, keep what follows the last occurrence of this text");
}

void describe(Table& t, DataOptions& o) {
  t.add("files", o.files, "problem files (JSON lines, JSON, CSV, Parquet); instead of `data.task`");
  t.add("task", static_cast<std::vector<std::string>&>(o.task),
        "a procedural task, or several that are mixed; instead of `data.files`");
  t.add("task_weights", o.task_weights, "of several tasks: how often each is asked; empty: evenly", above(0));
  t.add("difficulty", o.difficulty,
        "the tasks' grades to draw from, but of those that are mixed and have one alone; empty: each one's "
        "default",
        at_least(1));
  t.section("fields", o.fields, "Which keys of a row hold what.");
  t.add_word("prompt_format", o.prompt_format, {"chat", "plain"},
             "chat: through the model's template; plain: the text as it is");
  t.add("system", o.system, "system prompt; empty: none");
  t.add("prompt_suffix", o.prompt_suffix, "appended to the last user message");
  t.add_word("on_error", o.on_error, {"stop", "skip"}, "what a malformed row does");
  t.add("eval_files", o.eval_files, "held-out rows; empty: split from `data.files` by hash");
  t.add("eval_fraction", o.eval_fraction, "share of the rows, or of the task's problems, that is held out",
        from_below(0, 1));
  t.add("max_prompt_tokens", o.max_prompt_tokens,
        "longer prompts are malformed rows (`data.on_error`); 0: no limit but the context", at_least(0));
}

void describe(Table& t, RolloutOptions& o) {
  t.add("prompts_per_step", o.prompts_per_step, "problems asked in a step", between(1, 1 << 20));
  t.add("group_size", o.group_size, "completions of each prompt (TRL: num_generations)", between(2, 1 << 16));
  t.add("trained", o.trained,
        "of these, the first that the update sees, the others only vote (TTRL: 32 of 64); 0: all",
        between(0, 1 << 16));
  t.add("max_new_tokens", o.max_new_tokens, "budget of a completion", between(1, 1 << 24));
  t.add("temperature", o.temperature, "of sampling", above(0));
  t.add("top_k", o.top_k, "sample from the k most probable tokens; 0: off", at_least(0));
  t.add("top_p", o.top_p, "sample from the nucleus of this mass; 1: off", above_to(0, 1));
  t.add("min_p", o.min_p, "drop tokens below this share of the largest probability; 0: off",
        from_below(0, 1));
  t.add("stop", o.stop, "texts that end a completion");
  t.add("prefix", o.prefix,
        "forced at the start of every completion: <think></think><answer> has it answer without thinking");
  t.add("max_sequences", o.max_sequences, "sequences decoded at once", between(1, 1 << 20));
  t.add("dynamic_sampling", o.dynamic_sampling,
        "replace groups whose rewards are all equal by fresh ones (DAPO §3.2)");
  t.add("max_resamples", o.max_resamples, "generation rounds beyond the first, at most", between(0, 1 << 20));
}

void describe(Table& t, LossOptions& o) {
  t.add("type", choice(o.type, kLossTypes), "the objective");
  t.add("ratio_level", choice(o.ratio_level, kRatioLevels),
        "importance ratio of a token or a sequence (gspo: sequence)");
  t.add("clip_low", o.clip_low, "ratios are clipped at 1 − clip_low", between(0, 1));
  t.add("clip_high", o.clip_high, "and at 1 + clip_high (DAPO: 0.28); cispo: the ratio's cap, 5 unless given",
        above(0));
  t.add("dual_clip", o.dual_clip,
        "bound c on the loss of negative advantages (Ye et al. 2020; verl: 3); 0: off", zero_or_above(1));
  t.add("delta", o.delta, "upper bound on the ratio before clipping (TRL's two-sided clipping); 0: off",
        zero_or_above(1));
  t.add("beta", o.beta, "coefficient of the KL divergence from the reference; 0: no reference", at_least(0));
  t.add("kl", choice(o.kl, kKlEstimators), "KL estimator (Schulman 2020)");
  t.add("kl_place", choice(o.kl_place, kKlPlaces),
        "the KL divergence is added to the loss or taken off the reward");
  t.add("advantage_scale", choice(o.advantage_scale, kAdvantageScales),
        "advantages are divided by the standard deviation of the group's rewards, of the batch's, or not");
  t.add("entropy_bonus", o.entropy_bonus, "coefficient of the policy's entropy", at_least(0));
  t.add("sapo_temperature_pos", o.sapo_temperature_pos, "sapo: gate temperature of positive advantages",
        above(0));
  t.add("sapo_temperature_neg", o.sapo_temperature_neg, "sapo: gate temperature of negative advantages",
        above(0));
  t.add("mask_truncated", o.mask_truncated,
        "truncated completions carry no loss (DAPO's overlong filtering)");
  t.add("overlong_buffer", o.overlong_buffer,
        "last tokens of the budget over which a punishment grows (DAPO eq. 13); 0: off", at_least(0));
  t.add("overlong_penalty", o.overlong_penalty, "the punishment at the full budget", at_least(0));
  t.add("reference_every", o.reference_every,
        "optimizer steps between refreshes of the reference; 0: the first policy stays it", at_least(0));
}

void describe(Table& t, OptimizerOptions& o) {
  t.add("learning_rate", o.learning_rate, "AdamW's, at its highest", at_least(0));
  t.add("beta1", o.beta1, "decay of the first moment", from_below(0, 1));
  t.add("beta2", o.beta2, "decay of the second moment", from_below(0, 1));
  t.add("epsilon", o.epsilon, "added to the root of the second moment", above(0));
  t.add("weight_decay", o.weight_decay, "decoupled, times the learning rate", at_least(0));
  t.add("max_grad_norm", o.max_grad_norm, "gradients are scaled down to this norm; 0: never", at_least(0));
  t.add_word("schedule", o.schedule, {"constant", "linear", "cosine"},
             "of the learning rate after the warm-up");
  t.add("warmup", o.warmup, "below 1: share of the stage's steps; from 1: steps", at_least(0));
  t.add("min_lr_ratio", o.min_lr_ratio, "where linear and cosine end, as a share of learning_rate",
        between(0, 1));
}

void describe(Table& t, SftOptions& o) {
  t.add("steps", o.steps, "optimizer steps; 0: no supervised stage", at_least(0));
  t.add("batch_size", o.batch_size, "worked solutions in a step", between(1, 1 << 20));
  t.add("direct_share", o.direct_share,
        "share of solutions shown with the thinking left out, late in the stage", between(0, 1));
  t.add("direct_after", o.direct_after, "the share of the stage's steps after which that begins",
        between(0, 1));
  t.add(
      "direct_forced", o.direct_forced,
      "what stands before such a direct answer (amortize.prefix) carries no loss: the model learns to answer "
      "behind it, and still thinks when it is asked freely");
  t.add("microbatch_tokens", o.microbatch_tokens,
        "tokens in one forward and backward pass; 0: as memory_limit allows. No choice changes a bit of the "
        "result",
        at_least(0));
  t.section("optimizer", o.optimizer, "AdamW of the supervised stage.");
}

void describe(Table& t, GrpoOptions& o) {
  t.add("steps", o.steps, "rollouts, each followed by inner_epochs · minibatches updates; 0: no GRPO stage",
        at_least(0));
  t.section("rollout", o.rollout, "Sampling the groups.");
  t.section("loss", o.loss, "What is optimized.");
  t.section("optimizer", o.optimizer, "AdamW of the GRPO stage.");
  t.add("inner_epochs", o.inner_epochs, "passes over a rollout", between(1, 4096));
  t.add("minibatches", o.minibatches, "optimizer steps in a pass", between(1, 1 << 20));
  t.add("microbatch", o.microbatch,
        "completions in one forward and backward pass; 0: as microbatch_tokens allows", at_least(0));
  t.add("microbatch_tokens", o.microbatch_tokens,
        "tokens in one forward and backward pass; 0: as memory_limit allows. No choice changes a bit of the "
        "result",
        at_least(0));
}

void describe(Table& t, AmortizeOptions& o) {
  t.add("steps", o.steps, "0: no such stage", between(0, 1 << 30));
  t.add("prompts_per_step", o.prompts_per_step, "problems thought about in a step", between(1, 1 << 20));
  t.add("samples", o.samples, "thinking completions of each problem", between(1, 1 << 16));
  t.add("temperature", o.temperature, "of sampling", above(0));
  t.add("max_new_tokens", o.max_new_tokens, "budget of a thinking completion", between(1, 1 << 24));
  t.add("min_agreement", o.min_agreement,
        "the share of the samples that must say the same, for it to be learned as the direct answer",
        between(0, 1));
  t.add("prefix", o.prefix, "forced before a direct answer, as the prompt's last tokens");
  t.add("suffix", o.suffix, "learned after the direct answer");
  t.add("remove_per_step", o.remove_per_step,
        "tokens by which the thought before the answer is cut from the left, more with every step (ICoT-SI); "
        "0: no "
        "thought from the first step on",
        at_least(0));
  t.add("rehearsal", o.rehearsal,
        "thinking completions learned again for each direct answer, so that thinking is not lost",
        between(0, 1));
  t.add("microbatch_tokens", o.microbatch_tokens,
        "tokens in one forward and backward pass; 0: as memory_limit allows", at_least(0));
  t.section("optimizer", o.optimizer, "AdamW of the amortizing stage.");
}

void describe(Table& t, ProposeOptions& o) {
  t.add("steps", o.steps, "0: no such stage", between(0, 1 << 30));
  t.add("language", o.language, "what questions are written in: arithmetic, countdown or program");
  t.add("source", choice(o.source, kProposeSources),
        "who asks: the policy, or (a control) uniform draws of the language");
  t.add("reward", choice(o.reward, kProposeRewards),
        "of a question that p of its solutions solve: learnability 1 - p, 0 at p = 0 and 1 (Absolute Zero); "
        "uncertainty 1 - 2|p - 1/2| (R-Zero); constant 1, a control");
  t.add("proposer_weight", o.proposer_weight, "of the proposals in the loss; a solution weighs 1", above(0));
  t.add("proposals", o.proposals, "questions asked for in a step", between(2, 1 << 16));
  t.add("solutions", o.solutions, "of each question that is accepted", between(2, 1 << 16));
  t.add("max_proposal_tokens", o.max_proposal_tokens, "budget of a question", between(1, 1 << 24));
  t.add("max_new_tokens", o.max_new_tokens, "budget of a solution", between(1, 1 << 24));
  t.add("temperature", o.temperature, "of sampling both", above(0));
  t.add("microbatch_tokens", o.microbatch_tokens,
        "tokens in one forward and backward pass; 0: as memory_limit allows", at_least(0));
  t.section("optimizer", o.optimizer, "AdamW of the proposing stage.");
}

void describe(Table& t, EvalOptions& o) {
  t.add("problems", o.problems, "held-out problems before and after training; 0: no evaluation", at_least(0));
  t.add("every", o.every, "GRPO steps between evaluations during training; 0: only before and after",
        at_least(0));
  t.add("during_problems", o.during_problems, "held-out problems of those", at_least(1));
  t.add("temperature", o.temperature, "0: greedy", at_least(0));
  t.add("max_new_tokens", o.max_new_tokens, "0: the rollout's", between(0, 1 << 24));
}

void describe(Table& t, CheckpointOptions& o) {
  t.add("every", o.every, "steps of the stage between checkpoints; a last one is always written",
        at_least(1));
  t.add("keep", o.keep, "the newest that are kept", at_least(1));
}

void describe(Table& t, Recipe& o) {
  t.add("name", o.name, "the run's folder under `runs`");
  t.add("seed", o.seed, "the same seed gives the same bits");
  t.add("threads", o.threads, "0: every core", between(0, 65536));
  t.add("memory_limit", o.memory_limit,
        "GB (10⁹ bytes) of memory that the run plans its passes for; 0: 80 % of the machine's", at_least(0));
  t.add("runs", o.runs, "folder of runs");
  t.section("model", o.model, "The model that learns.");
  t.section("data", o.data, "The problems.");
  t.add("reward", o.reward.rubric,
        "the verifiers that make the reward: one name, a list of names, or a list of maps (below)");
  t.add("friends", o.friends, "who is asked by the verifier `friends`: a list of kinds, or of maps (below)");
  t.section("sft", o.sft, "The supervised stage: a warm start on worked solutions.");
  t.section(
      "amortize", o.amortize,
      "System 2 into System 1: what thinking agrees on is learned as a direct answer (docs/amortize.md).");
  t.section(
      "propose", o.propose,
      "Questions of the policy's own, posed and solved, learned from by `grpo.loss` (docs/propose.md).");
  t.section("grpo", o.grpo, "The reinforcement stage.");
  t.section("eval", o.eval, "Held-out evaluation.");
  t.section("checkpoint", o.checkpoint, "What is saved on the way.");
}

void describe(Table& t, VerifierOptions& o) {
  t.add("verifier", o.verifier, "the verifier's name");
  t.add("weight", o.weight, "of its score in the reward; 0: only recorded");
  t.add("scale", o.scale, "length: the cost of a token");
  t.add("seconds", o.seconds, "code, proof, program: of one judgement", above(0));
  t.add("memory_mb", o.memory_mb, "code, proof: of one program, MiB", at_least(16));
  t.add("workers", o.workers, "code, proof, program: processes at a time; 0: one for each core", at_least(0));
  t.add("language", o.language, "code: of rows that do not say: python, c, cpp or javascript");
  t.add("partial_credit", o.partial_credit, "code: score the share of tests passed");
  t.add("checker", o.checker, "proof: of rows that do not say: metamath, coq or lean4");
  t.add("database", o.database,
        "proof: Metamath's database, a .mm file; empty: the built-in propositional calculus");
  t.add("axioms", o.axioms, "proof: axioms that Coq proofs may rest on");
  t.add(
      "command", o.command,
      "program: the words that start it, the first looked up on PATH; it runs with your rights, unsandboxed");
  t.add("accuracy", o.accuracy, "program: whether its `correct` means that the problem is solved");
  t.add("answers", o.answers,
        "vote, friends: the verifier that reads and compares answers (number, math, text …); empty: the "
        "task's, or number");
  t.add("shuffled", o.shuffled, "vote: a control, every group is held to another group's label");
  t.add("judges", o.judges, "friends: the names of those that are asked; empty: all of `friends`");
  t.add("prompt", o.prompt,
        "friends: what they are asked, with {question}, {answer}, {reply}, {completion}, {rubric} (pairwise: "
        "{question}, {a}, {b}, {rubric}); empty: a default");
  t.add("rubric", o.rubric, "friends: what makes a good answer, as a question; empty: whether it is right");
  t.add_word("score", o.score, {"share", "majority"}, "friends: the share of yes, or 1 when most say yes");
  t.add("pairwise", o.pairwise, "friends: score the share of comparisons won against others of the group");
  t.add("opponents", o.opponents, "friends, pairwise: an even number that each completion meets, at most",
        between(2, 4096));
  t.add("max_abstain", o.max_abstain,
        "friends: the run stops when a larger share of a step's opinions are abstentions", between(0, 1));
  t.add("name", o.name, "what metrics call it, where one verifier is used twice; empty: the verifier's name");
}

void describe(Table& t, FriendOptions& o) {
  t.add_word(
      "judge", o.judge, {"self", "checkpoint", "model", "endpoint", "random"},
      "the policy as it is; the policy some steps ago; another model's folder; a chat endpoint; a coin");
  t.add("name", o.name, "what metrics call it, where one kind is used twice; empty: the kind");
  t.add("copies", o.copies, "opinions on each question, each with random numbers of its own",
        between(1, 1024));
  t.add_word("verdict", o.verdict, {"sampled", "probability"},
             "sampled: it writes, and the last yes or no counts; probability: of yes against no as its next "
             "token");
  t.add("temperature", o.temperature, "sampled: 0 is greedy", at_least(0));
  t.add("max_new_tokens", o.max_new_tokens, "sampled: budget of what it writes", between(1, 1 << 24));
  t.add("prefix", o.prefix, "self, checkpoint, model: what stands before the token read for probability");
  t.add("every", o.every, "checkpoint: taken every so many steps; 0: once, at the stage's start",
        at_least(0));
  t.add("path", o.path, "model: a Hugging Face model directory");
  t.add("device", o.device, "model, checkpoint: cpu, cuda or cuda:N");
  t.add_word("dtype", o.dtype, {"float32", "bfloat16", "float16"}, "model, checkpoint: of the forward pass");
  t.add("url", o.url, "endpoint: https://host/v1, of an OpenAI-compatible API");
  t.add("model", o.model, "endpoint: the model's name there");
  t.add("key_env", o.key_env, "endpoint: the environment variable that holds the key; empty: none is sent");
  t.add("seconds", o.seconds, "endpoint: for one attempt", above(0));
  t.add("retries", o.retries, "endpoint: after a first attempt that failed or was refused for now",
        between(0, 100));
  t.add("workers", o.workers, "endpoint: attempts at a time", between(1, 256));
  t.add("max_calls", o.max_calls, "endpoint: attempts in all, over every resume; 0: no cap", at_least(0));
  t.add("max_tokens", o.max_tokens, "endpoint: tokens paid for in all, over every resume; 0: no cap",
        at_least(0));
  t.add("cache", o.cache, "endpoint: the file of its answers; empty: friends.db in the run's folder");
}

template <class Options>
void Table::section(const char* key, Options& options, std::string help) {
  out.sections.push_back({prefix_ + key, std::move(help)});
  const std::string outer = prefix_;
  prefix_ += std::string(key) + ".";
  describe(*this, options);
  prefix_ = outer;
}

}  // namespace

Fields fields_of(Recipe& recipe) {
  Table table;
  describe(table, recipe);
  return std::move(table.out);
}

Fields fields_of(VerifierOptions& verifier) {
  Table table;
  describe(table, verifier);
  return std::move(table.out);
}

Fields fields_of(FriendOptions& judge) {
  Table table;
  describe(table, judge);
  return std::move(table.out);
}

}  // namespace hone
