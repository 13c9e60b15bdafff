// Ladders of price levels, many of them on a few slabs. No Python inside.
//
// A level's key is the price of a buyer, and the price with every bit turned round of a seller. Both sides are then sorted
// the same way, the best last, and one code path serves both; unlike -price it holds for every 32-bit price.
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

// A price as the key of a side, or a key of a side as the price.
inline Key turned(std::uint32_t side, std::int32_t value) { return value ^ -static_cast<std::int32_t>(side); }

// Keys lie on pages of 64, or of 16 where there are thousands of ladders, with a slot for the level of each. A ladder is a
// sorted row of rungs, the best last: a rung has a page and a bit for each slot in use. Any price has its place then, and
// those near the best are found without a search. The row is a block of the slab with room for a power of two rungs; it
// moves to a block of twice the size when full, and the old block waits for the next ladder of its size.
class Ladders {
  public:
    std::size_t size() const { return spans_.size(); }
    void resize(std::size_t count) {
        if (count > spans_.capacity()) spans_.reserve(std::max(count, 2 * spans_.capacity()));
        spans_.resize(count);
    }

    bool empty(std::size_t ladder) const { return spans_[ladder].size == 0; }
    // The best key; the lowest of all where there is none.
    Key best(std::size_t ladder) const { return spans_[ladder].best; }
    Link best_level(std::size_t ladder) const { return slots_[slot_on(end(ladder)[-1].page, best(ladder))]; }
    bool reaches(std::size_t ladder, Key limit) const { return best(ladder) >= limit && !empty(ladder); }

    Link level(std::uint32_t slot) const { return slots_[slot]; }

    // The level at a key, or what `make` makes to put there.
    template <class Make> Link level_at(std::uint32_t ladder, Key key, Make make) {
        Rung &rung = this->rung(ladder, key);
        const std::uint32_t slot = slot_on(rung.page, key);
        if (const Link level = slots_[slot]) return level;
        rung.used |= bit(key);
        spans_[ladder].best = std::max(spans_[ladder].best, key);
        return slots_[slot] = make(slot);
    }

    // Forget the level at a key.
    void clear(std::uint32_t ladder, Key key) {
        Span &span = spans_[ladder];
        Rung *const rung = begin(ladder) + place(ladder, key >> bits_) - 1;
        slots_[slot_on(rung->page, key)] = 0;
        rung->used &= ~bit(key);
        if (!rung->used) {
            slots_[rung->page << bits_] = std::exchange(free_page_, rung->page);
            std::copy(rung + 1, end(ladder), rung);
            --span.size;
        }
        if (key == span.best) span.best = span.size ? highest(end(ladder)[-1]) : kNone;
    }

    // Call `told` with key and level, the best first, until it returns false.
    template <class Told> void each(std::size_t ladder, Told told) const {
        for (const Rung *rung = end(ladder); rung-- != begin(ladder);)
            for (Rung left = *rung; left.used; left.used &= ~bit(highest(left))) {
                const Key key = highest(left);
                if (!told(key, slots_[slot_on(left.page, key)])) return;
            }
    }

    // What a key on a ladder will need: its span, the best rung, and the slot where it or, if it has no page, any other is.
    void prefetch(std::size_t ladder) const { __builtin_prefetch(&spans_[ladder]); }
    void prefetch_rung(std::size_t ladder) const { __builtin_prefetch(end(ladder) - 1); }
    void prefetch_slot(std::uint32_t slot) const { __builtin_prefetch(&slots_[slot]); }
    std::uint32_t likely_slot(std::size_t ladder, Key key) const {
        const std::size_t place = this->place(ladder, key >> bits_);
        return place ? slot_on(begin(ladder)[place - 1].page, key) : 0;
    }

    std::size_t bytes() const {
        return spans_.capacity() * sizeof(Span) + rungs_.capacity() * sizeof(Rung) + slots_.capacity() * sizeof(Link);
    }

  private:
    static constexpr unsigned kWidePage = 6, kNarrowPage = 4;
    static constexpr std::size_t kMany = 4096, kUnused = std::size_t{1} << kWidePage;
    static constexpr Key kNone = std::numeric_limits<Key>::min();
    static constexpr std::size_t kScanned = 12, kFirst = 2;

    struct Rung {
        Key key;  // of the page: that of its slots without the last bits
        Link page;
        std::uint64_t used;  // a bit for each slot with a level
    };
    struct Span {
        Key best = kNone;
        std::uint32_t first = 0, size = 0, room = 0;
    };

    Rung *begin(std::size_t ladder) { return rungs_.data() + spans_[ladder].first; }
    Rung *end(std::size_t ladder) { return begin(ladder) + spans_[ladder].size; }
    const Rung *begin(std::size_t ladder) const { return rungs_.data() + spans_[ladder].first; }
    const Rung *end(std::size_t ladder) const { return begin(ladder) + spans_[ladder].size; }

    std::uint64_t bit(Key key) const { return std::uint64_t{1} << (key & mask_); }
    std::uint32_t slot_on(Link page, Key key) const { return page << bits_ | (key & mask_); }
    Key highest(const Rung &rung) const { return rung.key << bits_ | (63 - std::countl_zero(rung.used)); }

    Rung &rung(std::size_t ladder, Key key) {
        const Key wanted = key >> bits_;
        const std::size_t place = this->place(ladder, wanted);
        if (!place || begin(ladder)[place - 1].key != wanted) return *insert(ladder, place, {wanted, make_page(), 0});
        return begin(ladder)[place - 1];
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

    void use_pages_of(unsigned bits) {
        bits_ = bits;
        mask_ = (1u << bits) - 1;
    }

    Link make_page() {
        if (const Link page = free_page_) {
            free_page_ = std::exchange(slots_[page << bits_], 0);
            return page;
        }
        if (slots_.size() == kUnused && size() >= kMany) use_pages_of(kNarrowPage);
        slots_.resize(slots_.size() + (std::size_t{1} << bits_));
        return static_cast<Link>((slots_.size() >> bits_) - 1);
    }

    Rung *insert(std::size_t ladder, std::size_t place, Rung rung) {
        if (spans_[ladder].size == spans_[ladder].room) widen(spans_[ladder]);
        Rung *const at = begin(ladder) + place;
        std::copy_backward(at, end(ladder), end(ladder) + 1);
        *at = rung;
        ++spans_[ladder].size;
        return at;
    }

    void widen(Span &span) {
        const std::uint32_t room = std::max<std::uint32_t>(kFirst, 2 * span.room);
        const std::uint32_t first = block(room);
        std::copy_n(rungs_.data() + span.first, span.size, rungs_.data() + first);
        if (span.room) rungs_[span.first].page = std::exchange(free_blocks_[std::bit_width(span.room)], span.first);
        span.first = first;
        span.room = room;
    }

    std::uint32_t block(std::uint32_t room) {
        Link &waiting = free_blocks_[std::bit_width(room)];
        if (waiting) return std::exchange(waiting, rungs_[waiting].page);
        const std::size_t first = rungs_.size();
        rungs_.resize(first + room);
        return static_cast<std::uint32_t>(first);
    }

    Slab<Span> spans_;
    Slab<Rung> rungs_ = Slab<Rung>(1);  // a block never starts at 0
    Slab<Link> slots_ = Slab<Link>(kUnused);  // no page has the number 0
    std::array<Link, 33> free_blocks_{};
    Link free_page_ = 0;
    unsigned bits_ = kWidePage;
    std::uint32_t mask_ = (1u << kWidePage) - 1;
};

}  // namespace micromarket::matching
