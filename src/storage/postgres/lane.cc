#include "storage/postgres/lane.h"

#include <algorithm>

namespace signet::storage::postgres {
namespace {

constexpr int kBinary = 1;

bool send_call(PGconn* connection, const Call& call) {
  std::vector<const char*> values(call.parameters.size());
  std::vector<int> lengths(values.size()), formats(values.size(), kBinary);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& value = call.parameters.at(i);
    values[i] = value ? value->data() : nullptr;
    lengths[i] = value ? static_cast<int>(value->size()) : 0;
  }
  return PQsendQueryPrepared(connection, text_of(call.statement).name,
                             static_cast<int>(values.size()), values.data(), lengths.data(),
                             formats.data(), kBinary) == 1;
}

bool is_write(const Group& group) {
  return group.front().kind != Work::Kind::kRead;
}

}  // namespace

std::vector<Group> Lane::detach() {
  std::vector<Group> left;
  for (UnderWay& one : under_way_)
    left.push_back(std::move(one.group));
  under_way_.clear();
  session_.reset();
  writes_ = 0;
  wants_to_write_ = false;
  return left;
}

bool Lane::lose(std::string why) {
  why_lost_ = std::move(why);
  return false;
}

bool Lane::send(Group group) {
  UnderWay one;
  one.group = std::move(group);
  writes_ += is_write(one.group) ? 1 : 0;
  bool sent = true;
  for (const Work& work : one.group) {
    for (const Call& call : work.calls)
      sent = sent && send_call(session_->get(), call);
    one.calls += work.calls.size();
    one.deadline = std::min(one.deadline, work.deadline);
  }
  under_way_.push_back(std::move(one));
  if (!sent || !PQpipelineSync(session_->get())) return lose(message_of(session_->get()));
  return flush();
}

bool Lane::flush() {
  const int left = PQflush(session_->get());
  wants_to_write_ = left == 1;
  return left >= 0 || lose(message_of(session_->get()));
}

bool Lane::receive(std::vector<Finished>& finished) {
  if (!PQconsumeInput(session_->get())) return lose(message_of(session_->get()));
  while (!under_way_.empty() && !PQisBusy(session_->get())) {
    ResultPtr result(PQgetResult(session_->get()));
    if (!result) {  // the end of one statement's answers
      if (PQstatus(session_->get()) != CONNECTION_OK) return lose(message_of(session_->get()));
      continue;
    }
    if (!take(std::move(result), finished)) return false;
  }
  if (under_way_.empty() && PQstatus(session_->get()) != CONNECTION_OK)
    return lose(message_of(session_->get()));
  return flush();
}

bool Lane::take(ResultPtr result, std::vector<Finished>& finished) {
  UnderWay& one = under_way_.front();
  switch (PQresultStatus(result.get())) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
      one.answers.push_back(std::move(result));
      return true;
    case PGRES_PIPELINE_ABORTED:
      return true;
    case PGRES_PIPELINE_SYNC: {
      if (!one.failure && one.answers.size() != one.calls)
        return lose("the server's answers do not fit what was asked");
      writes_ -= is_write(one.group) ? 1 : 0;
      finished.push_back({std::move(one.group), std::move(one.answers), std::move(one.failure)});
      under_way_.pop_front();
      return true;
    }
    default: {
      Failure failure = failure_of(result.get(), one.answers.size());
      if (failure.ends_session) return lose(failure.error.detail);
      if (!one.failure) one.failure = std::move(failure);
      return true;
    }
  }
}

std::vector<std::string> Lane::notifications() {
  std::vector<std::string> payloads;
  while (PGnotify* told = PQnotifies(session_->get())) {
    payloads.emplace_back(told->extra);
    PQfreemem(told);
  }
  return payloads;
}

SteadyTime Lane::earliest_deadline() const {
  SteadyTime earliest = SteadyTime::max();
  for (const UnderWay& one : under_way_)
    earliest = std::min(earliest, one.deadline);
  return earliest;
}

}  // namespace signet::storage::postgres
