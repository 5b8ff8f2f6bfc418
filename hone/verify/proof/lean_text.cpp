#include "hone/verify/proof/lean_text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "hone/base/ascii.h"
#include "hone/verify/answer.h"

namespace hone {
namespace {

using Words = std::set<std::string_view>;

// Words that begin a command, or stand before one. A name such as List.prefix is not meant.
const Words& commands() {
  static const Words words = {"theorem",
                              "lemma",
                              "example",
                              "def",
                              "abbrev",
                              "axiom",
                              "opaque",
                              "constant",
                              "instance",
                              "structure",
                              "class",
                              "inductive",
                              "coinductive",
                              "mutual",
                              "namespace",
                              "section",
                              "end",
                              "open",
                              "export",
                              "import",
                              "prelude",
                              "module",
                              "universe",
                              "universes",
                              "variable",
                              "variables",
                              "notation",
                              "notation3",
                              "infix",
                              "infixl",
                              "infixr",
                              "prefix",
                              "postfix",
                              "macro",
                              "macro_rules",
                              "syntax",
                              "elab",
                              "elab_rules",
                              "set_option",
                              "attribute",
                              "local",
                              "scoped",
                              "private",
                              "protected",
                              "public",
                              "meta",
                              "noncomputable",
                              "partial",
                              "nonrec",
                              "unsafe",
                              "initialize",
                              "deriving",
                              "run_cmd",
                              "run_elab",
                              "run_meta",
                              "simproc",
                              "dsimproc",
                              "simproc_decl",
                              "unif_hint",
                              "include",
                              "omit",
                              "add_decl_doc",
                              "alias",
                              "seal",
                              "unseal",
                              "compile_inductive",
                              "library_note",
                              "proof_wanted",
                              "irreducible_def",
                              "declare_syntax_cat",
                              "builtin_initialize",
                              "declare_simp_like_tactic",
                              "register_builtin_option",
                              "register_simp_attr",
                              "grind_pattern",
                              "declare_config_elab",
                              "tactic_extension",
                              "register_tactic_tag",
                              "recommended_spelling",
                              "assert_not_exists",
                              "assert_exists",
                              "assert_not_imported",
                              "suppress_compilation",
                              "unsuppress_compilation",
                              "initialize_simps_projections",
                              "mk_iff_of_inductive_prop",
                              "count_heartbeats",
                              "guard_msgs",
                              "deprecated_module",
                              "reset_grind_attrs"};
  return words;
}

// Refused wherever they stand, also as a part of a dotted name.
const Words& refused_words() {
  static const Words words = {
      "sorry",          "admit",        "sorryAx",       "stop",       "native_decide",
      "native",         "ofReduceBool", "ofReduceNat",   "reduceBool", "reduceNat",
      "trustCompiler",  "unsafe",       "unsafeCast",    "unsafeIO",   "unsafeEIO",
      "unsafeBaseIO",   "lcProof",      "lcUnreachable", "lcAny",      "lcErased",
      "implemented_by", "extern",       "csimp",         "run_tac",    "by_elab",
      "term_elab",      "command_elab", "Lean",          "IO",         "IOError",
      "BaseIO",         "EIO",          "dbg_trace",     "dbgTrace",   "skipKernelTC",
      "include_str",    "elabTerm"};
  return words;
}

Error no_lean_proof(std::string why) { return {"proof", std::move(why), ""}; }

// Letters beyond ASCII count as symbols between words: the words looked for are all ASCII.
bool is_lean_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '\'' || c == '!' || c == '?';
}

// The text with each comment as a space. Error: an open comment, a tab or control character, a string.
Result<std::string> without_lean_comments(std::string_view text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view two = text.substr(i, 2);
    if (two == "--") {
      i = std::min(text.find('\n', i), text.size());
      clean += ' ';
      continue;
    }
    if (two == "/-") {
      std::size_t depth = 1;
      for (i += 2; depth > 0;) {
        if (i >= text.size()) return no_lean_proof("a comment is not closed");
        const std::string_view pair = text.substr(i, 2);
        depth = pair == "/-" ? depth + 1 : pair == "-/" ? depth - 1 : depth;
        i += pair == "/-" || pair == "-/" ? 2 : 1;
      }
      clean += ' ';
      continue;
    }
    const char c = text[i++];
    if (c == '\r' && i < text.size() && text[i] == '\n') continue;
    if ((c >= 0 && c < ' ' && c != '\n') || c == 0x7f)
      return no_lean_proof("tabs and control characters are not allowed");
    clean += c;
  }
  // What two cuts have joined could be a comment again; no comment may be left for Lean to see.
  if (clean.find("--") != std::string::npos || clean.find("/-") != std::string::npos) {
    return no_lean_proof("comments must not touch");
  }
  return clean;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kRefusedMarks = {
    {{"\"", "strings are not allowed"},
     {"`", "quotations are not allowed"},
     {"\xC2\xAB", "quoted names are not allowed"},
     {"\xC2\xBB", "quoted names are not allowed"},
     {"#", "commands are not allowed"},
     {"@[", "attributes are not allowed"},
     {"$(", "splices are not allowed"}}};

Result<void> check_words(std::string_view text) {
  for (const auto& [mark, why] : kRefusedMarks) {
    if (text.find(mark) != std::string_view::npos) return no_lean_proof(std::string(why));
  }
  for (std::size_t i = 0; i < text.size();) {
    if (!is_lean_word(text[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < text.size() && is_lean_word(text[i])) ++i;
    const std::string_view word = text.substr(begin, i - begin);
    const bool dotted = (begin > 0 && text[begin - 1] == '.') || (i < text.size() && text[i] == '.');
    if (refused_words().contains(word) || (!dotted && commands().contains(word))) {
      return no_lean_proof(fmt::format("'{}' is not allowed", word));
    }
    // elaborators such as decl_name%
    if (i < text.size() && text[i] == '%') return no_lean_proof(fmt::format("'{}%' is not allowed", word));
  }
  return {};
}

std::string_view first_word(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && is_lean_word(text[i])) ++i;
  return text.substr(0, i);
}

// Where `mark` stands outside brackets, or npos.
std::size_t find_outside(std::string_view text, std::string_view mark) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (depth == 0 && text.substr(i, mark.size()) == mark) return i;
    const char c = text[i];
    if (c == '(' || c == '[' || c == '{') ++depth;
    if ((c == ')' || c == ']' || c == '}') && depth > 0) --depth;
  }
  return std::string_view::npos;
}

// What follows "theorem name : statement", from the ":=" on. Nothing when there is no header.
Result<std::optional<std::string>> after_header(std::string_view text, std::string_view statement) {
  const std::string_view keyword = first_word(trimmed(text));
  if (keyword != "theorem" && keyword != "lemma" && keyword != "example") return std::optional<std::string>();
  const std::size_t assigned = find_outside(text, ":=");
  const std::size_t colon = find_outside(text, ":");
  if (assigned == std::string_view::npos || colon >= assigned)
    return no_lean_proof("the theorem has no proof");
  std::string_view name = trimmed(text.substr(0, colon));
  name = trimmed(name.substr(keyword.size()));
  const std::string stated = collapsed(text.substr(colon + 1, assigned - colon - 1)),
                    pinned = collapsed(statement);
  // Binders before the colon make another statement, as far as text can tell.
  if (name.find_first_of(" \n({[") != std::string_view::npos ||
      (stated != pinned && stated != "(" + pinned + ")")) {
    return no_lean_proof("states another theorem");
  }
  return std::optional<std::string>(text.substr(assigned));
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Without blank lines at both ends and the indentation that all lines share.
std::string dedented(std::string_view text) {
  std::vector<std::string_view> lines = lines_of(text);
  const auto blank = [](std::string_view line) { return trimmed(line).empty(); };
  while (!lines.empty() && blank(lines.back())) lines.pop_back();
  lines.erase(lines.begin(), std::find_if_not(lines.begin(), lines.end(), blank));
  std::size_t indent = std::string_view::npos;
  for (const std::string_view line : lines) {
    if (!blank(line)) indent = std::min(indent, line.find_first_not_of(' '));
  }
  std::string result;
  for (const std::string_view line : lines) {
    if (!blank(line)) result += line.substr(indent);
    result += '\n';
  }
  if (!result.empty()) result.pop_back();
  return result;
}

}  // namespace

Result<LeanProof> lean_proof(std::string_view proof, std::string_view statement) {
  if (proof.size() > kMaxLeanProof)
    return no_lean_proof(fmt::format("a proof has at most {} bytes", kMaxLeanProof));
  HONE_TRY(std::string clean, without_lean_comments(proof));
  HONE_TRY(const std::optional<std::string> rest, after_header(clean, statement));
  if (rest) clean = *rest;
  HONE_TRY_VOID(check_words(clean));
  LeanProof made;
  std::string_view text = clean;
  if (trimmed(text).starts_with(":=")) {
    text.remove_prefix(text.find(":=") + 2);
    made.tactics = false;
  }
  if (first_word(trimmed(text)) == "by") {
    text.remove_prefix(text.find("by") + 2);
    made.tactics = true;
    // "by" on a line with the first tactic: that line says nothing of the others' indentation.
    const std::size_t end = text.find('\n');
    const std::string_view first = trimmed(text.substr(0, end));
    if (!first.empty()) {
      const std::string others = end == std::string_view::npos ? "" : dedented(text.substr(end + 1));
      made.text = std::string(first) + (others.empty() ? "" : "\n" + others);
      return made;
    }
  }
  made.text = dedented(text);
  return made;
}

Result<void> check_lean_statement(std::string_view statement) {
  const auto bad = [&](const char* rule) {
    return Error{"statement", rule, "'" + std::string(statement.substr(0, 80)) + "'"};
  };
  std::string open;
  for (std::size_t i = 0; i < statement.size(); ++i) {
    const char c = statement[i];
    if (statement.substr(i, 2) == "--" || statement.substr(i, 2) == "/-") return bad("must hold no comment");
    if (c == '(' || c == '[' || c == '{') {
      open += c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) return bad("must match its brackets");
      open.pop_back();
    }
  }
  if (trimmed(statement).empty()) return bad("must not be empty");
  if (!open.empty()) return bad("must match its brackets");
  return {};
}

LeanPreamble split_lean_preamble(std::string_view preamble) {
  LeanPreamble parts;
  std::string* last = nullptr;  // where the lines that are indented belong
  for (const std::string_view line : lines_of(preamble)) {
    if (trimmed(line).empty()) continue;
    if (line[0] != ' ' || last == nullptr) {
      const std::string_view word = first_word(line);
      last = word == "import" ? &parts.imports
             : word == "open" || word == "universe" || word == "variable" || word == "set_option"
                 ? &parts.scope
                 : nullptr;
      if (last == nullptr) parts.declarations = true;
    }
    if (last != nullptr) (*last += line) += '\n';
  }
  return parts;
}

LeanFile make_lean_file(const LeanPreamble& preamble, const std::string& header_module,
                        std::string_view statement, const LeanProof& proof, const std::string& name) {
  LeanFile file;
  const auto add = [&](const std::string& text) { (file.text += text) += '\n'; };
  const auto next_line = [&] {
    return 1 + static_cast<int>(std::count(file.text.begin(), file.text.end(), '\n'));
  };
  file.text += preamble.imports;
  if (!header_module.empty()) add("import " + header_module);
  file.text += preamble.scope;
  add("theorem " + name + " : (");
  for (const std::string_view line : lines_of(statement)) add("    " + std::string(line));
  add(proof.tactics ? "  ) := by" : "  ) :=");
  file.proof_line = next_line();
  for (const std::string_view line : lines_of(proof.text)) add("  " + std::string(line));
  file.axioms_line = next_line();
  add("#print axioms " + name);
  return file;
}

}  // namespace hone
