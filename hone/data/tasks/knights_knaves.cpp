// Knights (who tell the truth) and knaves (who lie): puzzles with exactly one solution, found by enumeration,
// which is also how the worked solution goes: case by case, each statement's truth until one contradicts its
// speaker.
#include <array>
#include <bit>

#include "hone/base/check.h"
#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

// The first three kinds of statement suffice for the easy grades.
enum class Kind { kIsKnight, kIsKnave, kSame, kDiffer, kSomeKnave, kBothKnights, kCount };

struct KnightsKnavesGrade {
  int people;
  int kinds;
};
constexpr std::array<KnightsKnavesGrade, 5> kKnightsKnavesGrades = {{{3, 3}, {3, 7}, {4, 4}, {4, 7}, {5, 7}}};

struct Statement {
  Kind kind = Kind::kIsKnight;
  int x = 0, y = 0;  // people; of kCount: x is the count
};

// Bit i of `knights`: whether person i is a knight.
bool holds(const Statement& s, unsigned knights) {
  const bool x = (knights >> s.x & 1u) != 0, y = (knights >> s.y & 1u) != 0;
  switch (s.kind) {
    case Kind::kIsKnight:
      return x;
    case Kind::kIsKnave:
      return !x;
    case Kind::kSame:
      return x == y;
    case Kind::kDiffer:
      return x != y;
    case Kind::kSomeKnave:
      return !x || !y;
    case Kind::kBothKnights:
      return x && y;
    case Kind::kCount:
      return std::popcount(knights) == s.x;
  }
  return false;
}

// The first speaker whose statement's truth is not that of their kind; -1 when the case stands.
int contradiction(const std::vector<Statement>& statements, unsigned knights) {
  for (std::size_t i = 0; i < statements.size(); ++i)
    if (holds(statements[i], knights) != ((knights >> i & 1u) != 0)) return static_cast<int>(i);
  return -1;
}

char letter(int person) { return static_cast<char>('A' + person); }

std::string spell(const Statement& s) {
  switch (s.kind) {
    case Kind::kIsKnight:
      return fmt::format("{} is a knight", letter(s.x));
    case Kind::kIsKnave:
      return fmt::format("{} is a knave", letter(s.x));
    case Kind::kSame:
      return fmt::format("{} and {} are the same", letter(s.x), letter(s.y));
    case Kind::kDiffer:
      return fmt::format("{} and {} differ", letter(s.x), letter(s.y));
    case Kind::kSomeKnave:
      return fmt::format("{} or {} is a knave", letter(s.x), letter(s.y));
    case Kind::kBothKnights:
      return fmt::format("{} and {} are knights", letter(s.x), letter(s.y));
    case Kind::kCount:
      return fmt::format("exactly {} of us {} knight{}", s.x, s.x == 1 ? "is a" : "are", s.x == 1 ? "" : "s");
  }
  return "";
}

Statement draw_statement(RandomStream& random, int speaker, const KnightsKnavesGrade& g) {
  Statement s;
  s.kind = static_cast<Kind>(random.below(static_cast<std::uint64_t>(g.kinds)));
  if (s.kind == Kind::kCount) {
    s.x = static_cast<int>(random.between(0, g.people - 1));
    return s;
  }
  const auto another = [&](int than) {
    const int p = static_cast<int>(random.between(0, g.people - 2));
    return p >= than ? p + 1 : p;
  };
  s.x = another(speaker);  // "I am a knight" says nothing, "I am a knave" cannot be said
  if (s.kind != Kind::kIsKnight && s.kind != Kind::kIsKnave) {
    s.y = another(s.x);
    if (s.y < s.x) std::swap(s.x, s.y);
  }
  return s;
}

class KnightsKnaves final : public GradedTask {
 public:
  KnightsKnaves()
      : GradedTask({"knights_knaves",
                    "who tells the truth and who lies, with one solution",
                    "text",
                    static_cast<int>(kKnightsKnavesGrades.size()),
                    {1, 2}}) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    const KnightsKnavesGrade& g = kKnightsKnavesGrades[static_cast<std::size_t>(grade - 1)];
    const unsigned cases = 1u << g.people;
    for (int attempt = 0; attempt < 100000; ++attempt) {
      std::vector<Statement> statements;
      for (int speaker = 0; speaker < g.people; ++speaker)
        statements.push_back(draw_statement(random, speaker, g));
      unsigned solutions = 0, solution = 0;
      for (unsigned knights = 0; knights < cases; ++knights) {
        if (contradiction(statements, knights) >= 0) continue;
        ++solutions;
        solution = knights;
      }
      if (solutions != 1) continue;
      return draft(statements, solution, g.people);
    }
    HONE_CHECK(false, "no puzzle of grade {} in 100000 draws", grade);
    return {};
  }

  static Draft draft(const std::vector<Statement>& statements, unsigned solution, int people) {
    Draft d;
    d.question = "Knights tell the truth, knaves lie.";
    for (int i = 0; i < people; ++i)
      d.question += fmt::format(" {}: {}.", letter(i), spell(statements[static_cast<std::size_t>(i)]));
    d.question += " Answer as A:knight B:knave.";
    // "kkn:A1B0 no": the case (k knight, n knave), each statement's truth, and whether the case stands. Cases
    // come with knights first, A's kind changing slowest.
    std::vector<std::string> steps;
    for (unsigned i = 0; i < 1u << people; ++i) {
      unsigned knights = 0;
      std::string kinds;
      for (int p = 0; p < people; ++p) {
        const bool knight = (i >> (people - 1 - p) & 1u) == 0;
        kinds += knight ? 'k' : 'n';
        if (knight) knights |= 1u << p;
      }
      const int stop = contradiction(statements, knights);
      std::string truths;
      for (int p = 0; p <= (stop < 0 ? people - 1 : stop); ++p)
        truths +=
            fmt::format("{}{}", letter(p), holds(statements[static_cast<std::size_t>(p)], knights) ? 1 : 0);
      steps.push_back(fmt::format("{}:{} {}", kinds, truths, stop < 0 ? "yes" : "no"));
      if (stop < 0) break;
    }
    d.think = join(steps, "\n");
    std::vector<std::string> answer;
    for (int p = 0; p < people; ++p)
      answer.push_back(fmt::format("{}:{}", letter(p), (solution >> p & 1u) != 0 ? "knight" : "knave"));
    d.answer = join(answer, " ");
    return d;
  }
};

}  // namespace

std::unique_ptr<Task> make_knights_knaves() { return std::make_unique<KnightsKnaves>(); }

}  // namespace hone
