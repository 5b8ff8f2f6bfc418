// One options struct per component; a recipe (recipe.h) is one of each. Defaults follow TRL's where it has
// one (v1.x GRPOConfig), and their source is named where it is another.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hone {

// A model made from nothing.
struct ModelInitOptions {
  std::string family = "llama";  // a model_type of policy/families
  int hidden_size = 128;
  int intermediate_size = 384;
  int layers = 4;
  int heads = 4;
  int kv_heads = 2;
  int head_dim = 0;  // 0: hidden_size / heads
  int max_position_embeddings = 512;
  double rope_theta = 10000.0;
  bool tie_word_embeddings = true;
  double initializer_range = 0.02;
};

// A tokenizer trained for a model made from nothing.
struct TokenizerInitOptions {
  int vocab_size = 320;  // 256 bytes and the special tokens are always in it
  bool digits = true;    // each digit a token of its own
  std::vector<std::string> special = {"<think>", "</think>", "<answer>", "</answer>"};
  std::int64_t samples = 2000;  // problems whose prompts and solutions it is trained on
};

struct ModelOptions {
  std::string path;  // a Hugging Face model directory; empty: made from `init`
  ModelInitOptions init;
  TokenizerInitOptions tokenizer;
  std::string device = "cpu";
  std::string dtype = "float32";  // float32, bfloat16, float16; masters stay float32
};

struct DataFieldOptions {
  std::string prompt = "prompt";  // text, or a list of {role, content}
  std::string answer = "answer";
  std::string solution;      // empty: none
  std::string answer_after;  // keep what follows its last occurrence ("####" for GSM8K)
};

// One name or several.
struct Names : std::vector<std::string> {
  using vector::vector;
  Names(std::string one) : vector{std::move(one)} {}
  Names(const char* one) : vector{std::string(one)} {}
};

struct DataOptions {
  std::vector<std::string> files;    // JSONL
  Names task;                        // or procedural tasks
  std::vector<double> task_weights;  // of several tasks: how often each is asked; empty: evenly
  std::vector<int> difficulty;       // the tasks' grades to draw from; empty: each one's default
  DataFieldOptions fields;
  std::string prompt_format = "chat";   // chat: the model's template; plain: the text as it is
  std::string system;                   // system prompt; empty: none
  std::string prompt_suffix;            // appended to the last user message ("plain" prompts: to the text)
  std::string on_error = "stop";        // malformed rows: stop, skip
  std::vector<std::string> eval_files;  // held-out rows; empty: split from `files` by hash
  double eval_fraction = 0.1;           // of rows (files) or of the problem space (tasks)
  int max_prompt_tokens = 0;  // 0: no limit but the context; longer prompts are an error, or skipped
};

struct VerifierOptions {
  std::string verifier;
  double weight = 1.0;
  double scale = 0.0;                     // length: cost of a token
  double seconds = 10.0;                  // code, proof, program: of one judgement
  int memory_mb = 1024;                   // code, proof: of one program, MiB
  int workers = 0;                        // code, proof, program: processes; 0: one for each core
  std::string language = "python";        // code: of rows that do not say
  bool partial_credit = false;            // code: the share of tests passed, in place of all or nothing
  std::string checker = "metamath";       // proof: of rows that do not say: metamath, coq, lean4
  std::string database = {};              // proof: Metamath's .mm file
  std::vector<std::string> axioms = {};   // proof: that Coq proofs may rest on
  std::vector<std::string> command = {};  // program: its words, the first looked up on PATH
  std::string answers = {};               // vote, friends: the verifier that reads and compares them
  bool shuffled = false;                  // vote, a control: labels of other groups
  bool accuracy = true;                   // program: whether "correct" means that the problem is solved
  std::vector<std::string> judges = {};   // friends: names of those asked; empty: all
  std::string prompt = {};                // friends: what they are asked; empty: a default
  std::string rubric = {};                // friends: what they look for; empty: whether it is right
  std::string score = "share";            // friends: share, majority
  bool pairwise = false;                  // friends: which of two completions is better
  int opponents = 4;                      // friends, pairwise: of each completion, at most
  double max_abstain = 0.5;               // friends: share of a step's opinions; beyond it the run stops
  std::string name = {};                  // in metrics; empty: the verifier's
};

// One who is asked, for the verifier "friends".
struct FriendOptions {
  std::string judge;                // self, checkpoint, model, endpoint, random
  std::string name = {};            // in metrics; empty: the kind
  int copies = 1;                   // opinions on each question, with random numbers of their own
  std::string verdict = "sampled";  // sampled, probability
  double temperature = 0.0;         // of sampled verdicts
  int max_new_tokens = 256;         // of sampled verdicts
  std::string prefix = "<answer>";  // local, probability: what the judge has said before yes or no
  int every = 0;                    // checkpoint: steps between them; 0: the stage's start
  std::string path = {};            // model: its folder
  std::string device = "cpu";
  std::string dtype = "float32";
  std::string url = {};            // endpoint: without /chat/completions
  std::string model = {};          // endpoint: its name there
  std::string key_env = {};        // endpoint: the environment variable that holds the key
  double seconds = 30.0;           // endpoint: for one attempt
  int retries = 4;                 // endpoint: after the first attempt
  int workers = 8;                 // endpoint: attempts at a time
  std::int64_t max_calls = 10000;  // endpoint: attempts in all; 0: no cap
  std::int64_t max_tokens = 0;     // endpoint: paid for in all; 0: no cap
  std::string cache = {};          // endpoint: file of its answers; empty: in the run's folder
};

struct RewardOptions {
  std::vector<VerifierOptions> rubric = {{"number", 1.0, 0.0}, {"format", 0.1, 0.0}};
};

struct RolloutOptions {
  int prompts_per_step = 32;
  int group_size = 8;  // TRL: num_generations
  int trained = 0;     // of these, the first that the update sees; the others only vote. 0: all
  int max_new_tokens = 256;
  double temperature = 1.0;
  int top_k = 0;
  double top_p = 1.0;
  double min_p = 0.0;
  std::vector<std::string> stop;
  std::string prefix;       // forced at the start of every completion, as the prompt's last tokens
  int max_sequences = 256;  // decoded at once
  // Dynamic sampling (DAPO §3.2): groups of equal rewards are replaced by fresh ones, up to the cap.
  bool dynamic_sampling = false;
  int max_resamples = 3;  // generation rounds beyond the first
};

enum class LossType { kGrpo, kBnpo, kDrGrpo, kDapo, kGspo, kCispo, kSapo, kRloo };
enum class RatioLevel { kToken, kSequence };
enum class AdvantageScale { kGroup, kBatch, kNone };
enum class KlEstimator { kK1, kK2, kK3 };
enum class KlPlace { kLoss, kReward };

struct LossOptions {
  LossType type = LossType::kDapo;
  RatioLevel ratio_level = RatioLevel::kToken;  // gspo: always sequence
  double clip_low = 0.2;
  double clip_high = 0.2;  // DAPO: 0.28; cispo: 5
  double dual_clip = 0.0;  // c of Ye et al. 2020 for A < 0 (verl: 3); 0: off
  double delta = 0.0;      // TRL's two-sided upper bound on the ratio; 0: off
  double beta = 0.0;       // KL coefficient
  KlEstimator kl = KlEstimator::kK3;
  KlPlace kl_place = KlPlace::kLoss;
  AdvantageScale advantage_scale = AdvantageScale::kGroup;
  double entropy_bonus = 0.0;
  double sapo_temperature_pos = 1.0;
  double sapo_temperature_neg = 1.05;
  bool mask_truncated = false;  // DAPO's overlong filtering: truncated completions carry no loss
  int overlong_buffer =
      0;  // DAPO eq. 13: the last tokens of the budget over which the punishment grows; 0: off
  double overlong_penalty = 1.0;  // at the full budget
  int reference_every = 0;        // optimizer steps between refreshes of the reference; 0: never
};

struct OptimizerOptions {
  double learning_rate = 1e-6;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
  double max_grad_norm = 1.0;         // 0: no clipping
  std::string schedule = "constant";  // constant, linear, cosine
  double warmup = 0.0;                // < 1: share of the steps; ≥ 1: steps
  double min_lr_ratio = 0.0;          // where cosine and linear end
};

struct SftOptions {
  int steps = 0;  // 0: no supervised stage
  int batch_size = 64;
  // The share of worked solutions shown without their thinking, once `direct_after` of the steps are done:
  // the model then starts out able both to guess and to reason, and the GRPO stage finds out which pays.
  double direct_share = 0.0;
  double direct_after = 0.75;
  bool direct_forced = false;  // the direct answers' tags carry no loss: they are forced when it matters
  int microbatch_tokens = 0;   // 0: as memory allows
  OptimizerOptions optimizer{.learning_rate = 1e-3, .schedule = "cosine", .warmup = 0.05};
};

struct GrpoOptions {
  int steps = 0;  // 0: no GRPO stage
  RolloutOptions rollout;
  LossOptions loss;
  OptimizerOptions optimizer;
  int inner_epochs = 1;
  int minibatches = 1;        // optimizer steps per inner epoch
  int microbatch = 0;         // completions per forward and backward; 0: chosen by microbatch_tokens
  int microbatch_tokens = 0;  // 0: as memory allows
};

// System 2 → System 1: thinking is paid for by sampling, and what the samples agree on is learned as a direct
// answer.
struct AmortizeOptions {
  int steps = 0;  // 0: no such stage
  int prompts_per_step = 64;
  int samples = 8;  // thinking completions of each problem
  double temperature = 1.0;
  int max_new_tokens = 256;
  double min_agreement = 0.5;  // the majority's share of the samples from which its answer is learned
  std::string prefix = "<think></think><answer>";  // forced before a direct answer
  std::string suffix = "</answer>";                // learned after it
  double remove_per_step =
      0.0;  // tokens that the thought loses from its left a step; 0: all of it from the start
  double rehearsal =
      0.25;  // thinking completions learned again for each direct answer, so that thinking stays
  int microbatch_tokens = 0;  // 0: as memory allows
  OptimizerOptions optimizer{.learning_rate = 1e-4};
};

enum class ProposeSource { kPolicy, kRandom };
enum class ProposeReward { kLearnability, kUncertainty, kConstant };

// The policy asks questions of its own and learns from asking and from answering, by grpo.loss.
struct ProposeOptions {
  int steps = 0;                                  // 0: no such stage
  std::string language = "arithmetic";            // of symbolic/proposals.h
  ProposeSource source = ProposeSource::kPolicy;  // random: uniform draws of the language, a control
  ProposeReward reward = ProposeReward::kLearnability;
  double proposer_weight = 1.0;  // of the proposals' part of the loss, beside the solutions'
  int proposals = 32;            // asked for in a step
  int solutions = 8;             // of each problem that is accepted; Absolute Zero: 8
  int max_proposal_tokens = 64;  // budgets
  int max_new_tokens = 256;
  double temperature = 1.0;
  int microbatch_tokens = 0;  // 0: as memory allows
  OptimizerOptions optimizer;
};

struct EvalOptions {
  int problems = 1000;
  int every = 0;  // GRPO steps between evaluations during training; 0: only before and after
  int during_problems = 200;
  double temperature = 0.0;
  int max_new_tokens = 0;  // 0: the rollout's
};

struct CheckpointOptions {
  int every = 20;  // steps of the stage; a last one is always written
  int keep = 2;    // newest kept
};

struct Recipe {
  std::string name = "run";
  std::uint64_t seed = 1;
  int threads = 0;            // 0: every core
  double memory_limit = 0.0;  // GB that the run plans for; 0: 80 % of the machine's
  std::string runs = "runs";
  ModelOptions model;
  DataOptions data;
  RewardOptions reward;
  std::vector<FriendOptions> friends;
  SftOptions sft;
  AmortizeOptions amortize;
  ProposeOptions propose;
  GrpoOptions grpo;
  EvalOptions eval;
  CheckpointOptions checkpoint;
};

}  // namespace hone
