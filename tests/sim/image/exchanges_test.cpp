// The exchanges of tests/protocol/recorded_exchanges.hpp, asked of the AVR images.
#include <catch2/catch.hpp>
#include <string>

#include "sim/image/image_engine.hpp"
#include "sim/world/environment.hpp"
#include "tests/protocol/recorded_exchanges.hpp"
#include "tests/sim/stock_host.hpp"

using namespace flm::sim;
using namespace flm::test;

namespace {

/// An image with nothing on its inputs, and a host with the board's own timing.
class ImageOnLink {
 public:
  explicit ImageOnLink(const std::string& name)
      : scenario_(empty(name)),
        board_(board_model(name)),
        environment_(scenario_, board_),
        engine_(board_, environment_, std::string(FLM_IMAGE_DIR) + "/" + name + ".elf"),
        host_(board_, engine_) {
    host_.wait_until(200'000'000);
  }

  template <std::size_t Count>
  void replay(const Exchange (&exchanges)[Count]) {
    for (const Exchange& exchange : exchanges) {
      CAPTURE(exchange.written);
      host_.link.send(exchange.written);
      // A commit is answered when everything is stored, within the half second that a host waits.
      host_.wait_until(host_.now() +
                       (std::string(exchange.written) == "lct96." ? 500'000'000 : board_.reply_wait.count()));
      CHECK(host_.link.read() == exchange.read);
    }
  }

 private:
  static Scenario empty(const std::string& name) {
    Scenario scenario;
    scenario.board = name;
    scenario.duration = 60.0;
    return scenario;
  }

  Scenario scenario_;
  const BoardModel& board_;
  Environment environment_;
  ImageEngine engine_;
  flm::test::StockHost host_;
};

}  // namespace

TEST_CASE("the FLM02B image answers every recorded exchange byte for byte") {
  ImageOnLink board("flm02b");
  board.replay(on_flm02b);
  board.replay(on_both_boards);
}

TEST_CASE("the FLM02A image answers every recorded exchange byte for byte") {
  ImageOnLink board("flm02a");
  board.replay(on_flm02a);
  board.replay(on_both_boards);
}
