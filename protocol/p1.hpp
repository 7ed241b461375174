// Smart meter telegrams (P1, HAN, H1), byte by byte: bytes in, events out, and values only once their CRC is
// right.
//
//     /ISK5\2M550T-1012        header
//                              blank line
//     1-0:1.8.1(003432.827*kWh)
//     0-1:24.2.1(200426223001S)(00246.138*m3)
//     !56DD                    CRC of everything from '/' to '!'
//
// There is no buffer: lines and telegrams may have any length. A byte 0, which no telegram holds, stands for
// one that came with an error or was lost: it spoils its telegram, also where no CRC protects that.
// protocol/p1.md lists registers, dialects and their sources.
#pragma once
#pragma once

#include "protocol/p1/lines.hpp"
#include "protocol/p1/numbers.hpp"
#include "protocol/p1/parser.hpp"
#include "protocol/p1/telegram.hpp"
#include "protocol/p1/time.hpp"
