// A clamp on A0 of an ATmega328P: once a second a line on the serial port, "1374 W 12.345 Wh 2083 samples".
#include <stdlib.h>

#include "clamp.hpp"
#include "firmware/metering/clock.hpp"
#include "firmware/metering/sampler.hpp"
#include "firmware/metering/sensors.hpp"
#include "hal.hpp"
#include "hal/avr/arithmetic.hpp"
#include "hal/avr/critical.hpp"

static flm::metering::Sampler<flm::hal::AvrArithmetic, 1> sampler;
static flm::metering::ScanClock<own::Sampling> scan_clock;
static flm::metering::Sensors sensors;

ISR(ADC_vect) {
  if (sampler.add(own::sample())) sampler.end_scan(scan_clock.scan());
}

static void print(const char* text) {
  for (; *text != 0; ++text) own::send(*text);
}

static void print(uint32_t number) {
  char text[11];
  print(ultoa(number, text, 10));
}

/// A second has ended: its power, and the energy with it.
static void report() {
  using namespace flm::metering;
  const uint16_t samples = sampler.window_samples();
  const uint32_t square = alternating_mean_square_q10(sampler.window(0), samples, own::noise_q10);
  sampler.release_window();
  sensors.add_power(0, power_q8(square, own::meter_constant));

  const Sensor& meter = sensors[0];
  print(meter.extra);
  print(" W ");
  print(meter.counter);
  const uint16_t thousandths = static_cast<uint16_t>(meter.remainder * UINT32_C(1000) / 3600);
  print(thousandths < 10 ? ".00" : thousandths < 100 ? ".0" : ".");
  print(thousandths);
  print(" Wh ");
  print(samples);
  print(" samples\r\n");
}

int main() {
  own::start();
  sampler.start();
  scan_clock.start(1000);
  sei();
  for (;;) {
    if (sampler.window_ready()) report();
    own::idle([] { return sampler.window_ready(); });
  }
}
