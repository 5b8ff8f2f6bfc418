// hone tokenize: text to ids and back, as JSON lines.
#include <iostream>
#include <memory>
#include <optional>

#include "hone/base/json.h"
#include "hone/cli/command.h"
#include "hone/cli/jsonl.h"
#include "hone/text/chat_template.h"
#include "hone/text/tokenizer.h"

namespace hone {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kTokenizeHelp =
    R"(Reads JSON lines on stdin and answers each with one on stdout, at once:
  {"text"}                                  -> {"ids", "tokens", "text"}   text: the ids decoded again
  {"ids"}                                   -> {"text"}                    special tokens are shown
  {"messages", "add_generation_prompt"}     -> {"text", "ids"}             through the chat template
Of a line that holds several, "messages" counts before "ids" before "text". Further keys beside "messages"
(tools, enable_thinking ...) reach the template. Tokens that stand in a text are matched; --special also adds
what the tokenizer adds around a {"text"} (bos ...). A bad line ends the program with status 2, naming it.)";

struct TokenizeArguments {
  std::string model;
  bool special = false;
};

class Filter {
 public:
  Filter(Tokenizer tokenizer, std::string folder, bool special)
      : tokenizer_(std::move(tokenizer)), folder_(std::move(folder)), special_(special) {}

  Result<OrderedJson> answer(const JsonLine& line) {
    if (line.value.contains("messages")) return chat(line);
    if (line.value.contains("ids")) return decode(line);
    if (line.value.contains("text")) return encode(line);
    return Error{line.where, R"(must have "text", "ids" or "messages")", described(line.value)};
  }

 private:
  Result<OrderedJson> encode(const JsonLine& line) const {
    HONE_TRY(const std::string text, text_of(line.value, "text", line.where));
    const auto ids = tokenizer_.encode(text, special_);
    OrderedJson tokens = OrderedJson::array();
    for (const std::int32_t id : ids) tokens.push_back(tokenizer_.token(id));
    return OrderedJson{{"ids", ids}, {"tokens", std::move(tokens)}, {"text", tokenizer_.decode(ids)}};
  }

  Result<OrderedJson> decode(const JsonLine& line) const {
    if (const Json& ids = line.value["ids"]; ids.is_array() && ids.empty()) return OrderedJson{{"text", ""}};
    HONE_TRY(const auto ids, ids_of(line.value, tokenizer_.vocab_size(), "the tokenizer's", line.where));
    return OrderedJson{{"text", tokenizer_.decode(ids)}};
  }

  Result<OrderedJson> chat(const JsonLine& line) {
    const Json& messages = line.value["messages"];
    const std::string where = line.where + ": messages";
    if (!messages.is_array()) return Error{where, "must be a list of {role, content}", described(messages)};
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const std::string place = fmt::format("{}[{}]", where, i);
      if (!messages[i].is_object())
        return Error{place, "must be an object with role and content", described(messages[i])};
      HONE_TRY_VOID(text_of(messages[i], "role", place));
    }
    HONE_TRY_VOID(json_get<bool>(line.value, "add_generation_prompt", false, line.where));
    HONE_TRY_VOID(parse_template());
    // From the line's text: the order of keys shows where a template prints a value as JSON.
    OrderedJson variables = OrderedJson::parse(line.text);
    variables.erase("text");  // the answer's, in lines that were answered once
    if (!variables.contains("bos_token")) variables["bos_token"] = tokenizer_.bos_token();
    if (!variables.contains("eos_token")) variables["eos_token"] = tokenizer_.eos_token();
    auto text = template_->render_json(variables.dump());
    if (!text.ok()) {
      Error error = text.error();
      error.where = line.where + ": " + error.where;
      return error;
    }
    // The template writes its own special tokens.
    return OrderedJson{{"text", *text}, {"ids", tokenizer_.encode(*text)}};
  }

  // Only once it is needed: many tokenizers have none.
  Result<void> parse_template() {
    if (template_) return {};
    if (tokenizer_.chat_template().empty()) {
      return Error{folder_, "must have a chat template for messages", "none in the tokenizer's files"};
    }
    HONE_TRY(template_, ChatTemplate::parse(tokenizer_.chat_template()));
    return {};
  }

  Tokenizer tokenizer_;
  std::string folder_;
  bool special_;
  std::optional<ChatTemplate> template_;
};

Result<int> tokenize(const TokenizeArguments& options) {
  HONE_TRY(Tokenizer tokenizer, Tokenizer::load(options.model));
  Filter filter(std::move(tokenizer), options.model, options.special);
  HONE_TRY_VOID(each_json_line(std::cin, "stdin", [&](const JsonLine& line) -> Result<void> {
    HONE_TRY(const OrderedJson answer, filter.answer(line));
    return write_json_line(stdout, answer);
  }));
  return 0;
}

}  // namespace

void add_tokenize_command(CommandLine& line) {
  auto options = std::make_shared<TokenizeArguments>();
  Command& command = line.add("tokenize", "Text to token ids and back, as JSON lines",
                              [options] { return tokenize(*options); });
  command.footer(kTokenizeHelp);
  command.option("MODEL", options->model, "a folder with tokenizer.json", OptionForm::kRequired);
  command.hint({.folders = true});
  command.flag("--special", options->special, "add the tokenizer's special tokens to texts");
}

}  // namespace hone
