// The two texts of OpenRLHF's remote reward call, taken apart.
//
// OpenRLHF (`--reward.remote_url`, before 0.10 `--remote_rm_url`) posts {"query": […], "prompts": […],
// "labels": […]}: the query is the decoded ids of prompt and response with their special tokens
// (SingleTurnAgentExecutor in openrlhf/utils/agent.py), so it can differ from prompt + response in white
// space, begin with a token, lack the left of a prompt that was cut, and end with end-of-sequence and padding
// tokens.
//
// Thread safety: pure functions. Linear in the texts.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hone {

// What the query holds after its prompt, without the special tokens at its end. Nothing when the prompt is
// not in the query: then what the model wrote is not known.
std::optional<std::string_view> completion_of(std::string_view query, std::string_view prompt);

// The text without the special tokens that it ends with, and the white space between them: <|im_end|>, </s>,
// <eos>, <｜end▁of▁sentence｜> …
std::string_view without_end_tokens(std::string_view text);

// The row to judge. A label that is an object, or the JSON text of one, is the row (verifier, tests,
// statement …); any other is its reference.
nlohmann::ordered_json row_of(const nlohmann::ordered_json& label, std::string_view completion);

}  // namespace hone
