// What the chat template tests share: one set of variables, and tables of templates with what jinja2 makes of
// them in the environment in which transformers compiles chat templates.
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>

#include "hone/text/chat_template.h"

namespace hone::testing {

struct RenderCase {
  const char* source;
  const char* expected;
};

inline const char* const kVariables = R"vars({
  "messages": [
    {
      "role": "system",
      "content": "  Be brief. "
    },
    {
      "role": "user",
      "content": "Hi <b>"
    },
    {
      "role": "assistant",
      "content": "Yo",
      "tool_calls": [
        {
          "function": {
            "name": "f",
            "arguments": {
              "x": 1,
              "y": [
                1,
                2.5,
                null,
                true,
                "é\n\"q\""
              ]
            }
          }
        }
      ]
    },
    {
      "role": "tool",
      "content": "42"
    }
  ],
  "bos_token": "<s>",
  "eos_token": "</s>",
  "n": 3,
  "f": 2.5,
  "s": "Hello World",
  "u": "Grüße ΑΣ ß 日本",
  "e": "",
  "l": [
    3,
    1,
    2
  ],
  "ls": [
    "b",
    "A",
    "c"
  ],
  "d": {
    "b": 1,
    "a": 2,
    "C": 3
  },
  "deep": {
    "a": [
      {
        "b": "c"
      }
    ]
  },
  "people": [
    {
      "name": "Bob",
      "age": 30,
      "city": {
        "n": "X"
      }
    },
    {
      "name": "alice",
      "age": 25,
      "city": {
        "n": "Y"
      }
    },
    {
      "name": "Carl",
      "age": 30
    }
  ]
})vars";

inline Result<std::string> render(const std::string& source, const std::string& variables = kVariables) {
  HONE_TRY(const ChatTemplate made, ChatTemplate::parse(source));
  return made.render_json(variables);
}

inline void expect_renders(std::span<const RenderCase> cases) {
  for (const RenderCase& one : cases) {
    const auto text = render(one.source);
    if (!text.ok()) {
      ADD_FAILURE() << one.source << "\n" << text.error().message();
    } else {
      EXPECT_EQ(*text, one.expected) << one.source;
    }
  }
}

// Templates that jinja2 refuses as well, at parsing or at rendering.
inline void expect_fails(std::span<const char* const> sources) {
  for (const char* source : sources) {
    const auto text = render(source);
    EXPECT_FALSE(text.ok()) << source << "\nrendered " << (text.ok() ? *text : "");
    if (!text.ok()) {
      EXPECT_TRUE(text.error().where.starts_with("chat template line ")) << text.error().message();
    }
  }
}

}  // namespace hone::testing
