// Recipes that are wrong: each is one line that says where, which rule and what was found.
#include <gmock/gmock.h>

#include "hone/config/recipe.h"

namespace hone {
namespace {

using ::testing::HasSubstr;

const std::string kSmall = "data: {task: arithmetic}\ngrpo: {steps: 10}\n";

std::string error_of(const std::string& yaml, const std::vector<std::string>& settings = {}) {
  const auto recipe = parse_recipe(yaml, "recipe.yaml", settings);
  return recipe.ok() ? "accepted" : recipe.error().message();
}
std::string setting(const std::string& text) { return error_of(kSmall, {text}); }

TEST(RecipeErrors, UnknownKeysNameTheNearestAndTheirLine) {
  EXPECT_EQ(error_of("name: a\n\ngrpo:\n  steps: 1\n  rollout:\n    group_sizes: 4\n"),
            "[recipe.yaml:6: grpo.rollout.group_sizes] unknown key, did you mean group_size");
  EXPECT_EQ(error_of("modell: {}\n"), "[recipe.yaml:1: modell] unknown key, did you mean model");
  EXPECT_EQ(error_of("grpo:\n  group_size: 4\n"),
            "[recipe.yaml:2: grpo.group_size] unknown key, did you mean grpo.rollout.group_size");
  EXPECT_EQ(error_of("grpo:\n  epsilon: 4\n"),
            "[recipe.yaml:2: grpo.epsilon] unknown key, did you mean grpo.optimizer.epsilon");
  EXPECT_EQ(error_of("checkpoint:\n  zzzzzzzzz: 4\n"),
            "[recipe.yaml:2: checkpoint.zzzzzzzzz] unknown key; known here: every, keep");
  EXPECT_EQ(error_of("reward:\n- number\n- verifier: format\n  wieght: 2\n"),
            "[recipe.yaml:4: reward[1].wieght] unknown key, did you mean weight");
  EXPECT_EQ(setting("grpo.rollout.group_sizes=4"),
            "[--set grpo.rollout.group_sizes] unknown key, did you mean group_size");
  EXPECT_EQ(setting("grpo.rolout.group_size=4"), "[--set grpo.rolout] unknown key, did you mean rollout");
  EXPECT_EQ(setting("grpo.rollout.group_size.x=4"),
            "[--set grpo.rollout.group_size] must be an integer, at least 2 and at most 65536, got a map");
  EXPECT_THAT(setting("grpo..steps=4"), HasSubstr("[--set grpo.] unknown key"));
}

TEST(RecipeErrors, WrongTypes) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"grpo.rollout.group_size=four", "must be an integer, at least 2 and at most 65536, got four"},
      {"grpo.rollout.group_size=1e3", "must be an integer, at least 2 and at most 65536, got 1e3"},
      {"grpo.rollout.group_size=8.0", "must be an integer, at least 2 and at most 65536, got 8.0"},
      {"grpo.rollout.group_size=\"8\"", "must be an integer, at least 2 and at most 65536, got \"8\""},
      {"grpo.rollout.group_size=[8]", "must be an integer, at least 2 and at most 65536, got a list"},
      {"grpo.rollout.group_size=", "must be an integer, at least 2 and at most 65536, got nothing"},
      {"grpo.rollout.group_size=0x10", "must be an integer, at least 2 and at most 65536, got 0x10"},
      {"grpo.rollout.top_p=1 2", "must be a number, above 0 and at most 1, got 1 2"},
      {"grpo.rollout.dynamic_sampling=1", "must be true or false, got 1"},
      {"grpo.rollout.dynamic_sampling=yes", "must be true or false, got yes"},
      {"grpo.rollout.dynamic_sampling='true'", "must be true or false, got \"true\""},
      {"grpo.rollout.stop={a: 1}", "must be text, or a list of texts, got a map"},
      {"grpo.rollout.stop=[[a]]", "must be text, or a list of texts, got a list"},
      {"data.difficulty=[1, two]", "must be an integer, or a list of integers, each at least 1, got two"},
      {"data.system=[a]", "must be text, got a list"},
      {"grpo.loss=dapo", "must be a map of keys, got dapo"},
      {"grpo.loss.type=grop",
       "must be one of grpo, bnpo, dr_grpo, dapo, gspo, cispo, sapo, rloo (did you mean grpo?), got grop"},
      {"grpo.loss.type=GRPO", "(did you mean grpo?), got GRPO"},
      {"grpo.optimizer.schedule=cosin",
       "must be one of constant, linear, cosine (did you mean cosine?), got cosin"},
      {"model.dtype=float64", "must be one of float32, bfloat16, float16"},
      {"data.prompt_format=raw", "must be one of chat, plain, got raw"},
      {"data.on_error=ignore", "must be one of stop, skip, got ignore"},
      {"reward={weight: 1}", "[--set reward[0]] must have the key verifier, got none"},
      {"reward=[[number]]", "[--set reward[0]] must be a verifier's name or a map of keys, got a list"},
      {"reward=", "[--set reward] must be a verifier, or a list of verifiers, got nothing"},
      {"grpo", "[--set grpo] must be key=value"},
      {"=4", "[--set =4] must be key=value"},
      {"data.system=[a", "[--set data.system] must be YAML"},
  };
  for (const auto& [text, expected] : cases) EXPECT_THAT(setting(text), HasSubstr(expected)) << text;
  EXPECT_EQ(error_of("data:\n  task: a\n  system:\n"),
            "[recipe.yaml:3: data.system] must be text, got nothing");
}

TEST(RecipeErrors, ImpossibleNumbers) {
  const std::vector<std::string> refused = {"grpo.rollout.group_size=1",
                                            "grpo.rollout.group_size=-4",
                                            "grpo.rollout.prompts_per_step=0",
                                            "grpo.rollout.max_new_tokens=0",
                                            "grpo.rollout.temperature=0",
                                            "grpo.rollout.temperature=-1",
                                            "grpo.rollout.temperature=nan",
                                            "grpo.rollout.temperature=inf",
                                            "grpo.rollout.temperature=.inf",
                                            "grpo.rollout.temperature=1e999",
                                            "grpo.rollout.top_p=0",
                                            "grpo.rollout.top_p=1.01",
                                            "grpo.rollout.min_p=1",
                                            "grpo.rollout.min_p=-0.1",
                                            "grpo.rollout.top_k=-1",
                                            "grpo.loss.clip_low=-0.1",
                                            "grpo.loss.clip_low=1.5",
                                            "grpo.loss.clip_high=0",
                                            "grpo.loss.dual_clip=1",
                                            "grpo.loss.dual_clip=0.5",
                                            "grpo.loss.delta=1",
                                            "grpo.loss.beta=-1",
                                            "grpo.loss.sapo_temperature_pos=0",
                                            "grpo.optimizer.learning_rate=-1",
                                            "grpo.optimizer.beta1=1",
                                            "grpo.optimizer.beta2=-0.1",
                                            "grpo.optimizer.epsilon=0",
                                            "grpo.optimizer.min_lr_ratio=2",
                                            "grpo.optimizer.max_grad_norm=-1",
                                            "grpo.optimizer.warmup=-1",
                                            "grpo.optimizer.warmup=2.5",
                                            "grpo.steps=-1",
                                            "grpo.steps=99999999999",
                                            "grpo.inner_epochs=0",
                                            "grpo.minibatches=0",
                                            "sft.batch_size=0",
                                            "data.eval_fraction=1",
                                            "data.eval_fraction=-0.1",
                                            "data.difficulty=0",
                                            "data.max_prompt_tokens=-1",
                                            "model.init.layers=0",
                                            "model.tokenizer.vocab_size=255",
                                            "model.init.rope_theta=0",
                                            "eval.temperature=-0.5",
                                            "eval.problems=-1",
                                            "eval.during_problems=0",
                                            "checkpoint.every=0",
                                            "checkpoint.keep=0",
                                            "threads=-1",
                                            "seed=-1",
                                            "seed=18446744073709551616",
                                            "reward=[{verifier: number, weight: nan}]",
                                            "reward=[{verifier: number, weight: .inf}]"};
  for (const std::string& text : refused) {
    const std::string key = text.starts_with("reward") ? "reward[0].weight" : text.substr(0, text.find('='));
    EXPECT_THAT(setting(text), HasSubstr("[--set " + key + "] must be ")) << text;
  }
  const std::vector<std::string> accepted = {"grpo.rollout.group_size=2",
                                             "grpo.rollout.temperature=1e-3",
                                             "grpo.rollout.top_p=1",
                                             "grpo.loss.dual_clip=0",
                                             "grpo.loss.dual_clip=3",
                                             "grpo.loss.delta=1.5",
                                             "grpo.loss.clip_low=0",
                                             "grpo.loss.clip_low=1",
                                             "eval.temperature=0",
                                             "seed=18446744073709551615",
                                             "seed=0",
                                             "grpo.rollout.top_p=+0.5",
                                             "data.eval_fraction=0",
                                             "reward=[{verifier: number, weight: -1}]",
                                             "grpo.optimizer.warmup=10",
                                             "grpo.optimizer.learning_rate=0"};
  for (const std::string& text : accepted) EXPECT_EQ(setting(text), "accepted") << text;
  EXPECT_EQ(setting("grpo.steps=99999999999"),
            "[--set grpo.steps] must be an integer, at least 0 (at most 2147483647), got 99999999999");
}

TEST(RecipeErrors, Contradictions) {
  EXPECT_EQ(error_of("grpo: {steps: 1}\n"),
            "[recipe.yaml: data.files] problems must come from data.files or data.task, got neither");
  EXPECT_EQ(error_of("grpo: {steps: 1}\ndata:\n  files: a\n  task: b\n"),
            "[recipe.yaml:4: data.task] problems must come from data.files or data.task, got both");
  EXPECT_EQ(error_of("data: {task: a}\n"),
            "[recipe.yaml: grpo.steps] a stage must have steps: sft.steps, amortize.steps, propose.steps, grpo.steps, got 0");
  EXPECT_EQ(
      error_of(kSmall + "model:\n  path: m\n  init:\n    layers: 2\n"),
      "[recipe.yaml:5: model.init] a model that is read from model.path has its own; give one or the other");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"model={path: m, tokenizer: {vocab_size: 400}}", "[--set model.tokenizer] a model that is read from"},
      {"model.device=gpu", "[--set model.device] must be cpu, cuda or cuda:N, got gpu"},
      {"model.device='cuda:'", "must be cpu, cuda or cuda:N"},
      {"model.init.heads=3",
       "[--set model.init.heads] must divide hidden_size 128, or head_dim be given, got 3"},
      {"model.init.kv_heads=3", "[--set model.init.kv_heads] must divide heads 4, got 3"},
      {"model.init.head_dim=33", "rotary embeddings need an even head_dim, got 33"},
      {"model.init={hidden_size: 12, heads: 4}", "rotary embeddings need an even head_dim, got 3"},
      {"model.init.max_position_embeddings=256",
       "must leave room for a prompt in max_position_embeddings 256, got 256"},
      {"model.tokenizer.vocab_size=259", "must hold the 256 bytes and 4 special tokens, got 259"},
      {"model.tokenizer.special=[a, a]", "must be distinct and not empty, got a, a"},
      {"data.eval_files=x", "[--set data.eval_files] belongs to data.files"},
      {"data.fields.prompt=q", "[--set data.fields] maps the rows of data.files"},
      {"data={task: '', files: x, difficulty: 2}",
       "[--set data.difficulty] grades the problems of data.task"},
      {"grpo.minibatches=257", "must not exceed the 256 completions of a step, got 257"},
      {"grpo.loss={type: gspo, ratio_level: token}",
       "[--set grpo.loss.ratio_level] gspo's ratio is of the sequence"},
      {"grpo.loss.overlong_buffer=257", "must not exceed max_new_tokens 256, got 257"},
      {"grpo.loss.reference_every=5", "needs beta above 0"},
      {"grpo.rollout.stop=['']", "a stop text must not be empty"},
      {"reward=[]", "must name at least one verifier"},
      {"reward=[number, number]",
       "must name a verifier once (the key name tells two of a kind apart), got number"},
      {"reward=[{verifier: program, name: format}, format]", "tells two of a kind apart), got format"},
      {"reward=[{verifier: program, name: a/b}]", "of letters, digits, . _ and -, got a/b"},
      {"reward={verifier: number, weight: 0}", "at least one verifier must have a weight other than 0"},
      {"name=a/b", "[--set name] must be a folder's name, at most 200 bytes and without /, got a/b"},
      {"name=..", "must be a folder's name"},
      {"name=", "must be a folder's name"},
      {"runs=", "[--set runs] must name a folder"},
  };
  for (const auto& [text, expected] : cases) EXPECT_THAT(setting(text), HasSubstr(expected)) << text;
  EXPECT_EQ(error_of(kSmall, {"model.path=m"}), "accepted");
  EXPECT_EQ(error_of(kSmall + "model: {path: m, device: 'cuda:0', init: {hidden_size: 128}}\n"), "accepted");
  EXPECT_EQ(error_of("data: {task: a}\nsft: {steps: 3}\n"), "accepted");
}

TEST(RecipeErrors, YamlThatIsNotARecipe) {
  EXPECT_EQ(error_of("name: a\nseed: 2\nname: b\n"),
            "[recipe.yaml:3: name] a key must be given once, got it twice");
  EXPECT_EQ(error_of("grpo:\n  loss: {beta: 1, beta: 2}\n"),
            "[recipe.yaml:2: grpo.loss.beta] a key must be given once, got it twice");
  EXPECT_EQ(error_of(""), "[recipe.yaml] a recipe must be a map of keys, got nothing");
  EXPECT_EQ(error_of("- a\n"), "[recipe.yaml] a recipe must be a map of keys, got a list");
  EXPECT_EQ(error_of("name: a\nseed: [1\n"), "[recipe.yaml:3] must be YAML: end of sequence flow not found");
  EXPECT_THAT(error_of("a: 1\n\tb: 2\n"), HasSubstr("[recipe.yaml:2] must be YAML: "));
  EXPECT_THAT(error_of(kSmall + "---\nname: b\n"), HasSubstr("must be one YAML document, got 2"));
  EXPECT_THAT(error_of("? [a]\n: 1\n"), HasSubstr("a key must be text, got a list"));
  EXPECT_THAT(error_of(std::string(100000, '[')), HasSubstr("must be YAML"));
  EXPECT_THAT(error_of("model: &m\n  init: *m\n"), HasSubstr("model.init.init] unknown key"));
  EXPECT_EQ(error_of("sft:\n" + kSmall), "accepted");
}

}  // namespace
}  // namespace hone
