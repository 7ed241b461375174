#include "tools/calibration/procedure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <utility>

#include "firmware/metering/estimator.hpp"
#include "tools/calibration/fit/constant.hpp"
#include "tools/calibration/fit/prediction.hpp"
#include "tools/calibration/fit/shape.hpp"
#include "tools/calibration/fit/zero.hpp"
#include "tools/calibration/readings.hpp"
#include "tools/common/system/utc.hpp"
#include "tools/mainboard/board/transaction.hpp"
#include "tools/mainboard/link/link_text.hpp"

namespace flm::calibration {

using namespace std::chrono_literals;
namespace {

constexpr double form_factor = 1.110721;    ///< RMS over mean of a rectified sine
constexpr double watts_per_count = 2.4e-3;  ///< of the mean, and a meter constant of 1: 1 nWh in 1.5 ms
constexpr double slack_of_a_load =
    0.005;  ///< that a steady load may have drifted by from one reading to the next
constexpr double slack_of_a_shape = 0.001;  ///< that a sine of the mains may have changed its shape by
constexpr double slack_of_a_comparison = 0.001;
constexpr double coarsest_gain = 0.05;  ///< uncertainty of a gain that is still set

Record begin_record(const char* kind, const ClampSensor& clamp) {
  Record record;
  record.time = utc_now();
  record.kind = kind;
  record.sensor = clamp.sensor + 1;
  record.has_watts = true;
  return record;
}

int get_clamp(Board& board, char letter, int clamp) {
  return static_cast<int>(board.get(letter, clamp).at(0));
}

/// The line that sets it.
std::string line_of(const Change& change, int value) {
  return fmt::format("{} {}", change.command, to_wire16(value));
}

/// False when that goes wrong as well.
bool put_back(mainboard::Transaction& transaction) {
  try {
    transaction.put_back();
    return true;
  } catch (
      const std::exception&) {  // The reason is the one that it had to be put back for: the link is gone.
    return false;
  }
}

/// "sm 0 4917 (before: 5163), ...".
std::string list_of(const std::vector<Change>& changes) {
  std::string list;
  for (const Change& change : changes)
    list += fmt::format("{}{} (before: {})", list.empty() ? "" : ", ", line_of(change, change.after),
                        to_wire16(change.before));
  return list;
}

/// Sets and commits the changes and verifies them; whatever goes wrong on the way, what was set goes back to
/// what it was. A board that cannot store it keeps it until its next reset.
template <class Verify>
void set_and_verify(Board& board, const std::vector<Change>& changes, Verify verify) {
  mainboard::Transaction transaction(board);
  try {
    for (const Change& change : changes)
      transaction.set(message_of(line_of(change, change.after)),
                      message_of(line_of(change, change.before)).values);
    transaction.read_back();
    transaction.commit();
    verify();
  } catch (const mainboard::NotStored& error) {
    throw BoardRefused(fmt::format("{}: {}", error.what(), list_of(changes)));
  } catch (const std::exception&) {
    if (put_back(transaction)) throw;
    std::throw_with_nested(NotPutBack(fmt::format(
        "what was set could not be put back, and the board may have kept it: {}. 'flmctl raw' sets it, "
        "'flmctl raw ct' saves it",
        list_of(changes))));
  }
}

/// Says what would change, and asks; false when nothing is to be done.
bool agreed(Dialogue& person, const Record& record) {
  bool changes = false;
  for (const Change& change : record.changes) {
    if (change.before != change.after) changes = true;
    person.say(fmt::format("{}: {} -> {}   ({})", change.setting, change.before, change.after,
                           line_of(change, change.after)));
  }
  if (!changes) {
    person.say("nothing would change");
    return true;
  }
  if (person.confirm("Set this?")) return true;
  person.say("nothing has changed");
  return false;
}

void note(Dialogue& person, Record& record, std::string remark) {
  person.say("note: " + remark);
  record.remarks.push_back(std::move(remark));
}

/// Complains when the next readings are further off than `allowed`, or than before by more than they are
/// known to.
void check_verified(const Record& record, double allowed, const char* question) {
  const double after = std::abs(record.verified_error);
  if (after > allowed)
    throw CalibrationError(
        fmt::format("after it the error is {}; allowed: {:.2f} %. {} The settings are as before",
                    signed_percent(record.verified_error), percent(allowed), question));
  if (after - record.verified_uncertainty > std::abs(record.error_before))
    throw CalibrationError(fmt::format(
        "after it the error is {}, and before it was {}: it is worse. {} The settings are as before",
        signed_percent(record.verified_error), signed_percent(record.error_before), question));
}

/// Questions an error that is larger than a clamp's, its burden's and the mains' voltage make together: 5, 3
/// and 10 %.
void question_size(Dialogue& person, Record& record, const char* reference) {
  constexpr double usual = 0.2;
  if (record.error_before > usual || record.error_before < -usual)
    note(person, record,
         fmt::format("{} is more than a clamp is wrong by: are {}, and the sensor's voltage and current, as "
                     "the configuration says? "
                     "What is set makes up for whatever it is",
                     signed_percent(record.error_before), reference));
}

/// Where the other calibrations begin: what they find depends on the smoother's time constant. Says so of a
/// board that still assumes it.
void recommend_shape(Board& board, Dialogue& person, const ClampSensor& sensor) {
  const bool assumed = std::any_of(sensor.clamps.begin(), sensor.clamps.end(), [&](int clamp) {
    return get_clamp(board, 't', clamp) == metering::uncalibrated.tau_us;
  });
  if (assumed)
    person.say(
        fmt::format("this board is not calibrated yet: begin with 'flmctl calibrate shape', a kettle or "
                    "heater on the clamp. Its smoother "
                    "is taken for {} us, as drawn; one that is a fifth off costs 3 % of a heater's power and "
                    "17 % of a charger's",
                    metering::uncalibrated.tau_us));
}

Change constant_change(const ClampSensor& clamp, const ConstantChange& constant) {
  return {fmt::format("meter constant of sensor {}", clamp.sensor + 1), fmt::format("sm {}", clamp.sensor),
          constant.before, constant.after};
}

}  // namespace

std::optional<Record> calibrate_zero(Board& board, Dialogue& person, const Options& options) {
  constexpr double nothing_w = 0.5;  // a reading that a person sees as 0 W
  const Setup setup = read_setup(board);
  const ClampSensor& sensor = choose_clamp(setup, options.sensor);
  recommend_shape(board, person, sensor);
  Record record = begin_record("zero", sensor);
  record.reference = "no load";
  double expected_w = 0, unnoticed_w = 0;
  for (const int clamp : sensor.clamps) {
    const std::vector<RawWindow> windows = raw_windows(board, person, clamp, options.seconds);
    const ZeroFit fit = fit_zero(windows);
    const int offset = from_wire16(get_clamp(board, 'o', clamp)), noise = get_clamp(board, 'n', clamp);
    const ClampSettings settings = {static_cast<std::uint16_t>(get_clamp(board, 't', clamp)), fit.noise_q10,
                                    fit.offset_q8, sensor.constant};
    for (const RawWindow& window : windows)
      expected_w += predicted_watts(window, settings, setup.letter) / static_cast<double>(windows.size());
    unnoticed_w = std::max(unnoticed_w, fit.least_mean * watts_per_count * sensor.constant);
    person.say(
        fmt::format("clamp {}: code at no current {:.2f} +- {:.2f} (was taken for {:.2f}), noise {:.2f} "
                    "counts RMS (was {:.2f})",
                    clamp + 1, fit.offset, fit.offset_uncertainty, offset / 256.0, std::sqrt(fit.variance),
                    std::sqrt(noise / 1024.0)));
    record.changes.push_back({fmt::format("code at no current of clamp {}, 1/256", clamp + 1),
                              fmt::format("so {}", clamp), offset, fit.offset_q8});
    record.changes.push_back({fmt::format("noise of clamp {}, 1/1024 count^2", clamp + 1),
                              fmt::format("sn {}", clamp), noise, fit.noise_q10});
  }
  const auto mean_power = [&] {
    constexpr int seconds = 5;
    double sum = 0;
    for (const double watt : clamp_powers(board, person, sensor, seconds)) sum += watt;
    return sum / seconds;
  };
  record.before_w = mean_power();
  person.say(fmt::format("without load the board reads {:.1f} W; expected after: {:.1f} W", record.before_w,
                         expected_w));
  note(person, record,
       fmt::format("a load below {:.0f} W that was left on is not noticed, and would be taken for no load",
                   std::ceil(unnoticed_w)));
  if (expected_w > record.before_w + nothing_w)
    throw CalibrationError(
        fmt::format("it would read {:.1f} W without load, and reads {:.1f} W now: it would be worse. The "
                    "settings are as before",
                    expected_w, record.before_w));
  if (!agreed(person, record)) return std::nullopt;
  set_and_verify(board, record.changes, [&] {
    record.verified_w = mean_power();
    record.verified = record.verified_w < nothing_w;
    if (record.verified_w > record.before_w + nothing_w)
      throw CalibrationError(
          fmt::format("after it the board reads {:.1f} W without load, and before it read {:.1f} W: it is "
                      "worse. The settings "
                      "are as before",
                      record.verified_w, record.before_w));
    if (record.verified)
      person.say(fmt::format("verified: {:.1f} W without load", record.verified_w));
    else
      note(person, record,
           fmt::format(
               "it still reads {:.1f} W without load: is a load left on, or a cable close to the clamp?",
               record.verified_w));
  });
  return record;
}

std::optional<Record> calibrate_gain(Board& board, Dialogue& person, const Options& options,
                                     ReferencePower reference) {
  const Setup setup = read_setup(board);
  const ClampSensor& sensor = choose_clamp(setup, options.sensor);
  recommend_shape(board, person, sensor);
  Record record = begin_record("gain", sensor);
  record.reference = fmt::format("{:g} W +- {:g} W", reference.watt, reference.half_step);
  const GainFit fit = fit_gain(clamp_powers(board, person, sensor, options.seconds), reference);
  record.reference_w = reference.watt;
  record.before_w = fit.mean;
  const double error = fit.mean / reference.watt - 1.0;
  // What is not known to be wrong stays.
  const bool agrees = std::abs(error) <= fit.uncertainty;
  ConstantChange constant = change_constant(sensor.constant, fit.ratio);
  if (agrees) constant.after = constant.before, constant.error_after = error;
  person.say(fmt::format("read: {:.1f} W, reference: {:g} W; error {} +- {}", fit.mean, reference.watt,
                         signed_percent(error), bounds(fit.uncertainty)));
  if (reference.half_step > 0.005 * reference.watt)
    note(person, record,
         fmt::format("the reference is read to {:g} W only: that is what the gain is not known better than; "
                     "give more digits",
                     2.0 * reference.half_step));
  if (fit.varies)
    note(person, record,
         fmt::format("the load varied by {:.1f} %; a steady load gives a better result",
                     percent(fit.variation)));
  record.error_before = error;
  record.error_after = constant.error_after;
  record.uncertainty = fit.uncertainty;
  if (!agrees && fit.uncertainty > coarsest_gain)
    throw CalibrationError(
        fmt::format("the error is {} +- {}, and at most {:.0f} % may be uncertain: {}", signed_percent(error),
                    bounds(fit.uncertainty), percent(coarsest_gain),
                    fit.varies ? "a steadier load is needed" : "a reference with more digits is needed"));
  question_size(person, record, "the other meter's reading");
  record.changes = {constant_change(sensor, constant)};
  if (agrees) {
    record.verified = false;
    note(person, record,
         "the reading agrees with the reference as far as that is known: the constant stays, nothing would "
         "change");
    return record;
  }
  person.say(fmt::format("expected after: error {} +- {}", signed_percent(constant.error_after),
                         bounds(fit.uncertainty)));
  if (!agreed(person, record)) return std::nullopt;
  set_and_verify(board, record.changes, [&] {
    const GainFit after = fit_gain(clamp_powers(board, person, sensor, 5), reference);
    record.verified_w = after.mean;
    record.verified_error = 1.0 / after.ratio - 1.0;
    record.verified_uncertainty = after.uncertainty;
    check_verified(record,
                   fit.uncertainty + after.uncertainty + std::abs(record.error_after) + slack_of_a_load,
                   "Has the load changed?");
    person.say(fmt::format("verified: {:.1f} W, error {} +- {}", after.mean,
                           signed_percent(record.verified_error), bounds(after.uncertainty)));
  });
  return record;
}

std::optional<Record> calibrate_shape(Board& board, Dialogue& person, const Options& options) {
  const Setup setup = read_setup(board);
  const ClampSensor& sensor = choose_clamp(setup, options.sensor);
  Record record = begin_record("shape", sensor);
  record.reference = fmt::format("a resistive load at {:g} Hz", options.mains_hz);
  const auto fit_clamp = [&](int clamp, int seconds) {
    const ShapeInput input = {setup.samples_per_second, from_wire16(get_clamp(board, 'o', clamp)) / 256.0,
                              get_clamp(board, 'n', clamp) / 1024.0, options.mains_hz};
    return fit_shape(raw_windows(board, person, clamp, seconds), input, get_clamp(board, 't', clamp) * 1e-6);
  };
  double current_w = 0, reading_w = 0;  // a sine's power; what the board makes of it
  const auto watts_of = [&](double mean, double ratio) {
    return mean * ratio / form_factor * watts_per_count * sensor.constant;
  };
  for (const int clamp : sensor.clamps) {
    const ShapeFit fit = fit_clamp(clamp, options.seconds);
    person.say(fmt::format(
        "clamp {}: time constant {:.0f} +- {:.1f} us; a sine's RMS to its mean {:.4f}, expected after {:.4f}",
        clamp + 1, fit.tau_s * 1e6, fit.uncertainty_s * 1e6, fit.ratio_before, fit.ratio_after));
    current_w += watts_of(fit.mean, fit.ratio_after);
    reading_w += watts_of(fit.mean, fit.ratio_before);
    record.uncertainty = std::max(record.uncertainty, fit.uncertainty);
    record.changes.push_back({fmt::format("time constant of clamp {}, us", clamp + 1),
                              fmt::format("st {}", clamp), get_clamp(board, 't', clamp), fit.tau_us});
  }
  record.reference_w = current_w;
  record.before_w = reading_w;
  record.error_before = reading_w / current_w - 1.0;
  person.say(fmt::format("expected after: a sine reads {} of what it reads now; check the gain next",
                         signed_percent(current_w / reading_w - 1.0)));
  if (!agreed(person, record)) return std::nullopt;
  set_and_verify(board, record.changes, [&] {
    double after_w = 0, should_be_w = 0;
    std::string ratios;
    for (const int clamp : sensor.clamps) {
      const ShapeFit fit = fit_clamp(clamp, options.seconds);
      after_w += watts_of(fit.mean, fit.ratio_before);
      should_be_w += watts_of(fit.mean, fit.ratio_after);
      record.verified_uncertainty = std::max(record.verified_uncertainty, fit.uncertainty);
      ratios += fmt::format("{}clamp {}: RMS to mean {:.4f}", ratios.empty() ? "" : ", ", clamp + 1,
                            fit.ratio_before);
    }
    record.verified_error = after_w / should_be_w - 1.0;
    record.verified_w = record.reference_w * (1.0 + record.verified_error);
    check_verified(record, record.uncertainty + record.verified_uncertainty + slack_of_a_shape,
                   "Has the load changed?");
    person.say(fmt::format("verified: {}, error {} +- {}", ratios, signed_percent(record.verified_error),
                           bounds(record.verified_uncertainty)));
  });
  return record;
}

namespace {

std::string span_text(double seconds) {
  return seconds < 120 ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.0f} min", seconds / 60.0);
}

/// Complains when the clamp was clipped for a hundredth of the time and more; else says that it was.
void check_range(Dialogue& person, double clipped_seconds, const ComparisonResult& result) {
  if (clipped_seconds == 0) return;
  const std::string found = fmt::format(
      "the clamp was clipped in {:.0f} of {:.0f} s, its samples at the converter's full scale; {}",
      clipped_seconds, result.seconds, range_sentence);
  if (clipped_seconds > 0.01 * result.seconds) throw CalibrationError("too much current: " + found);
  person.say("note: " + found);
}

/// A comparison that its time is not enough for.
class TakesTooLong : public CalibrationError {
  using CalibrationError::CalibrationError;
};

/// Compares until `target` is reached, over a minute at least; tells of progress, and complains when it
/// cannot be had.
ComparisonResult compare(Board& board, Dialogue& person, const Options& options, const ClampSensor& clamp,
                         int reference, Meter meter, double target, std::vector<TracePoint>* trace) {
  constexpr double longest_silence = 300.0;
  Comparison comparison(meter == Meter::pulse ? pulse_resolution : register_resolution);
  ComparisonFeed feed(board, clamp, reference, meter == Meter::pulse);
  const mainboard::Time begun = board.now();
  double traced = 0;
  for (;;) {
    feed.poll(comparison);
    const double passed = in_seconds(board.now() - begun);
    const auto result = comparison.result();
    if (result && trace != nullptr && result->seconds >= traced + 1.0) {
      traced = result->seconds;
      trace->push_back({result->seconds, result->ratio, result->uncertainty});
    }
    if (result && Comparison::reached(*result, target)) {
      person.progress("");
      check_range(person, feed.clipped_seconds(), *result);
      return *result;
    }
    const auto left = comparison.seconds_to(target);
    if (feed.silence() > std::min(longest_silence, options.limit_s))
      throw CalibrationError(fmt::format(
          "sensor {} has not counted for {}: is the meter connected{}, and is there a load?", reference + 1,
          span_text(feed.silence()),
          meter == Meter::p1 ? ", its line forwarded where it ends at the main board (meter=)" : ""));
    if (passed > options.limit_s)
      throw TakesTooLong(fmt::format(
          "the uncertainty is {} after {}; wanted: {:.2f} %. Allow more with --limit or --uncertainty, or "
          "use a "
          "larger and steadier load",
          result ? bounds(result->uncertainty) : "not known yet", span_text(passed), percent(target)));
    // Too coarse for the time that there is: known from the reference's first steps on.
    if (!result && left && passed > 60.0 && passed + *left > options.limit_s)
      throw TakesTooLong(
          fmt::format("the reference is too coarse for this load: it would take {} to be known within {:.2f} "
                      "%, and {} are "
                      "allowed (--limit). A larger load makes it count faster",
                      span_text(passed + *left), percent(target), span_text(options.limit_s)));
    std::string line = span_text(passed);
    if (result)
      line += fmt::format("   {:.0f} W   error {} +- {}", result->mean_w,
                          signed_percent(1.0 / result->ratio - 1.0), bounds(result->uncertainty));
    if (left && *left > 0) line += fmt::format("   {:.2f} % in about {}", percent(target), span_text(*left));
    person.progress(line);
  }
}

}  // namespace

std::optional<Record> calibrate_against(Board& board, Dialogue& person, const Options& options, Meter meter,
                                        int reference_id) {
  const Setup setup = read_setup(board);
  const ClampSensor& sensor = choose_clamp(setup, options.sensor);
  const int reference = reference_id - 1;
  if (std::find(setup.others.begin(), setup.others.end(), reference) == setup.others.end())
    throw CalibrationError(fmt::format("sensor {} is not enabled as a {}; configure it first (config push)",
                                       reference_id, meter == Meter::pulse ? "pulse sensor" : "smart meter"));
  recommend_shape(board, person, sensor);
  Record record = begin_record("against", sensor);
  record.reference =
      fmt::format("{} on sensor {}", meter == Meter::pulse ? "pulses" : "smart meter", reference_id);
  const ComparisonResult fit =
      compare(board, person, options, sensor, reference, meter, options.uncertainty, &record.trace);
  const ConstantChange constant = change_constant(sensor.constant, fit.ratio);
  person.say(fmt::format("in {}: {:.3f} Wh by the reference, at {:.0f} W; error {} +- {}",
                         span_text(fit.seconds), fit.energy_wh, fit.mean_w,
                         signed_percent(constant.error_before), bounds(fit.uncertainty)));
  if (const std::string remark = load_remark(fit); !remark.empty()) note(person, record, remark);
  person.say(fmt::format("expected after: error {} +- {}, and what the reference itself is wrong by",
                         signed_percent(constant.error_after), bounds(fit.uncertainty)));
  record.reference_w = fit.mean_w * fit.ratio;
  record.before_w = fit.mean_w;
  record.error_before = constant.error_before;
  record.error_after = constant.error_after;
  record.uncertainty = fit.uncertainty;
  question_size(person, record,
                meter == Meter::pulse ? "the meter's constant (2000 imp/kWh are 0.5 Wh a pulse)"
                                      : "the phases that the smart meter counts those of the clamps");
  // Too small to be questioned above, and still not the clamp's.
  if (meter == Meter::p1 && sensor.clamps.size() < 3 && record.error_before < -fit.uncertainty - 0.02 &&
      record.error_before >= -0.2)
    note(person, record,
         "a smart meter counts all phases: what runs on one without a clamp of this sensor would be taken "
         "for the clamp's error");
  record.changes = {constant_change(sensor, constant)};
  if (!agreed(person, record)) return std::nullopt;
  set_and_verify(board, record.changes, [&] {
    board.wait(2s);  // the second in progress was measured with the old constant
    // As surely as it is known itself; a tenth of what was asked for is as good.
    const double target = std::max(fit.uncertainty, options.uncertainty / 10.0);
    person.say(fmt::format("set; verifying it to {} takes about as long again, {}", bounds(target),
                           span_text(fit.seconds)));
    try {
      const ComparisonResult after =
          compare(board, person, options, sensor, reference, meter, target, nullptr);
      record.verified_error = 1.0 / after.ratio - 1.0;
      record.verified_uncertainty = after.uncertainty;
      record.verified_w = record.reference_w * (1.0 + record.verified_error);
      check_verified(
          record,
          fit.uncertainty + after.uncertainty + std::abs(constant.error_after) + slack_of_a_comparison,
          "Has the load changed its kind?");
      person.say(fmt::format("verified in {}: error {} +- {}", span_text(after.seconds),
                             signed_percent(record.verified_error), bounds(after.uncertainty)));
    } catch (const TakesTooLong& error) {
      record.verified = false;
      note(person, record,
           fmt::format("it is set, and the next readings do not tell yet whether it is right: {}",
                       error.what()));
    }
  });
  return record;
}

}  // namespace flm::calibration
