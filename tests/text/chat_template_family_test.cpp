// Templates in the styles of common model families, and what jinja2 renders from them.
#include <gtest/gtest.h>

#include <string>

#include "text/chat_template_helpers.h"

namespace hone::testing {
namespace {

constexpr const char* kDeepseek =
    R"jinja({% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜User｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is none %}{%- set ns.is_tool = false -%}{%- for tool in message['tool_calls']%}{%- if not ns.is_first %}{{'<｜Assistant｜><calls>' + tool['type'] + '<sep>' + tool['function']['name'] + '\n' + '```json' + '\n' + tool['function']['arguments']|tojson + '\n' + '```' + '<end>'}}{%- set ns.is_first = true -%}{%- else %}{{'\n' + tool['type'] + '<sep>' + tool['function']['name']}}{%- endif %}{%- endfor %}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is not none %}{%- if ns.is_tool %}{{'<outputs_end>' + message['content'] + eos_token}}{%- set ns.is_tool = false -%}{%- else %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + eos_token}}{%- endif %}{%- endif %}{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{%- if ns.is_output_first %}{{'<outputs><output>' + message['content'] + '</output>'}}{%- set ns.is_output_first = false %}{%- else %}{{'\n<output>' + message['content'] + '</output>'}}{%- endif %}{%- endif %}{%- endfor -%}{% if ns.is_tool %}{{'<outputs_end>'}}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜><think>\n'}}{% endif %})jinja";

constexpr const char* kGemma2 =
    R"jinja({{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '
' + message['content'] | trim + '<end_of_turn>
' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model
'}}{% endif %})jinja";

constexpr const char* kGranite = R"jinja({%- set tools_system_message_prefix = 'You may call tools:<tools>' %}
{%- set ns = namespace(body='') %}
{%- macro call_text(calls) -%}
[{% for c in calls %}{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments if c.function.arguments is string else c.function.arguments|tojson(separators=(',', ':')) }}}{{ ', ' if not loop.last }}{% endfor %}]
{%- endmacro -%}
{%- for tool in tools or [] %}
    {%- set ns.body = ns.body ~ '\n' ~ (tool | tojson) %}
{%- endfor %}
{%- if ns.body %}{{ tools_system_message_prefix ~ ns.body ~ '\n</tools>' }}{% endif %}
{%- for message in messages %}
    {%- if message.role != 'tool' and (message.content or message.tool_calls) %}
        {%- set text %}
{% if message.content is string %}{{ message.content|trim }}{% elif message.content is iterable %}{% for part in message.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endif %}
        {%- endset %}
{{ '<|start_of_role|>' ~ message.role ~ '<|end_of_role|>' ~ text ~ (call_text(message.tool_calls) if message.tool_calls) }}<|end_of_text|>
    {%- elif message.role == 'tool' %}
        {%- if loop.previtem and loop.previtem.role != 'tool' %}<|start_of_role|>user<|end_of_role|>{% endif %}
<tool_response>{{ message.content|indent(2) }}</tool_response>
        {%- if loop.last or loop.nextitem.role != 'tool' %}<|end_of_text|>{% endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|start_of_role|>assistant{{ ' ' ~ controls|tojson if controls }}<|end_of_role|>{% endif %}
)jinja";

constexpr const char* kLlama31 = R"jinja({{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message comes first, whoever wrote it. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\n" }}
{%- endif %}
{{- "Today: " + date_string + "\n\n" }}
{%- if tools is not none %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\n\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}
        {%- if builtin_tools is defined and tool_call.name in builtin_tools %}
            {{- "<|python_tag|>" + tool_call.name + ".call(" }}
            {%- for arg_name, arg_val in tool_call.arguments | items %}
                {{- arg_name + '="' + arg_val ~ '"' }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- endif %}
            {%- endfor %}
            {{- ")" }}
        {%- else  %}
            {{- '{"name": "' + tool_call.name + '", ' }}
            {{- '"parameters": ' }}
            {{- tool_call.arguments | tojson }}
            {{- "}" }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\n\n" }}
        {%- if message.content is mapping or message.content is iterable and message.content is not string %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
)jinja";

constexpr const char* kMistral = R"jinja({%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, roles must alternate user/assistant") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- else %}
                    {{- "]" }}
                {%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\n\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}
                {{- ", " }}
            {%- else %}
                {{- "]" + eos_token }}
            {%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool_results" or message["role"] == "tool" %}
        {%- if message.content is defined and message.content.content is defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[TOOL_RESULTS] {"content": ' + content|string + ", " }}
        {{- '"call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported") }}
    {%- endif %}
{%- endfor %}
)jinja";

constexpr const char* kPhi =
    R"jinja({% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and message['tools'] is not none %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}{% else %}{{ '<|' + message['role'] + '|>' + message['content']|string + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %})jinja";

constexpr const char* kSmollm3 = R"jinja({%- macro render_tool(tool) %}
    {{- '- ' ~ tool.function.name ~ ': ' ~ tool.function.description ~ '\n' }}
    {%- for name, spec in tool.function.parameters.properties.items() %}
        {{- '  ' ~ name ~ ' (' ~ spec.type ~ (', required' if name in tool.function.parameters.required else '') ~ ')' }}
        {%- if spec.enum is defined %}{{ ' of ' ~ spec.enum|join('|') }}{% endif %}
        {{- '\n' }}
    {%- endfor %}
{%- endmacro %}
{%- if enable_thinking is not defined %}
{%- set enable_thinking = true %}
{%- endif %}
{%- set reasoning_mode = '/think' if enable_thinking else '/no_think' -%}
{%- set system_message = messages[0].content|trim if messages and messages[0].role == 'system' else '' -%}
<|im_start|>system
Mode: {{ reasoning_mode }}
{% if system_message %}
{{ system_message.replace('/no_think', '').rstrip() }}
{% endif %}
{% if tools %}
### Tools
{%+ for tool in tools %}{{ render_tool(tool) }}{% endfor %}
{% endif %}
<|im_end|>
{# turns #}
{%- for message in messages -%}
    {%- set content = message.content if message.content is string else "" -%}
    {%- if message.role == "user" -%}
        {{ "<|im_start|>" + message.role + "\n"  + content + "<|im_end|>\n" }}
    {%- elif message.role == "assistant" -%}
        {% generation %}
        {%- if reasoning_mode == "/think" -%}
            {{ "<|im_start|>assistant\n" + content.lstrip("\n") + "<|im_end|>\n" }}
        {%- else -%}
            {{ "<|im_start|>assistant\n" + "<think>\n\n</think>\n" + content.split('</think>')[-1].lstrip("\n") + "<|im_end|>\n" }}
        {%- endif -%}
        {% endgeneration %}
    {%- elif message.role == "tool" -%}
        {{ "<|im_start|>" + "user\n"  + content + "<|im_end|>\n" }}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ "<|im_start|>assistant\n" }}{% if not enable_thinking %}{{ "<think>\n\n</think>\n" }}{% endif %}
{%- endif -%}
)jinja";

const std::string kPlain =
    R"json([{"role": "user", "content": " Hi "}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "2+2?"}])json";
const std::string kSys =
    R"json([{"role": "system", "content": "S"}, {"role": "user", "content": " Hi "}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "2+2?"}])json";
const std::string kChat =
    R"json([{"role": "system", "content": "  Be brief.\n"}, {"role": "user", "content": "Weather in Zürich?"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "abcdefghi", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Zürich", "n": 1.0, "ok": true}}}]}, {"role": "tool", "name": "get_weather", "tool_call_id": "abcdefghi", "content": "{\"t\": 21}"}, {"role": "assistant", "content": "<think>\nhot\n</think>\n\n21 degrees. "}, {"role": "user", "content": "Thanks <3"}])json";
const std::string kTool =
    R"json({"type": "function", "function": {"name": "get_weather", "description": "Weather at a \"place\"", "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Name é"}, "unit": {"type": "string", "enum": ["C", "F"]}}, "required": ["city"]}}})json";

std::string variables(const std::string& messages, bool tools, bool prompt, const std::string& more = "") {
  return R"({"bos_token": "<s>", "eos_token": "</s>", "messages": )" + messages +
         (tools ? R"(, "tools": [)" + kTool + "]" : "") + R"(, "add_generation_prompt": )" +
         (prompt ? "true" : "false") + more + "}";
}

void expect_rendered(const char* source, const std::string& with, const std::string& expected) {
  const auto text = render(source, with);
  ASSERT_TRUE(text.ok()) << text.error().message();
  EXPECT_EQ(*text, expected);
}

TEST(ChatTemplateFamilies, Llama31ToolsWithList) {
  expect_rendered(kLlama31, variables(kChat, true, true),
                  R"jinja(<s><|start_header_id|>system<|end_header_id|>

Environment: ipython
Today: 26 Jul 2024

{
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather at a \"place\"",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {
                    "type": "string",
                    "description": "Name é"
                },
                "unit": {
                    "type": "string",
                    "enum": [
                        "C",
                        "F"
                    ]
                }
            },
            "required": [
                "city"
            ]
        }
    }
}

Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>

Weather in Zürich?<|eot_id|><|start_header_id|>assistant<|end_header_id|>

{"name": "get_weather", "parameters": {"city": "Zürich", "n": 1.0, "ok": true}}<|eot_id|><|start_header_id|>ipython<|end_header_id|>

{"t": 21}<|eot_id|><|start_header_id|>assistant<|end_header_id|>

<think>
hot
</think>

21 degrees.<|eot_id|><|start_header_id|>user<|end_header_id|>

Thanks <3<|eot_id|><|start_header_id|>assistant<|end_header_id|>

)jinja");
}

TEST(ChatTemplateFamilies, Llama31Plain) {
  expect_rendered(kLlama31, variables(kPlain, false, true),
                  R"jinja(<s><|start_header_id|>system<|end_header_id|>

Today: 26 Jul 2024

<|eot_id|><|start_header_id|>user<|end_header_id|>

Hi<|eot_id|><|start_header_id|>assistant<|end_header_id|>

Hello<|eot_id|><|start_header_id|>user<|end_header_id|>

2+2?<|eot_id|><|start_header_id|>assistant<|end_header_id|>

)jinja");
}

TEST(ChatTemplateFamilies, Llama31ToolsFlags) {
  expect_rendered(kLlama31, variables(kChat, false, false, R"(, "builtin_tools": ["get_weather"])"),
                  R"jinja(<s><|start_header_id|>system<|end_header_id|>

Today: 26 Jul 2024

Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>

Weather in Zürich?<|eot_id|><|start_header_id|>assistant<|end_header_id|>

<|python_tag|>get_weather.call(city="Zürich", n="1.0", ok="True")<|eot_id|><|start_header_id|>ipython<|end_header_id|>

{"t": 21}<|eot_id|><|start_header_id|>assistant<|end_header_id|>

<think>
hot
</think>

21 degrees.<|eot_id|><|start_header_id|>user<|end_header_id|>

Thanks <3<|eot_id|>)jinja");
}

TEST(ChatTemplateFamilies, MistralToolsWithList) {
  expect_rendered(
      kMistral, variables(kChat, true, true),
      R"jinja(<s>[INST] Weather in Zürich?[/INST][TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Zürich", "n": 1.0, "ok": true}, "id": "abcdefghi"}]</s>[TOOL_RESULTS] {"content": {"t": 21}, "call_id": "abcdefghi"}[/TOOL_RESULTS] <think>
hot
</think>

21 degrees.</s>[AVAILABLE_TOOLS] [{"type": "function", "function": {"name": "get_weather", "description": "Weather at a "place"", "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Name é"}, "unit": {"type": "string", "enum": ["C", "F"]}}, "required": ["city"]}}}][/AVAILABLE_TOOLS][INST]   Be brief.


Thanks <3[/INST])jinja");
}

TEST(ChatTemplateFamilies, MistralSystem) {
  expect_rendered(kMistral, variables(kSys, false, false), R"jinja(<s>[INST]  Hi [/INST] Hello</s>[INST] S

2+2?[/INST])jinja");
}

TEST(ChatTemplateFamilies, Gemma2Plain) {
  expect_rendered(kGemma2, variables(kPlain, false, true), R"jinja(<s><start_of_turn>user
Hi<end_of_turn>
<start_of_turn>model
Hello<end_of_turn>
<start_of_turn>user
2+2?<end_of_turn>
<start_of_turn>model
)jinja");
}

TEST(ChatTemplateFamilies, DeepseekTools) {
  expect_rendered(kDeepseek, variables(kChat, false, true), R"jinja(<s>  Be brief.
<｜User｜>Weather in Zürich?<｜Assistant｜><calls>function<sep>get_weather
```json
{"city": "Zürich", "n": 1.0, "ok": true}
```<end><outputs><output>{"t": 21}</output><outputs_end><think>
hot
</think>

21 degrees. </s><｜User｜>Thanks <3<｜Assistant｜><think>
)jinja");
}

TEST(ChatTemplateFamilies, Smollm3ToolsWithList) {
  expect_rendered(kSmollm3, variables(kChat, true, true), R"jinja(<|im_start|>system
Mode: /think
Be brief.
### Tools
- get_weather: Weather at a "place"
  city (string, required)
  unit (string) of C|F
<|im_end|>
<|im_start|>user
Weather in Zürich?<|im_end|>
<|im_start|>assistant
<|im_end|>
<|im_start|>user
{"t": 21}<|im_end|>
<|im_start|>assistant
<think>
hot
</think>

21 degrees. <|im_end|>
<|im_start|>user
Thanks <3<|im_end|>
<|im_start|>assistant
)jinja");
}

TEST(ChatTemplateFamilies, Smollm3SystemFlags) {
  expect_rendered(kSmollm3, variables(kSys, false, true, R"(, "enable_thinking": false)"),
                  R"jinja(<|im_start|>system
Mode: /no_think
S
<|im_end|>
<|im_start|>user
 Hi <|im_end|>
<|im_start|>assistant
<think>

</think>
Hello<|im_end|>
<|im_start|>user
2+2?<|im_end|>
<|im_start|>assistant
<think>

</think>
)jinja");
}

TEST(ChatTemplateFamilies, GraniteToolsWithListFlags) {
  expect_rendered(kGranite, variables(kChat, true, true, R"(, "controls": {"a": 1})"),
                  R"jinja(You may call tools:<tools>
{"type": "function", "function": {"name": "get_weather", "description": "Weather at a \"place\"", "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Name é"}, "unit": {"type": "string", "enum": ["C", "F"]}}, "required": ["city"]}}}
</tools><|start_of_role|>system<|end_of_role|>Be brief.<|end_of_text|><|start_of_role|>user<|end_of_role|>Weather in Zürich?<|end_of_text|><|start_of_role|>assistant<|end_of_role|>[{"name": "get_weather", "arguments": {"city":"Zürich","n":1.0,"ok":true}}]<|end_of_text|><|start_of_role|>user<|end_of_role|><tool_response>{"t": 21}</tool_response><|end_of_text|><|start_of_role|>assistant<|end_of_role|><think>
hot
</think>

21 degrees.<|end_of_text|><|start_of_role|>user<|end_of_role|>Thanks <3<|end_of_text|><|start_of_role|>assistant {"a": 1}<|end_of_role|>)jinja");
}

TEST(ChatTemplateFamilies, PhiPlain) {
  expect_rendered(kPhi, variables(kPlain, false, false),
                  R"jinja(<|user|> Hi <|end|><|assistant|>Hello<|end|><|user|>2+2?<|end|></s>)jinja");
}

TEST(ChatTemplateFamilies, RaisedMessagesReachTheCaller) {
  const auto text = render(kGemma2, variables(kSys, false, true));
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().message(), "[chat template line 1] System role not supported");
}

}  // namespace
}  // namespace hone::testing
