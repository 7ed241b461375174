// Every board there is: the simulator, flmctl and the tests of all boards take them from here. A new board is
// its folder and two lines.
#pragma once
#include "boards/flm02a/board.hpp"
#include "boards/flm02b/board.hpp"

namespace flm {
namespace boards {

/// The boards, oldest first, handed to a template that takes them all.
template <template <class...> class Template>
using WithAllBoards = Template<Flm02a, Flm02b>;

}  // namespace boards
}  // namespace flm
