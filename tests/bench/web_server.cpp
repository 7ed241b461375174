// A server with a sensor's minute window, as flmd answers it, for wrk: prints its address, runs until it is
// ended.
//   web_server [ADDRESS]
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <string>

#include "tools/common/input_error.hpp"
#include "tools/web/server.hpp"

int main(int argc, char** argv) {
  using namespace flm::web;
  std::string window = "[";  // 60 pairs, some 1 kB: what a page asks once a second
  for (int second = 0; second < 60; ++second)
    window += (second ? ",[" : "[") + std::to_string(1459065120 + second) + "," +
              std::to_string(150 + second) + "]";
  window += "]";
  Router router;
  router.get("/sensor/{sid}",
             [&](const Request& request) {
               if (request.parameter("sid").size() != 32) throw HttpError(404, "no such sensor");
               if (request.query("version") != "1.0" || request.query("interval") != "minute" ||
                   request.query("unit") != "watt")
                 throw HttpError(400, "version=1.0, interval=minute and unit=watt are required");
               return jsonp(request, window);
             },
             {.any_origin = true});
  try {
    boost::asio::io_context io(1);
    Server server(io, std::move(router));
    server.listen(argc > 1 ? argv[1] : "127.0.0.1:0");
    std::printf("%s\n", server.addresses()[0].c_str());
    std::fflush(stdout);
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](auto, int) { server.stop(); });
    io.run();
  } catch (const flm::InputError& error) {
    std::fprintf(stderr, "web_server: %s\n", error.what());
    return 2;
  }
}
