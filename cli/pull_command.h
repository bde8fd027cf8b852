// cli/pull_command.h: vecmill pull.
#pragma once

namespace CLI {
class App;
}

namespace vecmill {

// Add the subcommand to `app`; when it is parsed it runs, and sets `exit_code`.
void AddPullCommand(CLI::App& app, int& exit_code);

}  // namespace vecmill
