// base/file_lock.h: one process at a time.
#pragma once

#include <string>

namespace vecmill {

// Held by one object in one process at a time, whatever ends the process. The file stays: removing
// it would let two in. Tested by file_lock_test.cc.
class FileLock {
 public:
  // Wait for the lock on `path`, which is made with its folders. Errors: kIo.
  explicit FileLock(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace vecmill
