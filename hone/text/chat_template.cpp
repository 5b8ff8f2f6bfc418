#include "hone/text/chat_template.h"

#include <limits>

#include "hone/base/json.h"
#include "hone/text/jinja/interpreter.h"
#include "hone/text/jinja/parser.h"

namespace hone {

struct ChatTemplate::Node {
  jinja::Body body;
};

namespace {

using OrderedJson = nlohmann::ordered_json;
using jinja::Dict;
using jinja::None;
using jinja::Value;

Error in_variables(const Error& error) { return {"chat template variables", error.rule, error.got}; }

Result<Value> to_value(const OrderedJson& json, int depth = 0) {
  if (depth > jinja::kMaxDepth)
    return jinja::failure("values must not nest deeper than " + std::to_string(jinja::kMaxDepth));
  switch (json.type()) {
    case OrderedJson::value_t::null:
      return Value(None{});
    case OrderedJson::value_t::boolean:
      return Value(json.get<bool>());
    case OrderedJson::value_t::number_integer:
      return Value(json.get<std::int64_t>());
    case OrderedJson::value_t::number_unsigned: {
      const auto number = json.get<std::uint64_t>();
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return jinja::failure("integers must fit 64 bits", std::to_string(number));
      }
      return Value(static_cast<std::int64_t>(number));
    }
    case OrderedJson::value_t::number_float:
      return Value(json.get<double>());
    case OrderedJson::value_t::string:
      return Value(json.get<std::string>());
    case OrderedJson::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const OrderedJson& item : json) {
        HONE_TRY(Value value, to_value(item, depth + 1));
        items.push_back(std::move(value));
      }
      return jinja::make_sequence(std::move(items));
    }
    case OrderedJson::value_t::object: {
      auto dict = std::make_shared<Dict>();
      for (const auto& [key, item] : json.items()) {
        HONE_TRY(Value value, to_value(item, depth + 1));
        HONE_TRY_VOID(dict->set(Value(key), std::move(value)));
      }
      return Value(std::shared_ptr<const Dict>(std::move(dict)));
    }
    default:
      return jinja::failure("a JSON value");
  }
}

// What transformers gives every template, whether the caller names it or not.
Result<void> add_defaults(Dict& variables) {
  for (const char* name : {"tools", "documents"}) {
    if (!variables.find_name(name)) HONE_TRY_VOID(variables.set(Value(name), None{}));
  }
  if (!variables.find_name("add_generation_prompt")) {
    HONE_TRY_VOID(variables.set(Value("add_generation_prompt"), Value(false)));
  }
  return {};
}

Result<Dict> variables_of(std::span<const Message> messages, const ChatRenderOptions& options) {
  std::vector<Value> list;
  for (const Message& message : messages) {
    auto dict = std::make_shared<Dict>();
    HONE_TRY_VOID(dict->set(Value("role"), Value(message.role)));
    HONE_TRY_VOID(dict->set(Value("content"), Value(message.content)));
    list.emplace_back(std::shared_ptr<const Dict>(std::move(dict)));
  }
  Dict variables;
  HONE_TRY(Value all, jinja::make_sequence(std::move(list)));
  HONE_TRY_VOID(variables.set(Value("messages"), std::move(all)));
  HONE_TRY_VOID(variables.set(Value("add_generation_prompt"), Value(options.add_generation_prompt)));
  // A tokenizer without the token leaves the name undefined.
  if (!options.bos_token.empty()) HONE_TRY_VOID(variables.set(Value("bos_token"), Value(options.bos_token)));
  if (!options.eos_token.empty()) HONE_TRY_VOID(variables.set(Value("eos_token"), Value(options.eos_token)));
  for (const auto& [name, flag] : options.flags) HONE_TRY_VOID(variables.set(Value(name), Value(flag)));
  HONE_TRY_VOID(add_defaults(variables));
  return variables;
}

Result<Dict> variables_of(const std::string& text) {
  const OrderedJson json = OrderedJson::parse(text, nullptr, false);
  if (json.is_discarded()) return jinja::failure("must be JSON", text.substr(0, 60));
  if (!json.is_object()) return jinja::failure("must be a JSON object", text.substr(0, 60));
  Dict variables;
  for (const auto& [key, item] : json.items()) {
    HONE_TRY(Value value, to_value(item));
    HONE_TRY_VOID(variables.set(Value(key), std::move(value)));
  }
  HONE_TRY_VOID(add_defaults(variables));
  return variables;
}

}  // namespace

Result<ChatTemplate> ChatTemplate::parse(const std::string& source) {
  HONE_TRY(jinja::Body body, jinja::parse_template(source));
  ChatTemplate made;
  made.root_ = std::make_shared<const Node>(Node{std::move(body)});
  return made;
}

Result<std::string> ChatTemplate::render(std::span<const Message> messages,
                                         const ChatRenderOptions& options) const {
  const auto variables = variables_of(messages, options);
  if (!variables.ok()) return in_variables(variables.error());
  return jinja::Interpreter(*variables).run(root_->body);
}

Result<std::string> ChatTemplate::render_json(const std::string& text) const {
  const auto variables = variables_of(text);
  if (!variables.ok()) return in_variables(variables.error());
  return jinja::Interpreter(*variables).run(root_->body);
}

}  // namespace hone
