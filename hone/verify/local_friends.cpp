#include "hone/verify/local_friends.h"

#include "hone/base/ascii.h"
#include "hone/base/check.h"
#include "hone/verify/answer.h"

namespace hone {
namespace {

// ASCII letters, digits and what joins them; of other characters those that Latin words go on with.
bool continues_word(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  return is_letter(text[at]) || is_digit(text[at]) || byte == '_' || byte == '\'' ||
         (byte >= 0xc3 && byte <= 0xc9);
}

bool stands_alone(std::string_view text, std::size_t at, std::size_t length) {
  return (at == 0 || !continues_word(text, at - 1)) &&
         (at + length >= text.size() || !continues_word(text, at + length));
}

std::optional<std::size_t> last_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.rfind(word); at != std::string_view::npos; at = text.rfind(word, at - 1)) {
    if (stands_alone(text, at, word.size())) return at;
    if (at == 0) break;
  }
  return std::nullopt;
}

std::optional<bool> last_yes_or_no(std::string_view text) {
  const std::string small = lower(text);
  const auto yes = last_word(small, "yes"), no = last_word(small, "no");
  if (!yes && !no) return std::nullopt;
  return yes && (!no || *yes > *no);
}

std::string ending_of(std::string_view text) {
  constexpr std::size_t kMost = 80;
  if (text.size() <= kMost) return std::string(text);
  std::size_t begin = text.size() - kMost;
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) ++begin;
  return "…" + std::string(text.substr(begin));
}

RandomKey key_of(const LocalFriendOptions& options, std::int64_t step, const JudgeQuestion& question) {
  return {.seed = options.seed,
          .purpose = Purpose::kFriends,
          .step = static_cast<std::uint64_t>(step),
          .problem = question.key,
          .rollout = options.first_voter};
}

class LocalFriend : public Friend {
 public:
  LocalFriend(LocalFriendOptions options, std::function<Result<LocalModel>(std::int64_t)> model)
      : options_(std::move(options)), model_(std::move(model)) {}

  std::string name() const override { return options_.name; }
  std::size_t voters() const override { return static_cast<std::size_t>(options_.copies); }

  Result<std::vector<std::vector<Opinion>>> ask(std::span<const JudgeQuestion> questions,
                                                std::int64_t step) override {
    HONE_TRY(const LocalModel model, model_(step));
    std::vector<std::vector<Opinion>> opinions(questions.size(), std::vector<Opinion>(voters()));
    std::vector<std::vector<std::int32_t>> prompts;
    std::vector<std::size_t> asked;  // the questions that fit
    for (std::size_t q = 0; q < questions.size(); ++q) {
      Problem problem;
      problem.source = options_.name;
      problem.messages = {{"user", questions[q].text}};
      auto prompt = model.environment->reset(problem);
      const std::string why =
          !prompt.ok() ? prompt.error().message()
          : std::ssize(prompt->ids) >= model.generator->context_length()
              ? fmt::format("the question of {} tokens leaves no room in its context", prompt->ids.size())
              : "";
      if (why.empty()) {
        asked.push_back(q);
        prompts.push_back(std::move(prompt->ids));
      } else {
        for (Opinion& opinion : opinions[q]) opinion.why = why;
      }
    }
    if (prompts.empty()) return opinions;
    HONE_TRY_VOID(options_.probability ? score(model, prompts, asked, opinions)
                                       : sample(model, prompts, asked, questions, step, opinions));
    return opinions;
  }

 private:
  static Result<void> score(const LocalModel& model, const std::vector<std::vector<std::int32_t>>& prompts,
                            const std::vector<std::size_t>& asked,
                            std::vector<std::vector<Opinion>>& opinions) {
    HONE_CHECK(model.scorer != nullptr, "probabilities need a scorer");
    HONE_TRY(const auto probabilities, model.scorer->probabilities(prompts));
    for (std::size_t i = 0; i < asked.size(); ++i) {
      for (Opinion& opinion : opinions[asked[i]]) {
        opinion.yes = probabilities[i];
        opinion.why = probabilities[i] ? fmt::format("P(yes) {:.3f}", *probabilities[i])
                                       : "neither yes nor no is likely";
      }
    }
    return {};
  }

  Result<void> sample(const LocalModel& model, std::vector<std::vector<std::int32_t>>& prompts,
                      const std::vector<std::size_t>& asked, std::span<const JudgeQuestion> questions,
                      std::int64_t step, std::vector<std::vector<Opinion>>& opinions) const {
    std::vector<GenerationRequest> requests;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      requests.push_back({std::move(prompts[i]), options_.copies, options_.sampling,
                          key_of(options_, step, questions[asked[i]]), false});
    }
    HONE_TRY(const auto said, model.generator->generate(requests));
    for (std::size_t i = 0; i < asked.size(); ++i) {
      for (std::size_t v = 0; v < said[i].size(); ++v) {
        const Completion& completion = said[i][v];
        Opinion& opinion = opinions[asked[i]][v];
        const auto yes = read_yes_no(completion.text, completion.finish == FinishReason::kLength);
        if (yes) opinion.yes = *yes ? 1.0 : 0.0;
        opinion.why = (yes ? "" : "says neither yes nor no: ") + ending_of(completion.text);
      }
    }
    return {};
  }

  LocalFriendOptions options_;
  std::function<Result<LocalModel>(std::int64_t)> model_;
};

class RandomFriend : public Friend {
 public:
  explicit RandomFriend(LocalFriendOptions options) : options_(std::move(options)) {}
  std::string name() const override { return options_.name; }
  std::size_t voters() const override { return static_cast<std::size_t>(options_.copies); }

  Result<std::vector<std::vector<Opinion>>> ask(std::span<const JudgeQuestion> questions,
                                                std::int64_t step) override {
    std::vector<std::vector<Opinion>> opinions;
    for (const JudgeQuestion& question : questions) {
      auto& voters_of = opinions.emplace_back();
      for (std::uint32_t v = 0; v < static_cast<std::uint32_t>(options_.copies); ++v) {
        RandomKey key = key_of(options_, step, question);
        key.rollout += v;
        voters_of.push_back({random_uniform(key, 0) < 0.5 ? 1.0 : 0.0, false, "a coin"});
      }
    }
    return opinions;
  }

 private:
  LocalFriendOptions options_;
};

}  // namespace

std::optional<bool> read_yes_no(std::string_view text, bool cut_off) {
  if (const auto tagged = tagged_answer(text)) return last_yes_or_no(*tagged);
  // What stands where it was cut off is a thought, no verdict.
  if (cut_off) return std::nullopt;
  return last_yes_or_no(after_thinking(text));
}

std::unique_ptr<Friend> make_local_friend(LocalFriendOptions options,
                                          std::function<Result<LocalModel>(std::int64_t step)> model) {
  return std::make_unique<LocalFriend>(std::move(options), std::move(model));
}

std::unique_ptr<Friend> make_random_friend(LocalFriendOptions options) {
  return std::make_unique<RandomFriend>(std::move(options));
}

}  // namespace hone
