// 4x4 sudoku with one solution, reachable by singles alone: a cell for which its row, column and box leave
// one digit, or a digit for which a row, column or box leaves one cell. The worked solution names each such
// step in turn.
#include <array>
#include <bit>
#include <cstddef>

#include "hone/base/check.h"
#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

constexpr std::array<int, 5> kBlanks = {4, 6, 8, 10, 11};  // of 16 cells, by grade

using Grid = std::array<int, 16>;  // row by row; 0: blank

std::size_t box_of(std::size_t cell) { return cell / 8 * 2 + cell % 4 / 2; }

// The digits that a cell's row, column and box hold, as a bit set (bit d: digit d).
unsigned seen_from(const Grid& grid, std::size_t cell) {
  unsigned seen = 0;
  for (std::size_t other = 0; other < 16; ++other) {
    const bool shares = other / 4 == cell / 4 || other % 4 == cell % 4 || box_of(other) == box_of(cell);
    if (shares && other != cell) seen |= 1u << grid[other];
  }
  return seen & 0b11110u;
}

struct Single {
  std::size_t cell = 16;  // 16: none found
  int digit = 0;
  std::string reason;
};

// The cells of unit u: rows 0–3, columns 4–7, boxes 8–11.
std::size_t unit_cell(int u, std::size_t i) {
  const auto n = static_cast<std::size_t>(u % 4);
  if (u < 4) return n * 4 + i;
  if (u < 8) return i * 4 + n;
  return n / 2 * 8 + n % 2 * 2 + i / 2 * 4 + i % 2;
}

std::string place(std::size_t cell) { return fmt::format("r{}c{}", cell / 4 + 1, cell % 4 + 1); }

Single find_single(const Grid& grid) {
  for (std::size_t cell = 0; cell < 16; ++cell) {
    if (grid[cell] != 0) continue;
    const unsigned seen = seen_from(grid, cell);
    if (std::popcount(seen) != 3) continue;
    std::string digits;
    for (int d = 1; d <= 4; ++d)
      if ((seen >> d & 1u) != 0) digits += static_cast<char>('0' + d);
    return {cell, std::countr_zero(~seen & 0b11110u), fmt::format("{} sees {}", place(cell), digits)};
  }
  static constexpr std::array<const char*, 3> kUnits = {"row", "column", "box"};
  for (int u = 0; u < 12; ++u) {
    for (int digit = 1; digit <= 4; ++digit) {
      int places = 0;
      std::size_t where = 16;
      bool present = false;
      for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t cell = unit_cell(u, i);
        present = present || grid[cell] == digit;
        if (grid[cell] != 0 || (seen_from(grid, cell) >> digit & 1u) != 0) continue;
        ++places;
        where = cell;
      }
      if (!present && places == 1)
        return {where, digit,
                fmt::format("{} {} has {} only at {}", kUnits[static_cast<std::size_t>(u / 4)], u % 4 + 1,
                            digit, place(where))};
    }
  }
  return {};
}

// Solves by singles. Each is forced, so a grid that this fills has one solution.
bool solve(Grid grid, std::vector<std::string>& steps) {
  for (;;) {
    const Single single = find_single(grid);
    if (single.cell == 16) break;
    grid[single.cell] = single.digit;
    steps.push_back(fmt::format("{}:{}={}", single.reason, place(single.cell), single.digit));
  }
  for (const int digit : grid)
    if (digit == 0) return false;
  return true;
}

// A filled grid: cell by cell in order, digits in random order, backtracking.
bool fill(RandomStream& random, Grid& grid, std::size_t cell) {
  if (cell == 16) return true;
  std::array<int, 4> digits = {1, 2, 3, 4};
  random.shuffle(std::span<int>(digits));
  for (const int digit : digits) {
    if ((seen_from(grid, cell) >> digit & 1u) != 0) continue;
    grid[cell] = digit;
    if (fill(random, grid, cell + 1)) return true;
    grid[cell] = 0;
  }
  return false;
}

std::string spell(const Grid& grid) {
  std::string text;
  for (std::size_t cell = 0; cell < 16; ++cell) {
    if (cell > 0 && cell % 4 == 0) text += '\n';
    text += grid[cell] == 0 ? '.' : static_cast<char>('0' + grid[cell]);
  }
  return text;
}

class MiniSudoku final : public GradedTask {
 public:
  MiniSudoku()
      : GradedTask({"mini_sudoku",
                    "4x4 sudoku with one solution",
                    "text",
                    static_cast<int>(kBlanks.size()),
                    {1, 2}}) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    const int wanted = kBlanks[static_cast<std::size_t>(grade - 1)];
    for (int attempt = 0; attempt < 10000; ++attempt) {
      Grid full{};
      HONE_CHECK(fill(random, full, 0), "an empty grid can be filled");
      std::array<std::size_t, 16> order{};
      for (std::size_t i = 0; i < 16; ++i) order[i] = i;
      random.shuffle(std::span<std::size_t>(order));
      Grid puzzle = full;
      int blanks = 0;
      std::vector<std::string> steps;
      for (const std::size_t cell : order) {
        if (blanks == wanted) break;
        Grid fewer = puzzle;
        fewer[cell] = 0;
        std::vector<std::string> fewer_steps;
        if (!solve(fewer, fewer_steps)) continue;
        puzzle = fewer;
        steps = std::move(fewer_steps);
        ++blanks;
      }
      if (blanks < wanted) continue;
      return {"Fill the 4x4 sudoku:\n" + spell(puzzle), spell(full), join(steps, "\n"), ""};
    }
    HONE_CHECK(false, "no puzzle of grade {} in 10000 draws", grade);
    return {};
  }
};

}  // namespace

std::unique_ptr<Task> make_mini_sudoku() { return std::make_unique<MiniSudoku>(); }

}  // namespace hone
