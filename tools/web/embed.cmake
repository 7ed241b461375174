# cmake -DFOLDER=page -DFURTHER=shared|/usr/share/b.js -DFUNCTION=flm::flmd::page_files -DOUTPUT=files.cpp -P embed.cmake:
# the files of a folder, those of further folders, and further files under their own names, packed by gzip, as a C++ source.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "|" ";" FURTHER "${FURTHER}")
set(names "")
foreach(path ${FOLDER} ${FURTHER})
  if(IS_DIRECTORY ${path})
    file(GLOB_RECURSE files RELATIVE ${path} ${path}/*)
    list(SORT files)
    foreach(file ${files})
      set(path_of_${file} ${path}/${file})
      list(APPEND names ${file})
    endforeach()
  else()
    get_filename_component(file ${path} NAME)
    set(path_of_${file} ${path})
    list(APPEND names ${file})
  endif()
endforeach()
set(once ${names})
list(REMOVE_DUPLICATES once)
if(NOT once STREQUAL names)
  message(FATAL_ERROR "${FOLDER} and ${FURTHER} have files of one name; allowed: each name once")
endif()
set(arrays "")
set(rows "")
set(count 0)
foreach(file ${names})
  set(path ${path_of_${file}})
  file(ARCHIVE_CREATE OUTPUT ${OUTPUT}.gz PATHS ${path} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
  file(READ ${OUTPUT}.gz bytes HEX)
  file(REMOVE ${OUTPUT}.gz)
  # Without the time of packing (RFC 1952, 2.3), so that the same files make the same program.
  string(SUBSTRING ${bytes} 0 8 head)
  string(SUBSTRING ${bytes} 16 -1 bytes)
  string(PREPEND bytes ${head} 00000000)
  file(SHA256 ${path} hash)
  string(SUBSTRING ${hash} 0 16 tag)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "// ${file}\nconstexpr unsigned char file_${count}[] = {\n${bytes}};\n")
  string(APPEND rows "  {\"/${file}\", {reinterpret_cast<const char*>(file_${count}), ${size}}, \"\\\"${tag}\\\"\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
if(count EQUAL 0)
  message(FATAL_ERROR "${FOLDER} has no file; allowed: a folder of pages")
endif()
string(FIND ${FUNCTION} "::" cut REVERSE)
string(SUBSTRING ${FUNCTION} 0 ${cut} space)
math(EXPR cut "${cut} + 2")
string(SUBSTRING ${FUNCTION} ${cut} -1 name)
file(WRITE ${OUTPUT}
"// Made by embed.cmake.
#include <span>

#include \"tools/web/pages.hpp\"

namespace {
${arrays}}  // namespace

namespace ${space} {
std::span<const flm::web::EmbeddedFile> ${name}();
std::span<const flm::web::EmbeddedFile> ${name}() {
  static const flm::web::EmbeddedFile files[] = {
${rows}  };
  return files;
}
}  // namespace ${space}
")
