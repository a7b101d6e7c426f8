// The server of test_server.h. Named as a test so that it is part of the test program alone.

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "storage/postgres/test_server.h"

namespace signet::storage::postgres::test {
namespace {

namespace fs = std::filesystem;

std::string find_binaries() {
  std::vector<std::string> folders;
  if (const char* named = std::getenv("SIGNET_POSTGRES_BIN")) folders.emplace_back(named);
  std::error_code ec;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ec))
    folders.push_back((version.path() / "bin").string());
  folders.emplace_back("/usr/local/bin");
  folders.emplace_back("/usr/bin");
  for (const auto& folder : folders)
    if (fs::exists(folder + "/postgres", ec) && fs::exists(folder + "/initdb", ec)) return folder;
  return {};
}

const std::string& binaries() {
  static const std::string found = find_binaries();
  return found;
}

// PostgreSQL refuses to run as root.
const passwd* other_user() {
  if (::geteuid() != 0) return nullptr;
  for (const char* name : {"postgres", "nobody"})
    if (const passwd* user = ::getpwnam(name)) return user;
  return nullptr;
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "test server: %s\n", why.c_str());
  std::abort();
}

void pause_briefly() {
  ::poll(nullptr, 0, 10);
}

}  // namespace

TestServer& TestServer::shared() {
  static TestServer server;
  return server;
}

const std::string& TestServer::missing() {
  static const std::string why = binaries().empty() ? "PostgreSQL is not installed"
                                 : ::geteuid() == 0 && other_user() == nullptr
                                     ? "PostgreSQL refuses root and there is nobody"
                                     : "";
  return why;
}

TestServer::TestServer() {
  if (const passwd* user = other_user())
    if (::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0) give_up("chown");
  const pid_t made = spawn({"initdb", "-D", folder_.file("data"), "-U", "postgres", "-A", "trust",
                            "-E", "UTF8", "--locale=C", "--no-sync"});
  int status = 0;
  ::waitpid(made, &status, 0);
  if (status != 0) give_up("initdb failed");
  std::ofstream(folder_.file("data") + "/pg_hba.conf") << "local all locked scram-sha-256\n"
                                                          "local all all trust\n";
  start();
}

TestServer::~TestServer() {
  if (pid_ == 0) return;
  thaw();
  ::kill(pid_, SIGQUIT);
  ::waitpid(pid_, nullptr, 0);
}

pid_t TestServer::spawn(const std::vector<std::string>& arguments) const {
  const std::string program = binaries() + "/" + arguments.front();
  std::vector<char*> argv;
  for (const auto& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const std::string log = folder_.file("log");
  const passwd* user = other_user();
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::setsid();
  if (user != nullptr &&
      (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0))
    ::_exit(126);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, 1);
  ::dup2(out, 2);
  ::execv(program.c_str(), argv.data());
  ::_exit(127);
}

bool TestServer::answers() const {
  PGconn* connection = PQconnectdb(conninfo("postgres").c_str());
  const bool good = PQstatus(connection) == CONNECTION_OK;
  PQfinish(connection);
  return good;
}

void TestServer::start() {
  pid_ = spawn({"postgres", "-D", folder_.file("data"), "-k", folder_.path().string(), "-c",
                "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=16MB"});
  for (int i = 0; i < 3000 && !answers(); ++i) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) give_up("postgres did not start");
    pause_briefly();
  }
}

void TestServer::stop() {
  ::kill(pid_, SIGINT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::vector<pid_t> TestServer::processes() const {
  std::vector<pid_t> found{pid_};
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos)
      continue;
    std::ifstream stat(entry.path() / "stat");
    std::string text;
    std::getline(stat, text);
    int parent = 0;
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) continue;
    if (std::sscanf(text.c_str() + name_end + 1, " %*c %d", &parent) == 1 && parent == pid_)
      found.push_back(std::atoi(entry.path().filename().c_str()));
  }
  return found;
}

// Until all of them have stopped: a signal takes a moment, and a process may start meanwhile.
void TestServer::freeze() {
  const auto has_stopped = [](pid_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(stat, text);
    const std::size_t name_end = text.rfind(')');
    // One that ended just now stays a zombie: its parent, which would bury it, has stopped.
    return name_end == std::string::npos || text.compare(name_end, 3, ") T") == 0 ||
           text.compare(name_end, 3, ") Z") == 0;
  };
  for (bool all = false; !all;) {
    all = true;
    for (const pid_t pid : processes()) {
      if (has_stopped(pid)) continue;
      all = false;
      ::kill(pid, SIGSTOP);
    }
    std::this_thread::yield();
  }
}

void TestServer::thaw() {
  for (const pid_t pid : processes())
    ::kill(pid, SIGCONT);
}

std::string TestServer::make_database() {
  const std::string name = "test" + std::to_string(++databases_);
  run("postgres", "CREATE DATABASE " + name);
  return name;
}

std::string TestServer::conninfo(const std::string& database, const std::string& user) const {
  return "postgresql:///" + database + "?host=" + folder_.path().string() + "&user=" + user;
}

std::string TestServer::run(const std::string& database, const std::string& sql) const {
  PGconn* connection = PQconnectdb(conninfo(database).c_str());
  const ResultPtr result(PQexec(connection, sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    give_up(sql + ": " + PQerrorMessage(connection));
  std::string first;
  if (PQntuples(result.get()) > 0) first = PQgetvalue(result.get(), 0, 0);
  PQfinish(connection);
  return first;
}

}  // namespace signet::storage::postgres::test
