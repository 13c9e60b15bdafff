// Rows of pages of price levels, for ladders with more levels than fit one cache line. No Python inside.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "order_index.hpp"

namespace micromarket::matching {

using Key = std::int32_t;
inline constexpr Key kLowest = std::numeric_limits<Key>::min();

// The best key of a ladder, the lowest of all if it is empty, and where its rungs lie, the best last.
struct Row {
    Key best = kLowest;
    std::uint32_t first = 0, size = 0, room = 0;
};

// Keys lie on pages of 64 with a slot for the level of each. A row is sorted: a rung has a page and a bit for each slot in
// use. Any price has its place then, and those near the best are found without a search. The row is a block of the slab
// with room for a power of two rungs; it moves to a block of twice the size when full, and the old block waits for the next
// row of its size.
class Pages {
  public:
    // The level at a key, or 0.
    Link find(const Row &row, Key key) const {
        const std::size_t place = this->place(row, key >> kBits);
        const Rung *const rung = begin(row) + place - 1;
        return place && rung->key == key >> kBits ? slots_[slot_on(rung->page, key)] : 0;
    }
    Link best_level(const Row &row) const { return slots_[slot_on(end(row)[-1].page, row.best)]; }

    // The place of the level at a key; it holds 0 if there is none, and the caller is to put one there.
    Link &slot(Row &row, Key key) {
        Rung &rung = this->rung(row, key);
        rung.used |= bit(key);
        return slots_[slot_on(rung.page, key)];
    }

    // Forget the level at a key.
    void clear(Row &row, Key key) {
        Rung *const rung = begin(row) + place(row, key >> kBits) - 1;
        slots_[slot_on(rung->page, key)] = 0;
        rung->used &= ~bit(key);
        if (!rung->used) erase(row, rung);
        if (key == row.best) row.best = row.size ? highest(end(row)[-1]) : kLowest;
    }

    // Call `told` with key and level, the best first, until it returns false.
    template <class Told> void each(const Row &row, Told told) const {
        for (const Rung *rung = end(row); rung-- != begin(row);)
            for (Rung left = *rung; left.used; left.used &= ~bit(highest(left))) {
                const Key key = highest(left);
                if (!told(key, slots_[slot_on(left.page, key)])) return;
            }
    }

    void prefetch(const Row &row) const { __builtin_prefetch(&rungs_[row.first]); }

    std::size_t bytes() const { return rungs_.size() * sizeof(Rung) + slots_.size() * sizeof(Link); }

  private:
    static constexpr unsigned kBits = 6;
    static constexpr std::size_t kSlots = std::size_t{1} << kBits, kScanned = 12, kFirst = 2;

    struct Rung {
        Key key;  // of the page: that of its slots without the last bits
        Link page;
        std::uint64_t used;  // a bit for each slot with a level
    };

    Rung *begin(const Row &row) { return rungs_.data() + row.first; }
    Rung *end(const Row &row) { return begin(row) + row.size; }
    const Rung *begin(const Row &row) const { return rungs_.data() + row.first; }
    const Rung *end(const Row &row) const { return begin(row) + row.size; }

    static std::uint64_t bit(Key key) { return std::uint64_t{1} << (key & (kSlots - 1)); }
    static std::uint32_t slot_on(Link page, Key key) { return page << kBits | (key & (kSlots - 1)); }
    static Key highest(const Rung &rung) { return rung.key << kBits | (63 - std::countl_zero(rung.used)); }

    Rung &rung(Row &row, Key key) {
        const Key wanted = key >> kBits;
        const std::size_t place = this->place(row, wanted);
        if (!place || begin(row)[place - 1].key != wanted) return *insert(row, place, wanted);
        return begin(row)[place - 1];
    }

    // The number of rungs not better than `key`: a short look from the best, then halving.
    std::size_t place(const Row &row, Key key) const {
        const Rung *low = begin(row);
        std::size_t high = row.size;
        const std::size_t stop = high > kScanned ? high - kScanned : 0;
        while (high > stop && low[high - 1].key > key) --high;
        if (high > stop) return high;
        while (high) {
            const std::size_t half = (high + 1) / 2;
            low += low[half - 1].key <= key ? half : 0;
            high -= half;
        }
        return static_cast<std::size_t>(low - begin(row));
    }

    Link make_page() {
        if (const Link page = free_page_) {
            free_page_ = std::exchange(slots_[page << kBits], 0);
            return page;
        }
        slots_.resize(slots_.size() + kSlots);
        return static_cast<Link>((slots_.size() >> kBits) - 1);
    }

    [[gnu::noinline]] Rung *insert(Row &row, std::size_t place, Key key) {
        const Rung rung{key, make_page(), 0};
        if (row.size == row.room) widen(row);
        Rung *const at = begin(row) + place;
        std::copy_backward(at, end(row), end(row) + 1);
        *at = rung;
        ++row.size;
        return at;
    }

    [[gnu::noinline]] void erase(Row &row, Rung *rung) {
        slots_[rung->page << kBits] = std::exchange(free_page_, rung->page);
        std::copy(rung + 1, end(row), rung);
        --row.size;
    }

    void widen(Row &row) {
        const std::uint32_t room = std::max<std::uint32_t>(kFirst, 2 * row.room);
        const std::uint32_t first = block(room);
        std::copy_n(rungs_.data() + row.first, row.size, rungs_.data() + first);
        if (row.room) rungs_[row.first].page = std::exchange(free_blocks_[std::bit_width(row.room)], row.first);
        row.first = first;
        row.room = room;
    }

    std::uint32_t block(std::uint32_t room) {
        Link &waiting = free_blocks_[std::bit_width(room)];
        if (waiting) return std::exchange(waiting, rungs_[waiting].page);
        const std::size_t first = rungs_.size();
        rungs_.resize(first + room);
        return static_cast<std::uint32_t>(first);
    }

    Slab<Rung> rungs_ = Slab<Rung>(1);  // a block never starts at 0
    Slab<Link> slots_ = Slab<Link>(kSlots);  // no page has the number 0
    std::array<Link, 33> free_blocks_{};
    Link free_page_ = 0;
};

}  // namespace micromarket::matching
