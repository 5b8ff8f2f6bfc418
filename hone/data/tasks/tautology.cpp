// Tautologies of implication and negation, to be proved in Metamath from the lemmas of the built-in database
// (hone/verify/proof/propositional.mm). A problem is made from its proof: an instance of a closed lemma, to
// which rules are applied one after the other. The worked solution goes back from the statement, one rule and
// the goal that it leaves at a time, and the answer is the proof in Metamath's normal form.
#include <array>
#include <memory>

#include "hone/data/tasks/graded_task.h"

namespace hone {
namespace {

struct TautologyGrade {
  int rules;         // applied to the lemma
  double compound;   // the chance that a lemma's variable stands for a compound formula
  std::size_t size;  // of the statement, in bytes, at most
};
constexpr std::array<TautologyGrade, 5> kTautologyGrades = {{
    {1, 0.0, 60},
    {2, 0.0, 80},
    {2, 0.3, 100},
    {3, 0.2, 120},
    {4, 0.3, 160},
}};

struct Node;
using Formula = std::shared_ptr<const Node>;
struct Node {
  std::string text;    // "( ph -> -. ps )"
  std::string labels;  // "wph wps wn wi": its proof that it is a formula
  Formula left, right;
  bool is_implication() const { return right != nullptr; }
};

Formula variable(std::string_view name) {
  return std::make_shared<const Node>(Node{std::string(name), fmt::format("w{}", name), nullptr, nullptr});
}
Formula no(const Formula& a) {
  return std::make_shared<const Node>(Node{"-. " + a->text, a->labels + " wn", a, nullptr});
}
Formula implies(const Formula& a, const Formula& b) {
  return std::make_shared<const Node>(Node{fmt::format("( {} -> {} )", a->text, b->text),
                                           fmt::format("{} {} wi", a->labels, b->labels), a, b});
}

struct Theorem {
  Formula formula;
  std::string proof;               // in normal form
  std::vector<std::string> steps;  // from the formula back to the lemma: "a1i ( ph -> ph )", …, "id"
};

Formula draw_atom(RandomStream& random) {
  static const std::vector<Formula> atoms = {variable("ph"), variable("ps"), variable("ch"), variable("th")};
  const Formula& atom = pick(random, atoms);
  return random.below(5) == 0 ? no(atom) : atom;
}

Formula draw_formula(RandomStream& random, double compound) {
  if (random.uniform() >= compound) return draw_atom(random);
  return implies(draw_atom(random), draw_atom(random));
}

Theorem draw_lemma(RandomStream& random, double compound) {
  const Formula a = draw_formula(random, compound), b = draw_formula(random, compound);
  const std::string ab = a->labels + " " + b->labels + " ";
  const auto lemma = [](Formula formula, std::string variables, std::string label) {
    return Theorem{std::move(formula), std::move(variables) + label, {label}};
  };
  switch (random.below(9)) {
    case 0:
      return lemma(implies(a, a), a->labels + " ", "id");
    case 1:
      return lemma(implies(a, implies(b, a)), ab, "ax-1");
    case 2:
      return lemma(implies(implies(no(a), no(b)), implies(b, a)), ab, "ax-3");
    case 3:
      return lemma(implies(no(a), implies(a, b)), ab, "pm2.21");
    case 4:
      return lemma(implies(a, implies(no(a), b)), ab, "pm2.24");
    case 5:
      return lemma(implies(a, implies(implies(a, b), b)), ab, "pm2.27");
    case 6:
      return lemma(implies(implies(no(a), a), a), a->labels + " ", "pm2.18");
    case 7:
      return lemma(implies(implies(a, no(a)), no(a)), a->labels + " ", "pm2.01");
    default:
      return lemma(implies(implies(implies(a, b), a), a), ab, "peirce");
  }
}

// What `rule` makes of a theorem; `labels` are the formulas that stand for the rule's variables.
Theorem conclude(const Theorem& from, Formula formula, const std::string& labels, const std::string& rule) {
  Theorem theorem{std::move(formula), fmt::format("{} {} {}", labels, from.proof, rule), {}};
  theorem.steps.push_back(rule + " " + from.formula->text);
  theorem.steps.insert(theorem.steps.end(), from.steps.begin(), from.steps.end());
  return theorem;
}

// Every lemma is an implication, and every rule makes one of one.
Theorem draw_rule(RandomStream& random, const Theorem& from) {
  const Formula whole = from.formula, a = whole->left, b = whole->right, c = draw_atom(random);
  const std::string ab = a->labels + " " + b->labels;
  switch (random.below(5)) {
    case 0:
      return conclude(from, implies(c, whole), whole->labels + " " + c->labels, "a1i");
    case 1:
      return conclude(from, implies(implies(c, a), implies(c, b)), ab + " " + c->labels, "imim2i");
    case 2:
      return conclude(from, implies(implies(b, c), implies(a, c)), ab + " " + c->labels, "imim1i");
    case 3:
      return conclude(from, implies(no(b), no(a)), ab, "con3i");
    default:
      if (!b->is_implication() || a->text == b->left->text || from.steps.front().starts_with("com12"))
        return draw_rule(random, from);
      return conclude(from, implies(b->left, implies(a, b->right)),
                      fmt::format("{} {} {}", a->labels, b->left->labels, b->right->labels), "com12");
  }
}

class Tautology final : public GradedTask {
 public:
  Tautology()
      : GradedTask({"tautology",
                    "a tautology of -> and -. to be proved in Metamath",
                    "proof",
                    static_cast<int>(kTautologyGrades.size()),
                    {1, 2}}) {}

 private:
  Draft pose(RandomStream& random, int grade) const override {
    const TautologyGrade& g = kTautologyGrades[static_cast<std::size_t>(grade - 1)];
    for (;;) {
      Theorem theorem = draw_lemma(random, g.compound);
      for (int i = 0; i < g.rules; ++i) theorem = draw_rule(random, theorem);
      const std::string& text = theorem.formula->text;
      if (text.size() > g.size) continue;
      return {text, theorem.proof, join(theorem.steps, "\n"),
              fmt::format("{{\"checker\":\"metamath\",\"statement\":\"|- {}\"}}", text)};
    }
  }
};

}  // namespace

std::unique_ptr<Task> make_tautology() { return std::make_unique<Tautology>(); }

}  // namespace hone
