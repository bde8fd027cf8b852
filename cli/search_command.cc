#include "search_command.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <memory>

#include "hub/model_source.h"
#include "hub_environment.h"
#include "run/search.h"
#include "text_format.h"
#include "weight_cache_option.h"

namespace vecmill {
namespace {

// "0.6737", or for vectors of signs "37 of 384 bits differ".
std::string FormatSimilarity(float similarity, int64_t num_signs) {
  if (num_signs > 0) {
    return FormatCount(std::lround(-similarity)) + " of " + FormatCount(num_signs) + " bits differ";
  }
  char text[32];
  // The sum makes -0.0 a plain 0.
  std::snprintf(text, sizeof(text), "%.4f", static_cast<double>(similarity) + 0.0);
  return text;
}

void PrintHits(const std::string& query, const std::vector<SearchHit>& hits, int64_t num_signs) {
  std::printf("%s\n", query.c_str());
  for (const SearchHit& hit : hits) {
    std::printf("  %s  row %-10s  %s\n", FormatSimilarity(hit.similarity, num_signs).c_str(),
                FormatCount(hit.row).c_str(), hit.text.c_str());
  }
}

}  // namespace

void AddSearchCommand(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("search", "Print the rows of an embedded table nearest to a question");
  const auto job = std::make_shared<SearchJob>();
  command->add_option("TABLE", job->table, "Parquet file written by vecmill embed")->required();
  command->add_option("QUERY", job->queries, "Questions")->required();
  command
      ->add_option("--model", job->model,
                   "Model folder or hub's ORG/NAME[@REVISION], the one the table was embedded with")
      ->required();
  command->add_option("-k", job->num_hits, "Rows to print for each question")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--column", job->text_column, "Column to print (default: the embedded one)");
  command->add_option("--vector-column", job->vector_column, "Column of vectors")
      ->capture_default_str();
  command->add_option(
      "--prompt-name", job->embedder.prompt_name,
      "The model's prompt to put before the question (default: its prompt 'query' if "
      "it has one, else its default prompt)");
  command->add_option("--prompt", job->embedder.prompt, "Text to put before the question instead");
  AddWeightCacheOption(*command, job->embedder);
  job->embedder.is_query = true;
  command->callback([job, &exit_code] {
    job->model = FindModel(job->model, HubCacheFromEnvironment()).folder;
    const SearchResults results = Search(*job);
    for (size_t i = 0; i < results.hits.size(); ++i) {
      PrintHits(job->queries[i], results.hits[i], results.num_signs);
    }
    WarnOfWeightCache(results.weight_cache_problem);
    exit_code = 0;
  });
}

}  // namespace vecmill
