// Answers and worked steps of graphs, knights and knaves, sudoku and the calendar, found another way.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>

#include "data/exact.h"

namespace hone::testing {
namespace {

TEST(Reachability, AgreesWithTheTransitiveClosure) {
  int yes = 0, all = 0;
  for_each_problem("reachability", [&](const Problem& p, int) {
    bool way[26][26] = {};
    for (const auto& edge : split(between(question_of(p), "Edges: ", "."), " ")) {
      ASSERT_EQ(edge.size(), 3u);
      way[edge[0] - 'A'][edge[2] - 'A'] = true;
    }
    for (int k = 0; k < 26; ++k)
      for (int i = 0; i < 26; ++i)
        for (int j = 0; j < 26; ++j) way[i][j] = way[i][j] || (way[i][k] && way[k][j]);
    const char from = between(question_of(p), "Can ", " ")[0], to = between(question_of(p), "reach ", "?")[0];
    ASSERT_NE(from, to);
    const bool reachable = way[from - 'A'][to - 'A'];
    ASSERT_EQ(p.answer, reachable ? "yes" : "no") << question_of(p);

    // The walk visits nodes that it has met, meets each once, and meets all there are when the answer is no.
    std::set<char> met = {from};
    for (const auto& step : split(think_of(p), ";")) {
      ASSERT_TRUE(met.contains(step[0])) << p.solution;
      if (step.substr(1) == ":-") continue;
      for (const auto& node : split(step.substr(2), ",")) {
        ASSERT_TRUE(way[from - 'A'][node[0] - 'A']) << p.solution;
        ASSERT_TRUE(met.insert(node[0]).second) << p.solution;
      }
    }
    ASSERT_EQ(met.contains(to), reachable);
    for (char node = 'A'; node <= 'Z' && !reachable; ++node)
      ASSERT_EQ(met.contains(node), node == from || way[from - 'A'][node - 'A']) << p.solution;
    yes += reachable ? 1 : 0;
    ++all;
  });
  EXPECT_NEAR(static_cast<double>(yes) / all, 0.5, 0.05);
}

// The truth of a statement as it is written, for the people whose letters are in `knights`.
bool is_true(const std::string& s, const std::set<char>& knights) {
  const auto knight = [&](char who) { return knights.contains(who); };
  int count = 0;
  if (std::sscanf(s.c_str(), "exactly %d of us", &count) == 1)
    return static_cast<int>(knights.size()) == count;
  if (s.substr(1) == " is a knight") return knight(s[0]);
  if (s.substr(1) == " is a knave") return !knight(s[0]);
  if (s.ends_with(" are the same")) return knight(s[0]) == knight(s[6]);
  if (s.ends_with(" differ")) return knight(s[0]) != knight(s[6]);
  if (s.ends_with(" are knights")) return knight(s[0]) && knight(s[6]);
  if (s.substr(1, 4) == " or " && s.ends_with(" is a knave")) return !knight(s[0]) || !knight(s[5]);
  throw std::invalid_argument("unknown statement " + s);
}

TEST(KnightsKnaves, HaveTheOneSolutionThatIsTheAnswer) {
  for_each_problem("knights_knaves", [](const Problem& p, int) {
    auto sentences = split(between(question_of(p), "lie. ", " Answer as"), ".");
    ASSERT_EQ(sentences.back(), "");
    sentences.pop_back();
    const int people = static_cast<int>(sentences.size());
    std::vector<std::string> statements;
    for (int i = 0; i < people; ++i)
      statements.push_back(between(sentences[static_cast<std::size_t>(i)],
                                   std::string(1, static_cast<char>('A' + i)) + ": ", ""));

    std::vector<std::string> solutions;
    for (int bits = 0; bits < 1 << people; ++bits) {
      std::set<char> knights;
      for (int i = 0; i < people; ++i)
        if ((bits >> i & 1) != 0) knights.insert(static_cast<char>('A' + i));
      bool stands = true;
      std::string text;
      for (int i = 0; i < people; ++i) {
        const char who = static_cast<char>('A' + i);
        stands = stands && is_true(statements[static_cast<std::size_t>(i)], knights) == knights.contains(who);
        text += fmt::format("{}{}:{}", i == 0 ? "" : " ", who, knights.contains(who) ? "knight" : "knave");
      }
      if (stands) solutions.push_back(text);
    }
    ASSERT_EQ(solutions, std::vector<std::string>{p.answer}) << question_of(p);

    // Each case of the working: the truths that it states, refuted by the last of them, or standing at the
    // end.
    const auto cases = split(think_of(p), "\n");
    for (std::size_t c = 0; c < cases.size(); ++c) {
      const std::string kinds = cases[c].substr(0, static_cast<std::size_t>(people)),
                        truths = between(cases[c], ":", " ");
      std::set<char> knights;
      for (int i = 0; i < people; ++i)
        if (kinds[static_cast<std::size_t>(i)] == 'k') knights.insert(static_cast<char>('A' + i));
      bool refuted = false;
      for (std::size_t i = 0; i * 2 < truths.size(); ++i) {
        ASSERT_FALSE(refuted) << cases[c];
        const char who = truths[i * 2];
        ASSERT_EQ(who, static_cast<char>('A' + i));
        const bool truth = truths[i * 2 + 1] == '1';
        ASSERT_EQ(truth, is_true(statements[i], knights)) << cases[c] << " of " << question_of(p);
        refuted = truth != knights.contains(who);
      }
      ASSERT_EQ(refuted, c + 1 < cases.size()) << p.solution;
      ASSERT_TRUE(cases[c].ends_with(refuted ? " no" : " yes"));
    }
  });
}

// Every filled 4x4 grid, as 16 digits.
std::vector<std::string> all_grids() {
  std::vector<std::string> rows, grids;
  std::string row = "1234";
  do rows.push_back(row);
  while (std::next_permutation(row.begin(), row.end()));
  for (const auto& a : rows)
    for (const auto& b : rows)
      for (const auto& c : rows)
        for (const auto& d : rows) {
          bool good = true;
          for (std::size_t i = 0; i < 4 && good; ++i)
            good = std::set<char>{a[i], b[i], c[i], d[i]}.size() == 4;
          for (std::size_t i = 0; i < 4 && good; i += 2)
            good = std::set<char>{a[i], a[i + 1], b[i], b[i + 1]}.size() == 4 &&
                   std::set<char>{c[i], c[i + 1], d[i], d[i + 1]}.size() == 4;
          if (good) grids.push_back(a + b + c + d);
        }
  return grids;
}

std::string without_breaks(std::string text) {
  std::erase(text, '\n');
  return text;
}

TEST(MiniSudoku, HasOneSolutionAmongAllGrids) {
  const auto grids = all_grids();
  ASSERT_EQ(grids.size(), 288u);
  for_each_problem("mini_sudoku", [&](const Problem& p, int grade) {
    const std::string clues = without_breaks(between(question_of(p), "sudoku:\n", ""));
    ASSERT_EQ(clues.size(), 16u);
    static constexpr std::ptrdiff_t kBlanks[] = {4, 6, 8, 10, 11};
    ASSERT_EQ(std::count(clues.begin(), clues.end(), '.'), kBlanks[grade - 1]);
    std::vector<std::string> solutions;
    for (const auto& grid : grids)
      if (std::equal(clues.begin(), clues.end(), grid.begin(),
                     [](char c, char d) { return c == '.' || c == d; }))
        solutions.push_back(grid);
    ASSERT_EQ(solutions, std::vector<std::string>{without_breaks(p.answer)}) << question_of(p);

    std::string grid = clues;
    for (const auto& step : split(think_of(p), "\n")) {
      int row = 0, column = 0, digit = 0;
      ASSERT_EQ(std::sscanf(between(step, ":", "").c_str(), "r%dc%d=%d", &row, &column, &digit), 3) << step;
      auto& cell = grid[static_cast<std::size_t>((row - 1) * 4 + column - 1)];
      ASSERT_EQ(cell, '.') << step;
      cell = static_cast<char>('0' + digit);
      if (step.find(" sees ") == std::string::npos) continue;
      // The digits seen are on the grid at that moment, in the cell's row, column or box.
      for (const char seen : between(step, " sees ", ":")) {
        bool found = false;
        for (int other = 0; other < 16; ++other) {
          const int r = other / 4 + 1, c = other % 4 + 1;
          const bool shares =
              r == row || c == column || ((r - 1) / 2 == (row - 1) / 2 && (c - 1) / 2 == (column - 1) / 2);
          found = found || (shares && grid[static_cast<std::size_t>(other)] == seen);
        }
        ASSERT_TRUE(found && seen != cell) << step << "\n" << question_of(p);
      }
    }
    ASSERT_EQ(grid, without_breaks(p.answer));
  });
}

using std::chrono::sys_days;

sys_days day(const std::string& text) {
  int y = 0;
  unsigned m = 0, d = 0;
  EXPECT_EQ(std::sscanf(text.c_str(), "%d-%u-%u", &y, &m, &d), 3) << text;
  const auto date = std::chrono::year(y) / std::chrono::month(m) / std::chrono::day(d);
  EXPECT_TRUE(date.ok()) << text;
  return date;
}

const std::array<std::string, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                              "Thursday", "Friday", "Saturday"};

TEST(Calendar, AgreesWithTheStandardLibrary) {
  std::map<std::string, int> kinds;
  for_each_problem("calendar", [&](const Problem& p, int) {
    const std::string q = question_of(p);
    if (q.starts_with("Which weekday is ") && q.find(" after ") != std::string::npos) {
      const int days = std::stoi(between(q, "Which weekday is ", " "));
      const auto start = std::find(kWeekdays.begin(), kWeekdays.end(), between(q, " after ", "?"));
      ASSERT_NE(start, kWeekdays.end()) << q;
      ASSERT_EQ(p.answer, kWeekdays[static_cast<std::size_t>((start - kWeekdays.begin() + days) % 7)]) << q;
      ++kinds["weekday after"];
    } else if (q.starts_with("Which weekday is ")) {
      const std::chrono::weekday weekday(day(between(q, "Which weekday is ", "?")));
      ASSERT_EQ(p.answer, kWeekdays[weekday.c_encoding()]) << q;
      ++kinds["weekday"];
    } else if (q.starts_with("Which date is ")) {
      const std::chrono::days days(std::stoi(between(q, "Which date is ", " ")));
      ASSERT_EQ(p.answer.size(), 10u);
      ASSERT_EQ(day(p.answer), day(between(q, " after ", "?")) + days) << q;
      ++kinds["date"];
    } else {
      const sys_days from = day(between(q, "days from ", " ")), to = day(between(q, " to ", "?"));
      ASSERT_LE(from, to);
      ASSERT_EQ(p.answer, std::to_string((to - from).count())) << q;
      ++kinds["between"];
    }
    // Steps that are equations hold ("1978/4=494" rounds down, and is left to the sum that uses it).
    for (const auto& step : split(think_of(p), ";")) {
      const auto sides = split(step.starts_with("day ") ? step.substr(4) : step, "=");
      if (sides.size() != 2 || sides[0].find('/') != std::string::npos ||
          sides[1].find("day") != std::string::npos)
        continue;
      ASSERT_EQ(exact(sides[0]), exact(sides[1])) << p.solution;
    }
  });
  EXPECT_EQ(kinds.size(), 4u);
}

}  // namespace
}  // namespace hone::testing
