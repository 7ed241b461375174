// Exchanges between hosts and stock boards, as recorded on the SPI.
#pragma once

namespace flm::test {

/// One exchange: the host's message, and the reply that it read. The lists below are in the order of the
/// recording.
struct Exchange {
  const char* written;
  const char* read;
};
inline constexpr Exchange on_both_boards[] = {
    {"lgs2e.", "lgs0100cb.u"},
    {"lge0015.", "lge000080.u"},
    {"lse000159.", "lse000159.u"},
    {"lge0015.", "lge0001de.u"},
    {"lse0100ac.", "lse0100ac.u"},
    {"lsp000102030405e6.", "lsp000102030405e6.u"},
    {"lgpcc.", "lgp000102030405a4.u"},
    {"lsm00142910.", "lsm00142910.u"},
    {"lgm0030.", "lgm00142951.u"},
    {"lsc000000000025.", "lsc000000000025.u"},
    {"lgc00c4.", "lgc00000000004a.u"},
    {"lgd30.", "lgd30.u"},
    {"lxxfa.", "lxxfa.u"},
    {"lgh00.", "lzzd7.u"},
    {"lge06c8.", "lge6e.u"},
    {"lgw4f.", "lgw00007f.u"},
    {"lgbed.", "lgb0000d1.u"},
    {"lsw0001a6.", "lsw0001a6.u"},
    {"lsb0002ea.", "lsb0002ea.u"},
    {"lct96.", "lct96.u"},
    {"lsh00020236.", "lsh00020236.u"},
    {"lss01004c.", "lss01004c.u"},
};
inline constexpr Exchange on_flm02b[] = {{"lgh93.", "lgh00020277.u"}, {"lsk0100004f.", "lsk0100004f.u"},
                                         {"lgk71.", "lgk0100000e.u"}, {"lgicd.", "lgiff75.u"},
                                         {"lsiff43.", "lsiff43.u"},   {"lsgd441.", "lsgd441.u"}};
inline constexpr Exchange on_flm02a[] = {
    {"lgh93.", "lgh00020195.u"}, {"lsk0100004f.", "lska6.u"}, {"lsgd441.", "lsg05.u"}};

}  // namespace flm::test
