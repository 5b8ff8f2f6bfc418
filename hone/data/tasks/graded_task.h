// What the procedural tasks share: a card that describes the task, and the packing of a draft into a Problem.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hone/data/task.h"

namespace hone {

class GradedTask : public Task {
 public:
  struct Card {
    std::string name, summary, verifier;
    int max_difficulty = 1;
    std::vector<int> default_difficulty;
  };

  std::string name() const final { return card_.name; }
  std::string summary() const final { return card_.summary; }
  std::string verifier() const final { return card_.verifier; }
  int max_difficulty() const final { return card_.max_difficulty; }
  std::vector<int> default_difficulty() const final { return card_.default_difficulty; }
  Problem make(RandomStream& random, int difficulty) const final;

 protected:
  struct Draft {
    std::string question, answer;
    std::string think;      // the worked steps, without tags
    std::string fields;     // JSON, where the verifier needs it
    std::uint64_t kin = 0;  // Problem::kin
  };
  explicit GradedTask(Card card) : card_(std::move(card)) {}

 private:
  virtual Draft pose(RandomStream& random, int grade) const = 0;  // grade in 1 … max_difficulty
  Card card_;
};

// A uniform choice. Requires a choice to exist.
template <class T>
const T& pick(RandomStream& random, const std::vector<T>& items) {
  return items.at(static_cast<std::size_t>(random.below(items.size())));
}

// "a;b;c": how worked steps are joined everywhere.
std::string join(std::span<const std::string> items, const std::string& between = ";");

// One factory a task, each in the file of its name.
std::unique_ptr<Task> make_arithmetic();
std::unique_ptr<Task> make_base_conversion();
std::unique_ptr<Task> make_c_function();
std::unique_ptr<Task> make_calendar();
std::unique_ptr<Task> make_check_arithmetic();
std::unique_ptr<Task> make_countdown();
std::unique_ptr<Task> make_knights_knaves();
std::unique_ptr<Task> make_linear_equation();
std::unique_ptr<Task> make_mini_sudoku();
std::unique_ptr<Task> make_modular_chain();
std::unique_ptr<Task> make_propose_arithmetic();
std::unique_ptr<Task> make_propose_countdown();
std::unique_ptr<Task> make_propose_program();
std::unique_ptr<Task> make_reachability();
std::unique_ptr<Task> make_sorting();
std::unique_ptr<Task> make_tautology();

}  // namespace hone
