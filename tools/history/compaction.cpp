#include "tools/history/compaction.hpp"

#include <array>

namespace flm::history {

Compaction::Compaction(BlockId parent, std::vector<BlockId> children, Read read, std::string sid)
    : parent_(parent), children_(std::move(children)), read_(std::move(read)), sid_(std::move(sid)) {}

bool Compaction::step() {
  if (pass_ == Pass::done) return true;
  if (child_ == children_.size()) {
    end_of_pass();
    return pass_ == Pass::done;
  }
  if (!reader_) reader_ = std::make_unique<BlockReader>(read_(children_[child_]), children_[child_], sid_);
  std::array<Point, 2048> points;
  const std::size_t count = reader_->read(points);
  const std::span<const Point> read(points.data(), count);
  if (count == 0) {
    end_of_child();
    return false;
  }
  switch (pass_) {
    case Pass::header:
      if (!has_points_) head_ = read.front();
      has_points_ = true;
      tail_ = read.back();
      if (reader_->has_cfg()) header_ = reader_->header();
      break;
    case Pass::times: writer_->times(read); break;
    case Pass::values: writer_->values(read); break;
    case Pass::done: break;
  }
  return false;
}

void Compaction::end_of_child() {
  if (pass_ == Pass::header && reader_->damage())
    damaged_.emplace_back(children_[child_], *reader_->damage());
  reader_.reset();
  ++child_;
}

void Compaction::end_of_pass() {
  child_ = 0;
  switch (pass_) {
    case Pass::header:
      if (!has_points_) {
        pass_ = Pass::done;
        break;
      }
      writer_ = std::make_unique<BlockWriter>(header_.empty() ? make_header("{}", head_, tail_)
                                                              : change_header(header_, head_, tail_));
      pass_ = Pass::times;
      break;
    case Pass::times: pass_ = Pass::values; break;
    case Pass::values:
      bytes_ = writer_->finish();
      pass_ = Pass::done;
      break;
    case Pass::done: break;
  }
}

}  // namespace flm::history
