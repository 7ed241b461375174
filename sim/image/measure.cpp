#include "sim/image/measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "sim/image/recorder.hpp"
#include "sim/scenario/board_model.hpp"  // kFirstSample

namespace flm::sim {
namespace {
constexpr std::uint64_t reti_cycles = 4;
constexpr std::uint16_t stack_register = 0x5D;  ///< SPL; SPH follows
}  // namespace

Recorder::Recorder(const Chip& chip, std::uint32_t tick_crystal)
    : chip_(chip), tick_crystal_(tick_crystal), start_time_(chip.now()), start_cycle_(chip.cycle()) {}

void Recorder::after_step(const avr_t& avr) {
  const auto stack = static_cast<std::uint16_t>(avr.data[stack_register] | avr.data[stack_register + 1] << 8);
  if (stack == avr.ramend) stack_is_set_ = true;
  // Between the two halves of a change of the stack pointer interrupts are off, and its value means nothing.
  if (stack_is_set_ && stack < lowest_stack_ && stack > 0xFF && avr.sreg[S_I] != 0) lowest_stack_ = stack;
  if (stack_is_set_ && stack < lowest_stack_ && stack > 0xFF && !frames_.empty()) lowest_stack_ = stack;

  if (avr.sreg[S_I] != 0) {
    if (interrupts_off_since_)
      figures_.longest_interrupts_off =
          std::max(figures_.longest_interrupts_off, avr.cycle - *interrupts_off_since_);
    interrupts_off_since_.reset();
  } else if (!interrupts_off_since_ && last_conversion_) {
    interrupts_off_since_ = avr.cycle;
  }
}

void Recorder::flag_raised(int vector, std::uint64_t cycle) {
  handlers_.at(static_cast<std::size_t>(vector)).raised = cycle;
}

void Recorder::handler_begins(int vector, std::uint64_t entry, std::uint64_t first_instruction) {
  Handler& handler = handlers_.at(static_cast<std::size_t>(vector));
  if (handler.raised)
    handler.worst_latency = std::max(handler.worst_latency, first_instruction - *handler.raised);
  handler.raised.reset();
  frames_.push_back({vector, entry, 0});
}

void Recorder::handler_ends(int vector, std::uint64_t cycle) {
  if (frames_.empty() || frames_.back().vector != vector) return;
  const Frame frame = frames_.back();
  frames_.pop_back();
  const std::uint64_t whole = cycle + reti_cycles - frame.entry;
  const std::uint64_t own = whole - frame.nested;
  cycles_in_handlers_ += own;
  handlers_.at(static_cast<std::size_t>(vector)).runs.push_back(static_cast<std::uint32_t>(own));
  if (!frames_.empty()) frames_.back().nested += whole;
}

void Recorder::conversion_starts(CrystalTime start, int input) {
  ++figures_.conversions;
  const Clock& clock = chip_.clock();
  // The grid begins at kFirstSample; a conversion before it warms the converter up.
  if (clock.nanoseconds(start) + kFirstSample / 8 < kFirstSample) return;
  const std::int64_t tick = clock.nearest_grid_point(start, kFirstSample, tick_crystal_);
  const CrystalTime nominal = clock.crystal(kFirstSample) + tick * CrystalTime{tick_crystal_};
  figures_.off_grid = std::max(figures_.off_grid, static_cast<std::uint64_t>(std::llabs(start - nominal)));
  if (last_conversion_) {
    const CrystalTime interval = start - *last_conversion_;
    shortest_interval_ = shortest_interval_ == 0 ? interval : std::min(shortest_interval_, interval);
    longest_interval_ = std::max(longest_interval_, interval);
  }
  if (last_conversion_ && input == last_input_) ++figures_.repeated_inputs;
  last_conversion_ = start;
  last_input_ = input;
}

void Recorder::spi_byte_begins(CrystalTime) {
  if (unanswered_byte_) ++figures_.spi_underruns;
  unanswered_byte_.reset();
}

void Recorder::spi_byte_ends(CrystalTime time, std::uint8_t byte, bool overrun) {
  ++figures_.spi_bytes;
  if (overrun) ++figures_.spi_overruns;
  unanswered_byte_ = time;
  if (byte == '.') message_end_ = time;
}

void Recorder::spi_data_written(CrystalTime time) {
  if (!unanswered_byte_) return;
  figures_.worst_spi_answer =
      std::max(figures_.worst_spi_answer, chip_.clock().nanoseconds(time - *unanswered_byte_));
  unanswered_byte_.reset();
}

void Recorder::led_goes_dark(CrystalTime time) {
  if (!message_end_) return;
  ++figures_.messages;
  figures_.worst_reply = std::max(figures_.worst_reply, chip_.clock().nanoseconds(time - *message_end_));
  message_end_.reset();
}

const Measurements& Recorder::figures() {
  const Clock& clock = chip_.clock();
  figures_.duration = clock.nanoseconds(chip_.now() - start_time_);
  figures_.cycles = chip_.cycle() - start_cycle_;
  figures_.interrupts.clear();
  for (int number = 0; number < vector::count; ++number) {
    Handler& handler = handlers_.at(static_cast<std::size_t>(number));
    if (handler.runs.empty()) continue;
    std::vector<std::uint32_t> runs = handler.runs;
    std::sort(runs.begin(), runs.end());
    figures_.interrupts[vector::name(number)] = {runs.size(), runs.front(), runs[runs.size() / 2],
                                                 runs.back(), handler.worst_latency};
  }
  figures_.interrupt_share =
      figures_.cycles == 0 ? 0.0
                           : static_cast<double>(cycles_in_handlers_) / static_cast<double>(figures_.cycles);
  figures_.samples_per_second =
      figures_.duration == 0 ? 0.0
                             : static_cast<double>(figures_.conversions) / 3.0 / seconds(figures_.duration);
  figures_.start_jitter = static_cast<std::uint64_t>(longest_interval_ - shortest_interval_);
  if (lowest_stack_ <= chip_.avr()->ramend)
    figures_.deepest_stack = static_cast<std::uint32_t>(chip_.avr()->ramend - lowest_stack_);
  return figures_;
}

std::string describe(const Measurements& m) {
  std::string text;
  const auto line = [&text](std::string_view what, const std::string& value) {
    text += fmt::format("{:<44}{}\n", what, value);
  };
  for (const auto& [name, times] : m.interrupts)
    line(fmt::format("interrupt {}", name),
         fmt::format("{} runs of {} / {} / {} cycles (min / median / max), worst latency {}", times.count,
                     times.min, times.median, times.max, times.worst_latency));
  line("time in interrupts", fmt::format("{:.1f} %", 100.0 * m.interrupt_share));
  line("samples a second and clamp", fmt::format("{:.1f}", m.samples_per_second));
  line("jitter of the sampling instant",
       fmt::format("{} cycles, {} off the grid", m.start_jitter, m.off_grid));
  line("missed triggers, repeated inputs", fmt::format("{}, {}", m.missed_triggers, m.repeated_inputs));
  line("interrupts off, longest", fmt::format("{} cycles", m.longest_interrupts_off));
  line("deepest stack", fmt::format("{} B", m.deepest_stack));
  line("SPI byte to answer, worst", fmt::format("{:.1f} us", static_cast<double>(m.worst_spi_answer) * 1e-3));
  line("SPI bytes, collisions, overruns, underruns",
       fmt::format("{}, {}, {}, {}", m.spi_bytes, m.spi_collisions, m.spi_overruns, m.spi_underruns));
  line("messages, worst time to a reply",
       fmt::format("{}, {:.2f} ms", m.messages, static_cast<double>(m.worst_reply) * 1e-6));
  return text;
}

}  // namespace flm::sim
