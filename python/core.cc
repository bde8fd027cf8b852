// vecmill._core: the engine for Python. Text comes in as Arrow or as Python strings, read where it
// lies; vectors go out as NumPy arrays that own what the engine made. python/vecmill is the API.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "python/arrow_text.h"
#include "python/windowed_embed.h"
#include "vecmill/embedder.h"
#include "vecmill/error.h"
#include "vecmill/version.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace vecmill {
namespace {

template <typename T>
using Vector = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

// A NumPy array of what `values` held.
template <typename T>
Vector<T> ToNumpy(std::vector<T> values) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  T* data = owned->data();
  const size_t size = owned->size();
  nb::capsule owner(owned.release(),
                    [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return Vector<T>(data, {size}, owner);
}

template <typename T, typename Fn>
Vector<T> ToNumpy(const std::vector<RowAccount>& accounts, const Fn& value_of) {
  std::vector<T> values;
  values.reserve(accounts.size());
  for (const RowAccount& account : accounts) values.push_back(value_of(account));
  return ToNumpy(std::move(values));
}

// {"columns": [(values, offsets), ...], "has_vector": ..., "tokens": ..., ...}; see _core.pyi.
nb::dict ToPython(Embeddings made) {
  nb::list columns;
  for (Embeddings::Column& column : made.columns) {
    const bool per_token = !column.offsets.empty();
    nb::object offsets = nb::none();
    if (per_token) offsets = nb::cast(ToNumpy(std::move(column.offsets)));
    columns.append(nb::make_tuple(ToNumpy(std::move(column.values)), offsets));
  }
  const std::vector<RowAccount>& accounts = made.accounts;
  nb::list errors;
  for (const RowAccount& account : accounts) {
    const std::string error = RowError(account);
    errors.append(error.empty() ? nb::object(nb::none()) : nb::object(nb::str(error.c_str())));
  }
  nb::dict result;
  result["columns"] = columns;
  result["has_vector"] = ToNumpy<uint8_t>(
      accounts, [](const RowAccount& a) { return static_cast<uint8_t>(a.has_vector()); });
  result["tokens"] = ToNumpy<int32_t>(accounts, [](const RowAccount& a) { return a.num_tokens; });
  result["truncated"] = ToNumpy<uint8_t>(
      accounts, [](const RowAccount& a) { return static_cast<uint8_t>(a.truncated); });
  result["errors"] = errors;
  return result;
}

// Embeds with the GIL released; takes it a few times a second, to see Ctrl-C and to report.
nb::dict Embed(Embedder& embedder, std::span<const TextRow> rows, const nb::object& progress) {
  Embeddings made;
  {
    const nb::gil_scoped_release released;
    made = EmbedInWindows(embedder, rows, [&](int64_t rows_done) {
      const nb::gil_scoped_acquire acquired;
      if (PyErr_CheckSignals() != 0) throw nb::python_error();
      if (!progress.is_none()) progress(rows_done);
    });
  }
  return ToPython(std::move(made));
}

template <typename T>
ArrowPtr<T> TakeCapsule(const nb::object& capsule, const char* name) {
  auto* given = static_cast<T*>(PyCapsule_GetPointer(capsule.ptr(), name));
  if (given == nullptr) throw nb::python_error();
  return TakeArrow(given);
}

nb::dict EmbedArray(Embedder& embedder, const nb::object& schema, const nb::object& array,
                    const nb::object& progress) {
  ArrowText text;
  const auto taken = TakeCapsule<ArrowSchema>(schema, "arrow_schema");
  text.Add(*taken, TakeCapsule<ArrowArray>(array, "arrow_array"));
  return Embed(embedder, text.rows(), progress);
}

nb::dict EmbedStream(Embedder& embedder, const nb::object& stream, const nb::object& progress) {
  ArrowText text;
  text.AddAll(TakeCapsule<ArrowArrayStream>(stream, "arrow_array_stream"));
  return Embed(embedder, text.rows(), progress);
}

// The UTF-8 of a str is kept by the str; `texts` keeps the strs.
nb::dict EmbedStrings(Embedder& embedder, const nb::list& texts, const nb::object& progress) {
  std::vector<TextRow> rows;
  rows.reserve(texts.size());
  for (const nb::handle text : texts) {
    if (text.is_none()) {
      rows.emplace_back(std::nullopt);
      continue;
    }
    Py_ssize_t size = 0;
    const char* utf8 = nullptr;
    if (PyUnicode_Check(text.ptr())) {
      utf8 = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
    } else if (PyBytes_Check(text.ptr())) {
      char* bytes = nullptr;
      if (PyBytes_AsStringAndSize(text.ptr(), &bytes, &size) == 0) utf8 = bytes;
    } else {
      const std::string type = nb::cast<std::string>(nb::str(text.type().attr("__name__")));
      throw nb::type_error(("texts: row " + std::to_string(rows.size()) + " is of type " + type +
                            ", expected str, bytes or None")
                               .c_str());
    }
    if (utf8 == nullptr) throw nb::python_error();
    rows.emplace_back(std::string_view(utf8, static_cast<size_t>(size)));
  }
  return Embed(embedder, rows, progress);
}

nb::dict Describe(const Embedder& embedder) {
  const ModelDescription& model = embedder.description();
  nb::list columns;
  for (const ColumnDescription& column : model.columns) {
    nb::dict described;
    described["name"] = column.name;
    described["layers"] = column.layers;
    described["pooling"] = PoolingNames(column.poolings);
    described["normalized"] = column.normalized;
    described["per_token"] = column.per_token();
    described["dim"] = column.dim;
    columns.append(described);
  }
  nb::dict result;
  result["path"] = model.path;
  result["architecture"] = model.architecture;
  result["sha256"] = model.weights_sha256;
  result["columns"] = columns;
  result["prompt"] = model.prompt;
  nb::dict prompts;
  for (const auto& [name, text] : model.prompts) prompts[name.c_str()] = text;
  result["prompts"] = prompts;
  result["similarity"] = std::string(SimilarityName(model.similarity));
  result["num_layers"] = model.num_layers;
  result["max_seq_length"] = model.max_seq_length;
  result["threads"] = embedder.num_threads();
  result["weights_shared"] = !model.weight_cache_file.empty();
  result["weight_cache_problem"] = model.weight_cache_problem;
  return result;
}

EmbedderOptions MakeOptions(const std::vector<std::pair<std::string, std::string>>& columns,
                            int threads, std::optional<bool> normalize,
                            std::optional<int64_t> truncate_dim, std::optional<std::string> prompt,
                            const std::string& prompt_name, const std::string& long_rows,
                            const std::string& weight_cache) {
  if (long_rows != "truncate" && long_rows != "error") {
    throw Error(ErrorCode::kInvalidArgument,
                "long: \"" + long_rows +
                    "\", expected \"truncate\" or \"error\"; chunks of long "
                    "rows are made by the command line, vecmill embed --long chunk");
  }
  EmbedderOptions options{
      .num_threads = threads,
      .normalize = normalize,
      .truncate_dim = truncate_dim,
      .prompt = std::move(prompt),
      .prompt_name = prompt_name,
      .long_rows = long_rows == "error" ? LongRows::kError : LongRows::kTruncate,
      .weight_cache = weight_cache};
  options.columns.clear();
  for (const auto& [name, layers] : columns) {
    options.columns.push_back({.name = name, .layers = layers});
  }
  return options;
}

// Raises ValueError for an argument that makes no sense, error_class for any other Error.
void RaiseError(const std::exception_ptr& raised, void* error_class) {
  try {
    std::rethrow_exception(raised);
  } catch (const Error& error) {
    const bool is_argument = error.code() == ErrorCode::kInvalidArgument;
    PyErr_SetString(is_argument ? PyExc_ValueError : static_cast<PyObject*>(error_class),
                    error.what());
  }
}

}  // namespace
}  // namespace vecmill

// NOLINTNEXTLINE(misc-use-internal-linkage): Python looks for what this defines.
NB_MODULE(_core, m) {
  using namespace vecmill;  // NOLINT(google-build-using-namespace)
  // Who keeps an embedder until the process ends, as a database keeps the functions it was given,
  // leaks nothing.
  nb::set_leak_warnings(false);
  m.attr("__version__") = VECMILL_VERSION;
  const nb::object error =
      nb::steal(PyErr_NewException("vecmill.Error", PyExc_RuntimeError, nullptr));
  m.attr("Error") = error;
  nb::register_exception_translator(RaiseError, error.ptr());

  nb::class_<EmbedderOptions>(m, "Options")
      .def(
          "__init__",
          [](EmbedderOptions* self, const std::vector<std::pair<std::string, std::string>>& columns,
             int threads, std::optional<bool> normalize, std::optional<int64_t> truncate_dim,
             std::optional<std::string> prompt, const std::string& prompt_name,
             const std::string& long_rows, const std::string& weight_cache) {
            new (self) EmbedderOptions(MakeOptions(columns, threads, normalize, truncate_dim,
                                                   std::move(prompt), prompt_name, long_rows,
                                                   weight_cache));
          },
          nb::kw_only(), "columns"_a, "threads"_a, "normalize"_a.none(), "truncate_dim"_a.none(),
          "prompt"_a.none(), "prompt_name"_a, "long"_a = "truncate", "weight_cache"_a = "");
  nb::class_<Embedder>(m, "Embedder")
      .def("describe", &Describe)
      .def("with_options", &Embedder::With, "options"_a)
      .def("embed_array", &EmbedArray, "schema"_a, "array"_a, "progress"_a.none())
      .def("embed_stream", &EmbedStream, "stream"_a, "progress"_a.none())
      .def("embed_strings", &EmbedStrings, "texts"_a, "progress"_a.none());
  m.def("load", &Embedder::Load, "folder"_a, "options"_a, nb::call_guard<nb::gil_scoped_release>());
}
