# A board that does not exist, flm99x, as CONTRIBUTING says that one is added: a folder, and two lines in all.hpp. The folder is a copy of
# FLM02B's under other names. It is written to SCRATCH/boards when the tree is configured.
set(scratch ${CMAKE_CURRENT_BINARY_DIR}/made_up)
set(boards ${PROJECT_SOURCE_DIR}/boards)
file(COPY ${boards}/facts.hpp ${boards}/fuses.hpp ${boards}/pins.hpp ${boards}/flm02a ${boards}/flm02b DESTINATION ${scratch}/boards)

foreach(file board.hpp board.cmake avrdude.conf)
  file(READ ${boards}/flm02b/${file} text)
  string(REPLACE flm02b flm99x text "${text}")
  string(REPLACE Flm02b Flm99x text "${text}")
  string(REPLACE "letter = 0x2B" "letter = 0x99" text "${text}")
  string(REPLACE "hardware_major = 2" "hardware_major = 99" text "${text}")
  file(CONFIGURE OUTPUT ${scratch}/boards/flm99x/${file} CONTENT "${text}" @ONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${boards}/flm02b/${file})
endforeach()

file(READ ${boards}/all.hpp text)
string(REPLACE "#include \"boards/flm02b/board.hpp\"\n"
  "#include \"boards/flm02b/board.hpp\"\n#include \"boards/flm99x/board.hpp\"\n" text "${text}")
string(REPLACE "Template<Flm02a, Flm02b>" "Template<Flm02a, Flm02b, Flm99x>" text "${text}")
file(CONFIGURE OUTPUT ${scratch}/boards/all.hpp CONTENT "${text}" @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${boards}/all.hpp)

# flmsim with that board: what is compiled from the list of boards is compiled again, and found before the libraries'.
find_package(CLI11 REQUIRED)
add_executable(made_up_flmsim ${PROJECT_SOURCE_DIR}/sim/main.cpp
  ${PROJECT_SOURCE_DIR}/tools/mainboard/link/board_facts.cpp ${PROJECT_SOURCE_DIR}/sim/scenario/board_model.cpp
  ${PROJECT_SOURCE_DIR}/sim/native/native_engine.cpp)
target_include_directories(made_up_flmsim BEFORE PRIVATE ${scratch})
target_compile_definitions(made_up_flmsim PRIVATE FLM_VERSION="made-up")
target_link_libraries(made_up_flmsim PRIVATE flm_sim_runner CLI11::CLI11 flm_warnings)

add_test(NAME made_up_board COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/made_up_board_test.sh
  ${PROJECT_SOURCE_DIR} ${scratch} $<TARGET_FILE:made_up_flmsim> $<TARGET_FILE:flmsim>)
