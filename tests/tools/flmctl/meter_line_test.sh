#!/bin/bash
# A smart meter's line that ends at the main board of an FLM02B: flmctl, which has the bus, forwards it.
#   meter_line_test.sh FLMCTL FLMSIM SCENARIOS
FLMCTL=$1 FLMSIM=$2 SCENARIOS=$3
. "$(dirname "$0")/check.sh"
scenario=$SCENARIOS/smart-meter.toml

export FLMCTL_PORT=sim:$scenario
check "a simulated board's meter is read" 0 '{"t":3.0,"sensor":6,"counter":-500151,"power":-1235}' "$FLMCTL" watch --for 8 --jsonl
check "by the image as well" 0 '{"t":3.0,"sensor":6,"counter":-500151,"power":-1235}' \
  "$FLMCTL" --port "sim:$scenario,engine=image" watch --for 8 --jsonl
unset FLMCTL_PORT

serve "$scenario" --configure --meter-pty meter
check "a meter on a serial device is read" 0 'sensor 6       -1235 W' "$FLMCTL" --port bus,meter=meter watch --for 4
"$FLMCTL" --port bus raw gd >/dev/null  # what came last
check "without forwarding, nothing comes" 0 'nothing' sh -c "'$FLMCTL' --port bus watch --for 3 | grep 'sensor 6.* W' || echo nothing"
complaint "a line that is not there" 2 "nothing: no such device; allowed: spi:/dev/spidevB.C, a serial device, sim:SCENARIO.toml ('flmctl ports' lists what is here)" \
  "$FLMCTL" --port bus,meter=nothing version
unserve
complaint "a rate that no meter has" 2 "port 'bus,meter=bus,meter_baud=300': meter_baud is '300'; allowed: 115200, 9600" "$FLMCTL" --port bus,meter=bus,meter_baud=300 version

serve "$SCENARIOS/smart-meter-flm02a.toml" --configure
complaint "a board that has the line itself" 2 'bus,meter=/dev/ptmx: meter=/dev/ptmx is for a board whose smart meter'"'"'s line ends here; flm02a has that line itself: leave it out' \
  "$FLMCTL" --port bus,meter=/dev/ptmx version
unserve
check "a line of such a board" 2 '--meter-pty meter: no smart meter'"'"'s line ends at the main board; allowed: flm02b, and a scenario with [[serial]]' \
  "$FLMSIM" serve "$SCENARIOS/smart-meter-flm02a.toml" --pty bus --meter-pty meter
check "or without a bus" 2 '--meter-pty requires --pty' "$FLMSIM" serve "$scenario" --lines --meter-pty meter
finish
