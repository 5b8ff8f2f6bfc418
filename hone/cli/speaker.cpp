#include "hone/cli/speaker.h"

#include "hone/cli/policy_scorer.h"

namespace hone {

Result<std::unique_ptr<Speaker>> load_speaker(const std::filesystem::path& folder, const FriendOptions& asked,
                                              const std::string& prompt_format, int max_sequences) {
  HONE_TRY(Model model, load_model(folder, asked.device, asked.dtype));
  auto speaker = std::make_unique<Speaker>(Speaker{std::move(model), nullptr, nullptr, nullptr});
  const bool chats = !speaker->model.tokenizer.chat_template().empty();
  const std::string format = !prompt_format.empty() ? prompt_format : chats ? "chat" : "plain";
  HONE_TRY(speaker->environment, make_environment(speaker->model.tokenizer, format));
  speaker->generator = make_generator(speaker->model, max_sequences);
  if (asked.verdict == "probability") {
    HONE_TRY(speaker->scorer, make_policy_scorer(speaker->model, asked.prefix));
  }
  return speaker;
}

}  // namespace hone
