// Posing problems instead of solving them: what a model that asks its own questions must be able to do before
// it can learn which ones are worth asking. The worked solutions are uniform draws of the language.
#include "hone/base/check.h"
#include "hone/base/hash.h"
#include "hone/data/tasks/graded_task.h"
#include "hone/symbolic/proposals.h"

namespace hone {
namespace {

class Propose final : public Task {
 public:
  explicit Propose(const std::string& language) : language_(find_proposal_language(language)) {
    HONE_CHECK(language_ != nullptr, "no language {}", language);
  }

  std::string name() const override { return "propose_" + language_->name(); }
  std::string summary() const override {
    return fmt::format("a problem of {} to be posed, that comes to something when it is run",
                       language_->name());
  }
  std::string verifier() const override { return "proposal"; }
  int max_difficulty() const override { return 1; }
  std::vector<int> default_difficulty() const override { return {1}; }

  // Everybody is asked the same; problems differ in what is shown as a proposal, and go by that.
  Problem make(RandomStream& random, int) const override {
    for (int attempt = 0; attempt < 1000; ++attempt) {
      const std::string proposal = language_->draw(random);
      const auto posed = language_->read(proposal);
      if (!posed.ok()) continue;
      Problem problem;
      problem.id = hash64(name() + "\n" + proposal);
      problem.kin = posed->id;
      problem.source = name();
      problem.messages = {{"user", language_->request()}};
      problem.answer = proposal;
      problem.solution = "<think></think><answer>" + proposal + "</answer>";
      problem.fields = fmt::format("{{\"language\":\"{}\"}}", language_->name());
      problem.difficulty = 1;
      return problem;
    }
    HONE_CHECK(false, "{} draws nothing that can be read", language_->name());
    return {};
  }

 private:
  const ProposalLanguage* language_;
};

}  // namespace

std::unique_ptr<Task> make_propose_arithmetic() { return std::make_unique<Propose>("arithmetic"); }
std::unique_ptr<Task> make_propose_countdown() { return std::make_unique<Propose>("countdown"); }
std::unique_ptr<Task> make_propose_program() { return std::make_unique<Propose>("program"); }

}  // namespace hone
