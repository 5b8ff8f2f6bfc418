#include "hone/data/prompt.h"

#include <algorithm>

namespace hone {

void dress_prompt(const DataOptions& options, Problem& problem) {
  auto& messages = problem.messages;
  if (!options.prompt_suffix.empty()) {
    const auto last =
        std::find_if(messages.rbegin(), messages.rend(), [](const Message& m) { return m.role == "user"; });
    if (last != messages.rend()) last->content += options.prompt_suffix;
  }
  if (options.system.empty()) return;
  if (!messages.empty() && messages.front().role == "system") {
    messages.front().content = options.system + "\n\n" + messages.front().content;
  } else {
    messages.insert(messages.begin(), {"system", options.system});
  }
}

}  // namespace hone
