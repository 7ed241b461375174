// Compaction: up to 16 blocks become one of the level above, in small steps.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/history/tmpo_block.hpp"

namespace flm::history {

/// Makes a parent of its children: h is the last child's with the head of the first (a cfg that is no JSON is
/// not passed on); t and v are the children's, each joint the difference between two children. Of a damaged
/// child all that can be read is taken. One child whose text is as stock writes it gives the very same text.
///
/// The children are read three times (for the header, for t, for v), so that memory holds one child's text
/// and the result.
class Compaction {
 public:
  /// A child's bytes; may throw, and step() is then called no more.
  using Read = std::function<std::string(BlockId)>;

  /// `children`: in the order of their starts, of the level below the parent's and within it.
  Compaction(BlockId parent, std::vector<BlockId> children, Read, std::string sid = {});

  /// One unit of work: at most 2048 points. True when it was the last one.
  bool step();
  [[nodiscard]] BlockId parent() const { return parent_; }
  [[nodiscard]] const std::vector<BlockId>& children() const { return children_; }
  /// The parent's gzip, after the last step; empty when no child has a point that can be read.
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  /// Children that are damaged.
  [[nodiscard]] const std::vector<std::pair<BlockId, Damage>>& damaged() const { return damaged_; }

 private:
  enum class Pass : std::uint8_t { header, times, values, done };
  void end_of_child();
  void end_of_pass();

  BlockId parent_;
  std::vector<BlockId> children_;
  Read read_;
  std::string sid_;
  Pass pass_ = Pass::header;
  std::size_t child_ = 0;
  std::unique_ptr<BlockReader> reader_;
  std::unique_ptr<BlockWriter> writer_;
  std::string header_;  ///< of the last child that has points and a cfg
  bool has_points_ = false;
  Point head_, tail_;
  std::string bytes_;
  std::vector<std::pair<BlockId, Damage>> damaged_;
};

}  // namespace flm::history
