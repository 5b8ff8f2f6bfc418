#include "hone/verify/proof/coq_text.h"

#include <algorithm>
#include <array>
#include <optional>

#include "hone/base/ascii.h"
#include "hone/verify/answer.h"

namespace hone {
namespace {

constexpr std::size_t kMaxNesting = 200;  // of brackets: Coq's parser recurses

bool is_coq_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool begins_name(char c) { return is_letter(c) || c == '_'; }
bool is_word(char c) { return begins_name(c) || is_digit(c) || c == '\''; }

Error refused(std::string why) { return {"proof", std::move(why), ""}; }

// Every word with which a tactic sentence may begin.
const std::set<std::string, std::less<>>& tactics() {
  static const std::set<std::string, std::less<>> names = {
      // introduction and application
      "intro", "intros", "apply", "eapply", "rapply", "lapply", "exact", "eexact", "refine", "assumption",
      "eassumption", "exists", "eexists", "split", "esplit", "left", "right", "eleft", "eright",
      "constructor", "econstructor", "simple", "cofix", "fix",
      // cases and induction
      "destruct", "edestruct", "case", "ecase", "case_eq", "elim", "eelim", "induction", "einduction",
      "inversion", "inversion_clear", "dependent", "functional", "injection", "einjection", "discriminate",
      "ediscriminate", "simplify_eq", "decide", "compare", "contradiction", "contradict", "absurd", "exfalso",
      // equality and rewriting
      "reflexivity", "symmetry", "transitivity", "etransitivity", "f_equal", "rewrite", "erewrite", "replace",
      "subst", "setoid_rewrite", "setoid_replace", "setoid_reflexivity", "setoid_symmetry",
      "setoid_transitivity", "stepl", "stepr", "autorewrite",
      // computation and conversion
      "unfold", "fold", "autounfold", "simpl", "cbn", "cbv", "lazy", "compute", "red", "hnf", "vm_compute",
      "pattern", "change",
      // the context
      "set", "pose", "epose", "remember", "eremember", "assert", "eassert", "enough", "eenough", "cut",
      "generalize", "specialize", "especialize", "revert", "clear", "clearbody", "rename", "move",
      "instantiate", "evar", "unshelve", "shelve", "shelve_unifiable", "cycle", "swap", "revgoals",
      // automation
      "trivial", "auto", "eauto", "debug_auto", "tauto", "dtauto", "rtauto", "intuition", "dintuition",
      "firstorder", "congruence", "btauto", "easy", "now", "by", "done", "have", "ring", "ring_simplify",
      "field", "field_simplify", "field_simplify_eq", "lia", "nia", "lra", "nra", "psatz", "nsatz", "zify",
      "typeclasses",
      // tacticals
      "try", "repeat", "do", "first", "solve", "progress", "once", "exactly_once", "tryif", "fail", "idtac",
      "gfail", "match", "lazymatch", "multimatch", "let", "abstract", "only", "assert_fails",
      "assert_succeeds", "time", "timeout", "unify", "constr_eq", "is_var", "has_evar"};
  return names;
}

// Words that are refused wherever they stand: they leave the goal open under another name, or trust more than
// the kernel.
constexpr std::array<std::string_view, 7> kRefused = {
    "admit", "give_up", "native_compute", "native_cast_no_check", "ltac2", "elpi", "Admitted"};

// The text without its comments, each a space. Error: a string, a character beyond printable ASCII, an open
// comment.
Result<std::string> without_comments(std::string_view text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i, 2) == "(*") {
      std::size_t depth = 1;
      for (i += 2; depth > 0; ++i) {
        if (i >= text.size()) return refused("a comment is not closed");
        if (text.substr(i, 2) == "(*") {
          ++depth;
          ++i;
        } else if (text.substr(i, 2) == "*)") {
          --depth;
          ++i;
        } else if (text[i] == '"') {
          i = text.find('"', i + 1);  // quotes hide brackets of comments
          if (i == std::string_view::npos) return refused("a comment is not closed");
        }
      }
      clean += ' ';
      continue;
    }
    const char c = text[i++];
    if (c == '"') return refused("strings are not allowed");
    if (!is_coq_space(c) && (c < ' ' || c > '~')) return refused("only ASCII characters are allowed");
    clean += c;
  }
  return clean;
}

// The length of a goal selector for one goal with its brace ("2: {", "[x]: {"), else 0.
std::size_t selected_brace(std::string_view text) {
  std::size_t i = 0;
  const auto skip_spaces = [&] {
    while (i < text.size() && is_coq_space(text[i])) ++i;
  };
  if (text[0] == '[') {
    while (i < text.size() && text[i] != ']' && text[i] != '.') ++i;
    i += i < text.size();
  } else {
    while (i < text.size() && is_digit(text[i])) ++i;
  }
  if (i == 0) return 0;
  skip_spaces();
  if (i >= text.size() || text[i++] != ':') return 0;
  skip_spaces();
  return i < text.size() && text[i] == '{' ? i + 1 : 0;
}

// The length of the sentence at the start of `text`, its full stop included.
Result<std::size_t> sentence_length(std::string_view text) {
  const char first = text[0];
  if (first == '{' || first == '}') return std::size_t{1};
  if (first == '-' || first == '+' || first == '*') {
    return std::min(text.find_first_not_of(first), text.size());
  }
  if (const std::size_t length = selected_brace(text); length > 0) return length;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(' || c == '[' || c == '{') {
      if (++depth > kMaxNesting) return refused(fmt::format("brackets nest more than {} deep", kMaxNesting));
    } else if ((c == ')' || c == ']' || c == '}') && depth > 0) {
      --depth;
    } else if (c == '.') {
      if (i + 1 == text.size() || is_coq_space(text[i + 1])) return i + 1;
      // Coq must agree on where sentences end, so that other dots are refused: "..", ".5".
      if (!begins_name(text[i + 1]) && text[i + 1] != '(') return refused("a full stop must end a sentence");
    }
  }
  return refused("the last sentence has no full stop");
}

Result<std::vector<std::string>> sentences_of(std::string_view text) {
  std::vector<std::string> sentences;
  while (true) {
    text = trimmed(text);
    if (text.empty()) return sentences;
    HONE_TRY(const std::size_t length, sentence_length(text));
    sentences.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
    if (sentences.size() > kMaxCoqSentences) {
      return refused(fmt::format("a proof has at most {} sentences", kMaxCoqSentences));
    }
  }
}

std::string_view word_at(std::string_view text) {
  std::size_t i = 0;
  if (text.empty() || !begins_name(text[0])) return {};
  while (i < text.size() && is_word(text[i])) ++i;
  return text.substr(0, i);
}

// Without goal selectors ("2:", "1,3-4:", "all:", "!:", "[x]:") and opening parentheses.
std::string_view without_prefix(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.substr(colon, 2) != ":=") {
    const std::string_view head = trimmed(text.substr(0, colon));
    const bool numbers = !head.empty() && head.find_first_not_of("0123456789,- ") == std::string_view::npos;
    const bool named = head.size() > 2 && head.front() == '[' && head.back() == ']' &&
                       word_at(head.substr(1)).size() == head.size() - 2;
    if (numbers || named || head == "all" || head == "!") text.remove_prefix(colon + 1);
  }
  while (!text.empty() && (is_coq_space(text[0]) || text[0] == '(')) text.remove_prefix(1);
  return text;
}

std::optional<std::string_view> refused_word(std::string_view sentence) {
  for (std::size_t i = 0; i < sentence.size();) {
    const std::string_view word = word_at(sentence.substr(i));
    if (std::find(kRefused.begin(), kRefused.end(), word) != kRefused.end()) return word;
    // Digits and quotes within a word do not begin another.
    if (word.empty()) {
      while (i < sentence.size() && (is_digit(sentence[i]) || sentence[i] == '\'')) ++i;
      if (i < sentence.size() && !begins_name(sentence[i])) ++i;
    } else {
      i += word.size();
    }
  }
  return std::nullopt;
}

Result<void> check_tactic(const std::string& sentence, const std::set<std::string>& own_tactics) {
  if (std::string_view("{}-+*").find(sentence[0]) != std::string_view::npos || selected_brace(sentence) > 0) {
    return {};
  }
  const std::string_view word = word_at(without_prefix(sentence));
  if (!tactics().contains(word) && !own_tactics.contains(std::string(word))) {
    return refused(fmt::format("'{}' does not begin with a known tactic", sentence.substr(0, 60)));
  }
  if (const auto found = refused_word(sentence)) return refused(fmt::format("'{}' is not allowed", *found));
  return {};
}

constexpr std::array<std::string_view, 8> kHeaders = {"Theorem",     "Lemma", "Goal",   "Corollary",
                                                      "Proposition", "Fact",  "Remark", "Example"};

// The statement of "Theorem name : statement."; nothing for other sentences.
std::optional<std::string> header_statement(std::string_view sentence) {
  const std::string_view keyword = word_at(sentence);
  if (std::find(kHeaders.begin(), kHeaders.end(), keyword) == kHeaders.end()) return std::nullopt;
  std::string_view rest = trimmed(sentence.substr(keyword.size()));
  rest.remove_suffix(1);  // the full stop
  if (keyword != "Goal") {
    rest = trimmed(rest.substr(word_at(rest).size()));
    if (!rest.starts_with(':')) return "";  // binders: another statement, as far as text can tell
    rest.remove_prefix(1);
  }
  return collapsed(rest);
}

}  // namespace

Result<std::vector<std::string>> coq_tactics(std::string_view proof, std::string_view statement,
                                             const std::set<std::string>& own_tactics) {
  if (proof.size() > kMaxCoqProof) return refused(fmt::format("a proof has at most {} bytes", kMaxCoqProof));
  HONE_TRY(const std::string clean, without_comments(proof));
  HONE_TRY(std::vector<std::string> sentences, sentences_of(clean));
  auto begin = sentences.begin(), end = sentences.end();
  if (begin != end) {
    if (const auto stated = header_statement(*begin)) {
      const std::string pinned = collapsed(statement);
      if (*stated != pinned && *stated != "(" + pinned + ")") return refused("states another theorem");
      ++begin;
    }
  }
  if (begin != end && *begin == "Proof.") ++begin;
  if (begin != end && (end[-1] == "Qed." || end[-1] == "Defined.")) --end;
  std::vector<std::string> kept(begin, end);
  for (const std::string& sentence : kept) HONE_TRY_VOID(check_tactic(sentence, own_tactics));
  return kept;
}

std::set<std::string> coq_ltac_names(std::string_view preamble) {
  std::set<std::string> names;
  for (std::size_t at = preamble.find("Ltac"); at != std::string_view::npos;
       at = preamble.find("Ltac", at + 4)) {
    const bool begins = at == 0 || !is_word(preamble[at - 1]);
    if (!begins || at + 4 >= preamble.size() || !is_coq_space(preamble[at + 4])) continue;
    const std::string_view word = word_at(trimmed(preamble.substr(at + 4)));
    if (!word.empty()) names.emplace(word);
  }
  return names;
}

Result<void> check_coq_statement(std::string_view statement) {
  const auto bad = [&](const char* rule) {
    return Error{"statement", rule, "'" + std::string(statement.substr(0, 80)) + "'"};
  };
  std::string open;
  bool empty = true;
  for (std::size_t i = 0; i < statement.size(); ++i) {
    const char c = statement[i];
    empty = empty && is_coq_space(c);
    if (statement.substr(i, 2) == "(*") return bad("must hold no comment");
    if (c == '"') {
      i = statement.find('"', i + 1);
      if (i == std::string_view::npos) return bad("must close its strings");
    } else if (c == '(' || c == '[' || c == '{') {
      open += c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) return bad("must match its brackets");
      open.pop_back();
    } else if (c == '.' && (i + 1 == statement.size() || is_coq_space(statement[i + 1]))) {
      return bad("must be a term, without a full stop");
    }
  }
  if (empty) return bad("must not be empty");
  if (!open.empty()) return bad("must match its brackets");
  return {};
}

}  // namespace hone
