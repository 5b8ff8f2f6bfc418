#include "hone/store/records.h"

#include <array>
#include <bit>
#include <chrono>
#include <optional>

namespace hone {
namespace {

Result<std::optional<std::int64_t>> find_step(Database& db, const std::string& stage, std::int64_t step) {
  HONE_TRY(Statement query, db.prepare("SELECT id FROM steps WHERE stage = ? AND step = ?"));
  HONE_TRY(const bool row, query.bind(stage).bind(step).step());
  return row ? std::optional(query.integer(0)) : std::nullopt;
}

Result<void> insert_rollout(Database& db, std::int64_t group_id, std::int64_t position,
                            const Rollout& rollout) {
  const Completion& completion = rollout.completion;
  {
    HONE_TRY(
        Statement insert,
        db.prepare("INSERT INTO rollouts (group_id, position, text, finish, policy_version, reward, correct,"
                   " advantage, ids, logprobs, kept_ids, kept_offsets, entropies, clipped)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    insert.bind(group_id).bind(position).bind(completion.text).bind(to_string(completion.finish));
    insert.bind(completion.policy_version);
    rollout.reward.total ? insert.bind(*rollout.reward.total) : insert.bind_null();
    insert.bind(std::int64_t{rollout.reward.correct}).bind(rollout.advantage);
    insert.bind(completion.ids)
        .bind(completion.logprobs)
        .bind(completion.kept.ids)
        .bind(completion.kept.offsets)
        .bind(completion.entropies)
        .bind(rollout.clipped);
    HONE_TRY_VOID(insert.run());
  }
  const std::int64_t rollout_id = db.last_row();
  std::int64_t part_position = 0;
  for (const RewardPart& part : rollout.reward.parts) {
    HONE_TRY(Statement insert, db.prepare("INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)"));
    insert.bind(rollout_id).bind(part_position++).bind(part.verifier).bind(part.weight);
    insert.bind(to_string(part.verdict.status)).bind(part.verdict.score).bind(part.verdict.detail);
    HONE_TRY_VOID(insert.run());
  }
  return {};
}

Result<void> insert_group(Database& db, std::int64_t step_id, std::int64_t position, const Group& group) {
  const Problem& problem = group.problem;
  {
    HONE_TRY(Statement insert,
             db.prepare("INSERT INTO groups (step_id, position, problem_id, source, answer, solution, fields,"
                        " difficulty, prompt_text, prompt_ids) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    insert.bind(step_id).bind(position).bind(std::bit_cast<std::int64_t>(problem.id)).bind(problem.source);
    insert.bind(problem.answer).bind(problem.solution).bind(problem.fields);
    insert.bind(std::int64_t{problem.difficulty}).bind(group.prompt_text).bind(group.prompt_ids);
    HONE_TRY_VOID(insert.run());
  }
  const std::int64_t group_id = db.last_row();
  std::int64_t message_position = 0;
  for (const Message& message : problem.messages) {
    HONE_TRY(Statement insert, db.prepare("INSERT INTO messages VALUES (?, ?, ?, ?)"));
    HONE_TRY_VOID(
        insert.bind(group_id).bind(message_position++).bind(message.role).bind(message.content).run());
  }
  std::int64_t rollout_position = 0;
  for (const Rollout& rollout : group.rollouts) {
    HONE_TRY_VOID(insert_rollout(db, group_id, rollout_position++, rollout));
  }
  return {};
}

template <class Enum, std::size_t N>
Result<Enum> from_word(const Database& db, const std::string& word, const std::array<Enum, N>& values) {
  for (const Enum value : values) {
    if (word == to_string(value)) return value;
  }
  return Error{db.where(), "must hold words that this hone knows", word};
}

Result<std::vector<RewardPart>> select_parts(Database& db, std::int64_t rollout_id) {
  constexpr std::array kStatuses = {VerdictStatus::kCorrect, VerdictStatus::kWrong,
                                    VerdictStatus::kUnparsable, VerdictStatus::kTimeout,
                                    VerdictStatus::kError};
  HONE_TRY(Statement query, db.prepare("SELECT verifier, weight, status, score, detail FROM parts"
                                       " WHERE rollout_id = ? ORDER BY position"));
  query.bind(rollout_id);
  std::vector<RewardPart> parts;
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) return parts;
    RewardPart part;
    part.verifier = query.text(0);
    HONE_TRY(part.weight, query.real(1));
    HONE_TRY(part.verdict.status, from_word(db, query.text(2), kStatuses));
    HONE_TRY(part.verdict.score, query.real(3));
    part.verdict.detail = query.text(4);
    parts.push_back(std::move(part));
  }
}

constexpr const char* kRollouts =
    "SELECT id, text, finish, policy_version, reward, correct, advantage, ids, logprobs, kept_ids,"
    " kept_offsets, entropies, clipped FROM rollouts WHERE group_id = ? ORDER BY position";
constexpr const char* kRollouts1 =  // of schema version 1
    "SELECT id, text, finish, policy_version, reward, correct, advantage, ids, logprobs, kept_ids,"
    " kept_offsets, x'', x'' FROM rollouts WHERE group_id = ? ORDER BY position";

Result<std::vector<Rollout>> select_rollouts(Database& db, std::int64_t group_id) {
  constexpr std::array kReasons = {FinishReason::kEos, FinishReason::kStop, FinishReason::kLength};
  // Asked each time: a writer may bring the file up to date while it is read.
  HONE_TRY(const std::int64_t version, db.integer("PRAGMA user_version"));
  HONE_TRY(Statement query, db.prepare(version >= 2 ? kRollouts : kRollouts1));
  query.bind(group_id);
  std::vector<Rollout> rollouts;
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) return rollouts;
    Rollout rollout;
    Completion& completion = rollout.completion;
    completion.text = query.text(1);
    HONE_TRY(completion.finish, from_word(db, query.text(2), kReasons));
    completion.policy_version = query.integer(3);
    if (!query.is_null(4)) {
      HONE_TRY(rollout.reward.total, query.real(4));
    }
    rollout.reward.correct = query.integer(5) != 0;
    HONE_TRY(rollout.advantage, query.real(6));
    HONE_TRY(completion.ids, query.numbers<std::int32_t>(7));
    HONE_TRY(completion.logprobs, query.numbers<float>(8));
    HONE_TRY(completion.kept.ids, query.numbers<std::int32_t>(9));
    HONE_TRY(completion.kept.offsets, query.numbers<std::int64_t>(10));
    HONE_TRY(completion.entropies, query.numbers<float>(11));
    HONE_TRY(rollout.clipped, query.numbers<std::uint8_t>(12));
    HONE_TRY(rollout.reward.parts, select_parts(db, query.integer(0)));
    rollouts.push_back(std::move(rollout));
  }
}

Result<std::vector<Message>> select_messages(Database& db, std::int64_t group_id) {
  HONE_TRY(Statement query,
           db.prepare("SELECT role, content FROM messages WHERE group_id = ? ORDER BY position"));
  query.bind(group_id);
  std::vector<Message> messages;
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) return messages;
    messages.push_back({query.text(0), query.text(1)});
  }
}

constexpr const char* kGroups =
    "SELECT id, problem_id, source, answer, solution, fields, difficulty, prompt_text, prompt_ids FROM groups"
    " WHERE step_id = ? ORDER BY position";
constexpr const char* kGroup =
    "SELECT id, problem_id, source, answer, solution, fields, difficulty, prompt_text, prompt_ids FROM groups"
    " WHERE id = ?";

// Of a row of the statements above.
Result<Group> group_of(Database& db, const Statement& row) {
  Group group;
  group.problem.id = std::bit_cast<std::uint64_t>(row.integer(1));
  group.problem.source = row.text(2);
  group.problem.answer = row.text(3);
  group.problem.solution = row.text(4);
  group.problem.fields = row.text(5);
  group.problem.difficulty = static_cast<int>(row.integer(6));
  group.prompt_text = row.text(7);
  HONE_TRY(group.prompt_ids, row.numbers<std::int32_t>(8));
  HONE_TRY(group.problem.messages, select_messages(db, row.integer(0)));
  HONE_TRY(group.rollouts, select_rollouts(db, row.integer(0)));
  return group;
}

Result<std::vector<Group>> select_groups(Database& db, std::int64_t step_id) {
  HONE_TRY(Statement query, db.prepare(kGroups));
  query.bind(step_id);
  std::vector<Group> groups;
  for (;;) {
    HONE_TRY(const bool row, query.step());
    if (!row) return groups;
    HONE_TRY(Group group, group_of(db, query));
    groups.push_back(std::move(group));
  }
}

}  // namespace

std::string record_name(const Database& db, const std::string& stage, std::int64_t step) {
  return fmt::format("{}: {} step {}", db.where(), stage, step);
}

Result<Group> select_group(Database& db, std::int64_t id) {
  HONE_TRY(Statement query, db.prepare(kGroup));
  HONE_TRY(const bool row, query.bind(id).step());
  if (!row) return Error{db.where(), "must hold the group", std::to_string(id)};
  return group_of(db, query);
}

Result<void> insert_record(Database& db, const StepRecord& record) {
  HONE_TRY(const std::optional<std::int64_t> there, find_step(db, record.stage, record.step));
  if (there) return Error{record_name(db, record.stage, record.step), "must be recorded once", "it again"};
  {
    using Seconds = std::chrono::duration<double>;
    const double now = Seconds(std::chrono::system_clock::now().time_since_epoch()).count();
    HONE_TRY(Statement insert, db.prepare("INSERT INTO steps (stage, step, written_at) VALUES (?, ?, ?)"));
    HONE_TRY_VOID(insert.bind(record.stage).bind(record.step).bind(now).run());
  }
  const std::int64_t step_id = db.last_row();
  for (const auto& [name, value] : record.metrics) {
    HONE_TRY(Statement insert, db.prepare("INSERT INTO metrics VALUES (?, ?, ?)"));
    HONE_TRY_VOID(insert.bind(step_id).bind(name).bind(value).run());
  }
  std::int64_t position = 0;
  for (const Group& group : record.groups) HONE_TRY_VOID(insert_group(db, step_id, position++, group));
  return {};
}

Result<StepRecord> select_record(Database& db, const std::string& stage, std::int64_t step) {
  HONE_TRY(const std::optional<std::int64_t> step_id, find_step(db, stage, step));
  if (!step_id) return Error{record_name(db, stage, step), "must be recorded", "no such step"};
  StepRecord record{.stage = stage, .step = step, .metrics = {}, .groups = {}};
  {
    HONE_TRY(Statement query, db.prepare("SELECT name, value FROM metrics WHERE step_id = ?"));
    query.bind(*step_id);
    for (;;) {
      HONE_TRY(const bool row, query.step());
      if (!row) break;
      HONE_TRY(record.metrics[query.text(0)], query.real(1));
    }
  }
  HONE_TRY(record.groups, select_groups(db, *step_id));
  return record;
}

}  // namespace hone
