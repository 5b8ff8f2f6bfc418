#include "hone/web/openai_request.h"

#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "hone/base/json.h"
#include "hone/base/suggest.h"

namespace hone {
namespace {

constexpr std::int64_t kManyTokens = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kMaxStops = 16, kMaxStopBytes = 1024;

// The fields of one object; each is asked for once, and what nobody asked for is found at the end.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  // null is as good as absent.
  const Json* find(const std::string& name) {
    known_.insert(name);
    const auto at = object_.find(name);
    return at == object_.end() || at->is_null() ? nullptr : &*at;
  }
  bool has(const std::string& name) { return find(name) != nullptr; }

  Result<bool> flag(const std::string& name) {
    const Json* const value = find(name);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return Error{name, "must be true or false", brief(*value)};
    return value->get<bool>();
  }
  Result<double> number(const std::string& name, double otherwise, double least, double most) {
    const Json* const value = find(name);
    if (value == nullptr) return otherwise;
    if (value->is_number()) {
      if (const double x = value->get<double>(); x >= least && x <= most) return x;
    }
    return Error{name, fmt::format("must be a number in [{}, {}]", least, most), brief(*value)};
  }
  Result<std::int64_t> integer(const std::string& name, std::int64_t otherwise, std::int64_t least,
                               std::int64_t most) {
    const Json* const value = find(name);
    if (value == nullptr) return otherwise;
    std::optional<std::int64_t> whole;
    if (value->is_number_unsigned()) {
      if (std::in_range<std::int64_t>(value->get<std::uint64_t>())) whole = value->get<std::int64_t>();
    } else if (value->is_number_integer()) {
      whole = value->get<std::int64_t>();
    } else if (value->is_number_float()) {
      constexpr double kExact = 1LL << 53;
      const auto x = value->get<double>();
      if (std::trunc(x) == x && std::abs(x) <= kExact) whole = static_cast<std::int64_t>(x);
    }
    if (whole && *whole >= least && *whole <= most) return *whole;
    return Error{name, fmt::format("must be a whole number in [{}, {}]", least, most), brief(*value)};
  }
  // A field that is carried out only when it asks for nothing: null, false, 0, an empty list or object,
  // `also`.
  Result<void> refuse(const std::string& name, const Json& also = nullptr) {
    const Json* const value = find(name);
    if (value == nullptr || *value == also || *value == Json(false) || *value == Json(0) ||
        (value->is_structured() && value->empty())) {
      return {};
    }
    return Error{name, "is not supported by this server", brief(*value)};
  }
  void pass_over(std::initializer_list<const char*> names) {
    for (const char* name : names) known_.insert(name);
  }
  Result<void> finish() const {
    for (const auto& [name, value] : object_.items()) {
      if (known_.contains(name)) continue;
      const std::vector<std::string> known(known_.begin(), known_.end());
      const std::string near = nearest(name, known);
      return Error{name,
                   near.empty() ? "is not a known field" : "is not a known field; did you mean " + near + "?",
                   ""};
    }
    return {};
  }

 private:
  const Json& object_;
  std::set<std::string> known_;
};

// "text", or parts of type text.
Result<std::string> read_content(const Json& content, const std::string& where) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array())
    return Error{where, "must be a text, or a list of parts of type text", brief(content)};
  std::string text;
  for (const Json& part : content) {
    const bool is_text = part.is_object() && part.value("type", Json()) == "text" && part.contains("text") &&
                         part["text"].is_string();
    if (!is_text) return Error{where, "must be a text, or a list of parts of type text", brief(part)};
    text += part["text"].get_ref<const std::string&>();
  }
  return text;
}

Result<Message> read_message(const Json& message, const std::string& where) {
  if (!message.is_object()) return Error{where, "must be an object with role and content", brief(message)};
  Fields fields(message);
  const Json* const role = fields.find("role");
  static const std::set<std::string> roles = {"system", "developer", "user", "assistant"};
  if (role == nullptr || !role->is_string() || !roles.contains(role->get<std::string>())) {
    return Error{where + ".role", "must be one of system, developer, user, assistant",
                 role == nullptr ? "none" : brief(*role)};
  }
  const Json* const content = fields.find("content");
  Message read{role->get<std::string>() == "developer" ? "system" : role->get<std::string>(), ""};
  if (content != nullptr) {
    HONE_TRY(read.content, read_content(*content, where + ".content"));
  } else if (read.role != "assistant") {
    return Error{where + ".content", "must be a text", "none"};
  }
  for (const char* name : {"tool_calls", "function_call", "audio"}) {
    if (auto refused = fields.refuse(name); !refused.ok())
      return Error{where + "." + name, refused.error().rule, refused.error().got};
  }
  // A thought of an earlier turn is not shown to the model again, as reasoning models' own templates have it.
  fields.pass_over({"name", "refusal", "reasoning_content", "reasoning", "annotations"});
  if (auto finished = fields.finish(); !finished.ok())
    return Error{where + "." + finished.error().where, finished.error().rule, ""};
  return read;
}

Result<void> read_stop(Fields& fields, std::vector<std::string>& stop) {
  const Json* const value = fields.find("stop");
  if (value == nullptr) return {};
  const Json list = value->is_array() ? *value : Json::array({*value});
  if (list.size() > kMaxStops) {
    return Error{"stop", fmt::format("must be at most {} texts", kMaxStops), std::to_string(list.size())};
  }
  stop.clear();
  for (const Json& text : list) {
    if (!text.is_string() || text.get_ref<const std::string&>().empty() ||
        text.get_ref<const std::string&>().size() > kMaxStopBytes) {
      return Error{"stop", fmt::format("must be texts of 1 to {} bytes", kMaxStopBytes), brief(text)};
    }
    stop.push_back(text.get<std::string>());
  }
  return {};
}

Result<bool> read_include_usage(const Json& stream_options) {
  Fields fields(stream_options);
  fields.pass_over({"include_obfuscation"});
  auto usage = fields.flag("include_usage");
  const auto finished = fields.finish();
  if (usage.ok() && finished.ok()) return usage;
  const Error& wrong = usage.ok() ? finished.error() : usage.error();
  return Error{"stream_options." + wrong.where, wrong.rule, wrong.got};
}

// What both calls have.
Result<void> read_common(Fields& fields, const OpenAiDefaults& defaults, OpenAiRequest& request) {
  if (const Json* const model = fields.find("model")) {
    if (!model->is_string()) return Error{"model", "must be a text", brief(*model)};
    request.model = model->get<std::string>();
  }
  SamplingParams& sampling = request.sampling;
  HONE_TRY(sampling.temperature, fields.number("temperature", sampling.temperature, 0.0, 100.0));
  HONE_TRY(sampling.top_p, fields.number("top_p", sampling.top_p, 0.0, 1.0));
  HONE_TRY(sampling.min_p, fields.number("min_p", sampling.min_p, 0.0, 1.0));
  HONE_TRY(const std::int64_t top_k, fields.integer("top_k", sampling.top_k, -1, kManyTokens));
  sampling.top_k = static_cast<int>(std::max<std::int64_t>(top_k, 0));  // −1 is vLLM's "off"
  HONE_TRY_VOID(read_stop(fields, sampling.stop));
  HONE_TRY(const std::int64_t n, fields.integer("n", 1, 1, defaults.max_samples));
  request.n = static_cast<int>(n);
  if (fields.has("seed")) {
    using Limits = std::numeric_limits<std::int64_t>;
    HONE_TRY(const std::int64_t seed, fields.integer("seed", 0, Limits::min(), Limits::max()));
    request.seed = static_cast<std::uint64_t>(seed);
  }
  HONE_TRY(request.stream, fields.flag("stream"));
  if (const Json* const options = fields.find("stream_options")) {
    if (!request.stream) return Error{"stream_options", "goes with stream: true", ""};
    if (!options->is_object()) return Error{"stream_options", "must be an object", brief(*options)};
    HONE_TRY(request.include_usage, read_include_usage(*options));
  }
  for (const char* name : {"presence_penalty", "frequency_penalty", "logit_bias"})
    HONE_TRY_VOID(fields.refuse(name));
  fields.pass_over({"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"});
  return {};
}

Result<Json> read_body(const std::string& body) {
  HONE_TRY(Json read, parse_json(body, "body"));
  if (!read.is_object()) return Error{"body", "must be a JSON object", brief(read)};
  return read;
}

Result<std::vector<std::int32_t>> read_ids(const Json& list) {
  std::vector<std::int32_t> ids;
  for (const Json& id : list) {
    if (!id.is_number_integer() || id.get<double>() < 0 ||
        id.get<double>() > static_cast<double>(kManyTokens))
      return Error{"prompt", "must hold token ids: whole numbers from 0 on", brief(id)};
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

Result<void> read_prompts(Fields& fields, OpenAiRequest& request) {
  const Json* const value = fields.find("prompt");
  if (value == nullptr) return Error{"prompt", "must be a text, token ids, or a list of either", "none"};
  const bool one = value->is_string() || (value->is_array() && !value->empty() && value->front().is_number());
  const Json list = one ? Json::array({*value}) : *value;
  if (!list.is_array() || list.empty())
    return Error{"prompt", "must be a text, token ids, or a list of either", brief(*value)};
  for (const Json& prompt : list) {
    OpenAiRequest::Prompt& read = request.prompts.emplace_back();
    if (prompt.is_string()) {
      read.text = prompt.get<std::string>();
    } else if (prompt.is_array() && !prompt.empty()) {
      HONE_TRY(read.ids, read_ids(prompt));
    } else {
      return Error{"prompt", "must be a text, token ids, or a list of either", brief(prompt)};
    }
  }
  return {};
}

}  // namespace

Result<OpenAiRequest> read_chat_request(const std::string& body, const OpenAiDefaults& defaults) {
  HONE_TRY(const Json read, read_body(body));
  Fields fields(read);
  OpenAiRequest request;
  request.chat = true;
  request.sampling = defaults.sampling;
  HONE_TRY_VOID(read_common(fields, defaults, request));
  const Json* const messages = fields.find("messages");
  if (messages == nullptr || !messages->is_array() || messages->empty()) {
    return Error{"messages", "must be a list of at least one message",
                 messages == nullptr ? "none" : brief(*messages)};
  }
  for (std::size_t i = 0; i < messages->size(); ++i) {
    HONE_TRY(Message message, read_message((*messages)[i], fmt::format("messages[{}]", i)));
    request.messages.push_back(std::move(message));
  }
  // max_tokens is the older name of max_completion_tokens.
  const std::int64_t usual = defaults.sampling.max_new_tokens;
  HONE_TRY(const std::int64_t older, fields.integer("max_tokens", usual, 1, kManyTokens));
  HONE_TRY(const std::int64_t most, fields.integer("max_completion_tokens", older, 1, kManyTokens));
  request.sampling.max_new_tokens = static_cast<int>(most);
  HONE_TRY(const bool logprobs, fields.flag("logprobs"));
  HONE_TRY(const std::int64_t top, fields.integer("top_logprobs", 0, 0, 20));
  if (top > 0 && !logprobs) return Error{"top_logprobs", "goes with logprobs: true", std::to_string(top)};
  if (logprobs) request.top_logprobs = static_cast<int>(top);
  HONE_TRY_VOID(fields.refuse("response_format", {{"type", "text"}}));
  HONE_TRY_VOID(fields.refuse("modalities", Json::array({"text"})));
  HONE_TRY_VOID(fields.refuse("tool_choice", "none"));
  for (const char* name :
       {"tools", "functions", "function_call", "audio", "prediction", "web_search_options"})
    HONE_TRY_VOID(fields.refuse(name));
  fields.pass_over({"parallel_tool_calls", "reasoning_effort", "verbosity"});
  HONE_TRY_VOID(fields.finish());
  return request;
}

Result<OpenAiRequest> read_completion_request(const std::string& body, const OpenAiDefaults& defaults) {
  HONE_TRY(const Json read, read_body(body));
  Fields fields(read);
  OpenAiRequest request;
  request.sampling = defaults.sampling;
  HONE_TRY_VOID(read_common(fields, defaults, request));
  HONE_TRY_VOID(read_prompts(fields, request));
  if (std::ssize(request.prompts) * request.n > defaults.max_samples) {
    return Error{"n", fmt::format("must leave at most {} completions for all prompts", defaults.max_samples),
                 fmt::format("{} for each of {}", request.n, request.prompts.size())};
  }
  HONE_TRY(const std::int64_t most, fields.integer("max_tokens", 16, 1, kManyTokens));
  request.sampling.max_new_tokens = static_cast<int>(most);
  HONE_TRY(const std::int64_t top, fields.integer("logprobs", -1, 0, 20));
  request.top_logprobs = static_cast<int>(top);
  HONE_TRY_VOID(fields.refuse("best_of", request.n));
  HONE_TRY_VOID(fields.refuse("suffix", ""));
  HONE_TRY_VOID(fields.refuse("echo"));
  HONE_TRY_VOID(fields.finish());
  return request;
}

}  // namespace hone
