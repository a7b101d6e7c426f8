// bench_seeder --url sqlite:PATH --client ID [--realm root] --clients N --realms M
// bench_seeder --url sqlite:PATH --resource-server NAME [--realm root] --resource-servers N
//
// Fills a database through the storage interface, in transactions of 10,000 documents: copies of
// one client (c0, c1, ... spread over the realms r0, r1, ...) and of the realm it lives in. The
// pattern client is one that the server itself has written, so this program knows nothing of the
// secret's form. Resource servers are copied likewise, within their realm. The server must not be
// running.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "async/task.h"
#include "storage/catalog.h"
#include "storage/storage.h"

namespace {

using namespace std::string_literals;

constexpr std::size_t kPerTransaction = 10'000;

class Filler {
 public:
  explicit Filler(signet::storage::Storage& storage) : storage_(storage) {}
  bool add(std::string kind, std::string realm, std::string id, std::string text) {
    signet::storage::Document document;
    document.kind = std::move(kind);
    document.realm = signet::RealmName(std::move(realm));
    document.id = std::move(id);
    document.text = std::move(text);
    pending_.push_back(signet::storage::PutDocument{std::move(document), std::nullopt});
    return pending_.size() < kPerTransaction || flush();
  }
  bool flush() {
    signet::storage::Transaction full;
    full.swap(pending_);
    const auto done = signet::async::run_now(storage_.commit(std::move(full)));
    if (!done.ok()) std::fprintf(stderr, "bench_seeder: %s\n", done.error().detail.c_str());
    return done.ok();
  }

 private:
  signet::storage::Storage& storage_;
  signet::storage::Transaction pending_;
};

/// `text` with every `"name":"from"` made `"name":"to"`.
std::string renamed(std::string text, const std::string& name, const std::string& from,
                    const std::string& to) {
  const std::string old_member = "\"" + name + "\":\"" + from + "\"";
  const std::string new_member = "\"" + name + "\":\"" + to + "\"";
  for (std::size_t at = text.find(old_member); at != std::string::npos;
       at = text.find(old_member, at + new_member.size())) {
    text.replace(at, old_member.size(), new_member);
  }
  return text;
}

int copy_resource_servers(signet::storage::Storage& storage, const std::string& realm,
                          const std::string& name, long count) {
  const auto pattern =
      signet::async::run_now(storage.document("resource_server", signet::RealmName(realm), name));
  if (!pattern.ok() || !pattern->has_value()) {
    std::fprintf(stderr, "bench_seeder: the pattern is not in the database\n");
    return 2;
  }
  const std::string text = (*pattern)->text;
  Filler filler(storage);
  for (long i = 0; i < count; ++i) {
    const std::string copy = name + std::to_string(i);
    if (!filler.add("resource_server", realm, copy, renamed(text, "name", name, copy))) return 1;
  }
  if (!filler.flush()) return 1;
  std::printf("bench_seeder: %ld resource servers\n", count);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string url, client, resource_server, realm = "root";
  long clients = 1000, realms = 10, resource_servers = 1000;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--url") url = argv[i + 1];
    if (flag == "--client") client = argv[i + 1];
    if (flag == "--realm") realm = argv[i + 1];
    if (flag == "--clients") clients = std::atol(argv[i + 1]);
    if (flag == "--resource-server") resource_server = argv[i + 1];
    if (flag == "--resource-servers") resource_servers = std::atol(argv[i + 1]);
    if (flag == "--realms") realms = std::atol(argv[i + 1]);
  }
  const signet::SystemClock clock;
  auto opened = signet::storage::open(url, clock);
  if (!opened.ok()) {
    std::fprintf(stderr, "bench_seeder: %s\n", opened.error().detail.c_str());
    return 2;
  }
  auto& storage = **opened;
  if (!resource_server.empty())
    return copy_resource_servers(storage, realm, resource_server, resource_servers);
  auto pattern =
      signet::async::run_now(storage.document("client", signet::RealmName(realm), client));
  // A realm's own document may be filed under its name or globally; the first that is there is
  // used.
  std::string realm_of_realms = realm;
  auto house = signet::async::run_now(storage.document("realm", signet::RealmName(realm), realm));
  if (house.ok() && !house->has_value()) {
    realm_of_realms.clear();
    house = signet::async::run_now(storage.document("realm", signet::RealmName(), realm));
  }
  if (!pattern.ok() || !pattern->has_value() || !house.ok() || !house->has_value()) {
    std::fprintf(stderr, "bench_seeder: the pattern client or its realm is not in the database\n");
    return 2;
  }
  const std::string client_text = (*pattern)->text, realm_text = (*house)->text;
  Filler filler(storage);
  for (long i = 0; i < realms; ++i) {
    const std::string name = "r" + std::to_string(i);
    if (!filler.add("realm", realm_of_realms.empty() ? ""s : name, name,
                    renamed(realm_text, "name", realm, name))) {
      return 1;
    }
  }
  for (long i = 0; i < clients; ++i) {
    const std::string id = "c" + std::to_string(i), home = "r" + std::to_string(i % realms);
    if (!filler.add("client", home, id, renamed(client_text, "client_id", client, id))) return 1;
  }
  if (!filler.flush()) return 1;
  std::printf("bench_seeder: %ld clients in %ld realms\n", clients, realms);
  return 0;
}
