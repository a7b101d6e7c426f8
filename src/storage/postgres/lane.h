#pragma once
// One connection in pipeline mode, with the work that is under way on it.

#include <deque>
#include <memory>
#include <vector>

#include "storage/postgres/work.h"

namespace signet::storage::postgres {

/// What became of a group that was sent.
struct Finished {
  Group group;
  Answers answers;  ///< of all calls of the group in order, where nothing failed
  std::optional<Failure> failure;
};

class Lane {
 public:
  bool is_up() const { return session_ != nullptr; }
  void attach(std::unique_ptr<Session> session) { session_ = std::move(session); }
  /// Ends the connection; gives back what was under way.
  std::vector<Group> detach();

  /// Sends a group as one transaction. False: the connection is lost (detach() gives it back).
  bool send(Group group);
  /// Reads what has arrived. False: the connection is lost.
  bool receive(std::vector<Finished>& finished);
  /// Payloads of notifications that came with it.
  std::vector<std::string> notifications();
  /// Writes what is left. False: the connection is lost.
  bool flush();

  int socket() const { return session_->socket(); }
  bool wants_to_write() const { return wants_to_write_; }
  std::size_t groups() const { return under_way_.size(); }
  std::size_t writes() const { return writes_; }
  /// Of all that is under way; SteadyTime::max() if nothing is.
  SteadyTime earliest_deadline() const;
  std::string why_lost() const { return why_lost_; }

 private:
  struct UnderWay {
    Group group;
    std::size_t calls = 0;
    SteadyTime deadline = SteadyTime::max();
    Answers answers;
    std::optional<Failure> failure;
  };
  bool lose(std::string why);
  bool take(ResultPtr result, std::vector<Finished>& finished);

  std::unique_ptr<Session> session_;
  std::deque<UnderWay> under_way_;
  std::size_t writes_ = 0;
  bool wants_to_write_ = false;
  std::string why_lost_;
};

}  // namespace signet::storage::postgres
