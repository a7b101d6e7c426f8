// slow_transit [--delay-ms N]: a remote signer: as much of Vault's transit engine as a signing
// store asks for, with one P-256 key. Each signature is real, made when it is asked for and
// answered N milliseconds (20) after the question arrived, however many are under way. Prints its
// port when it listens.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace {

using Clock = std::chrono::steady_clock;

void need(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::exit(2);
}

/// The key, with what is prepared of it.
class Box {
 public:
  Box() : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")) {
    need(key_ != nullptr, "key");
    context_ = EVP_PKEY_CTX_new_from_pkey(nullptr, key_, nullptr);
    need(context_ != nullptr && EVP_PKEY_sign_init(context_) == 1, "context");
  }

  /// The member "data" that answers a request.
  std::string data(std::string_view path, std::string_view body) const {
    if (path.starts_with("/v1/transit/sign/")) return signature(body);
    if (path.starts_with("/v1/transit/keys/")) return description();
    if (path.starts_with("/v1/auth/token/lookup-self"))
      return R"({"ttl":0,"renewable":false,"policies":["signet"]})";
    return R"({"type":"transit","options":null})";
  }

 private:
  std::string signature(std::string_view body) const {
    constexpr std::string_view member = "\"input\":\"";
    const std::size_t at = body.find(member);
    need(at != body.npos, "a question without input");
    const std::string_view input = body.substr(at + member.size(), 44);  // of 32 bytes
    unsigned char digest[33], der[80];
    std::size_t size = sizeof(der);
    need(
        input.size() == 44 &&
            EVP_DecodeBlock(digest, reinterpret_cast<const unsigned char*>(input.data()), 44) == 33,
        "a question without a digest");
    need(EVP_PKEY_sign(context_, der, &size, digest, 32) == 1, "signature");
    const unsigned char* from = der;
    ECDSA_SIG* const pair = d2i_ECDSA_SIG(nullptr, &from, static_cast<long>(size));
    need(pair != nullptr, "signature");
    unsigned char raw[66] = {}, text[89];
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32);
    ECDSA_SIG_free(pair);
    EVP_EncodeBlock(text, raw, 66);
    std::string url(reinterpret_cast<const char*>(text), 86);  // 64 bytes, without padding
    for (char& c : url)
      c = c == '+' ? '-' : c == '/' ? '_' : c;
    return R"({"signature":"vault:v1:)" + url + R"(","key_version":1})";
  }

  std::string description() const {
    BIO* const memory = BIO_new(BIO_s_mem());
    need(memory != nullptr && PEM_write_bio_PUBKEY(memory, key_) == 1, "public key");
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory, &text);
    std::string pem;
    for (const char c : std::string_view(text, static_cast<std::size_t>(size)))
      c == '\n' ? pem += "\\n" : pem += c;
    BIO_free(memory);
    return R"({"type":"ecdsa-p256","latest_version":1,"min_decryption_version":1,"derived":false,)"
           R"("keys":{"1":{"public_key":")" +
           pem + R"(","creation_time":"2026-01-01T00:00:00Z"}}})";
  }

  EVP_PKEY* key_;
  EVP_PKEY_CTX* context_ = nullptr;
};

struct Late {
  Clock::time_point due;
  int fd;
  std::uint64_t connection;  ///< a descriptor may be another's by then
  std::string answer;
};

class Server {
 public:
  explicit Server(std::chrono::milliseconds delay) : delay_(delay) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    need(listener_ >= 0 && bind(listener_, generic, size) == 0 && listen(listener_, 256) == 0 &&
             getsockname(listener_, generic, &size) == 0,
         "listen");
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    watch(listener_);
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
  }

  [[noreturn]] void run() {
    for (;;) {
      timespec wait{};
      const auto left = late_.empty() ? Clock::duration::zero() : late_.front().due - Clock::now();
      wait.tv_nsec = std::max<long>(0, std::chrono::nanoseconds(left).count());
      epoll_event events[64];
      const int found = epoll_pwait2(epoll_, events, 64, late_.empty() ? nullptr : &wait, nullptr);
      const auto now = Clock::now();
      for (int i = 0; i < found; ++i) {
        if (events[i].data.fd == listener_) {
          accept_one();
        } else {
          read(events[i].data.fd, now);
        }
      }
      for (; !late_.empty() && late_.front().due <= Clock::now(); late_.pop_front())
        answer(late_.front());
    }
  }

 private:
  struct Connection {
    std::uint64_t number;
    std::string received;
  };

  void watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    need(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
  }

  void accept_one() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    connections_[fd] = {++accepted_, {}};
    watch(fd);
  }

  void read(int fd, Clock::time_point now) {
    char buffer[16 * 1024];
    const ssize_t size = ::recv(fd, buffer, sizeof(buffer), 0);
    if (size <= 0) {
      connections_.erase(fd);
      ::close(fd);
      return;
    }
    Connection& connection = connections_[fd];
    connection.received.append(buffer, static_cast<std::size_t>(size));
    while (take_one(fd, connection, now)) {
    }
  }

  /// Answers the first request of what came. False if it is not whole yet.
  bool take_one(int fd, Connection& connection, Clock::time_point now) {
    const std::string_view all = connection.received;
    const std::size_t end = all.find("\r\n\r\n");
    if (end == all.npos) return false;
    const std::string_view head = all.substr(0, end);
    std::size_t length = 0;
    for (std::size_t at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2)) {
      if (strncasecmp(head.data() + at + 2, "content-length:", 15) == 0)
        length = std::strtoul(head.data() + at + 17, nullptr, 10);
    }
    if (all.size() < end + 4 + length) return false;
    const std::size_t from = head.find(' ') + 1;
    const std::string_view path = head.substr(from, head.find(' ', from) - from);
    const std::string body = R"({"data":)" + box_.data(path, all.substr(end + 4, length)) + "}";
    Late made{now + (path.starts_with("/v1/transit/sign/") ? delay_ : Clock::duration::zero()), fd,
              connection.number,
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body};
    connection.received.erase(0, end + 4 + length);
    if (made.due == now) {
      answer(made);
    } else {
      late_.push_back(std::move(made));
    }
    return true;
  }

  void answer(const Late& late) const {
    const auto found = connections_.find(late.fd);
    if (found == connections_.end() || found->second.number != late.connection) return;
    const ssize_t sent = ::send(late.fd, late.answer.data(), late.answer.size(), MSG_NOSIGNAL);
    need(sent == static_cast<ssize_t>(late.answer.size()) || sent < 0, "a short write");
  }

  Clock::duration delay_;
  Box box_;
  int listener_ = -1, epoll_ = -1;
  std::uint64_t accepted_ = 0;
  std::map<int, Connection> connections_;
  std::deque<Late> late_;  ///< all wait equally long, so the first is due first
};

}  // namespace

int main(int argc, char** argv) {
  long delay = 20;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string_view(argv[i]) == "--delay-ms") delay = std::atol(argv[i + 1]);
  }
  Server(std::chrono::milliseconds(delay)).run();
}
