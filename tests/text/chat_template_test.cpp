// Chat templates: what callers give, what errors say, and what hostile templates come to.
#include "hone/text/chat_template.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "text/chat_template_helpers.h"

namespace hone::testing {
namespace {

const std::vector<Message> kMessages = {{"system", "S"}, {"user", "two\nlines"}};

std::string error_of(const std::string& source, const std::string& with = kVariables) {
  const auto text = render(source, with);
  return text.ok() ? "rendered " + text->substr(0, 200) : text.error().message();
}

std::string rendered(const std::string& source, const ChatRenderOptions& options) {
  const auto made = ChatTemplate::parse(source);
  if (!made.ok()) return made.error().message();
  const auto text = made->render(kMessages, options);
  return text.ok() ? *text : text.error().message();
}

TEST(ChatTemplate, SeesMessagesTokensAndFlags) {
  const std::string source =
      "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m['content'] }}{{ eos_token }}{% endfor %}"
      "{% if add_generation_prompt %}<go>{% endif %}{% if enable_thinking is false %}<no think>{% endif %}";
  ChatRenderOptions options{true, "<s>", "</s>", {{"enable_thinking", false}}};
  EXPECT_EQ(rendered(source, options), "<s><system>S</s><user>two\nlines</s><go><no think>");
  EXPECT_EQ(rendered(source, {false, "<s>", "</s>", {{"enable_thinking", true}}}),
            "<s><system>S</s><user>two\nlines</s>");
}

TEST(ChatTemplate, DefaultsAreThoseOfTransformers) {
  const std::string source =
      "{{ tools is none }} {{ documents is none }} {{ add_generation_prompt }} {{ bos_token is defined }} "
      "{{ enable_thinking is defined }}";
  EXPECT_EQ(rendered(source, {}), "True True False False False");
  EXPECT_EQ(*render(source, "{}"), "True True False False False");
}

TEST(ChatTemplate, KeepsTheOrderOfKeys) {
  const std::string variables = R"({"d": {"z": 1, "a": {"y": 2.0, "b": null}, "m": [true, "\u00e9"]}})";
  EXPECT_EQ(*render("{{ d|tojson }}", variables),
            R"({"z": 1, "a": {"y": 2.0, "b": null}, "m": [true, "é"]})");
}

TEST(ChatTemplate, OneTemplateServesManyThreads) {
  const auto made =
      ChatTemplate::parse("{% for m in messages %}{{ loop.index }}{{ m.content|upper }}{% endfor %}");
  ASSERT_TRUE(made.ok());
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  for (std::string& text : texts) {
    threads.emplace_back([&made, &text] {
      for (int i = 0; i < 50; ++i) text = *made->render(kMessages, {});
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : texts) EXPECT_EQ(text, "1S2TWO\nLINES");
}

TEST(ChatTemplateErrors, NameLineRuleAndWhatStandsThere) {
  EXPECT_EQ(error_of("a\n{{ 1 + }}"), "[chat template line 2] expected an expression, got }}");
  EXPECT_EQ(
      error_of("{% if n %}\n\nx"),
      "[chat template line 3] expected {% elif %} or {% else %} or {% endif %}, got the end of the template");
  EXPECT_EQ(error_of("\n\n{% nonsense %}"), "[chat template line 3] expected a known tag, got 'nonsense'");
  EXPECT_EQ(error_of("{{ 'abc }}"), "[chat template line 1] a string must be closed, got 'abc }}");
  EXPECT_EQ(error_of("a\n{{ messages[0]\n  .nothing.more }}"),
            "[chat template line 3] 'dict object' has no attribute 'nothing'");
  EXPECT_EQ(error_of("{{ 'x' }}\n{{ n|nonsense }}"), "[chat template line 2] a known filter, got nonsense");
  EXPECT_EQ(error_of("{{ n is nonsense }}"), "[chat template line 1] a known test, got nonsense");
  EXPECT_EQ(error_of("{{ s.nonsense() }}"),
            "[chat template line 1] 'str object' has no attribute 'nonsense'");
  EXPECT_EQ(error_of("\n{% if true %}{{ raise_exception('roles must alternate') }}{% endif %}"),
            "[chat template line 2] roles must alternate");
  EXPECT_EQ(error_of("{{ l.append(4) }}"),
            "[chat template line 1] access to attribute 'append' of 'list' object is unsafe");
  EXPECT_EQ(error_of("{{ s|replace('a') }}"),
            "[chat template line 1] filter 'replace': the argument 'new' must be given");
}

TEST(ChatTemplateErrors, VariablesMustBeAnObject) {
  EXPECT_EQ(error_of("x", "[1]"), "[chat template variables] must be a JSON object, got [1]");
  EXPECT_EQ(error_of("x", "{\"a\":"), "[chat template variables] must be JSON, got {\"a\":");
  EXPECT_EQ(error_of("x", R"({"a": 18446744073709551615})"),
            "[chat template variables] integers must fit 64 bits, got 18446744073709551615");
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  EXPECT_EQ(error_of("x", "{\"a\": " + deep + "}"),
            "[chat template variables] values must not nest deeper than 150");
}

TEST(ChatTemplateErrors, IntegersStopAtSixtyFourBits) {
  for (const char* source :
       {"{{ 9223372036854775807 + 1 }}", "{{ 2 ** 64 }}", "{{ -9223372036854775807 - 2 }}",
        "{{ 3037000500 * 3037000500 }}", "{{ (-9223372036854775807 - 1) // -1 }}"}) {
    EXPECT_EQ(error_of(source), "[chat template line 1] integers must fit 64 bits");
  }
  EXPECT_EQ(error_of("{{ 9223372036854775807|round(-1) }}"),
            "[chat template line 1] filter 'round': integers must fit 64 bits");
  EXPECT_EQ(*render("{{ [145, 155, -145, -155, -151, 144, 50, 0]|map('round', -1)|list }}", "{}"),
            "[140, 160, -140, -160, -150, 140, 50, 0]");
  EXPECT_EQ(error_of("{{ '1e30'|int }}"), "[chat template line 1] filter 'int': integers must fit 64 bits");
  EXPECT_EQ(error_of("{{ 9223372036854775808 }}"),
            "[chat template line 1] an integer must fit 64 bits, got 9223372036854775808");
}

// Each of these would not end, or take all memory or stack, if nothing bounded it.
TEST(ChatTemplateHostile, EndsInAnError) {
  const std::string loops =
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
  const std::string steps = "[chat template line 1] rendering must take at most 10000000 steps";
  EXPECT_EQ(error_of(loops), steps);
  EXPECT_EQ(error_of("{% for i in range(999999999) %}{% endfor %}"),
            "[chat template line 1] a range must hold at most 100000 numbers");
  EXPECT_EQ(
      error_of(
          "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"),
      steps);
  EXPECT_EQ(error_of("{{ ('a' * 1000000000000)|length }}"), steps);
  EXPECT_EQ(error_of("{{ ([1] * 100000000)|length }}"), steps);
  EXPECT_EQ(error_of("{% set s = 'a' * 1000000 %}{{ s|replace('', s) }}"),
            "[chat template line 1] filter 'replace': rendering must take at most 10000000 steps");
  EXPECT_EQ(error_of("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
            "[chat template line 1] macros must not call each other without end");
  EXPECT_EQ(error_of("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"),
            "[chat template line 1] macros must not call each other without end");
  EXPECT_EQ(
      error_of("{% set ns = namespace(x=[]) %}{% for i in range(999) %}{% set ns.x = [ns.x] %}{% endfor %}"),
      "[chat template line 1] values must not nest deeper than 150");
  EXPECT_EQ(
      error_of(
          "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"),
      "[chat template line 1] a value must not hold more than 16777216 parts");
  EXPECT_EQ(
      error_of(
          "{% set ns = namespace(f=1) %}{% for i in range(999) %}{% set ns.f = [ns.f].index %}{% endfor %}"),
      "[chat template line 1] values must not nest deeper than 150");
  EXPECT_EQ(
      error_of(
          "{% set ns = namespace(f=1) %}{% for i in range(999) %}{% for j in [ns.f] %}{% set ns.f = loop %}"
          "{% endfor %}{% endfor %}"),
      "[chat template line 1] values must not nest deeper than 150");
}

TEST(ChatTemplateHostile, SourceNestsToABound) {
  const auto repeated = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  EXPECT_EQ(error_of("{{ " + repeated("(", 9999) + "1" + repeated(")", 9999) + " }}"),
            "[chat template line 1] brackets must not nest deeper than 100");
  EXPECT_EQ(error_of("{{ " + repeated("-", 9999) + "1 }}"),
            "[chat template line 1] brackets must not nest deeper than 100");
  EXPECT_EQ(error_of("{{ " + repeated("not ", 9999) + "1 }}"),
            "[chat template line 1] brackets must not nest deeper than 100");
  EXPECT_EQ(error_of("{{ 1" + repeated("+1", 9999) + " }}"),
            "[chat template line 1] an expression must not nest deeper than 400");
  EXPECT_EQ(error_of("{{ n" + repeated("|abs", 9999) + " }}"),
            "[chat template line 1] an expression must not nest deeper than 400");
  EXPECT_EQ(error_of(repeated("{% if true %}", 9999)),
            "[chat template line 1] tags must not nest deeper than 100");
  EXPECT_EQ(error_of("{% set " + repeated("(", 9999) + "a" + repeated(")", 9999) + " = 1 %}"),
            "[chat template line 1] expected a name to assign to, got '('");
  EXPECT_EQ(*render("{{ 1" + repeated("+1", 300) + " }}", "{}"), "301");
  EXPECT_EQ(*render("{{ 'a'" + repeated("~'a'", 5000) + "|length }}", "{}"), repeated("a", 5000) + "1");
}

TEST(ChatTemplateHostile, NamespacesMayPointAtEachOther) {
  EXPECT_EQ(
      *render("{% set a = namespace() %}{% set a.self = a %}{% set a.x = 5 %}{{ a.self.self.x }}", "{}"),
      "5");
  EXPECT_EQ(
      *render(
          "{% set head = namespace(n=0) %}{% set tail = namespace(at=head) %}{% for i in range(20000) %}"
          "{% set new = namespace(n=i) %}{% set t = tail.at %}{% set t.next = new %}{% set tail.at = new %}"
          "{% endfor %}{{ head.next.next.n }}",
          "{}"),
      "1");
}

TEST(ChatTemplateHostile, MacrosDoNotOutliveTheirScope) {
  EXPECT_EQ(
      error_of(
          "{% set ns = namespace() %}{% for i in l %}{% macro f() %}{{ i }}{% endmacro %}{% set ns.f = f %}"
          "{% endfor %}{{ ns.f() }}"),
      "[chat template line 1] a macro must be called inside the block that defines it, got f");
}

TEST(ChatTemplate, TellsTheTime) {
  const auto year = render("{{ strftime_now('%Y')|int > 2000 }}{{ strftime_now('')|length }}");
  ASSERT_TRUE(year.ok()) << year.error().message();
  EXPECT_EQ(*year, "True0");
}

}  // namespace
}  // namespace hone::testing
