// The thought of a completion apart from what follows it: <think> … </think>.
#pragma once

#include <string>
#include <string_view>

namespace hone {

// Cuts a completion after its thought: [thought, rest], tags kept, nothing lost. The thought is all up to and
// including the first </think>, when the text begins with <think> (after white space) or the prompt had
// opened it; all of the text when it never closes; empty when there is none.
struct ThinkingText {
  std::string_view thought, rest;
};
ThinkingText split_thinking(std::string_view completion, bool opened_by_prompt);

// Whether a prompt ends with an open <think>, as some chat templates' do.
bool opens_thought(std::string_view prompt);

// The same cut of a text that is still being written, without the tags and the white space around them: what
// may become a tag is held back until it is one or is not. The pieces do not depend on how the text was cut.
class ThoughtStream {
 public:
  explicit ThoughtStream(bool opened_by_prompt)
      : state_(opened_by_prompt ? State::kThought : State::kStart) {}

  struct Pieces {
    std::string thought, rest;
  };
  Pieces push(std::string_view text);
  Pieces finish();  // what was held back

 private:
  enum class State { kStart, kThought, kGap, kRest };
  Pieces take(bool last);

  State state_;
  std::string held_;
  bool began_ = false;  // something of the thought has been given out
};

}  // namespace hone
