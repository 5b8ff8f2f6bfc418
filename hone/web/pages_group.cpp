// A group whole: its completions, what was said of them, their tokens, the answers' votes.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "hone/base/json.h"
#include "hone/text/utf8.h"
#include "hone/verify/vote.h"
#include "hone/web/pages_json.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson finite_json(double value) {
  return std::isfinite(value) ? OrderedJson(value) : OrderedJson(nullptr);
}

// Whether entropy and clipping of each token are recorded: earlier versions of hone did not.
bool measured(const Completion& completion) { return completion.entropies.size() == completion.ids.size(); }

// Tokens that are shown together: a byte-level token may end within a character, and is then shown with those
// that finish it.
struct Piece {
  std::string bytes;
  int tokens = 0, clipped = 0;  // clipped: the most passes of any of them
  double logprob = 0, entropy = 0;

  // [text, tokens, Σ logprob, Σ entropy, clipped, 1 for a special token]; the entropy is null where none was
  // recorded.
  OrderedJson json(bool with_entropy, bool special) const {
    const auto rounded = [](double value) { return finite_json(std::round(value * 1e4) / 1e4); };
    std::string text;
    append_lossy_utf8(bytes, text);
    OrderedJson piece = {text, tokens, rounded(logprob), with_entropy ? rounded(entropy) : OrderedJson(),
                         clipped};
    if (special) piece.push_back(1);
    return piece;
  }
};

OrderedJson pieces_json(const Rollout& rollout, const Tokenizer& tokenizer) {
  const Completion& completion = rollout.completion;
  const bool with_entropy = measured(completion);
  OrderedJson pieces = OrderedJson::array();
  Piece piece;
  const auto give = [&](bool special) {
    if (piece.tokens > 0) pieces.push_back(piece.json(with_entropy, special));
    piece = {};
  };
  for (std::size_t i = 0; i < completion.ids.size(); ++i) {
    const std::int32_t id = completion.ids[i];
    const bool special = tokenizer.is_special(id);
    if (special) give(false);
    piece.bytes += tokenizer.bytes_of(id);
    ++piece.tokens;
    if (i < completion.logprobs.size()) piece.logprob += static_cast<double>(completion.logprobs[i]);
    if (with_entropy) piece.entropy += static_cast<double>(completion.entropies[i]);
    if (i < rollout.clipped.size()) piece.clipped = std::max<int>(piece.clipped, rollout.clipped[i]);
    if (special || settled_utf8_prefix(piece.bytes) == piece.bytes.size()) give(special);
  }
  give(false);
  return pieces;
}

OrderedJson parts_json(const Reward& reward) {
  OrderedJson parts = OrderedJson::array();
  for (const RewardPart& part : reward.parts) {
    parts.push_back({{"verifier", part.verifier},
                     {"weight", part.weight},
                     {"status", to_string(part.verdict.status)},
                     {"score", part.verdict.decided() ? finite_json(part.verdict.score) : OrderedJson()},
                     {"detail", part.verdict.detail}});
  }
  return parts;
}

OrderedJson completion_json(const Rollout& rollout, const std::optional<std::string>& answer,
                            const Tokenizer* tokenizer) {
  const Completion& completion = rollout.completion;
  const auto mean = [](const std::vector<float>& values) {
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    return finite_json(sum / static_cast<double>(std::max<std::size_t>(values.size(), 1)));
  };
  const auto clipped = std::ranges::count_if(rollout.clipped, [](int passes) { return passes > 0; });
  OrderedJson json = {{"text", completion.text},
                      {"answer", answer.value_or("")},
                      {"finish", to_string(completion.finish)},
                      {"tokens", completion.ids.size()},
                      {"logprob", mean(completion.logprobs)},
                      {"entropy", measured(completion) ? mean(completion.entropies) : OrderedJson()},
                      {"clipped", measured(completion) ? OrderedJson(clipped) : OrderedJson()},
                      {"version", completion.policy_version},
                      {"reward", rollout.reward.total ? finite_json(*rollout.reward.total) : OrderedJson()},
                      {"correct", rollout.reward.correct},
                      {"advantage", finite_json(rollout.advantage)},
                      {"parts", parts_json(rollout.reward)}};
  if (tokenizer != nullptr) json["pieces"] = pieces_json(rollout, *tokenizer);
  return json;
}

}  // namespace

OrderedJson group_json(const RunQuery::WholeGroup& whole, PagesRun& run, bool tokens) {
  const Group& group = whole.group;
  OrderedJson messages = OrderedJson::array();
  for (const Message& m : group.problem.messages)
    messages.push_back({{"role", m.role}, {"content", m.content}});
  const std::shared_ptr<const Verifier> verifier = run.answers();
  const auto answers = final_answers_of(*verifier, group.rollouts);
  std::vector<bool> correct;
  for (const Rollout& rollout : group.rollouts) correct.push_back(rollout.reward.correct);
  OrderedJson json = {{"id", whole.id},
                      {"stage", whole.place.stage},
                      {"step", whole.place.step},
                      {"group", whole.place.position},
                      {"groups", whole.groups},
                      {"problem", std::to_string(group.problem.id)},
                      {"source", group.problem.source},
                      {"difficulty", group.problem.difficulty},
                      {"answer", group.problem.answer},
                      {"solution", group.problem.solution},
                      {"fields", group.problem.fields},
                      {"messages", std::move(messages)},
                      {"prompt", group.prompt_text},
                      {"prompt_tokens", group.prompt_ids.size()},
                      {"votes", votes_json(*verifier, answers, correct)},
                      {"tokens_missing", nullptr}};
  std::optional<Tokenizer> tokenizer;
  if (tokens) {
    auto loaded = run.tokenizer();
    if (loaded.ok()) {
      tokenizer = *std::move(loaded);
    } else {
      json["tokens_missing"] = loaded.error().message();
    }
  }
  OrderedJson rollouts = OrderedJson::array();
  for (std::size_t i = 0; i < group.rollouts.size(); ++i)
    rollouts.push_back(completion_json(group.rollouts[i], answers[i], tokenizer ? &*tokenizer : nullptr));
  json["rollouts"] = std::move(rollouts);
  return json;
}

}  // namespace hone
