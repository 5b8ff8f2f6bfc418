// The JSON of OpenAI's chat completions, as far as a judge needs it.
#pragma once

#include <cstdint>
#include <string>

#include "hone/config/options.h"
#include "hone/verify/friends.h"

namespace hone {

// The body of the request, one user message.
std::string chat_request(const FriendOptions& options, const std::string& question);

struct ChatReply {
  bool readable = false;  // it was a chat completion; else opinion.why says what was wrong
  Opinion opinion;
  std::int64_t tokens = 0;  // paid for, as it says; where it does not, a quarter of the bytes both ways
};
ChatReply read_chat_reply(const FriendOptions& options, const std::string& request, const std::string& body);

}  // namespace hone
