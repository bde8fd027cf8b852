// cli/progress_display.h: how far a run is, on stderr.
#pragma once

#include <functional>
#include <string>

#include "hub/transfer_meter.h"
#include "run/summary.h"

namespace vecmill {

enum class ProgressMode {
  kBar,    // one line of a terminal, redrawn
  kLines,  // a line of text now and then, for logs
  kJson,   // a JSON object per line
  kNone,
};

// "auto" is kBar on a terminal and kLines elsewhere; "json" and "none" are themselves.
ProgressMode ParseProgressMode(const std::string& name);

class ProgressDisplay {
 public:
  explicit ProgressDisplay(ProgressMode mode) : mode_(mode) {}

  // Show `progress`, unless the last one was shown a moment ago.
  void Show(const Progress& progress);
  void Show(const TransferProgress& progress);

  // Show the last progress however recent, and leave the bar's line.
  void End();

 private:
  void Show(double seconds, std::function<std::string(ProgressMode)> line);
  void Draw();

  const ProgressMode mode_;
  double seconds_ = 0;                             // of what is to be shown
  std::function<std::string(ProgressMode)> line_;  // its text
  double drawn_seconds_ = 0;                       // of what was drawn last
  bool pending_ = false;                           // line_ is not drawn yet
  bool drawn_ = false;
};

}  // namespace vecmill
