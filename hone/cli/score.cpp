// hone score: how likely a model finds given tokens, as JSON lines.
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>
#include <numbers>
#include <optional>

#include "hone/base/json.h"
#include "hone/cli/command.h"
#include "hone/cli/jsonl.h"
#include "hone/cli/model_options.h"
#include "hone/cli/token_scores.h"
#include "hone/text/tokenizer.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kScoreHelp = R"(Reads JSON lines on stdin and answers each with one on stdout, at once:
  {"ids"}, {"text"} or {"prompt", "completion"} -> {"ids", "logprobs", "sum", "bits_per_byte", "greedy"}
logprobs[i] is of ids[i] given those before it, in nats at temperature 1; null for the first.
sum adds the logprobs; bits_per_byte is -sum / ln 2 over the bytes of the text; greedy says whether each token
summed is the likeliest one. A prompt and its completion are tokenised apart, and sum, bits_per_byte and greedy
are of the completion alone. bits_per_byte is null when nothing was summed, when the text has no bytes, and for
{"ids"} where the folder has no tokenizer. {"ids"} needs only config.json and the tensors. Of a line that holds
several forms, "ids" counts before "prompt" before "text". A bad line ends the program with status 2, naming
it.)";

struct ScoreArguments {
  ModelChoice model;
  bool special = false;
};

struct Question {
  std::vector<std::int32_t> ids;
  std::size_t first_summed = 1;      // index into ids, at least 1
  std::optional<std::size_t> bytes;  // of what is summed
};

class TextScorer {
 public:
  TextScorer(Policy policy, const ScoreArguments& options) : policy_(std::move(policy)), options_(options) {}

  Result<OrderedJson> answer(const JsonLine& line) {
    HONE_TRY(const Question question, read(line));
    const auto length = static_cast<std::int64_t>(question.ids.size());
    if (const std::int64_t context = policy_.config().max_position_embeddings; length > context) {
      return Error{line.where, fmt::format("must fit the model's context of {} tokens", context),
                   fmt::format("{} tokens", length)};
    }
    return render(question, score_ids(policy_, question.ids));
  }

 private:
  Result<Question> read(const JsonLine& line) {
    if (line.value.contains("ids")) return read_ids(line);
    if (line.value.contains("prompt") || line.value.contains("completion")) return read_pair(line);
    if (line.value.contains("text")) return read_text(line);
    return Error{line.where, R"(must have "ids", "text" or "prompt" and "completion")",
                 described(line.value)};
  }

  Result<Question> read_ids(const JsonLine& line) {
    Question question;
    HONE_TRY(question.ids, ids_of(line.value, policy_.head().size(0), "the model's", line.where));
    if (tokenizer().ok()) {
      question.bytes = 0;
      for (const std::int32_t id : question.ids) {
        if (id < tokenizer()->vocab_size()) *question.bytes += tokenizer()->bytes_of(id).size();
      }
    }
    return question;
  }

  Result<Question> read_text(const JsonLine& line) {
    HONE_TRY(const std::string text, text_of(line.value, "text", line.where));
    Question question;
    question.bytes = text.size();
    HONE_TRY(question.ids, encode(text, options_.special, line.where + ": text"));
    if (question.ids.empty())
      return Error{line.where + ": text", "must hold at least one token", "an empty text"};
    return question;
  }

  Result<Question> read_pair(const JsonLine& line) {
    HONE_TRY(const std::string prompt, text_of(line.value, "prompt", line.where));
    HONE_TRY(const std::string completion, text_of(line.value, "completion", line.where));
    Question question;
    question.bytes = completion.size();
    HONE_TRY(question.ids, encode(prompt, options_.special, line.where + ": prompt"));
    if (question.ids.empty()) {
      return Error{line.where + ": prompt", "must hold at least one token (--special may add one)",
                   "an empty text"};
    }
    question.first_summed = question.ids.size();
    HONE_TRY(const auto rest, encode(completion, false, line.where + ": completion"));
    question.ids.insert(question.ids.end(), rest.begin(), rest.end());
    return question;
  }

  Result<std::vector<std::int32_t>> encode(const std::string& text, bool special, const std::string& where) {
    if (!tokenizer().ok()) return tokenizer().error();
    auto ids = tokenizer()->encode(text, special);
    const std::int64_t vocabulary = policy_.head().size(0);
    for (const std::int32_t id : ids) {
      if (id >= vocabulary) {
        return Error{where, fmt::format("its tokens must be in the model's vocabulary of {}", vocabulary),
                     fmt::format("{} ({})", id, described(Json(tokenizer()->token(id))))};
      }
    }
    return ids;
  }

  // Read when first asked for: ids alone do without.
  const Result<Tokenizer>& tokenizer() {
    if (!tokenizer_) tokenizer_ = Tokenizer::load(options_.model.folder);
    return *tokenizer_;
  }

  static OrderedJson render(const Question& question, const TokenScores& scores) {
    OrderedJson logprobs = OrderedJson::array({nullptr});
    double sum = 0.0;
    bool greedy = true;
    for (std::size_t i = 1; i < question.ids.size(); ++i) {
      const double logprob = static_cast<double>(scores.logprobs[i - 1]);
      logprobs.push_back(logprob);
      if (i < question.first_summed) continue;
      sum += logprob;
      greedy = greedy && scores.argmax[i - 1] == question.ids[i];
    }
    const bool any = question.first_summed < question.ids.size();
    OrderedJson bits = nullptr;
    if (any && question.bytes.value_or(0) > 0) {
      bits = -sum / std::numbers::ln2 / static_cast<double>(*question.bytes);
    }
    return OrderedJson{{"ids", question.ids},
                       {"logprobs", std::move(logprobs)},
                       {"sum", sum},
                       {"bits_per_byte", std::move(bits)},
                       {"greedy", greedy}};
  }

  Policy policy_;
  const ScoreArguments& options_;
  std::optional<Result<Tokenizer>> tokenizer_;
};

Result<int> score(const ScoreArguments& options) {
  const ModelChoice& model = options.model;
  HONE_TRY(Policy policy, Policy::load(model.folder, model.device, model.dtype));
  TextScorer scorer(std::move(policy), options);
  HONE_TRY_VOID(each_json_line(std::cin, "stdin", [&](const JsonLine& line) -> Result<void> {
    HONE_TRY(const OrderedJson answer, scorer.answer(line));
    return write_json_line(stdout, answer);
  }));
  return 0;
}

}  // namespace

void add_score_command(CommandLine& line) {
  auto options = std::make_shared<ScoreArguments>();
  Command& command = line.add("score", "Log-probabilities of given tokens, as JSON lines",
                              [options] { return score(*options); });
  command.footer(kScoreHelp);
  add_model_options(command, options->model);
  command.flag("--special", options->special, "add the tokenizer's special tokens to texts and prompts");
}

}  // namespace hone
