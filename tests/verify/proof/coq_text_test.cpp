// What the filter lets through to Coq. No Coq is needed here.
#include "hone/verify/proof/coq_text.h"

#include <gtest/gtest.h>

#include "hone/verify/proof/coq_xml.h"
#include "verify/verify_helpers.h"

namespace hone {
namespace {

using Sentences = std::vector<std::string>;
constexpr const char* kStatement = "forall n : nat,  n + 0 = n";

Result<Sentences> filter(std::string_view proof, const std::set<std::string>& own = {}) {
  return coq_tactics(proof, kStatement, own);
}
Sentences kept(std::string_view proof) {
  const Result<Sentences> result = filter(proof);
  EXPECT_TRUE(result.ok()) << proof << ": " << (result.ok() ? "" : result.error().message());
  return result.ok() ? *result : Sentences{};
}
std::string reason(std::string_view proof) {
  const Result<Sentences> result = filter(proof);
  return result.ok() ? "" : result.error().rule;
}

TEST(CoqText, Sentences) {
  EXPECT_EQ(kept("intros. auto."), (Sentences{"intros.", "auto."}));
  EXPECT_EQ(kept("Proof. intros.\n  auto.\nQed."), (Sentences{"intros.", "auto."}));
  EXPECT_EQ(kept("apply Nat.add_comm."), (Sentences{"apply Nat.add_comm."}));
  EXPECT_EQ(kept("split.\n- auto.\n-- auto.\n+ * auto."),
            (Sentences{"split.", "-", "auto.", "--", "auto.", "+", "*", "auto."}));
  EXPECT_EQ(kept("{auto. } 2: {auto. } [x]:{ auto. }"),
            (Sentences{"{", "auto.", "}", "2: {", "auto.", "}", "[x]:{", "auto.", "}"}));
  EXPECT_EQ(kept("2: auto. 1,3-4: auto. all: auto. !: auto. [x]: auto. (auto; auto)."),
            (Sentences{"2: auto.", "1,3-4: auto.", "all: auto.", "!: auto.", "[x]: auto.", "(auto; auto)."}));
  EXPECT_EQ(kept("destruct (f.(g) x) as [a | b]."), (Sentences{"destruct (f.(g) x) as [a | b]."}));
  EXPECT_EQ(kept("set (x := 1)."), (Sentences{"set (x := 1)."}));
  EXPECT_EQ(kept(" \n"), Sentences{});
  EXPECT_EQ(kept("Proof. Qed."), Sentences{});
}

TEST(CoqText, CommentsAreTakenOut) {
  EXPECT_EQ(kept("(* a. b *) auto (* c (* d *) *)."), (Sentences{"auto  ."}));
  EXPECT_EQ(kept("auto.(* \xE2\x88\x80 \" *) \" *)auto."), (Sentences{"auto.", "auto."}));
  // No comment is left for Coq to see, nor made by taking one out.
  EXPECT_EQ(kept("auto ((*x*)* )."), (Sentences{"auto ( * )."}));
  for (const char* open : {"(*", "(* (* *)", "(* \"*)", "auto. (*)"}) {
    EXPECT_NE(reason(open).find("not closed"), std::string::npos) << open;
  }
}

TEST(CoqText, HeadersStateThePinnedTheorem) {
  EXPECT_EQ(kept("Theorem x : forall n : nat,\n n + 0 = n. Proof. auto. Qed."), (Sentences{"auto."}));
  EXPECT_EQ(kept("Goal forall n : nat, n + 0 = n. auto."), (Sentences{"auto."}));
  EXPECT_EQ(kept("Lemma x' : (forall n : nat, n + 0 = n). auto. Defined."), (Sentences{"auto."}));
  for (const char* other :
       {"Theorem x : True. auto. Qed.", "Theorem x (n : nat) : n + 0 = n. auto. Qed.", "Goal True. auto.",
        "Theorem. auto.", "Goal. auto.", "Theorem x : forall n : nat, n + 0 = n /\\ True. auto."}) {
    EXPECT_EQ(reason(other), "states another theorem") << other;
  }
}

TEST(CoqText, NothingElsePasses) {
  for (const char* text : {"Axiom a : False.",
                           "auto. Axiom a : False.",
                           "Admitted.",
                           "admit.",
                           "intros; admit.",
                           "now (try admit).",
                           "exact ltac:(give_up).",
                           "native_compute.",
                           "auto. native_compute.",
                           "Qed.auto",
                           "auto. Qed. auto.",
                           "Proof using. auto.",
                           "Proof with auto. auto.",
                           "Set Implicit Arguments.",
                           "#[global] auto.",
                           "par: auto.",
                           "Time auto.",
                           "Fail auto.",
                           "Ltac x := auto.",
                           "Check 0.",
                           "{ Axiom a : False. }",
                           "- Axiom a : False.",
                           "2: Axiom a : False.",
                           "2: { Axiom a : False. }",
                           "(Axiom a).",
                           "[x]: Axiom a : False.",
                           "x: auto.",
                           "auto",
                           "auto. intros",
                           "auto..",
                           "auto...",
                           "auto. .",
                           "idtac \"x\".",
                           "auto.\xC2\xA0Qed.",
                           "\x01",
                           "auto.\v auto.",
                           "auto.\f",
                           "auto.{",
                           "1.5.",
                           "apply 1.5.",
                           "unknown.",
                           "Auto.",
                           ". auto.",
                           "] auto.",
                           "let' x."}) {
    EXPECT_FALSE(filter(text).ok()) << text;
  }
  // Parts of words are not the words.
  EXPECT_TRUE(filter("apply admit_not. apply x'admit. destruct give_up2.").ok());
  EXPECT_FALSE(filter("apply Foo.admit.").ok());
}

TEST(CoqText, OwnTactics) {
  const std::set<std::string> own =
      coq_ltac_names("Ltac mine := auto. Ltac  its x := x. Ltacs no. xLtac no2 (Ltac.");
  EXPECT_EQ(own, (std::set<std::string>{"mine", "its"}));
  EXPECT_TRUE(filter("mine. its auto.", own).ok());
  EXPECT_FALSE(filter("no.", own).ok());
}

TEST(CoqText, Bounds) {
  EXPECT_TRUE(filter(testing::repeated("auto. ", 4000)).ok());
  EXPECT_FALSE(filter(testing::repeated("auto. ", 4001)).ok());
  EXPECT_FALSE(filter(std::string(kMaxCoqProof + 1, ' ')).ok());
  EXPECT_TRUE(filter("exact " + testing::repeated("(", 200) + testing::repeated(")", 200) + ".").ok());
  EXPECT_FALSE(filter("exact " + testing::repeated("(", 201) + testing::repeated(")", 201) + ".").ok());
  EXPECT_FALSE(filter(testing::repeated("(*", kMaxCoqProof / 2)).ok());
}

TEST(CoqStatement, IsOneTerm) {
  for (const char* good : {"True", "forall n : nat, n + 0 = n", "(1 = 1) /\\ Nat.even 2 = true",
                           "\"a) . b\" = \"c\"", "[1; 2] = {| x := 1 |}", "f.(g) = 0"}) {
    EXPECT_TRUE(check_coq_statement(good).ok()) << good;
  }
  for (const char* bad : {"", " \n", "True.", "True. Axiom x : False", "True)", "True). Axiom x : (False",
                          "(True", "(True]", "True (* x", "True (* x *)", "\"a"}) {
    EXPECT_FALSE(check_coq_statement(bad).ok()) << bad;
  }
}

TEST(CoqXml, Texts) {
  EXPECT_EQ(xml_escaped("a < b & \"c\" > 'd'"), "a &lt; b &amp; &quot;c&quot; &gt; 'd'");
  EXPECT_EQ(xml_text("<a b=\"c\">x&lt;y&nbsp;&amp;<d/>&apos;&quot;&gt;&what;</a>"), "x<y &'\">&what;");
  EXPECT_EQ(xml_text("cut <off"), "cut ");
  const std::string text =
      "<feedback object=\"state\" route=\"7\"><message><pp>one&nbsp;two</pp></message></feedback>"
      "<feedback route=\"77\"><message>other</message></feedback>"
      "<feedback route=\"7\"><processed/></feedback><feedback "
      "route=\"7\"><message>three</message></feedback>";
  EXPECT_EQ(xml_messages(text, "route=\"7\""), "one two\nthree\n");
  EXPECT_EQ(xml_messages(text, "route=\"8\""), "");
  EXPECT_EQ(xml_messages("<feedback route=\"7\"><message>cut", "route=\"7\""), "");
}

}  // namespace
}  // namespace hone
