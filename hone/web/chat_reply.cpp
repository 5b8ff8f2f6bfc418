#include "hone/web/chat_reply.h"

#include <algorithm>
#include <cmath>

#include "hone/base/ascii.h"
#include "hone/base/json.h"
#include "hone/verify/answer.h"
#include "hone/verify/local_friends.h"

namespace hone {
namespace {

// The value at these keys and indices; null where there is none.
const Json& at(const Json& value, const std::string& pointer) {
  static const Json none;
  const Json::json_pointer place(pointer);
  return value.contains(place) ? value.at(place) : none;
}

void read_said(const Json& reply, ChatReply& out) {
  const Json& content = at(reply, "/choices/0/message/content");
  if (!content.is_string()) {
    out.opinion.why = "its answer holds no choices[0].message.content";
    return;
  }
  out.readable = true;
  const Json& finish = at(reply, "/choices/0/finish_reason");
  const auto& text = content.get_ref<const std::string&>();
  const auto yes = read_yes_no(text, finish.is_string() && finish.get<std::string>() == "length");
  if (yes) out.opinion.yes = *yes ? 1.0 : 0.0;
  out.opinion.why = (yes ? "says " : "says neither yes nor no: ") + brief(content);
}

void read_probability(const Json& reply, ChatReply& out) {
  const Json& likely = at(reply, "/choices/0/logprobs/content/0/top_logprobs");
  if (!likely.is_array()) {
    out.opinion.why = "its answer holds no top_logprobs";
    return;
  }
  out.readable = true;
  double yes = 0, no = 0;
  for (const Json& one : likely) {
    if (!one.is_object() || !one.contains("token") || !one["token"].is_string() || !one.contains("logprob") ||
        !one["logprob"].is_number()) {
      continue;
    }
    const std::string word = lower(trimmed(one["token"].get_ref<const std::string&>()));
    const double p = std::exp(std::min(0.0, one["logprob"].get<double>()));
    yes += word == "yes" ? p : 0;
    no += word == "no" ? p : 0;
  }
  if (yes + no > 0) out.opinion.yes = yes / (yes + no);
  out.opinion.why = yes + no > 0 ? fmt::format("P(yes) {:.3f}", yes / (yes + no))
                                 : "neither yes nor no is among the likely tokens";
}

}  // namespace

std::string chat_request(const FriendOptions& options, const std::string& question) {
  Json body = {{"model", options.model},
               {"messages", Json::array({{{"role", "user"}, {"content", question}}})},
               {"temperature", options.temperature},
               {"max_tokens", options.max_new_tokens}};
  if (options.verdict == "probability") {
    body["temperature"] = 0;
    body["max_tokens"] = 1;
    body["logprobs"] = true;
    body["top_logprobs"] = 20;  // as many as the interface allows
  }
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ChatReply read_chat_reply(const FriendOptions& options, const std::string& request, const std::string& body) {
  ChatReply out;
  out.tokens = static_cast<std::int64_t>((request.size() + body.size()) / 4);
  const auto parsed = parse_json(body, "its answer");
  if (!parsed.ok()) {
    out.opinion.why = "its answer is no JSON";
    return out;
  }
  const Json& total = at(*parsed, "/usage/total_tokens");
  if (total.is_number_integer() && total.get<std::int64_t>() >= 0) out.tokens = total.get<std::int64_t>();
  if (options.verdict == "probability") {
    read_probability(*parsed, out);
  } else {
    read_said(*parsed, out);
  }
  return out;
}

}  // namespace hone
