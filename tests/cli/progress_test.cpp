#include "hone/cli/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "hone/cli/columns.h"

namespace hone {
namespace {

ProgressState grpo() {
  return {.stage = "grpo",
          .step = 12,
          .total = 200,
          .eta_seconds = 65,
          .values = {{"reward", 0.8125, ValueKind::kNumber},
                     {"accuracy", 0.781, ValueKind::kPercent},
                     {"length", 43.21, ValueKind::kNumber},
                     {"kl", 0.00012, ValueKind::kNumber},
                     {"tokens/s", 12345, ValueKind::kCount}},
          .activity = ""};
}

std::string without_escapes(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b')
      i = text.find('m', i);
    else
      out += text[i];
  }
  return out;
}

TEST(FormatValue, IsShortAndSteady) {
  EXPECT_EQ(format_value(0, ValueKind::kNumber), "0.000");
  EXPECT_EQ(format_value(-0.8126, ValueKind::kNumber), "-0.813");
  EXPECT_EQ(format_value(43.21, ValueKind::kNumber), "43.2");
  EXPECT_EQ(format_value(0.00012, ValueKind::kNumber), "1.2e-04");
  EXPECT_EQ(format_value(2.5e7, ValueKind::kNumber), "2.5e+07");
  EXPECT_EQ(format_value(0.781, ValueKind::kPercent), "78.1%");
  EXPECT_EQ(format_value(950, ValueKind::kCount), "950");
  EXPECT_EQ(format_value(999.6, ValueKind::kCount), "1.0k");
  EXPECT_EQ(format_value(12345, ValueKind::kCount), "12.3k");
  EXPECT_EQ(format_value(999'960, ValueKind::kCount), "1.0M");
  EXPECT_EQ(format_value(3.4e9, ValueKind::kCount), "3.4G");
  EXPECT_EQ(format_value(std::nan(""), ValueKind::kNumber), "-");
  EXPECT_EQ(format_value(std::numeric_limits<double>::infinity(), ValueKind::kCount), "-");
}

TEST(FormatDuration, HasTheUnitsThatMatter) {
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(59.4), "59s");
  EXPECT_EQ(format_duration(59.6), "1:00");
  EXPECT_EQ(format_duration(65), "1:05");
  EXPECT_EQ(format_duration(2 * 3600 + 3 * 60 + 4), "2:03:04");
  EXPECT_EQ(format_duration(3 * 86400 + 4 * 3600 + 5 * 60), "3d 04:05");
  EXPECT_EQ(format_duration(-1), "?");
  EXPECT_EQ(format_duration(std::nan("")), "?");
}

TEST(FormatLine, HoldsEverythingOnOneLine) {
  EXPECT_EQ(format_line(grpo()),
            "grpo   12/200  reward 0.812  accuracy 78.1%  length 43.2  kl 1.2e-04  tokens/s 12.3k  eta 1:05");
  EXPECT_EQ(format_line({.stage = "eval", .step = 3, .values = {}, .activity = "hidden"}), "eval  3");
  EXPECT_EQ(format_line({.stage = "a\nb", .step = 3, .values = {}, .activity = ""}), "a↵b  3");
}

TEST(FormatBar, ShowsTheShareThatIsDone) {
  ProgressState state{.stage = "sft", .step = 1, .total = 4, .values = {}, .activity = ""};
  EXPECT_EQ(format_bar(state, {.width = 32}), "sft  █████▌░░░░░░░░░░░░░░░░  1/4");
  EXPECT_EQ(format_bar(state, {.width = 32, .unicode = false}), "sft  #####-----------------  1/4");
  state.step = 4;
  EXPECT_EQ(format_bar(state, {.width = 32}), "sft  ██████████████████████  4/4");
  state.step = 0;
  EXPECT_EQ(format_bar(state, {.width = 32}), "sft  ░░░░░░░░░░░░░░░░░░░░░░  0/4");
}

TEST(FormatBar, ShowsValuesWhileThereIsRoom) {
  EXPECT_EQ(format_bar(grpo(), {.width = 140}),
            "grpo  █▊░░░░░░░░░░░░░░░░░░░░░░░░░░░░   12/200  eta 1:05  reward 0.812  accuracy 78.1%  "
            "length 43.2  "
            "kl 1.2e-04  tokens/s 12.3k");
  EXPECT_EQ(format_bar(grpo(), {.width = 80}),
            "grpo  ▋░░░░░░░░░░░   12/200  eta 1:05  reward 0.812  accuracy 78.1%  length 43.2");
}

TEST(FormatBar, LeavesOutValuesThenTheBarThenCuts) {
  EXPECT_EQ(format_bar(grpo(), {.width = 40}), "grpo  ▉░░░░░░░░░░░░░░   12/200  eta 1:05");
  EXPECT_EQ(format_bar(grpo(), {.width = 30}), "grpo   12/200  eta 1:05");
  EXPECT_EQ(format_bar(grpo(), {.width = 12}), "grpo   12/2…");
  EXPECT_EQ(format_bar(grpo(), {.width = 1}), "…");
}

TEST(FormatBar, NeverWiderThanItMay) {
  ProgressState state = grpo();
  state.stage = "日本語";
  for (const char* activity : {"", "sampling 120/256", "日本語日本語日本語"}) {
    state.activity = activity;
    for (int width = 1; width < 200; ++width) {
      for (const bool color : {false, true}) {
        const std::string bar = format_bar(state, {.width = width, .color = color});
        EXPECT_LE(column_width(without_escapes(bar)), width) << bar;
      }
    }
  }
}

TEST(FormatBar, ColorChangesNothingButTheEscapes) {
  const std::string plain = format_bar(grpo(), {.width = 100});
  const std::string colored = format_bar(grpo(), {.width = 100, .color = true});
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  EXPECT_NE(colored.find('\x1b'), std::string::npos);
  EXPECT_EQ(without_escapes(colored), plain);
}

TEST(FormatBar, ShowsTheActivityAfterTheValues) {
  ProgressState state = grpo();
  state.values.resize(1);
  state.activity = "sampling 120/256";
  const std::string bar = format_bar(state, {.width = 100});
  EXPECT_TRUE(bar.ends_with("reward 0.812  sampling 120/256")) << bar;
}

// A stream in memory and a clock that the test turns.
class ProgressTest : public ::testing::Test {
 protected:
  ProgressTest() : out_(open_memstream(&data_, &size_)) {}
  ~ProgressTest() override {
    progress_.reset();  // it writes its last line
    std::fclose(out_);
    std::free(data_);
  }
  void start(bool live) {
    progress_.emplace(
        out_, Terminal{.live = live, .color = false, .unicode = false}, [this] { return now_; },
        [] { return 60; });
  }
  // What was written since the last call.
  std::string written() {
    std::fflush(out_);
    std::string text(data_ + read_, size_ - read_);
    read_ = size_;
    return text;
  }

  char* data_ = nullptr;
  std::size_t size_ = 0, read_ = 0;
  std::FILE* out_;
  double now_ = 100;
  std::optional<Progress> progress_;
};

TEST_F(ProgressTest, OffATerminalEachStepIsAPlainLine) {
  start(false);
  progress_->stage("grpo", 10);
  progress_->activity("sampling");
  EXPECT_EQ(written(), "");
  now_ += 2;
  progress_->step(1, {{"reward", 0.5, ValueKind::kNumber}});
  EXPECT_EQ(written(), "grpo   1/10  reward 0.500  eta 18s\n");
  progress_->note("checkpoint saved");
  EXPECT_EQ(written(), "checkpoint saved\n");
  progress_->finish();
  EXPECT_EQ(written(), "");
}

TEST_F(ProgressTest, OnATerminalTheLineIsRedrawnInPlace) {
  start(true);
  progress_->stage("sft", 4);
  EXPECT_EQ(written(), "\rsft  ------------------------------  0/4\x1b[K");
  now_ += 1;
  progress_->step(1, {});
  EXPECT_EQ(written(), "\rsft  #######-----------------------  1/4  eta 3s\x1b[K");
  progress_->finish();
  EXPECT_EQ(written(), "\rsft  #######-----------------------  1/4  eta 3s\x1b[K\n");
  progress_->finish();
  EXPECT_EQ(written(), "");
}

TEST_F(ProgressTest, ANoteStandsAboveTheLine) {
  start(true);
  progress_->stage("sft", 4);
  written();
  progress_->note("checkpoint saved");
  EXPECT_EQ(written(), "\r\x1b[Kcheckpoint saved\n\rsft  ------------------------------  0/4\x1b[K");
}

TEST_F(ProgressTest, ActivityIsRedrawnTenTimesASecondAtMost) {
  start(true);
  progress_->stage("sft", 4);
  written();
  progress_->activity("one");
  EXPECT_EQ(written(), "");
  now_ += 0.05;
  progress_->activity("two");
  EXPECT_EQ(written(), "");
  now_ += 0.06;
  progress_->activity("three");
  EXPECT_NE(written().find("three"), std::string::npos);
  progress_->activity("four");
  EXPECT_EQ(written(), "");
}

TEST_F(ProgressTest, ANewStageEndsTheOneBeforeAndDestructionTheLast) {
  start(true);
  progress_->stage("sft", 4);
  written();
  progress_->stage("grpo", 4);
  const std::string text = written();
  EXPECT_NE(text.find("\x1b[K\n\rgrpo"), std::string::npos) << text;
  progress_.reset();
  EXPECT_TRUE(written().ends_with("\n"));
}

TEST_F(ProgressTest, TheEtaFollowsTheLastStepsAndNotThoseOfAnEarlierRun) {
  start(false);
  progress_->stage("grpo", 1000, 500);
  now_ += 10;
  progress_->step(501, {});
  EXPECT_EQ(written(), "grpo   501/1000  eta 1:23:10\n");  // 499 steps of 10 s
  for (int step = 502; step <= 530; ++step) {
    now_ += 1;
    progress_->step(step, {});
  }
  EXPECT_TRUE(written().ends_with("grpo   530/1000  eta 7:50\n"));  // 470 steps of 1 s
}

// Sets an environment variable while it lives; a null value unsets it.
class EnvironmentVariables {
 public:
  EnvironmentVariables(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value != nullptr ? setenv(name, value, 1) : unsetenv(name);
  }
  ~EnvironmentVariables() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
  EnvironmentVariables(const EnvironmentVariables&) = delete;
  EnvironmentVariables& operator=(const EnvironmentVariables&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

// The terminal's end of a pseudo-terminal, as a stream.
class PseudoTerminal {
 public:
  PseudoTerminal() : main_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (main_ >= 0 && grantpt(main_) == 0 && unlockpt(main_) == 0) out_ = std::fopen(ptsname(main_), "w");
  }
  ~PseudoTerminal() {
    if (out_ != nullptr) std::fclose(out_);
    if (main_ >= 0) close(main_);
  }
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;
  std::FILE* out() const { return out_; }
  int main() const { return main_; }

 private:
  int main_;
  std::FILE* out_ = nullptr;
};

TEST(DetectTerminal, ATerminalIsLiveUnlessItIsDumb) {
  const PseudoTerminal terminal;
  ASSERT_NE(terminal.out(), nullptr);
  const EnvironmentVariables no_color("NO_COLOR", nullptr);
  for (const char* term : {"xterm-256color", "linux"}) {
    const EnvironmentVariables variable("TERM", term);
    EXPECT_TRUE(detect_terminal(terminal.out()).live);
    EXPECT_TRUE(detect_terminal(terminal.out()).color);
  }
  for (const char* term : {"dumb", ""}) {
    const EnvironmentVariables variable("TERM", term);
    EXPECT_FALSE(detect_terminal(terminal.out()).live);
    EXPECT_FALSE(detect_terminal(terminal.out()).color);
  }
}

TEST(DetectTerminal, NoColorIsRespected) {
  const PseudoTerminal terminal;
  ASSERT_NE(terminal.out(), nullptr);
  const EnvironmentVariables term("TERM", "xterm");
  {
    const EnvironmentVariables no_color("NO_COLOR", "1");
    EXPECT_TRUE(detect_terminal(terminal.out()).live);
    EXPECT_FALSE(detect_terminal(terminal.out()).color);
  }
  const EnvironmentVariables empty("NO_COLOR", "");
  EXPECT_TRUE(detect_terminal(terminal.out()).color);
}

TEST(DetectTerminal, AFileIsNotOne) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  const EnvironmentVariables term("TERM", "xterm");
  EXPECT_FALSE(detect_terminal(file).live);
  EXPECT_FALSE(detect_terminal(file).color);
  std::fclose(file);
}

TEST(DetectTerminal, UnicodeNeedsAUtf8Locale) {
  const EnvironmentVariables all("LC_ALL", ""), ctype("LC_CTYPE", nullptr), lang("LANG", "en_GB.UTF-8");
  EXPECT_TRUE(detect_terminal(stdout).unicode);
  {
    const EnvironmentVariables first("LC_CTYPE", "C");
    EXPECT_FALSE(detect_terminal(stdout).unicode);
    const EnvironmentVariables before_it("LC_ALL", "C.utf8");
    EXPECT_TRUE(detect_terminal(stdout).unicode);
  }
  const EnvironmentVariables none("LANG", nullptr);
  EXPECT_FALSE(detect_terminal(stdout).unicode);
}

TEST(TerminalWidth, IsTheTerminalsThenTheVariablesThenEighty) {
  const PseudoTerminal terminal;
  ASSERT_NE(terminal.out(), nullptr);
  winsize size{};
  size.ws_col = 123;
  ASSERT_EQ(ioctl(terminal.main(), TIOCSWINSZ, &size), 0);
  const EnvironmentVariables columns("COLUMNS", "77");
  EXPECT_EQ(terminal_width(terminal.out()), 123);
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(terminal_width(file), 77);
  for (const char* none : {"", "wide", "-3", "0"}) {
    const EnvironmentVariables variable("COLUMNS", none);
    EXPECT_EQ(terminal_width(file), 80) << none;
  }
  std::fclose(file);
}

}  // namespace
}  // namespace hone
