#include "sim/image/chip/timers.hpp"

namespace flm::sim {

Timers::Timers(Chip& chip) : chip_(chip) {
  for (Timer& timer : timers_) timer.write_control = chip.on_write<&Timers::write>(timer.control, this);
}

void Timers::write(std::uint16_t address, std::uint8_t value) {
  constexpr unsigned clock_select = 7;
  for (Timer& timer : timers_) {
    if (timer.control != address) continue;
    const unsigned before = chip_.data(address);
    avr_t* avr = chip_.avr();
    auto& counter = avr->io[AVR_DATA_TO_IO(timer.counter)];
    const std::uint8_t low = counter.r.c(avr, timer.counter, counter.r.param);  // fills both bytes
    const std::uint8_t high =
        timer.wide ? chip_.data(static_cast<std::uint16_t>(timer.counter + 1)) : std::uint8_t{0};
    timer.write_control(chip_, address, value);
    if ((before & clock_select) == 0 || (value & clock_select) == 0 || before == value) continue;
    if (timer.wide) chip_.data(static_cast<std::uint16_t>(timer.counter + 1)) = high;
    counter.w.c(avr, timer.counter, low, counter.w.param);
  }
}

}  // namespace flm::sim
