// The kubes as the page shows and changes them.
#pragma once
#include <functional>

#include "tools/flmd/board/clock.hpp"
#include "tools/flmd/kubes/kubes.hpp"
#include "tools/flmd/owner/owner.hpp"

namespace flm::flmd {

///     GET    /api/kubes        {"pairing": seconds left or 0, "kubes": [{"kid", "name", "type", "firmware",
///                              "sensors": [sid, ...], "heard": Unix s or null, "packet": hex}],
///                              "strangers": [{"node", "packet", "heard"}]}; packet: only what is not decoded
///     POST   /api/kubes/pair   204: it listens for 20 s; 409: the board does not answer
///     PUT    /api/kubes/{kid}  {"name"}: 204; 404
///     DELETE /api/kubes/{kid}  204; 404
///
/// All but the first are the owner's. `kubes` and `clock` outlive the router.
void add_kube_routes(web::Router&, const Guard&, Kubes& kubes, const SiteClock& clock,
                     std::function<bool()> board_answers);

}  // namespace flm::flmd
