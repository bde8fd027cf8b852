#include "progress_display.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

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

std::string Text(const TransferProgress& p) {
  const double rate = Rate(p.fetched_bytes, p.seconds);
  std::string text = FormatBytes(p.bytes) + " of " + FormatBytes(p.total_bytes) + "  " +
                     FormatCount(p.files) + " of " + FormatCount(p.total_files) + " files  " +
                     FormatBytes(static_cast<int64_t>(rate)) + "/s";
  if (rate > 0) {
    text += "  " + FormatDuration(static_cast<double>(p.total_bytes - p.bytes) / rate) + " left";
  }
  return text;
}

std::string Bar(int64_t done, int64_t total) {
  const double fraction = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1;
  const auto filled = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * kBarWidth);
  std::string bar = "[";
  bar.append(filled, '#').append(kBarWidth - filled, '.');
  return bar + "] ";
}

template <typename... Args>
std::string Print(const char* format, Args... args) {
  char text[256];
  std::snprintf(text, sizeof(text), format, args...);
  return text;
}

std::string JsonText(const Progress& p) {
  std::string json = Print("{\"rows\":%lld,", static_cast<long long>(p.rows));
  if (p.total_rows) json += Print("\"total_rows\":%lld,", static_cast<long long>(*p.total_rows));
  json += Print("\"tokens\":%lld,\"seconds\":%.3f,\"rows_per_second\":%.1f,",
                static_cast<long long>(p.tokens), p.seconds, Rate(p.rows, p.seconds));
  return json + Print("\"tokens_per_second\":%.1f}", Rate(p.tokens, p.seconds));
}

std::string JsonText(const TransferProgress& p) {
  return Print("{\"bytes\":%lld,\"total_bytes\":%lld,\"files\":%lld,\"total_files\":%lld,",
               static_cast<long long>(p.bytes), static_cast<long long>(p.total_bytes),
               static_cast<long long>(p.files), static_cast<long long>(p.total_files)) +
         Print("\"seconds\":%.3f,\"bytes_per_second\":%.0f}", p.seconds,
               Rate(p.fetched_bytes, p.seconds));
}

}  // namespace

ProgressMode ParseProgressMode(const std::string& name) {
  if (name == "json") return ProgressMode::kJson;
  if (name == "none") return ProgressMode::kNone;
  return isatty(STDERR_FILENO) != 0 ? ProgressMode::kBar : ProgressMode::kLines;
}

void ProgressDisplay::Show(const Progress& progress) {
  Show(progress.seconds, [progress](ProgressMode mode) {
    if (mode == ProgressMode::kJson) return JsonText(progress);
    const bool bar = mode == ProgressMode::kBar && progress.total_rows;
    return (bar ? Bar(progress.rows, *progress.total_rows) : "") + Text(progress);
  });
}

void ProgressDisplay::Show(const TransferProgress& progress) {
  Show(progress.seconds, [progress](ProgressMode mode) {
    if (mode == ProgressMode::kJson) return JsonText(progress);
    const bool bar = mode == ProgressMode::kBar;
    return (bar ? Bar(progress.bytes, progress.total_bytes) : "") + Text(progress);
  });
}

void ProgressDisplay::Show(double seconds, std::function<std::string(ProgressMode)> line) {
  seconds_ = seconds;
  line_ = std::move(line);
  pending_ = true;
  const bool due = seconds - drawn_seconds_ >= SecondsBetween(mode_);
  if (due) Draw();
}

void ProgressDisplay::End() {
  if (pending_ && (mode_ == ProgressMode::kJson || mode_ == ProgressMode::kBar)) Draw();
  if (drawn_ && mode_ == ProgressMode::kBar) std::fputc('\n', stderr);
}

void ProgressDisplay::Draw() {
  if (mode_ == ProgressMode::kBar) {
    std::fprintf(stderr, "\r\033[K%s", line_(mode_).c_str());
    std::fflush(stderr);
  } else if (mode_ != ProgressMode::kNone) {
    std::fprintf(stderr, "%s\n", line_(mode_).c_str());
  }
  drawn_seconds_ = seconds_;
  pending_ = false;
  drawn_ = true;
}

}  // namespace vecmill
