// What a person sees while a run goes on: on a terminal one live line, redrawn in place; elsewhere one plain
// line a step.
//
// Formatting is a pure function of the state and the width; Progress only adds the clock and the stream.
// Thread safety: one thread at a time for each Progress.
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace hone {

// How a value is written.
enum class ValueKind {
  kNumber,   // 0.812, 43.21, 1.2e-05
  kPercent,  // of a share in [0, 1]: 78.1%
  kCount,    // 950, 1.2k, 3.4M
};

struct ProgressValue {
  std::string name;
  double value = 0.0;  // one that is not finite is shown as "-"
  ValueKind kind = ValueKind::kNumber;
};

struct ProgressState {
  std::string stage;                  // "sft", "grpo", "eval" …
  std::int64_t step = 0;              // done
  std::int64_t total = 0;             // 0: unknown
  double eta_seconds = -1;            // of this stage; negative: not yet known
  std::vector<ProgressValue> values;  // the most important first: the last are left out where room is short
  std::string activity;               // what goes on inside the step; only on the live line
};

struct ProgressStyle {
  int width = 80;  // columns that may be used
  bool color = false;
  bool unicode = true;
};

std::string format_value(double value, ValueKind kind);
std::string format_duration(double seconds);  // "7s", "1:05", "2:03:04", "3d 04:05"

// The live line: stage, bar, step/total, ETA, values, activity. At most style.width columns, without a
// newline: first values are left out from the end, then the bar, then the rest is cut. Escape sequences
// (color) take no columns.
std::string format_bar(const ProgressState& state, const ProgressStyle& style);

// The plain line, without a newline: "grpo  12/200  reward 0.812  accuracy 78.1%  eta 1:05".
std::string format_line(const ProgressState& state);

// What a stream and the environment allow. Not a terminal, or TERM=dumb: live is false. Color needs a
// terminal and no NO_COLOR (no-color.org: set and not empty); unicode needs UTF-8 in LC_ALL, LC_CTYPE or
// LANG, the first that is set.
struct Terminal {
  bool live = false;
  bool color = false;
  bool unicode = false;
};
Terminal detect_terminal(std::FILE* out);
// Columns of the terminal behind `out` now: the system's answer, else COLUMNS, else 80.
int terminal_width(std::FILE* out);

class Progress {
 public:
  // `clock` gives seconds, never falling; by default the steady clock. `out` must outlive this object.
  explicit Progress(std::FILE* out = stdout);
  Progress(std::FILE* out, const Terminal& terminal, std::function<double()> clock,
           std::function<int()> width);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // as finish()

  // Begins a stage of which `done` steps are behind (a resumed run); ends the one before.
  void stage(const std::string& name, std::int64_t total, std::int64_t done = 0);
  // `step` steps of the stage are done.
  void step(std::int64_t step, std::vector<ProgressValue> values);
  // Shows what goes on inside a step on the live line, ten times a second at most; nothing elsewhere.
  void activity(const std::string& what);
  // A line of its own, above the live line.
  void note(const std::string& line);
  // Leaves the last live line standing and ends it. Anything may be printed then.
  void finish();

 private:
  void draw();
  void erase();

  std::FILE* out_;
  Terminal terminal_;
  std::function<double()> clock_;
  std::function<int()> width_;
  ProgressState state_;
  std::deque<std::pair<double, std::int64_t>> marks_;  // (time, steps done), the newest last, for the ETA
  double drawn_at_ = 0.0;
  bool visible_ = false;  // a live line stands unfinished
};

}  // namespace hone
