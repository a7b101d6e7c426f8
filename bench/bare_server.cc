// bare_server [--body BYTES] [--op NAME] [--port N]: libh2o (evloop) answering a constant body on
// loopback: the fastest exchange at hand. With --op it also does that raw crypto operation once per
// request, which makes it the limit itself rather than a sum of two measurements.
// Prints "bare_server: http://127.0.0.1:PORT" when it listens.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "raw_ops.h"

extern "C" {
#include <h2o.h>
}

namespace {

h2o_globalconf_t config;
h2o_context_t context;
h2o_accept_ctx_t accept_context;
std::string body;
std::optional<bench::RawOp> op;

int answer(h2o_handler_t*, h2o_req_t* request) {
  static h2o_generator_t generator = {nullptr, nullptr};
  if (op) op->run();
  request->res.status = 200;
  request->res.reason = "OK";
  request->res.content_length = body.size();
  h2o_add_header(&request->pool, &request->res.headers, H2O_TOKEN_CONTENT_TYPE, nullptr,
                 H2O_STRLIT("application/json"));
  h2o_start_response(request, &generator);
  h2o_iovec_t chunk = h2o_iovec_init(body.data(), body.size());
  h2o_send(request, &chunk, 1, H2O_SEND_STATE_FINAL);
  return 0;
}

void on_accept(h2o_socket_t* listener, const char* error) {
  if (error != nullptr) return;
  h2o_socket_t* socket = h2o_evloop_socket_accept(listener);
  if (socket != nullptr) h2o_accept(&accept_context, socket);
}

int listen_on(int port, int* bound_port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, generic, size) != 0 || listen(fd, 1024) != 0 ||
      getsockname(fd, generic, &size) != 0) {
    std::perror("bare_server");
    std::exit(2);
  }
  *bound_port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t body_size = 64;
  int port = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--body") body_size = std::strtoul(argv[i + 1], nullptr, 10);
    if (flag == "--op") op = bench::fastest(argv[i + 1]);
    if (flag == "--port") port = std::atoi(argv[i + 1]);
  }
  body.assign(body_size, 'x');

  h2o_config_init(&config);
  h2o_hostconf_t* host =
      h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
  h2o_pathconf_t* path = h2o_config_register_path(host, "/", 0);
  h2o_handler_t* handler = h2o_create_handler(path, sizeof(*handler));
  handler->on_req = answer;
  h2o_context_init(&context, h2o_evloop_create(), &config);
  accept_context.ctx = &context;
  accept_context.hosts = config.hosts;

  int bound = 0;
  const int fd = listen_on(port, &bound);
  h2o_socket_t* listener = h2o_evloop_socket_create(context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
  h2o_socket_read_start(listener, on_accept);
  std::printf("bare_server: http://127.0.0.1:%d\n", bound);
  std::fflush(stdout);
  while (h2o_evloop_run(context.loop, INT32_MAX) == 0) {
  }
  return 0;
}
