// The push button of the main board, a key of a Linux input device.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace boost::asio {
class io_context;
}

namespace flm::flmd {

/// How long the button was held: the manual's ranges. A press between two of them means nothing, so that a
/// hand that hesitates does no harm.
enum class Press { short_, middle, long_ };
inline constexpr std::chrono::seconds press_ranges[][2] = {
    {std::chrono::seconds(2), std::chrono::seconds(5)},
    {std::chrono::seconds(10), std::chrono::seconds(30)},
    {std::chrono::seconds(60), std::chrono::seconds(120)}};
std::optional<Press> press_of(std::chrono::microseconds held);

/// Tells of each press that means something, when the button is released; its length is taken from the
/// kernel's times of the events, whatever the loop does meanwhile. A device that is absent, or goes, costs
/// one line of the log, and is tried again; another line says that it is back.
class Button {
 public:
  using Log = std::function<void(const std::string& line)>;
  struct Options {
    std::filesystem::path device;      ///< /dev/input/event0
    std::optional<std::uint16_t> key;  ///< the code in <linux/input-event-codes.h>; absent: any key
    std::chrono::milliseconds again{10'000};
  };
  /// `pressed` and `log` are called on the loop.
  Button(boost::asio::io_context&, Options, std::function<void(Press)> pressed, Log log);
  ~Button();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flm::flmd
