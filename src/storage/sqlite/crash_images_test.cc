// F9: what a power cut may leave of the files when the disk wrote in an order of its own.
// Everything that was synced is there; of what was not, each sector is there or not, as chance has
// it. SIGNET_CRASH_IMAGES=N looks at that many images, SIGNET_SEED=N at those of another chance.
#include <set>

#include "base/log.h"
#include "storage/audit_chain.h"
#include "storage/sqlite/faults.h"
#include "storage/sqlite/sqlite_storage.h"
#include "storage/test_folder.h"
#include "storage/test_records.h"

namespace signet::storage::test {
namespace {

using sqlite::test::DiskStep;
using sqlite::test::Faults;

constexpr int kTwins = 60;
constexpr std::uint64_t kImages = 100;
constexpr std::size_t kSector = 512;

std::uint64_t number_or(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// splitmix64: the same seed is the same images.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }

 private:
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t x = state_;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }
  std::uint64_t state_;
};

/// A disk on which the steps are played, up to the cut.
class PlayedDisk {
 public:
  void play(const DiskStep& step) {
    switch (step.kind) {
      case DiskStep::Kind::kWrite:
      case DiskStep::Kind::kTruncate:
        files_[step.path].pending.push_back(&step);
        break;
      case DiskStep::Kind::kSync: {
        File& file = files_[step.path];
        for (const DiskStep* pending : file.pending)
          apply(*pending, file.durable);
        file.pending.clear();
        file.was_synced = true;
        break;
      }
      case DiskStep::Kind::kRemove:
        files_.erase(step.path);
        break;
      case DiskStep::Kind::kMark:
        answered_ = step.at;
        break;
    }
  }
  /// The number of the last transaction that was answered before the cut; -1: none.
  std::int64_t answered() const { return answered_; }
  /// One of the many states that the cut may leave.
  void write_image(const std::filesystem::path& folder, Chance& chance) const {
    for (const auto& [path, file] : files_) {
      // The name of a file that was never synced need not be there either.
      if (!file.was_synced && chance.below(2) == 0) continue;
      Bytes content = file.durable;
      const std::uint64_t mood = chance.below(4);  // none, all, some, some in parts
      for (const DiskStep* step : file.pending) {
        if (mood == 0 || (mood >= 2 && chance.below(2) == 0)) continue;
        if (mood == 3 && step->kind == DiskStep::Kind::kWrite) {
          apply_sectors(*step, content, chance);
        } else {
          apply(*step, content);
        }
      }
      std::ofstream out(folder / std::filesystem::path(path).filename(), std::ios::binary);
      out.write(reinterpret_cast<const char*>(content.data()),
                static_cast<std::streamsize>(content.size()));
    }
  }

 private:
  struct File {
    Bytes durable;
    std::vector<const DiskStep*> pending;
    bool was_synced = false;
  };
  static void put(ByteView data, std::size_t at, Bytes& content) {
    if (content.size() < at + data.size()) content.resize(at + data.size());
    std::copy(data.begin(), data.end(), content.begin() + static_cast<std::ptrdiff_t>(at));
  }
  static void apply(const DiskStep& step, Bytes& content) {
    const auto at = static_cast<std::size_t>(step.at);
    if (step.kind == DiskStep::Kind::kTruncate) {
      content.resize(at);
    } else {
      put(step.data, at, content);
    }
  }
  static void apply_sectors(const DiskStep& step, Bytes& content, Chance& chance) {
    auto at = static_cast<std::size_t>(step.at);
    ByteView rest(step.data);
    while (!rest.empty()) {
      const std::size_t size = std::min(rest.size(), kSector - at % kSector);
      if (chance.below(2) == 0) put(rest.first(size), at, content);
      rest = rest.subspan(size);
      at += size;
    }
  }

  std::map<std::string, File> files_;
  std::int64_t answered_ = -1;
};

Transaction twins(int i) {
  const std::string name = std::to_string(i);
  return {PutToken{token(name)}, PutDocument{client(name), 0}, AppendAudit{event(name)}};
}

/// A server's life on the recorded disk, with checkpoints now and then.
std::vector<DiskStep> live(const std::string& file) {
  ManualClock clock;
  Faults::disk().record();
  auto storage = sqlite::open(file, clock, {Faults::kVfs, {4096, 20, 20}});
  EXPECT_THAT(storage, is_ok());
  for (int i = 0; i < kTwins && storage.ok(); ++i) {
    EXPECT_THAT(now((*storage)->commit(twins(i))), is_ok());
    Faults::disk().mark(i);
  }
  storage->reset();
  return Faults::disk().recorded();
}

/// What is wrong with an image; empty if nothing.
std::string fault_of_image(const std::string& file, std::int64_t answered) {
  ManualClock clock;
  std::size_t whole = 0;
  {
    auto opened = sqlite::open(file, clock);
    if (!opened.ok()) return "it cannot be opened: " + opened.error().detail;
    Storage& storage = **opened;
    const auto documents = now(storage.documents("client", kRealm, "", 1000));
    if (!documents.ok()) return "it cannot be read";
    std::set<std::string> names;
    for (const auto& document : *documents)
      names.insert(document.id);
    for (int i = 0; i < kTwins; ++i) {
      const std::string name = std::to_string(i);
      const auto kept = now(storage.token(hash_of(name)));
      if (!kept.ok()) return "it cannot be read";
      if (kept->has_value() != names.contains(name)) return "half of " + name + " is there";
      if (i <= answered && !kept->has_value()) return name + " was answered and is gone";
      whole += kept->has_value() ? 1u : 0u;
    }
    const auto trail = now(storage.audit(0, 1000));
    if (!trail.ok() || trail->size() != whole) return "the audit trail is of another length";
    if (!verify_audit(*trail, {}).ok()) return "the audit chain is broken";
    if (!now(storage.commit(twins(1000))).ok()) return "it cannot be written";
  }
  auto db = sqlite::Connection::open(file, "");
  if (!db.ok()) return "it cannot be opened again";
  auto rows = (*db)->query("PRAGMA integrity_check");
  if (!rows.ok() || !rows->next().ok()) return "it cannot be checked";
  return rows->text(0) == "ok" ? "" : std::string(rows->text(0));
}

TEST(SqliteCrashImages, f9_no_order_of_writes_loses_an_answer_or_leaves_a_half) {
  log::configure(log::Level::kOff, true);
  TestFolder folder;
  const std::vector<DiskStep> steps = live(folder.file("signet.db"));
  const auto syncs = std::count_if(steps.begin(), steps.end(), [](const DiskStep& step) {
    return step.kind == DiskStep::Kind::kSync && step.path.ends_with("signet.db");
  });
  ASSERT_GT(syncs, 3) << "some checkpoints are among the steps";

  const std::uint64_t seed = number_or("SIGNET_SEED", 1);
  Chance chance(seed);
  std::multiset<std::size_t> cuts;
  for (std::uint64_t i = number_or("SIGNET_CRASH_IMAGES", kImages); i > 0; --i)
    cuts.insert(chance.below(steps.size() + 1));
  PlayedDisk disk;
  std::size_t played = 0, with_answers = 0;
  for (const std::size_t cut : cuts) {
    for (; played < cut; ++played)
      disk.play(steps[played]);
    TestFolder image;
    disk.write_image(image.path(), chance);
    const std::string fault = fault_of_image(image.file("signet.db"), disk.answered());
    ASSERT_EQ(fault, "") << "cut before step " << cut << " of " << steps.size()
                         << "; again: SIGNET_SEED=" << seed;
    with_answers += disk.answered() >= 0 ? 1u : 0u;
  }
  EXPECT_GT(with_answers, cuts.size() / 2);
  log::configure(log::Level::kInfo, true);
}

TEST(SqliteCrashImages, f9_notices_a_sync_that_was_left_out) {
  log::configure(log::Level::kOff, true);
  TestFolder folder;
  std::vector<DiskStep> steps = live(folder.file("signet.db"));
  std::erase_if(steps, [](const DiskStep& step) {
    return step.kind == DiskStep::Kind::kSync && step.path.ends_with("-wal");
  });
  Chance chance(1);
  PlayedDisk disk;
  bool is_found = false;
  for (std::size_t i = 0; i < steps.size() && !is_found; ++i) {
    disk.play(steps[i]);
    if (steps[i].kind != DiskStep::Kind::kMark) continue;
    TestFolder image;
    disk.write_image(image.path(), chance);
    is_found = !fault_of_image(image.file("signet.db"), disk.answered()).empty();
  }
  EXPECT_TRUE(is_found);
  log::configure(log::Level::kInfo, true);
}

}  // namespace
}  // namespace signet::storage::test
