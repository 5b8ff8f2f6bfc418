#include "verify/proof/naive_metamath.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace hone::testing {
namespace {

using Words = std::vector<std::string>;
using Pair = std::pair<std::string, std::string>;

struct Wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};
void need(bool condition, const char* what) {
  if (!condition) throw Wrong(what);
}
Pair ordered(const std::string& a, const std::string& b) { return a < b ? Pair{a, b} : Pair{b, a}; }

struct Labelled {
  bool assertion = false;
  Words math;
  std::vector<std::string> mandatory;  // assertions: labels
  std::set<Pair> disjoint;
};

struct Frame {
  std::set<std::string> variables;
  std::vector<std::string> hypotheses;
  std::set<Pair> disjoint;
};

class Checker {
 public:
  explicit Checker(const Words& tokens) : tokens_(tokens) {}
  void run();

 private:
  std::string take() {
    need(at_ < tokens_.size(), "ends early");
    return tokens_[at_++];
  }
  Words until(const std::string& end) {
    Words words;
    for (std::string word = take(); word != end; word = take()) {
      need(word.find('$') == std::string::npos, "keyword within");
      words.push_back(word);
    }
    return words;
  }
  bool variable_active(const std::string& name) const {
    return std::any_of(scopes_.begin(), scopes_.end(),
                       [&](const Frame& frame) { return frame.variables.contains(name); });
  }
  std::vector<std::string> active() const {
    std::vector<std::string> labels;
    for (const Frame& frame : scopes_) {
      labels.insert(labels.end(), frame.hypotheses.begin(), frame.hypotheses.end());
    }
    return labels;
  }
  std::optional<std::string> type_label(const std::string& variable) const {
    for (const std::string& label : active()) {
      const Labelled& hypothesis = known_.at(label);
      if (floating_.contains(label) && hypothesis.math[1] == variable) return label;
    }
    return std::nullopt;
  }
  void check_math(const Words& math) const {
    need(!math.empty() && constants_.contains(math[0]), "typecode");
    for (const std::string& word : math) need(constants_.contains(word) || variable_active(word), "symbol");
  }
  Labelled make_assertion(const Words& math) const;
  void check_proof(const Labelled& theorem, const Words& proof);
  void use(const std::string& label, std::vector<Words>& stack) const;
  void apply(const Labelled& assertion, std::vector<Words>& stack) const;

  const Words& tokens_;
  std::size_t at_ = 0;
  std::set<std::string> constants_, floating_;
  std::map<std::string, Labelled> known_;
  std::vector<Frame> scopes_{1};
};

Labelled Checker::make_assertion(const Words& math) const {
  Labelled made{true, math, {}, {}};
  std::set<std::string> variables;
  const auto collect = [&](const Words& words) {
    for (const std::string& word : words) {
      if (!constants_.contains(word)) variables.insert(word);
    }
  };
  collect(math);
  for (const std::string& label : active()) {
    if (!floating_.contains(label)) collect(known_.at(label).math);
  }
  for (const std::string& variable : variables) need(type_label(variable).has_value(), "no $f");
  for (const std::string& label : active()) {
    if (!floating_.contains(label) || variables.contains(known_.at(label).math[1]))
      made.mandatory.push_back(label);
  }
  for (const Frame& frame : scopes_) {
    for (const Pair& pair : frame.disjoint) {
      if (variables.contains(pair.first) && variables.contains(pair.second)) made.disjoint.insert(pair);
    }
  }
  return made;
}

void Checker::apply(const Labelled& assertion, std::vector<Words>& stack) const {
  need(stack.size() >= assertion.mandatory.size(), "stack");
  const std::size_t base = stack.size() - assertion.mandatory.size();
  std::map<std::string, Words> replaced;
  const auto instance = [&](const Words& words) {
    Words made;
    for (const std::string& word : words) {
      const auto found = replaced.find(word);
      if (found == replaced.end()) {
        made.push_back(word);
      } else {
        made.insert(made.end(), found->second.begin(), found->second.end());
      }
    }
    return made;
  };
  for (std::size_t i = 0; i < assertion.mandatory.size(); ++i) {
    const Words& hypothesis = known_.at(assertion.mandatory[i]).math;
    const Words& given = stack[base + i];
    if (floating_.contains(assertion.mandatory[i])) {
      need(given[0] == hypothesis[0], "typecode");
      replaced[hypothesis[1]] = Words(given.begin() + 1, given.end());
    } else {
      need(instance(hypothesis) == given, "hypothesis");
    }
  }
  for (const Pair& pair : assertion.disjoint) {
    for (const std::string& x : replaced.at(pair.first)) {
      for (const std::string& y : replaced.at(pair.second)) {
        if (constants_.contains(x) || constants_.contains(y)) continue;
        need(x != y, "shared variable");
        need(std::any_of(scopes_.begin(), scopes_.end(),
                         [&](const Frame& frame) { return frame.disjoint.contains(ordered(x, y)); }),
             "$d");
      }
    }
  }
  Words result = instance(assertion.math);
  stack.resize(base);
  stack.push_back(std::move(result));
}

void Checker::use(const std::string& label, std::vector<Words>& stack) const {
  const auto found = known_.find(label);
  need(found != known_.end(), "unknown label");
  if (found->second.assertion) {
    apply(found->second, stack);
  } else {
    const std::vector<std::string> labels = active();
    need(std::find(labels.begin(), labels.end(), label) != labels.end(), "inactive");
    stack.push_back(found->second.math);
  }
}

void Checker::check_proof(const Labelled& theorem, const Words& proof) {
  need(!proof.empty(), "empty");
  std::vector<Words> stack, saved;
  if (proof[0] != "(") {
    for (const std::string& label : proof) use(label, stack);
  } else {
    const auto close = std::find(proof.begin(), proof.end(), ")");
    need(close != proof.end(), "no )");
    Words labels = theorem.mandatory;
    for (auto it = proof.begin() + 1; it != close; ++it) {
      need(known_.contains(*it), "unknown label");
      need(std::find(theorem.mandatory.begin(), theorem.mandatory.end(), *it) == theorem.mandatory.end(),
           "listed");
      labels.push_back(*it);
    }
    std::string letters;
    for (auto it = close + 1; it != proof.end(); ++it) letters += *it;
    std::size_t number = 0;
    bool may_save = false;
    for (const char c : letters) {
      need(c >= 'A' && c <= 'Z', "letter");
      if (c == 'Z') {
        need(may_save && number == 0, "Z");
        saved.push_back(stack.back());
        may_save = false;
      } else if (c >= 'U') {
        number = number * 5 + static_cast<std::size_t>(c - 'U') + 1;
        need(number < 1'000'000, "large");
      } else {
        number = number * 20 + static_cast<std::size_t>(c - 'A');
        need(number < labels.size() + saved.size(), "number");
        may_save = number < labels.size() && known_.at(labels[number]).assertion;
        if (number < labels.size()) {
          use(labels[number], stack);
        } else {
          stack.push_back(saved[number - labels.size()]);
        }
        number = 0;
      }
    }
    need(number == 0, "incomplete");
  }
  need(stack.size() == 1 && stack[0] == theorem.math, "result");
}

void Checker::run() {
  while (at_ < tokens_.size()) {
    const std::string word = take();
    if (word == "$c") {
      need(scopes_.size() == 1, "inner $c");
      for (const std::string& name : until("$.")) need(constants_.insert(name).second, "twice");
    } else if (word == "$v") {
      for (const std::string& name : until("$.")) {
        need(!variable_active(name) && !constants_.contains(name), "twice");
        scopes_.back().variables.insert(name);
      }
    } else if (word == "$d") {
      const Words names = until("$.");
      need(names.size() > 1, "$d");
      for (std::size_t i = 0; i < names.size(); ++i) {
        need(variable_active(names[i]), "$d");
        for (std::size_t j = 0; j < i; ++j) {
          need(names[i] != names[j], "$d");
          scopes_.back().disjoint.insert(ordered(names[i], names[j]));
        }
      }
    } else if (word == "${") {
      scopes_.emplace_back();
    } else if (word == "$}") {
      need(scopes_.size() > 1, "$}");
      scopes_.pop_back();
    } else {
      need(word[0] != '$' && !known_.contains(word), "label");
      const std::string keyword = take();
      need(keyword == "$f" || keyword == "$e" || keyword == "$a" || keyword == "$p", "keyword");
      const Words math = until(keyword == "$p" ? "$=" : "$.");
      check_math(math);
      if (keyword == "$f" || keyword == "$e") {
        if (keyword == "$f") {
          need(math.size() == 2 && variable_active(math[1]) && !type_label(math[1]), "$f");
          floating_.insert(word);
        }
        known_[word] = {false, math, {}, {}};
        scopes_.back().hypotheses.push_back(word);
      } else {
        const Labelled made = make_assertion(math);
        if (keyword == "$p") check_proof(made, until("$."));
        known_[word] = made;
      }
    }
  }
  need(scopes_.size() == 1, "open scope");
}

}  // namespace

std::vector<std::string> metamath_tokens(const std::string& text) {
  std::istringstream stream(text);
  Words tokens;
  bool comment = false;
  for (std::string word; stream >> word;) {
    if (word == "$(") comment = true;
    if (!comment) tokens.push_back(word);
    if (word == "$)") comment = false;
  }
  return tokens;
}

bool naive_accepts(const std::vector<std::string>& tokens) {
  try {
    Checker(tokens).run();
    return true;
  } catch (const Wrong&) {
    return false;
  }
}

}  // namespace hone::testing
