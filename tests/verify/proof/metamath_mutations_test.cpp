// Proofs broken at random: the kernel accepts no mutation that a second checker rejects. In the test-suite
// the second checker is naive_metamath; by hand it is the metamath program, on as many theorems of set.mm as
// one likes:
//   HONE_MUTATIONS=10000 HONE_METAMATH_DATABASE=/usr/share/metamath/databases/set.mm
//   HONE_METAMATH_THEOREMS=400 verify_test --gtest_filter='*MetamathProgram*'
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "hone/base/files.h"
#include "hone/base/rng.h"
#include "hone/verify/proof/metamath.h"
#include "support/temp_folder.h"
#include "verify/proof/naive_metamath.h"

namespace hone {
namespace {

using Tokens = std::vector<std::string>;

std::string joined(const Tokens& tokens) {
  std::string text;
  for (const std::string& token : tokens) {
    text += token;
    text += token == "$." || token == "${" || token == "$}" ? '\n' : ' ';
  }
  return text;
}

// The text up to its n-th theorem, scopes closed.
Tokens first_theorems(const Tokens& tokens, std::size_t n) {
  Tokens cut;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < tokens.size() && n > 0; ++i) {
    cut.push_back(tokens[i]);
    if (tokens[i] == "${") ++depth;
    if (tokens[i] == "$}") --depth;
    if (tokens[i] == "$p") {
      while (tokens[i] != "$.") cut.push_back(tokens[++i]);
      --n;
    }
  }
  cut.insert(cut.end(), depth, "$}");
  return cut;
}

struct Theorem {
  std::size_t statement = 0, proof = 0, end = 0;  // after $p, after $=, at $.
};

struct Places {
  std::vector<Theorem> theorems;
  std::vector<std::pair<std::size_t, std::size_t>> disjoint, hypotheses;  // from the keyword to $.
  std::vector<std::string> labels;
};

Places places_of(const Tokens& tokens) {
  Places places;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string& token = tokens[i];
    if (token == "$p" || token == "$a") places.labels.push_back(tokens[i - 1]);
    const auto end = [&] {
      std::size_t j = i;
      while (tokens[j] != "$.") ++j;
      return j;
    };
    if (token == "$d") places.disjoint.emplace_back(i, end());
    if (token == "$e") places.hypotheses.emplace_back(i, end());
    if (token == "$p") {
      Theorem theorem{i + 1, 0, end()};
      theorem.proof = static_cast<std::size_t>(
                          std::find(tokens.begin() + static_cast<std::ptrdiff_t>(i), tokens.end(), "$=") -
                          tokens.begin()) +
                      1;
      places.theorems.push_back(theorem);
    }
  }
  return places;
}

// One change, of a kind drawn at random. Says which.
class Mutator {
 public:
  Mutator(const Tokens& tokens, const Places& places, RandomStream& random)
      : tokens_(tokens), places_(places), random_(random) {}

  std::string mutate() {
    const Theorem theorem = places_.theorems[random_.below(places_.theorems.size())];
    const bool compressed = tokens_[theorem.proof] == "(";
    switch (random_.below(10)) {
      case 0:
        return swap_tokens(labels_from(theorem), labels_to(theorem));
      case 1:
        return drop(labels_from(theorem), labels_to(theorem), "a label");
      case 2:
        return relabel(labels_from(theorem), labels_to(theorem));
      case 3:
      case 4:
      case 5:
        return compressed ? change_letter(theorem) : relabel(theorem.proof, theorem.end);
      case 6:
        return places_.disjoint.empty() ? change_symbol(theorem.statement, theorem.proof - 1)
                                        : change_disjoint();
      case 7: {
        if (places_.hypotheses.empty()) return change_symbol(theorem.statement, theorem.proof - 1);
        const auto [from, to] = places_.hypotheses[random_.below(places_.hypotheses.size())];
        return change_symbol(from + 1, to);
      }
      case 8:
        return duplicate(labels_from(theorem), labels_to(theorem));
      default:
        return change_symbol(theorem.statement, theorem.proof - 1);
    }
  }
  const Tokens& tokens() const { return tokens_; }

 private:
  std::size_t labels_from(const Theorem& t) const { return tokens_[t.proof] == "(" ? t.proof + 1 : t.proof; }
  std::size_t labels_to(const Theorem& t) const {
    if (tokens_[t.proof] != "(") return t.end;
    return static_cast<std::size_t>(
        std::find(tokens_.begin() + static_cast<std::ptrdiff_t>(t.proof), tokens_.end(), ")") -
        tokens_.begin());
  }
  std::size_t pick(std::size_t from, std::size_t to) { return from + random_.below(to - from); }

  std::string swap_tokens(std::size_t from, std::size_t to) {
    if (to - from < 2) return "nothing";
    std::swap(tokens_[pick(from, to)], tokens_[pick(from, to)]);
    return "labels swapped";
  }
  std::string drop(std::size_t from, std::size_t to, const std::string& what) {
    if (from == to) return "nothing";
    tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(pick(from, to)));
    return what + " dropped";
  }
  std::string duplicate(std::size_t from, std::size_t to) {
    if (from == to) return "nothing";
    const std::size_t at = pick(from, to);
    tokens_.insert(tokens_.begin() + static_cast<std::ptrdiff_t>(at), std::string(tokens_[at]));
    return "a label twice";
  }
  std::string relabel(std::size_t from, std::size_t to) {
    if (from == to) return "nothing";
    tokens_[pick(from, to)] = places_.labels[random_.below(places_.labels.size())];
    return "a label changed";
  }
  std::string change_letter(const Theorem& theorem) {
    const std::size_t from = labels_to(theorem) + 1;
    if (from >= theorem.end) return "nothing";
    std::string& letters = tokens_[pick(from, theorem.end)];
    const std::size_t at = random_.below(letters.size());
    const char letter = static_cast<char>('A' + random_.below(26));
    switch (random_.below(4)) {
      case 0:
        letters.insert(at, 1, letter);
        return "a letter added";
      case 1:
        if (letters.size() == 1) return "nothing";
        letters.erase(at, 1);
        return "a letter dropped";
      case 2:
        std::swap(letters[at], letters[random_.below(letters.size())]);
        return "letters swapped";
      default:
        letters[at] = letter;
        return "a letter changed";
    }
  }
  std::string change_disjoint() {
    const auto [from, to] = places_.disjoint[random_.below(places_.disjoint.size())];
    if (to - from > 3 && random_.below(2) == 0) return drop(from + 1, to, "a variable of $d");
    tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(from),
                  tokens_.begin() + static_cast<std::ptrdiff_t>(to) + 1);
    return "$d removed";
  }
  std::string change_symbol(std::size_t from, std::size_t to) {
    if (to - from < 3) return "nothing";
    switch (random_.below(3)) {
      case 0:
        std::swap(tokens_[pick(from + 1, to)], tokens_[pick(from + 1, to)]);
        return "symbols swapped";
      case 1:
        return drop(from + 1, to, "a symbol");
      default:
        tokens_[pick(from + 1, to)] = std::string(tokens_[pick(from + 1, to)]);
        return "a symbol changed";
    }
  }

  Tokens tokens_;
  const Places& places_;
  RandomStream& random_;
};

bool kernel_accepts(const std::string& text) {
  const Result<MetamathDatabase> database = MetamathDatabase::parse(text, "m.mm");
  return database.ok() && database->verify_all().ok();
}

TEST(MetamathMutations, NoneAcceptedThatTheNaiveCheckerRejects) {
  const Result<std::string> text =
      read_file(std::filesystem::path(HONE_SOURCE_DIR) / "tests/golden/proofs/small.mm");
  ASSERT_TRUE(text.ok());
  const Tokens tokens = testing::metamath_tokens(*text);
  const Places places = places_of(tokens);
  ASSERT_TRUE(testing::naive_accepts(tokens));
  RandomStream random(RandomKey{.seed = 1});
  int rejected = 0, accepted = 0, disagreed = 0;
  for (int i = 0; i < 300; ++i) {
    Mutator mutator(tokens, places, random);
    const std::string kind = mutator.mutate();
    if (mutator.tokens() == tokens) continue;
    const bool ours = kernel_accepts(joined(mutator.tokens()));
    const bool naive = testing::naive_accepts(mutator.tokens());
    (ours ? accepted : rejected) += 1;
    disagreed += ours != naive;
    EXPECT_EQ(ours, naive) << kind << "\n" << joined(mutator.tokens());
    if (disagreed > 3) break;
  }
  EXPECT_GT(rejected, 180);
  EXPECT_GT(accepted, 0);  // two labels of one list may change places with their letters: still a proof
}

bool program_accepts(const std::filesystem::path& file) {
  const std::string command = "metamath 'read \"" + file.string() + "\"' 'verify proof *' exit 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return false;
  std::string out;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
  pclose(pipe);
  return out.find("All proofs in the database were verified") != std::string::npos &&
         out.find("?Error") == std::string::npos && out.find("were not proved") == std::string::npos;
}

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

TEST(MetamathMutations, NoneAcceptedThatTheMetamathProgramRejects) {
  const int wanted = std::atoi(environment("HONE_MUTATIONS", "0").c_str());
  if (wanted == 0) GTEST_SKIP() << "set HONE_MUTATIONS to run the metamath program on what is accepted";
  const std::string path = environment("HONE_METAMATH_DATABASE", "/usr/share/metamath/databases/set.mm");
  const auto theorems =
      static_cast<std::size_t>(std::atoi(environment("HONE_METAMATH_THEOREMS", "400").c_str()));
  const Result<std::string> text = read_file(path);
  ASSERT_TRUE(text.ok()) << text.error().message();
  const Tokens tokens = first_theorems(testing::metamath_tokens(*text), theorems);
  const Places places = places_of(tokens);
  const testing::TempFolder folder;
  const std::filesystem::path file = folder.path() / "m.mm";
  ASSERT_TRUE(write_file_atomically(file, joined(tokens)).ok());
  ASSERT_TRUE(program_accepts(file));
  ASSERT_TRUE(kernel_accepts(joined(tokens)));

  RandomStream random(RandomKey{.seed = 2});
  int done = 0, accepted = 0, unsound = 0, compared = 0, stricter = 0;
  while (done < wanted) {
    Mutator mutator(tokens, places, random);
    const std::string kind = mutator.mutate();
    if (mutator.tokens() == tokens) continue;
    ++done;
    const std::string mutated = joined(mutator.tokens());
    const bool ours = kernel_accepts(mutated);
    accepted += ours;
    if (!ours && done % 20 != 0) continue;  // of the rejected, a sample
    ASSERT_TRUE(write_file_atomically(file, mutated).ok());
    const bool program = program_accepts(file);
    ++compared;
    stricter += !ours && program;
    if (ours && !program) {
      ++unsound;
      const std::string kept = "/tmp/hone_unsound_" + std::to_string(done) + ".mm";
      EXPECT_TRUE(write_file_atomically(kept, mutated).ok());
      ADD_FAILURE() << kind << ": accepted, but not by the metamath program: " << kept;
    }
  }
  std::printf(
      "%d mutations: %d accepted, %d of them not by the program; %d compared, %d accepted by it alone\n",
      done, accepted, unsound, compared, stricter);
  EXPECT_EQ(unsound, 0);
}

}  // namespace
}  // namespace hone
