// cli/info_command.h: vecmill info.
#pragma once

namespace CLI {
class App;
}

namespace vecmill {

// Add the subcommand to `app`; when it is parsed it runs, and sets `exit_code`.
void AddInfoCommand(CLI::App& app, int& exit_code);

}  // namespace vecmill
