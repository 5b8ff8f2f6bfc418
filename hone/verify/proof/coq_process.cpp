#include "hone/verify/proof/coq_process.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "hone/verify/answer.h"
#include "hone/verify/proof/coq_xml.h"
#include "hone/verify/proof/nonce.h"

namespace hone {
namespace {

constexpr int kProofsPerProcess = 500;  // then a fresh one: what leaks, leaks no further
constexpr std::string_view kValueEnd = "</value>";

std::string shortened(std::string_view text) {
  return std::string(text.substr(0, 200)) + (text.size() > 200 ? "…" : "");
}

// The first state number of a <value>.
std::optional<int> state_of(std::string_view value) {
  constexpr std::string_view kTag = "<state_id val=\"";
  const std::size_t at = value.find(kTag);
  if (at == std::string_view::npos) return std::nullopt;
  int state = 0;
  const char* const begin = value.data() + at + kTag.size();
  if (std::from_chars(begin, value.data() + value.size(), state).ec != std::errc()) return std::nullopt;
  return state;
}

// The names under "Axioms:" of Print Assumptions: what stands at the start of a line, up to space or colon.
std::vector<std::string> assumed_names(std::string_view answer) {
  std::vector<std::string> names;
  while (!answer.empty()) {
    const std::string_view line = answer.substr(0, answer.find('\n'));
    answer.remove_prefix(std::min(line.size() + 1, answer.size()));
    if (line.empty() || line[0] == ' ' || line == "Axioms:") continue;
    names.emplace_back(line.substr(0, line.find_first_of(" :")));
  }
  return names;
}

}  // namespace

Result<CoqProcess> CoqProcess::start(const Sandbox& sandbox, const std::string& program,
                                     const std::string& preamble, const ProofOptions& options) {
  SandboxCommand command;
  // Resilience would go on after a failed tactic.
  command.argv = {program,
                  "-q",
                  "-async-proofs",
                  "off",
                  "-async-proofs-tactic-error-resilience",
                  "off",
                  "-async-proofs-command-error-resilience",
                  "off",
                  "-main-channel",
                  "stdfds",
                  "-l",
                  "preamble.v"};
  // Where Coq's plugins are found, on systems that say so under /etc.
  for (const char* path : {"/etc/ocamlfind.conf", "/etc/ocamlfind.conf.d"}) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) command.read_only.emplace_back(path);
  }
  // Search leaves out names with these parts, by default; an axiom must not hide behind one.
  command.files["preamble.v"] =
      preamble + "\nRemove Search Blacklist \"_subterm\" \"_subproof\" \"Private_\".\n";
  SandboxLimits limits;
  limits.cpu_seconds = 3600.0;  // of the process's whole life; each proof has its own deadline
  limits.memory_bytes = options.memory_bytes;
  limits.output_bytes = 4 << 20;
  limits.processes = 8;
  HONE_TRY(SandboxProcess process, SandboxProcess::start(sandbox, command, limits));
  CoqProcess coq(std::move(process));
  coq.deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>(options.preamble_seconds));
  const Reply init = coq.call(R"(<call val="Init"><option val="none"/></call>)");
  const std::optional<int> base = state_of(init.value);
  if (init.end != End::kGood || !base) {
    const char* rule = init.end == End::kDeadline ? "the preamble takes too long"
                       : init.end == End::kMemory ? "the preamble takes too much memory"
                                                  : "Coq must start and accept the preamble";
    return Error{"proof: coq", rule, shortened(trimmed(init.message.empty() ? init.all : init.message))};
  }
  coq.base_ = *base;
  std::string axioms;
  const Reply search = coq.query("Search is:Axiom.", coq.base_, axioms);
  if (search.end != End::kGood)
    return Error{"proof: coq", "must answer a search for axioms", shortened(search.message)};
  coq.no_axioms_ = trimmed(axioms).empty();
  return coq;
}

CoqProcess::Reply CoqProcess::call(const std::string& xml) {
  const auto left = [&] { return std::chrono::duration<double>(deadline_ - Clock::now()).count(); };
  Reply reply;
  if (left() <= 0) {
    reply.end = End::kDeadline;
    return reply;
  }
  if (!process_.write(xml, left()).ok()) {
    reply.end = left() <= 0 ? End::kDeadline : End::kDead;
  }
  // Also after a failed write: what it said last explains why.
  const SandboxProcess::Read read = process_.read_until(kValueEnd, std::max(0.0, left()));
  reply.all = read.text;
  switch (read.end) {
    case SandboxProcess::ReadEnd::kMarker:
      break;
    case SandboxProcess::ReadEnd::kDeadline:
      reply.end = End::kDeadline;
      return reply;
    case SandboxProcess::ReadEnd::kMemory:
      reply.end = End::kMemory;
      return reply;
    case SandboxProcess::ReadEnd::kOutput:
      reply.end = End::kOutput;
      return reply;
    case SandboxProcess::ReadEnd::kClosed:
      reply.end = End::kDead;
      return reply;
  }
  const std::size_t begin = reply.all.rfind("<value ");
  if (begin == std::string::npos) return reply;
  reply.value = reply.all.substr(begin);
  reply.end = reply.value.starts_with("<value val=\"good\"") ? End::kGood : End::kFail;
  if (reply.end == End::kFail) reply.message = trimmed(xml_text(reply.value));
  return reply;
}

CoqProcess::Reply CoqProcess::add(std::string_view sentence, int on) {
  return call(
      fmt::format("<call val=\"Add\"><pair><pair><pair><pair><string>{}</string><int>-1</int></pair>"
                  "<pair><state_id val=\"{}\"/><bool val=\"false\"/></pair></pair><int>0</int></pair>"
                  "<pair><int>0</int><int>0</int></pair></pair></call>",
                  xml_escaped(sentence), on));
}

CoqProcess::Reply CoqProcess::status() { return call(R"(<call val="Status"><bool val="true"/></call>)"); }

CoqProcess::Reply CoqProcess::query(std::string_view command, int state, std::string& answer) {
  const std::uint32_t route = nonce() >> 2;  // OCaml's integers have a sign and a tag
  Reply reply =
      call(fmt::format("<call val=\"Query\"><pair><route_id val=\"{}\"/><pair><string>{}</string>"
                       "<state_id val=\"{}\"/></pair></pair></call>",
                       route, xml_escaped(command), state));
  answer = xml_messages(reply.all, fmt::format("route=\"{}\"", route));
  return reply;
}

std::optional<Verdict> CoqProcess::ended(const Reply& reply, std::string_view during) {
  if (reply.end != End::kFail && reply.end != End::kGood) usable_ = false;
  switch (reply.end) {
    case End::kDeadline:
      return Verdict{VerdictStatus::kTimeout, 0.0, fmt::format("no time left for {}", shortened(during))};
    case End::kMemory:
      return Verdict{VerdictStatus::kTimeout, 0.0, fmt::format("too much memory for {}", shortened(during))};
    case End::kOutput:
      return Verdict{VerdictStatus::kWrong, 0.0, fmt::format("too much output from {}", shortened(during))};
    case End::kDead:
      return std::nullopt;
    case End::kGood:
    case End::kFail:
      break;
  }
  if (reply.message.find("Out of memory") != std::string::npos) {
    usable_ = false;
    return Verdict{VerdictStatus::kTimeout, 0.0, fmt::format("too much memory for {}", shortened(during))};
  }
  return Verdict{VerdictStatus::kWrong, 0.0,
                 fmt::format("{}: {}", shortened(during), shortened(reply.message))};
}

std::optional<Verdict> CoqProcess::prove(const std::string& statement,
                                         const std::vector<std::string>& tactics,
                                         const ProofOptions& options) {
  deadline_ = Clock::now() +
              std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
  std::optional<Verdict> verdict = judge(statement, tactics, options);
  if (++proofs_ >= kProofsPerProcess) usable_ = false;
  if (!usable_ || !verdict) {
    usable_ = false;
    return verdict;
  }
  // The verdict stands whatever happens now; a process that does not go back is not used again.
  deadline_ = Clock::now() + std::chrono::seconds(5);
  const Reply back = call(fmt::format("<call val=\"Edit_at\"><state_id val=\"{}\"/></call>", base_));
  usable_ = back.end == End::kGood;
  return verdict;
}

std::optional<Verdict> CoqProcess::judge(const std::string& statement,
                                         const std::vector<std::string>& tactics,
                                         const ProofOptions& options) {
  const auto not_accepted = [&](const Reply& reply) {
    std::optional<Verdict> verdict = ended(reply, "the statement");
    if (verdict && verdict->status == VerdictStatus::kWrong) verdict->status = VerdictStatus::kError;
    return verdict;
  };
  // Parentheses on lines of their own: nothing in the statement can take them away.
  Reply reply = add(fmt::format("Theorem hone_pinned : (\n{}\n).", statement), base_);
  if (reply.end != End::kGood) return not_accepted(reply);
  std::vector<int> states = {state_of(reply.value).value_or(-1)};
  if (reply = status(); reply.end != End::kGood) return not_accepted(reply);

  std::vector<std::string> sentences = {"Proof."};
  sentences.insert(sentences.end(), tactics.begin(), tactics.end());
  sentences.emplace_back("Qed.");
  for (const std::string& sentence : sentences) {
    reply = add(sentence, states.back());
    const std::optional<int> state = state_of(reply.value);
    if (reply.end != End::kGood || !state) return ended(reply, sentence);
    states.push_back(*state);
  }
  reply = status();
  if (reply.end != End::kGood) {
    // The failure names the last state that was good; the sentence after it is at fault.
    const auto good = std::find(states.begin(), states.end(), state_of(reply.value).value_or(-1));
    const auto at = good - states.begin();
    const bool known = at < static_cast<std::ptrdiff_t>(sentences.size());
    return ended(reply, known ? sentences[static_cast<std::size_t>(at)] : "the proof");
  }
  if (reply.value.find("<option val=\"none\"/>") == std::string::npos ||
      reply.all.find("<message_level val=\"error\"/>") != std::string::npos) {
    return Verdict{VerdictStatus::kWrong, 0.0, "the proof is left open"};
  }
  std::string about;
  reply = query("About hone_pinned.", states.back(), about);
  if (reply.end != End::kGood) return ended(reply, "About");
  // Only a theorem closed by Qed is opaque; an axiom of that name would not be.
  if (about.find("hone_pinned is opaque") == std::string::npos) {
    return Verdict{VerdictStatus::kWrong, 0.0, "no theorem was made"};
  }
  return judge_assumptions(states.back(), options);
}

std::optional<Verdict> CoqProcess::judge_assumptions(int state, const ProofOptions& options) {
  if (no_axioms_) return Verdict{VerdictStatus::kCorrect, 1.0, "proved"};
  std::string answer;
  const Reply reply = query("Print Assumptions hone_pinned.", state, answer);
  if (reply.end != End::kGood) return ended(reply, "Print Assumptions");
  if (trimmed(answer) == "Closed under the global context")
    return Verdict{VerdictStatus::kCorrect, 1.0, "proved"};
  const std::vector<std::string> names = assumed_names(answer);
  if (names.empty()) return Verdict{VerdictStatus::kError, 0.0, "Print Assumptions said nothing"};
  for (const std::string& name : names) {
    if (std::find(options.coq_axioms.begin(), options.coq_axioms.end(), name) != options.coq_axioms.end())
      continue;
    return Verdict{VerdictStatus::kWrong, 0.0, fmt::format("rests on the axiom {}", shortened(name))};
  }
  return Verdict{VerdictStatus::kCorrect, 1.0, fmt::format("proved from {}", fmt::join(names, ", "))};
}

}  // namespace hone
