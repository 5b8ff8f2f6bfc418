// A tokenizer with think tags, and a generator that thinks for as long as its key says and then answers.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "hone/text/tokenizer.h"
#include "hone/types/interfaces.h"
#include "support/temp_folder.h"

namespace hone::testing {

// What <think> and the others are: tokens, tokens that leave no text, or spelled.
enum class Tags { kTokens, kSpecial, kSpelled };

inline Tokenizer think_tokenizer(Tags tags = Tags::kTokens) {
  const TempFolder folder;
  TokenizerInitOptions options;
  options.vocab_size = 288;
  if (tags == Tags::kSpelled) options.special.clear();
  auto files = train_tokenizer(options, std::vector<std::string>(20, "the cat and the hat"));
  if (tags == Tags::kSpecial) {
    const std::string plain = "\"special\": false", special = "\"special\": true";
    for (std::string* text : {&files->tokenizer_json, &files->tokenizer_config_json}) {
      for (std::size_t at; (at = text->find(plain)) != std::string::npos;)
        text->replace(at, plain.size(), special);
    }
  }
  EXPECT_TRUE(files.ok() && write_tokenizer(*files, folder.path()).ok());
  auto tokenizer = Tokenizer::load(folder.path());
  EXPECT_TRUE(tokenizer.ok());
  return std::move(tokenizer).value();
}

// A thought is "thethe…", letter by letter, so that encoding its text again would give other ids. After each
// "Wait" it goes on for three letters. The answer is its number of letters.
class ThinkingGenerator : public Generator {
 public:
  explicit ThinkingGenerator(Tokenizer of = think_tokenizer()) : tokenizer(std::move(of)) {}

  static int letters(std::uint64_t problem, std::uint64_t rollout) {
    return 3 + static_cast<int>((2 * problem + 3 * rollout) % 9);
  }

  Result<std::vector<std::vector<Completion>>> generate(std::span<const GenerationRequest> requests,
                                                        const OnFinished& on_finished) override {
    std::vector<std::vector<Completion>> all;
    for (std::size_t r = 0; r < requests.size(); ++r) {
      asked.push_back(requests[r]);
      EXPECT_LT(std::ssize(requests[r].prompt), context) << "a prompt and one token must fit";
      all.emplace_back();
      for (int i = 0; i < requests[r].n; ++i) {
        all.back().push_back(sample(requests[r], requests[r].key.rollout + static_cast<std::uint32_t>(i)));
        tokens += std::ssize(all.back().back().ids);
        if (on_finished) on_finished(r, static_cast<std::size_t>(i), all.back().back());
      }
    }
    return all;
  }
  std::int64_t context_length() const override { return context; }

  Tokenizer tokenizer;
  std::int64_t context = 200;
  bool never_closes = false;  // an eos stands where the tag should
  std::vector<GenerationRequest> asked;
  std::int64_t tokens = 0;

 private:
  Completion sample(const GenerationRequest& request, std::uint64_t rollout) {
    const SamplingParams& sampling = request.sampling;
    std::vector<std::int32_t> ids = request.prompt;
    Completion c;
    while (std::ssize(c.ids) < sampling.max_new_tokens && std::ssize(ids) < context) {
      const std::int32_t id = next(ids, letters(request.key.problem, rollout));
      ids.push_back(id);
      c.ids.push_back(id);
      c.logprobs.push_back(-0.5f);
      c.text = tokenizer.decode(c.ids, true);
      if (id == *tokenizer.eos_id()) {
        c.finish = FinishReason::kEos;
        return c;
      }
      std::size_t cut = std::string::npos;
      for (const std::string& stop : sampling.stop) cut = std::min(cut, c.text.find(stop));
      const bool by_id = std::ranges::find(sampling.stop_ids, id) != sampling.stop_ids.end();
      if (cut == std::string::npos && !by_id) continue;
      c.finish = FinishReason::kStop;
      c.text = cut != std::string::npos ? c.text.substr(0, cut)
                                        : tokenizer.decode(std::span(c.ids).first(c.ids.size() - 1), true);
      return c;
    }
    return c;
  }

  // The id that goes on with `target` where `done` of it stand.
  std::int32_t spell(const std::string& target, std::size_t done) const {
    const std::string rest = target.substr(done);
    if (rest.empty()) return *tokenizer.eos_id();
    for (const char* tag : {"<think>", "</think>", "<answer>", "</answer>"}) {
      if (const auto id = tokenizer.id_of(tag); id && rest.starts_with(tag)) return *id;
    }
    return *tokenizer.id_of(rest.substr(0, 1));
  }

  std::int32_t next(const std::vector<std::int32_t>& ids, int length) const {
    const std::string text = tokenizer.decode(ids);
    const std::size_t open = text.rfind("<think>");
    if (open == std::string::npos) return *tokenizer.id_of("<think>");
    const std::string after = text.substr(open + 7);
    std::string thought = after.substr(0, after.find("</think>"));
    int waits = 0;
    for (std::size_t at; (at = thought.find("Wait")) != std::string::npos; ++waits) thought.erase(at, 4);
    const std::size_t bracket = thought.find('<');
    const auto count = static_cast<int>(std::min(bracket, thought.size()));
    if (const std::size_t close = after.find("</think>"); close != std::string::npos)
      return spell("<answer>" + std::to_string(count) + "</answer>", after.size() - close - 8);
    if (count < length + 3 * waits) return *tokenizer.id_of(std::string(1, "the"[count % 3]));
    if (never_closes) return *tokenizer.eos_id();
    return spell("</think>", bracket == std::string::npos ? 0 : thought.size() - bracket);
  }
};

}  // namespace hone::testing
