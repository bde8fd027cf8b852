// batch/block_plan.h: which rows go through the network together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vecmill {

// The rows of one block, by index; together they are one PackedBatch.
using Block = std::vector<int64_t>;

// Cut rows into blocks of whole rows with at most `max_tokens` tokens each; a longer row is a block
// of its own. num_tokens [N] holds each row's length; rows of 0 tokens belong to no block.
//
// Rows are taken longest first (equal lengths in row order), so that a block's rows cost about the
// same in attention, its scratch fits the cache, and the blocks that end a run, when some threads
// have nothing left to do, are the cheapest. REQUIRES: max_tokens >= 1, lengths >= 0.
std::vector<Block> PlanBlocks(std::span<const int32_t> num_tokens, int64_t max_tokens);

}  // namespace vecmill
