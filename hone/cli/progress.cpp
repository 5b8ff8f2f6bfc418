#include "hone/cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "hone/cli/columns.h"

namespace hone {
namespace {

constexpr int kMaxBar = 30, kMinBar = 8;
constexpr std::size_t kEtaSteps =
    20;  // the pace is that of the last steps: completions grow and shrink in training
constexpr double kRedrawSeconds = 0.1;
constexpr std::string_view kSeparator = "  ";

std::string color(std::string_view text, const char* code, bool on) {
  return on ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

// Right-aligned under the total, so that the plain lines of one stage stand in columns.
std::string format_steps(const ProgressState& state) {
  if (state.total <= 0) return std::to_string(state.step);
  const std::string total = std::to_string(state.total);
  return fmt::format("{:>{}}/{}", state.step, total.size(), total);
}

double share_done(const ProgressState& state) {
  if (state.total <= 0) return 0.0;
  return std::clamp(static_cast<double>(state.step) / static_cast<double>(state.total), 0.0, 1.0);
}

std::string draw_bar(double share, int columns, const ProgressStyle& style) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::floor(share * columns * 8 + 1e-9));
  const int full = eighths / 8;
  std::string done, rest;
  for (int i = 0; i < full; ++i) done += style.unicode ? "█" : "#";
  int used = full;
  if (style.unicode && eighths % 8 != 0) {
    done += kEighths[eighths % 8];
    ++used;
  }
  for (; used < columns; ++used) rest += style.unicode ? "░" : "-";
  return color(done, "32", style.color && !done.empty()) + color(rest, "2", style.color && !rest.empty());
}

std::string format_named(const ProgressValue& value) {
  return printable(value.name) + " " + format_value(value.value, value.kind);
}

const char* set_or_null(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = set_or_null(name);
    if (value == nullptr) continue;
    std::string upper(value);
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return upper.find("UTF-8") != std::string::npos || upper.find("UTF8") != std::string::npos;
  }
  return false;
}

}  // namespace

std::string format_value(double value, ValueKind kind) {
  if (!std::isfinite(value)) return "-";
  const double size = std::abs(value);
  if (kind == ValueKind::kPercent) return fmt::format("{:.1f}%", 100 * value);
  if (kind == ValueKind::kCount) {
    // The limits are where the shorter form would round up to four digits.
    if (size < 999.5) return fmt::format("{:.0f}", value);
    if (size < 999'950) return fmt::format("{:.1f}k", value / 1e3);
    if (size < 999'950'000) return fmt::format("{:.1f}M", value / 1e6);
    return fmt::format("{:.1f}G", value / 1e9);
  }
  if (size == 0 || (size >= 1e-3 && size < 10)) return fmt::format("{:.3f}", value);
  if (size >= 10 && size < 1e6) return fmt::format("{:.1f}", value);
  return fmt::format("{:.1e}", value);
}

std::string format_duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) return "?";
  const auto s = static_cast<std::int64_t>(std::llround(seconds));
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}d {:02}:{:02}", s / 86400, s / 3600 % 24, s / 60 % 60);
}

std::string format_line(const ProgressState& state) {
  std::string line = printable(state.stage);
  line += (line.empty() ? "" : kSeparator);
  line += format_steps(state);
  for (const ProgressValue& value : state.values) line.append(kSeparator).append(format_named(value));
  if (state.eta_seconds >= 0)
    line.append(kSeparator).append("eta ").append(format_duration(state.eta_seconds));
  return line;
}

std::string format_bar(const ProgressState& state, const ProgressStyle& style) {
  const std::string stage = printable(state.stage);
  std::string head = format_steps(state);
  if (state.eta_seconds >= 0) head += fmt::format("{}eta {}", kSeparator, format_duration(state.eta_seconds));
  const std::string mark = style.unicode ? "…" : "~";

  const int gap = static_cast<int>(kSeparator.size());
  const int fixed = column_width(stage) + (stage.empty() ? 0 : gap) + column_width(head);
  if (fixed > style.width) return truncate_columns(stage + std::string(kSeparator) + head, style.width, mark);

  // Values come before the bar's length: it takes what they leave, and is left out below its least.
  int room = style.width - fixed;
  const int kept_for_bar = state.total > 0 && room >= kMinBar + gap ? kMinBar + gap : 0;
  std::string tail;
  room -= kept_for_bar;
  for (const ProgressValue& value : state.values) {
    const std::string text = format_named(value);
    if (column_width(text) + gap > room) break;
    tail.append(kSeparator).append(text);
    room -= column_width(text) + gap;
  }
  const std::string activity = printable(state.activity);
  if (!activity.empty() && room >= gap + std::min(column_width(activity), 8)) {
    const std::string text = truncate_columns(activity, room - gap, mark);
    tail.append(kSeparator).append(color(text, "2", style.color));
    room -= column_width(text) + gap;
  }
  std::string line = color(stage, "1", style.color && !stage.empty());
  if (!stage.empty()) line += kSeparator;
  if (kept_for_bar > 0) {
    const int bar = std::min(kMaxBar, kMinBar + room);
    line += draw_bar(share_done(state), bar, style) + std::string(kSeparator);
  }
  return line + head + tail;
}

Terminal detect_terminal(std::FILE* out) {
  const char* term = set_or_null("TERM");
  Terminal terminal;
  terminal.live = ::isatty(::fileno(out)) == 1 && term != nullptr && std::string_view(term) != "dumb";
  terminal.color = terminal.live && set_or_null("NO_COLOR") == nullptr;
  terminal.unicode = locale_is_utf8();
  return terminal;
}

int terminal_width(std::FILE* out) {
  winsize size{};
  if (::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  if (const char* columns = set_or_null("COLUMNS")) {
    const long value = std::strtol(columns, nullptr, 10);
    if (value > 0 && value < 10000) return static_cast<int>(value);
  }
  return 80;
}

Progress::Progress(std::FILE* out)
    : Progress(
          out, detect_terminal(out),
          [] {
            return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
          },
          [out] { return terminal_width(out); }) {}

Progress::Progress(std::FILE* out, const Terminal& terminal, std::function<double()> clock,
                   std::function<int()> width)
    : out_(out), terminal_(terminal), clock_(std::move(clock)), width_(std::move(width)) {}

Progress::~Progress() { finish(); }

void Progress::stage(const std::string& name, std::int64_t total, std::int64_t done) {
  finish();
  state_ = {.stage = name, .step = done, .total = total, .eta_seconds = -1, .values = {}, .activity = {}};
  marks_ = {{clock_(), done}};
  if (terminal_.live) draw();
}

void Progress::step(std::int64_t step, std::vector<ProgressValue> values) {
  marks_.emplace_back(clock_(), step);
  if (marks_.size() > kEtaSteps + 1) marks_.pop_front();
  const auto& [begin, begin_step] = marks_.front();
  const auto& [now, now_step] = marks_.back();
  state_.step = step;
  state_.values = std::move(values);
  state_.activity.clear();
  state_.eta_seconds = -1;
  if (state_.total > 0 && now_step > begin_step) {
    const double pace = (now - begin) / static_cast<double>(now_step - begin_step);
    state_.eta_seconds = pace * static_cast<double>(std::max<std::int64_t>(0, state_.total - step));
  }
  if (terminal_.live) {
    draw();
  } else {
    fmt::print(out_, "{}\n", format_line(state_));
    std::fflush(out_);
  }
}

void Progress::activity(const std::string& what) {
  if (!terminal_.live) return;
  state_.activity = what;
  if (clock_() - drawn_at_ >= kRedrawSeconds) draw();
}

void Progress::note(const std::string& line) {
  const bool was_visible = visible_;
  erase();
  fmt::print(out_, "{}\n", line);
  std::fflush(out_);
  if (was_visible) draw();
}

void Progress::finish() {
  if (!visible_) return;
  state_.activity.clear();
  draw();
  std::fputc('\n', out_);
  std::fflush(out_);
  visible_ = false;
}

void Progress::draw() {
  // One column stays free: some terminals wrap when the last one is written.
  const ProgressStyle style{
      .width = std::max(1, width_() - 1), .color = terminal_.color, .unicode = terminal_.unicode};
  fmt::print(out_, "\r{}\x1b[K", format_bar(state_, style));
  std::fflush(out_);
  drawn_at_ = clock_();
  visible_ = true;
}

void Progress::erase() {
  if (visible_) std::fputs("\r\x1b[K", out_);
  visible_ = false;
}

}  // namespace hone
