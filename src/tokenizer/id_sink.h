// tokenizer/id_sink.h: the ids of one row, no more than fit.
#pragma once

#include <cstdint>
#include <vector>

namespace vecmill {

// Takes ids one by one and appends the first `limit` of them to `ids`, which must outlive it.
class IdSink {
 public:
  IdSink(int64_t limit, std::vector<int32_t>* ids) : left_(limit), ids_(ids) {}

  void Add(int32_t id) {
    if (left_ == 0) {
      cut_ = true;
    } else {
      --left_;
      ids_->push_back(id);
    }
  }

  // No room is left: the next id sets cut().
  bool full() const { return left_ == 0; }
  // An id came that had no room. More of them change nothing.
  bool cut() const { return cut_; }

 private:
  int64_t left_;
  bool cut_ = false;
  std::vector<int32_t>* ids_;
};

}  // namespace vecmill
