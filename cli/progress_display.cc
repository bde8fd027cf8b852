#include "progress_display.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "text_format.h"

namespace vecmill {
namespace {

constexpr int kBarWidth = 30;

double SecondsBetween(ProgressMode mode) {
  switch (mode) {
    case ProgressMode::kBar:
      return 0.1;
    case ProgressMode::kJson:
      return 1;
    default:
      return 10;
  }
}

double Rate(int64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

// Seconds left at the average rate so far; negative when unknown.
double SecondsLeft(const Progress& p) {
  if (!p.total_rows || p.rows == 0) return -1;
  return p.seconds * static_cast<double>(*p.total_rows - p.rows) / static_cast<double>(p.rows);
}

std::string Text(const Progress& p) {
  std::string text = FormatCount(p.rows);
  if (p.total_rows) text += " of " + FormatCount(*p.total_rows);
  text += " rows  " + FormatRate(Rate(p.rows, p.seconds)) + " rows/s  " +
          FormatRate(Rate(p.tokens, p.seconds)) + " tokens/s";
  const double left = SecondsLeft(p);
  if (left >= 0) text += "  " + FormatDuration(left) + " left";
  return text;
}

std::string Bar(const Progress& p) {
  if (!p.total_rows) return "";
  const double fraction =
      *p.total_rows > 0 ? static_cast<double>(p.rows) / static_cast<double>(*p.total_rows) : 1;
  const auto filled = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * kBarWidth);
  std::string bar = "[";
  bar.append(filled, '#').append(kBarWidth - filled, '.');
  return bar + "] ";
}

void PrintJson(const Progress& p) {
  std::fprintf(stderr, "{\"rows\":%lld,", static_cast<long long>(p.rows));
  if (p.total_rows) {
    std::fprintf(stderr, "\"total_rows\":%lld,", static_cast<long long>(*p.total_rows));
  }
  std::fprintf(stderr, "\"tokens\":%lld,\"seconds\":%.3f,\"rows_per_second\":%.1f,",
               static_cast<long long>(p.tokens), p.seconds, Rate(p.rows, p.seconds));
  std::fprintf(stderr, "\"tokens_per_second\":%.1f}\n", Rate(p.tokens, p.seconds));
}

}  // namespace

ProgressMode ParseProgressMode(const std::string& name) {
  if (name == "json") return ProgressMode::kJson;
  if (name == "none") return ProgressMode::kNone;
  return isatty(STDERR_FILENO) != 0 ? ProgressMode::kBar : ProgressMode::kLines;
}

void ProgressDisplay::Show(const Progress& progress) {
  last_ = progress;
  pending_ = true;
  const bool due = progress.seconds - drawn_seconds_ >= SecondsBetween(mode_);
  if (due) Draw();
}

void ProgressDisplay::End() {
  if (pending_ && (mode_ == ProgressMode::kJson || mode_ == ProgressMode::kBar)) Draw();
  if (drawn_ && mode_ == ProgressMode::kBar) std::fputc('\n', stderr);
}

void ProgressDisplay::Draw() {
  switch (mode_) {
    case ProgressMode::kBar:
      std::fprintf(stderr, "\r\033[K%s%s", Bar(last_).c_str(), Text(last_).c_str());
      std::fflush(stderr);
      break;
    case ProgressMode::kLines:
      std::fprintf(stderr, "%s\n", Text(last_).c_str());
      break;
    case ProgressMode::kJson:
      PrintJson(last_);
      break;
    case ProgressMode::kNone:
      break;
  }
  drawn_seconds_ = last_.seconds;
  pending_ = false;
  drawn_ = true;
}

}  // namespace vecmill
