// Sorted ladders of price levels, many of them in one slab. No Python inside.
//
// A rung's key is the price of a buyer, and the price with every bit turned round of a seller. Both sides are then sorted
// the same way, the best at the back, and one code path serves both; unlike -price it holds for every 32-bit price.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "order_index.hpp"

namespace micromarket::matching {

using Key = std::int32_t;

// A price as the key of a side, or a key of a side as the price.
inline Key turned(std::uint32_t side, std::int32_t value) { return value ^ -static_cast<std::int32_t>(side); }

struct Rung {
    Key key;
    Link level;
};

// Each ladder owns a block of the slab with room for a power of two rungs; it moves to a block of twice the size when
// full, and the old block waits for the next ladder of its size.
class Ladders {
  public:
    std::size_t size() const { return spans_.size(); }
    void resize(std::size_t count) {
        if (count > spans_.capacity()) spans_.reserve(std::max(count, 2 * spans_.capacity()));
        spans_.resize(count);
    }

    bool empty(std::size_t ladder) const { return spans_[ladder].size == 0; }
    Rung *begin(std::size_t ladder) { return rungs_.data() + spans_[ladder].first; }
    Rung *end(std::size_t ladder) { return begin(ladder) + spans_[ladder].size; }
    const Rung *begin(std::size_t ladder) const { return rungs_.data() + spans_[ladder].first; }
    const Rung *end(std::size_t ladder) const { return begin(ladder) + spans_[ladder].size; }
    const Rung &best(std::size_t ladder) const { return end(ladder)[-1]; }

    void pop(std::size_t ladder) { --spans_[ladder].size; }
    void push(std::size_t ladder, Rung rung) { insert(ladder, spans_[ladder].size, rung); }

    void insert(std::size_t ladder, std::size_t place, Rung rung) {
        if (spans_[ladder].size == spans_[ladder].room) widen(spans_[ladder]);
        Rung *const at = begin(ladder) + place;
        std::copy_backward(at, end(ladder), end(ladder) + 1);
        *at = rung;
        ++spans_[ladder].size;
    }

    void erase(std::size_t ladder, std::size_t place) {
        Rung *const at = begin(ladder) + place;
        std::copy(at + 1, end(ladder), at);
        pop(ladder);
    }

    // The number of rungs not better than `key`: a short look from the best, then halving.
    std::size_t place(std::size_t ladder, Key key) const {
        const Rung *low = begin(ladder);
        std::size_t high = spans_[ladder].size;
        const std::size_t stop = high > kScanned ? high - kScanned : 0;
        while (high > stop && low[high - 1].key > key) --high;
        if (high > stop) return high;
        while (high) {
            const std::size_t half = (high + 1) / 2;
            low += low[half - 1].key <= key ? half : 0;
            high -= half;
        }
        return static_cast<std::size_t>(low - begin(ladder));
    }

    void prefetch(std::size_t ladder) const { __builtin_prefetch(&spans_[ladder]); }
    void prefetch_best(std::size_t ladder) const { __builtin_prefetch(end(ladder) - 1); }

    std::size_t bytes() const { return spans_.capacity() * sizeof(Span) + rungs_.capacity() * sizeof(Rung); }

  private:
    struct Span {
        std::uint32_t first = 0, size = 0, room = 0;
    };
    static constexpr std::size_t kScanned = 12, kFirst = 4;

    void widen(Span &span) {
        const std::uint32_t room = std::max<std::uint32_t>(kFirst, 2 * span.room);
        const std::uint32_t first = block(room);
        std::copy_n(rungs_.data() + span.first, span.size, rungs_.data() + first);
        if (span.room) {
            rungs_[span.first].level = std::exchange(free_[std::bit_width(span.room)], span.first);
        }
        span = {first, span.size, room};
    }

    std::uint32_t block(std::uint32_t room) {
        Link &waiting = free_[std::bit_width(room)];
        if (waiting) return std::exchange(waiting, rungs_[waiting].level);
        const std::size_t first = rungs_.size();
        rungs_.resize(first + room);
        return static_cast<std::uint32_t>(first);
    }

    Slab<Span> spans_;
    Slab<Rung> rungs_ = Slab<Rung>(1);  // a block never starts at 0
    std::array<Link, 33> free_{};
};

}  // namespace micromarket::matching
