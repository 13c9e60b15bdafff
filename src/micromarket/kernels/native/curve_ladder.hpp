// Standing curve orders of one side, sorted by the level of their next unit, and what one curve offers at a level.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

namespace micromarket::curve_matching {

using Steps = std::int64_t;
using Slot = std::int32_t;

// Prices lie within +-2^30 and quantities below 2^31, so that no product of two differences overflows.
struct Corner {
    Steps level, quantity;
    bool whole;  // the segment that ends here is matched whole or not at all
};

// ---- one curve -----------------------------------------------------------------------------------------------------

// How much a curve offers at a level.
inline Steps quantity_at(const std::vector<Corner> &corners, Steps level) {
    if (level < corners.front().level) return 0;
    std::size_t k = 0;
    while (k + 1 < corners.size() && corners[k + 1].level <= level) ++k;
    const Corner &here = corners[k];
    if (k + 1 == corners.size() || corners[k + 1].whole) return here.quantity;
    const Corner &next = corners[k + 1];
    return here.quantity + (level - here.level) * (next.quantity - here.quantity) / (next.level - here.level);
}

// The corner at the end of the segment that holds unit number `unit`, which is at most the curve's quantity.
inline std::size_t segment_of(const std::vector<Corner> &corners, Steps unit) {
    std::size_t k = 0;
    while (corners[k].quantity < unit) ++k;
    return k;
}

// The first level at which a curve offers at least `unit` steps.
inline Steps level_of(const std::vector<Corner> &corners, Steps unit) {
    const std::size_t k = segment_of(corners, unit);
    if (k == 0 || corners[k].whole) return corners[k].level;
    const Corner &from = corners[k - 1];
    const Steps rise = corners[k].quantity - from.quantity, run = corners[k].level - from.level;
    return from.level + ((unit - from.quantity) * run + rise - 1) / rise;
}

struct Order {
    std::vector<Corner> corners;
    Steps used = 0, arrival = 0;
    Steps sign = 1;  // +1 supply, -1 demand

    Steps total() const { return corners.back().quantity; }
};

// ---- standing orders of one side, by the level of their next unit, then by priority -------------------------------

struct Key {
    Steps level, rank, arrival, need;  // need: the least that can be taken next
    Slot slot;

    bool operator<(const Key &other) const {
        return std::tie(level, rank, arrival) < std::tie(other.level, other.rank, other.arrival);
    }
};

// Sorted keys in chunks, each with the least need in it: a chunk of blocks that are too large is passed in one step.
class Ladder {
public:
    void insert(const Key &key) {
        if (chunks_.empty()) {
            chunks_.push_back({{key}, key.need});
            return;
        }
        const std::size_t at = chunk_of(key);
        auto &keys = chunks_[at].keys;
        keys.insert(std::lower_bound(keys.begin(), keys.end(), key), key);
        chunks_[at].need = std::min(chunks_[at].need, key.need);
        if (keys.size() > kMost) split(at);
    }

    void erase(const Key &key) {
        const std::size_t at = chunk_of(key);
        auto &keys = chunks_[at].keys;
        keys.erase(std::lower_bound(keys.begin(), keys.end(), key));
        if (keys.empty())
            chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at));
        else if (key.need == chunks_[at].need)
            chunks_[at].need = least(keys);
    }

    struct Chunk {
        std::vector<Key> keys;
        Steps need;
    };

    const std::vector<Chunk> &chunks() const { return chunks_; }

private:
    static constexpr std::size_t kMost = 128;

    // The last chunk that starts at or before the key, or the first.
    std::size_t chunk_of(const Key &key) const {
        const auto after = std::upper_bound(chunks_.begin(), chunks_.end(), key,
                                            [](const Key &one, const Chunk &chunk) { return one < chunk.keys.front(); });
        return after == chunks_.begin() ? 0 : static_cast<std::size_t>(after - chunks_.begin()) - 1;
    }

    static Steps least(const std::vector<Key> &keys) {
        Steps need = keys.front().need;
        for (const Key &key : keys) need = std::min(need, key.need);
        return need;
    }

    void split(std::size_t at) {
        auto &keys = chunks_[at].keys;
        const auto middle = keys.begin() + static_cast<std::ptrdiff_t>(keys.size() / 2);
        Chunk second{{middle, keys.end()}, 0};
        keys.erase(middle, keys.end());
        chunks_[at].need = least(keys);
        second.need = least(second.keys);
        chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(second));
    }

    std::vector<Chunk> chunks_;
};

}  // namespace micromarket::curve_matching
