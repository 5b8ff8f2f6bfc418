// The kernel against a small logic: what its proofs must say, and what no proof may say.
#include "hone/verify/proof/metamath.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "hone/base/files.h"
#include "support/temp_folder.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

const std::filesystem::path kSmall = std::filesystem::path(HONE_SOURCE_DIR) / "tests/golden/proofs/small.mm";

const MetamathDatabase& small() {
  static const MetamathDatabase database = [] {
    Result<MetamathDatabase> loaded = MetamathDatabase::load(kSmall);
    EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message());
    return std::move(loaded).value();
  }();
  return database;
}

// "" when the text is a database whose proofs are all right, else the message.
std::string fault(const std::string& text) {
  const Result<MetamathDatabase> database = MetamathDatabase::parse(text, "t.mm");
  if (!database.ok()) return database.error().message();
  const Result<void> verified = database->verify_all();
  return verified.ok() ? "" : verified.error().message();
}

Verdict check(const std::string& statement, const std::string& proof, const std::string& hypotheses = "",
              const std::string& before = "", const MetamathLimits& limits = {}) {
  return small().check({statement, hypotheses, before}, proof, limits);
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(MetamathDatabase, TheSmallLogicIsVerified) {
  const MetamathDatabase::Counts counts = small().counts();
  EXPECT_EQ(counts.symbols, 15u);
  EXPECT_EQ(counts.axioms, 14u);
  EXPECT_EQ(counts.theorems, 16u);
  EXPECT_TRUE(small().verify_all().ok());
  EXPECT_TRUE(small().verify("clav").ok());
  EXPECT_FALSE(small().verify("mp").ok());
  EXPECT_FALSE(small().verify("nothing").ok());
}

TEST(MetamathDatabase, DebiansDatabasesAreVerified) {
  const std::filesystem::path folder = "/usr/share/metamath/databases";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no metamath-databases on this machine";
  for (const char* name : {"big-unifier.mm", "demo0.mm", "hol.mm", "miu.mm", "nf.mm", "peano.mm", "ql.mm"}) {
    const Result<MetamathDatabase> database = MetamathDatabase::load(folder / name);
    ASSERT_TRUE(database.ok()) << database.error().message();
    const Result<void> verified = database->verify_all();
    EXPECT_TRUE(verified.ok()) << verified.error().message();
  }
}

TEST(MetamathDatabase, SetMmIsVerified) {
  const std::filesystem::path path = "/usr/share/metamath/databases/set.mm";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no metamath-databases on this machine";
  const Result<MetamathDatabase> database = MetamathDatabase::load(path);
  ASSERT_TRUE(database.ok()) << database.error().message();
  EXPECT_GT(database->counts().theorems, 30'000u);
  const Result<void> verified = database->verify_all();
  EXPECT_TRUE(verified.ok()) << verified.error().message();
}

TEST(MetamathDatabase, IncludesAreReadOnce) {
  const testing::TempFolder folder;
  const auto write = [&](const char* name, const char* text) {
    ASSERT_TRUE(write_file_atomically(folder.path() / name, text).ok());
  };
  write("a.mm", "$c a $. $[ b.mm $] $[ b.mm $] $[ a.mm $] t $p a b $= s $.");
  write("b.mm", "$( declares b $) $c b $. s $a a b $.");
  const Result<MetamathDatabase> database = MetamathDatabase::load(folder.path() / "a.mm");
  ASSERT_TRUE(database.ok()) << database.error().message();
  EXPECT_TRUE(database->verify_all().ok());

  write("c.mm", "$c a $. ${ $[ b.mm $] $}");
  EXPECT_HAS(MetamathDatabase::load(folder.path() / "c.mm").error().message(), "outermost");
  write("d.mm", "$[ e.mm $] $}");
  write("e.mm", "${");
  EXPECT_HAS(MetamathDatabase::load(folder.path() / "d.mm").error().message(), "closed in its file");
  write("f.mm", "$[ gone.mm $]");
  EXPECT_HAS(MetamathDatabase::load(folder.path() / "f.mm").error().message(), "gone.mm");
  EXPECT_HAS(fault("$[ b.mm $]"), "files only");
}

struct Rule {
  const char* text;
  const char* message;  // "" for what is allowed
};

// Each was put to the metamath program as well, which agrees.
TEST(MetamathLanguage, Rules) {
  const Rule rules[] = {
      {"", ""},
      {"$c a $. $v x $. f $f a x $. $( words $) q $a a x $.", ""},
      {"${ $v x $. $} ${ $v x $. $} $v x $.", ""},
      {"$c a b $. ${ $v x $. f $f a x $. $} ${ $v x $. g $f b x $. $}", ""},
      {"$c a b $. $v x $. ${ f $f a x $. $} ${ g $f b x $. $}", ""},
      {"$v x y $. $d x y $.", ""},
      {"$c a $. q $a a $. p $p a $= q $.", ""},
      {"$c a $. q $a a $. p $p a $= ( q ) A $.", ""},
      {"$c a a $.", "declared already"},
      {"$v x x $.", "declared already"},
      {"$v x $. ${ $v x $. $}", "declared already"},
      {"$c a $. ${ $c b $. $}", "outermost"},
      {"${ $v x $. $} $c x $.", "either a constant or a variable"},
      {"$c x $. $v x $.", "either a constant or a variable"},
      {"$c $.", "declaration"},
      {"$v $.", "declaration"},
      {"$c a", "declaration"},
      {"$c a$b $.", "declaration"},
      {"$v x y $. $d x $.", "at least two"},
      {"$v x y $. $d $.", "at least two"},
      {"$v x y $. $d x x $.", "once"},
      {"$c a b $. $d a b $.", "active variable"},
      {"${ $v x $. $} $v y $. $d x y $.", "active variable"},
      {"$d x y $.", "declared variable"},
      {"$c a $. ${", "closed"},
      {"$c a $. $}", "closes no"},
      {"$c a $. $x", "must be a statement"},
      {"$c a $. $a a $.", "label"},
      {"l $c a $.", "must follow a label"},
      {"foo", "must follow a label"},
      {"foo bar $a a $.", "must follow a label"},
      {"a/b $a a $.", "a label has"},
      {"$c wff $. wff $a wff $.", "named as a symbol"},
      {"$c a $. zz $a a $. $c zz $.", "named as a label"},
      {"$c a $. q $a a $. q $a a $.", "unique"},
      {"$c a $. $v x $. f $f a x $. g $f a x $.", "one active $f"},
      {"$c a b $. f $f a b $.", "constant and a variable"},
      {"$c a $. $v x $. f $f a x x $.", "constant and a variable"},
      {"$c a $. $v x $. f $f x x $.", "first symbol"},
      {"$c a $. $v x $. q $a a x $.", "active $f"},
      {"$c a $. $v x $. ${ h $e a x $. $}", "active $f"},
      {"$c a $. $v x $. f $f a x $. q $a x a $.", "first symbol"},
      {"$c a $. q $a $.", "at least one symbol"},
      {"$c a $. q $a a b $.", "declared symbol"},
      {"$c a $. ${ $v x $. f $f a x $. $} q $a a x $.", "active variable"},
      {"$c a $. q $a a", "ends with $."},
      {"$c a $. p $p a $.", "ends with $="},
      {"$c a $. p $p a $= p", "must end with $."},
      {"$c a $. p $p a $= p $= $.", "labels only"},
      {"$( a $( b $) $)", "hold another"},
      {"$( a x$(y b $)", "hold another"},
      {"$( a $)x b $)", "between white space"},
      {"$( a", "closed by $)"},
      {"$c a $. $( \xC3\xA9 $)", "printable"},
      {"$c \xC3\xA9 $.", "printable"},
      {"$c \x01 $.", "printable"},
  };
  for (const Rule& rule : rules) {
    const std::string message = fault(rule.text);
    if (*rule.message == '\0') {
      EXPECT_EQ(message, "") << rule.text;
    } else {
      EXPECT_NE(message.find(rule.message), std::string::npos) << rule.text << "\n" << message;
    }
  }
}

TEST(MetamathLanguage, ErrorsNameTheLine) {
  EXPECT_EQ(fault("$c a $.\n$c b $.\n  $c a $.\n"), "[t.mm:3] is declared already, got 'a'");
}

TEST(MetamathProof, Rules) {
  const std::string base =
      "$c ( ) -> |- wff $. $v ph ps $. wph $f wff ph $. wps $f wff ps $. wi $a wff ( ph -> ps ) $. "
      "${ mi $e |- ph $. mj $e |- ( ph -> ps ) $. mp $a |- ps $. $} ";
  const Rule rules[] = {
      {"p $p wff ( ph -> ph ) $= wph wph wi $.", ""},
      {"p $p wff ( ph -> ph ) $= ( wi ) AAB $.", ""},
      {"p $p wff ( ph -> ph ) $= ( wi ) A A $( here too $) B $.", ""},
      {"p $p wff ( ph -> ph ) $= ( wi wi mp ) AAC $.", ""},
      {"p $p wff ( ph -> ph ) $= ( wi ) AABZ $.", ""},
      {"p $p wff ( ( ph -> ph ) -> ( ph -> ph ) ) $= ( wi ) AABZCB $.", ""},
      {"p $p wff ph $= wph $.", ""},
      {"p $p wff ( ph -> ph ) $= $.", "empty"},
      {"p $p wff ( ph -> ph ) $= ( ) $.", "empty"},
      {"p $p wff ( ph -> ph ) $= ? $.", "no label"},
      {"p $p wff ( ph -> ph ) $= ( wi ) A?B $.", "no letter"},
      {"p $p wff ( ph -> ph ) $= ( wi ) Aa $.", "no letter"},
      {"p $p wff ( ph -> ph ) $= ( wi ) AZBC $.", "Z may only follow"},
      {"p $p wff ( ph -> ph ) $= ( wi ) ZAAB $.", "Z may only follow"},
      {"p $p wff ( ( ph -> ph ) -> ( ph -> ph ) ) $= ( wi ) AABZCZB $.", "Z may only follow"},
      {"p $p wff ( ph -> ph ) $= ( wi ) AABZZ $.", "Z may only follow"},
      {"p $p wff ( ph -> ph ) $= ( wi ) AAUZB $.", "within a number"},
      {"p $p wff ( ph -> ph ) $= ( wph wi ) AAC $.", "mandatory hypothesis"},
      {"p $p wff ( ph -> ph ) $= ( wi ) AABU $.", "not complete"},
      {"p $p wff ( ph -> ph ) $= ( wi ) AABYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYA $.", "too large"},
      {"p $p wff ( ph -> ph ) $= ( wi ) AAD $.", "named by Z"},
      {"p $p wff ( ph -> ph ) $= ( wi wi $.", "must end with ')'"},
      {"p $p wff ( ph -> ph ) $= ( wi ) AAAB $.", "leave one expression, got 2"},
      {"p $p wff ( ph -> ph ) $= wi $.", "needs 2 hypotheses, got 0"},
      {"p $p wff ( ph -> ph ) $= wph wi $.", "needs 2 hypotheses, got 1"},
      {"p $p wff ( ph -> ps ) $= wph wph wi $.", "proves 'wff ( ph -> ph )'"},
      {"p $p wff ( ph -> ph ) $= wph wph wj $.", "no statement is called 'wj'"},
      {"p $p wff ( ph -> ph ) $= p $.", "does not stand before"},
      {"p $p wff ph $= q $. q $p wff ph $= wph $.", "does not stand before"},
      {"p $p |- ph $= mi $.", "not active"},
      {"p $p |- ph $= ( mi ) B $.", "not active"},
      {"${ h $e |- ph $. p $p |- ps $= wph wps h h mp $. $}", "mj needs '|- ( ph -> ps )', got '|- ph'"},
      {"${ h $e |- ph $. p $p |- ps $= h wps h h mp $. $}", "wph needs 'wff …', got '|- ph'"},
      {"p $p wff ( ph -> ph ) $= 1:wph wph wi $.", "no label"},
  };
  for (const Rule& rule : rules) {
    const std::string message = fault(base + rule.text);
    if (*rule.message == '\0') {
      EXPECT_EQ(message, "") << rule.text;
    } else {
      EXPECT_NE(message.find(rule.message), std::string::npos) << rule.text << "\n" << message;
    }
  }
}

TEST(MetamathProof, DisjointVariables) {
  const std::string base =
      "$c A. |- wff var $. $v ph ps x y $. wph $f wff ph $. wps $f wff ps $. vx $f var x $. vy $f var y $. "
      "wal $a wff A. x ph $. ${ $d x ph $. on $a |- A. x ph $. $} ";
  EXPECT_EQ(fault(base + "${ $d x ph $. p $p |- A. x ph $= wph vx on $. $}"), "");
  EXPECT_EQ(fault(base + "${ $d x y ph $. p $p |- A. x A. y ph $= wph vy wal vx on $. $}"), "");
  EXPECT_EQ(fault(base + "$d x y ps $. ${ $d ph x $. p $p |- A. x A. y ph $= wph vy wal vx on $. $}"), "");
  EXPECT_HAS(fault(base + "p $p |- A. x ph $= wph vx on $."), "x and ph are distinct");
  EXPECT_HAS(fault(base + "${ $d x y $. p $p |- A. x A. y ph $= wph vy wal vx on $. $}"), "x and ph");
  EXPECT_HAS(fault(base + "${ $d x ph $. $} p $p |- A. x ph $= wph vx on $."), "x and ph");
  EXPECT_HAS(fault(base + "${ $d x ph $. p $p |- A. x A. x ph $= wph vx wal vx on $. $}"), "x and x");
  // A condition of what is cited is not passed on without being there.
  EXPECT_HAS(fault(base + "${ $d x ps $. q $p |- A. x ps $= wps vx on $. $} p $p |- A. x ph $= wph vx q $."),
             "(q)");
}

TEST(MetamathCheck, NormalAndCompressedProofs) {
  const char* id = "|- ( ph -> ph )";
  EXPECT_EQ(check(id, "wph wph wph wi wph wph wph keep wph wph wph wi keep mpd").status,
            VerdictStatus::kCorrect);
  EXPECT_EQ(check(id, "( wi keep mpd ) AAABAAACAAABCD").status, VerdictStatus::kCorrect);
  EXPECT_EQ(check(id, " $=\n ( wi keep mpd )\n AAABAAACAAABCD $.\n").status, VerdictStatus::kCorrect);
  EXPECT_EQ(check("|- ( ch -> ch )", "wch id").status, VerdictStatus::kCorrect);
  const Verdict other = check("|- ( ph -> ps )", "wph id");
  EXPECT_EQ(other.status, VerdictStatus::kWrong);
  EXPECT_HAS(other.detail, "proves '|- ( ph -> ph )'");
}

TEST(MetamathCheck, OnlyWhatStandsBefore) {
  EXPECT_EQ(check("|- ( ph -> ph )", "wph id", "", "id").status, VerdictStatus::kWrong);
  EXPECT_EQ(check("|- ( ph -> ph )", "( wi keep mpd ) AAABAAACAAABCD", "", "id").status,
            VerdictStatus::kCorrect);
  EXPECT_EQ(check("|- ( ph -> ph )", "( wi keep mpd ) AAABAAACAAABCD", "", "mpd").status,
            VerdictStatus::kWrong);
  EXPECT_EQ(check("|- ( ph -> ph )", "wph id", "", "nothing").status, VerdictStatus::kError);
  // Symbols must have been declared by then.
  EXPECT_EQ(check("|- ( ph -> ph )", "wph id", "", "wph").status, VerdictStatus::kError);
}

TEST(MetamathCheck, HypothesesOfTheGoal) {
  const std::string given = "a.1 $e |- ( ph -> ps ) $. a.2 $e |- ( ps -> ch ) $.";
  EXPECT_EQ(check("|- ( ph -> ch )", "wph wps wch a.1 a.2 chain", given).status, VerdictStatus::kCorrect);
  EXPECT_EQ(check("|- ( ph -> ch )", "( chain ) ABCDEF", given).status, VerdictStatus::kCorrect);
  EXPECT_EQ(check("|- ( ph -> ch )", "( a.1 chain ) ABCDEF", given).status, VerdictStatus::kWrong);
  EXPECT_EQ(check("|- ( ph -> ch )", "wph wps wch a.1 a.3 chain", given).status, VerdictStatus::kWrong);
  EXPECT_EQ(check("|- ( ph -> ch )", "wph wps wch chain.1 chain.2 chain", given).status,
            VerdictStatus::kWrong);
  for (const char* bad :
       {"a.1 $a |- ph $.", "a.1 $p |- ph $= a $.", "$c x $.", "${", "a.1 $e |- ph", "$[ x $]",
        "mp $e |- ph $.", "ph $e |- ph $.", "a $e |- ph $. a $e |- ph $.", "a $e |- what $.", "a $e ph $.",
        "a $e $.", "$d x $.", "$d x x $.", "$d wff x $.", "a! $e |- ph $."}) {
    EXPECT_EQ(check("|- ph", "wph id", bad).status, VerdictStatus::kError) << bad;
  }
}

TEST(MetamathCheck, DisjointVariablesOfTheGoal) {
  EXPECT_EQ(check("|- ( ph -> A. x ph )", "wph vx vac", "$d x ph $.").status, VerdictStatus::kCorrect);
  EXPECT_EQ(check("|- ( ph -> A. x ph )", "wph vx vac").status, VerdictStatus::kWrong);
  EXPECT_EQ(check("|- ( ph -> A. x ph )", "wph vx vac", "$d x ps $.").status, VerdictStatus::kWrong);
  // Variables that the goal does not mention are distinct from all others, but not from themselves.
  EXPECT_EQ(check("|- ( ph -> ph )", "( wal vac drop chain ) ABCAABDABEF").status, VerdictStatus::kWrong);
  EXPECT_EQ(check("|- ( ph -> ph )", "( vy wal vac drop chain ) AABCAABDABEF").status,
            VerdictStatus::kCorrect);
  EXPECT_EQ(check("|- ( ph -> ph )", "( vy weq wal vac ) BBCBE").status, VerdictStatus::kWrong);
  EXPECT_EQ(check("|- ( x = y -> A. x x = y )", "vx vy weq vx vac").status, VerdictStatus::kWrong);
}

TEST(MetamathCheck, AVariableIsNotDistinctFromItself) {
  // Through ( y = y -> A. v y = y ), which is thrown away: v is z, then y itself.
  const auto proof = [](const std::string& v) {
    const std::string x = "vy vy weq vy vy weq " + v + " wal wi ";
    return x + "wph wph wi vy vy weq " + v + " vac wph wph wi " + x + "wph id keepi mp";
  };
  EXPECT_EQ(check("|- ( ph -> ph )", proof("vz")).status, VerdictStatus::kCorrect);
  const Verdict same = check("|- ( ph -> ph )", proof("vy"));
  EXPECT_EQ(same.status, VerdictStatus::kWrong);
  EXPECT_HAS(same.detail, "y and y are distinct");
}

TEST(MetamathCheck, DisjointVariablesDeclaredLaterDoNotCount) {
  const Result<MetamathDatabase> database = MetamathDatabase::parse(
      "$c a |- $. $v x y $. fx $f a x $. fy $f a y $. ${ $d x y $. q $a |- x y $. $} mid $a |- x $. $d x y "
      "$.",
      "t.mm");
  ASSERT_TRUE(database.ok()) << database.error().message();
  EXPECT_EQ(database->check({"|- x y", "", "mid"}, "fx fy q").status, VerdictStatus::kWrong);
  EXPECT_EQ(database->check({"|- x y", "", ""}, "fx fy q").status, VerdictStatus::kCorrect);
}

TEST(MetamathCheck, GoalsThatAreNone) {
  for (const char* bad : {"", "ph", "|- what", "|- $. ", "$( |- ph $)", "|- \xE2\x86\x92"}) {
    EXPECT_EQ(check(bad, "wph id").status, VerdictStatus::kError) << bad;
  }
}

TEST(MetamathCheck, NoProof) {
  for (const char* none : {"", "  \n", "$= $."}) {
    EXPECT_EQ(check("|- ( ph -> ph )", none).status, VerdictStatus::kUnparsable) << none;
  }
  EXPECT_EQ(check("|- ( ph -> ph )", testing::repeated("wph ", 1 << 19)).status, VerdictStatus::kUnparsable);
}

TEST(MetamathCheck, NothingIsSmuggledIn) {
  for (const char* proof : {"?", "( ) ?", "my $a |- ( ph -> ps ) $.", "$( $) my", "wph id $. my $a |- ph $.",
                            "${ wph id $}", "( id ) ABC $. x $p |- ph $= ( id ) AB",
                            "Here is my proof: wph id", "wph\xC2\xA0id", "( id ) A\xC3\x9F"}) {
    EXPECT_EQ(check("|- ( ph -> ps )", proof).status, VerdictStatus::kWrong) << proof;
  }
}

TEST(MetamathCheck, CostIsBounded) {
  // Each step doubles the expression: A, then (n wi) on two copies of the last result.
  const std::string bomb = std::string("( wi ) AAB") + [] {
    std::string letters;
    // Results named so far have the numbers C, D, E …: two letters beyond the first 18.
    for (int i = 0; i < 60; ++i) {
      const int number = 2 + i;
      std::string name;
      if (number >= 20) name += static_cast<char>('U' + number / 20 - 1);
      name += static_cast<char>('A' + number % 20);
      letters += "Z" + name + "B";
    }
    return letters;
  }();
  EXPECT_EQ(check("wff ( ph -> ph )", bomb).status, VerdictStatus::kTimeout);

  MetamathLimits tight;
  tight.max_work = 20;
  EXPECT_EQ(check("|- ( ph -> ph )", "( wi keep mpd ) AAABAAACAAABCD", "", "", tight).status,
            VerdictStatus::kTimeout);
  tight = {};
  tight.max_symbols = 20;
  EXPECT_EQ(check("|- ( ph -> ph )", "( wi keep mpd ) AAABAAACAAABCD", "", "", tight).status,
            VerdictStatus::kTimeout);
  // A large expression that is compared over and over costs work each time, however short its name.
  const std::string large = "( wi idd mp ) " + testing::repeated("A", 20000);
  EXPECT_EQ(check("|- ( ph -> ph )", large).status, VerdictStatus::kWrong);
}

TEST(MetamathCheck, OutermostHypothesesBelongToEveryGoal) {
  const Result<MetamathDatabase> database = MetamathDatabase::parse(
      "$c a |- $. $v x y $. fx $f a x $. fy $f a y $. h $e |- x $. $d x y $. ${ $d x y $. q $a |- x y $. $} "
      "later $e |- y $.",
      "t.mm");
  ASSERT_TRUE(database.ok()) << database.error().message();
  EXPECT_EQ(database->check({"|- x", "", "later"}, "h").status, VerdictStatus::kCorrect);
  EXPECT_EQ(database->check({"|- x", "", "later"}, "( ) B").status, VerdictStatus::kCorrect);
  EXPECT_EQ(database->check({"|- x y", "", "later"}, "fx fy h q").status, VerdictStatus::kCorrect);
  EXPECT_EQ(database->check({"|- y", "", "later"}, "later").status, VerdictStatus::kWrong);
  EXPECT_EQ(database->check({"|- y", "", ""}, "later").status, VerdictStatus::kCorrect);
}

}  // namespace
}  // namespace hone
