// Ladders of price levels, thousands of small ones or a few of any size. No Python inside.
//
// A level's key is the price of a buyer, and the price with every bit turned round of a seller. Both sides are then sorted
// the same way, the best last, and one code path serves both; unlike -price it holds for every 32-bit price.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "price_pages.hpp"

namespace micromarket::matching {

// A price as the key of a side, or a key of a side as the price.
inline Key turned(std::uint32_t side, std::int32_t value) { return value ^ -static_cast<std::int32_t>(side); }

// Up to eight levels of a ladder lie in a cache line of its own; with more it moves to pages, and stays there. Until then its
// row holds the number of the line; a ladder that never had a level has line 0, which nobody writes to.
class Ladders {
  public:
    std::size_t size() const { return rows_.size(); }
    void resize(std::size_t count) {
        if (count > rows_.capacity()) rows_.reserve(std::max(count, 2 * rows_.capacity()));
        rows_.resize(count);
        lines_.reserve(std::min(rows_.capacity(), kMadeRoom));
    }

    bool empty(std::size_t ladder) const { return rows_[ladder].size == 0; }
    // The best key; the lowest of all where there is none.
    Key best(std::size_t ladder) const { return rows_[ladder].best; }
    bool reaches(std::size_t ladder, Key limit) const { return best(ladder) >= limit && !empty(ladder); }
    Link best_level(std::size_t ladder) const {
        const Row &row = rows_[ladder];
        return row.room ? pages_.best_level(row) : lines_[row.first].levels[row.size - 1];
    }

    // The level at a key, or 0.
    Link find(std::size_t ladder, Key key) const {
        const Row &row = rows_[ladder];
        return row.room ? pages_.find(row, key) : lines_[row.first].find(row.size, key);
    }

    // The level at a key, or what `make` makes to put there.
    template <class Make> Link level_at(std::size_t ladder, Key key, Make make) {
        Row &row = rows_[ladder];
        Link &level = row.room ? pages_.slot(row, key) : slot_in_line(row, key);
        if (level) return level;
        row.best = std::max(row.best, key);
        return level = make();
    }

    // Forget the level at a key.
    void clear(std::size_t ladder, Key key) {
        Row &row = rows_[ladder];
        if (row.room) pages_.clear(row, key);
        else clear_in_line(row, key);
    }

    // Call `told` with key and level, the best first, until it returns false.
    template <class Told> void each(std::size_t ladder, Told told) const {
        const Row &row = rows_[ladder];
        if (row.room) return pages_.each(row, told);
        const Line &line = lines_[row.first];
        for (std::uint32_t i = row.size; i-- && told(line.keys[i], line.levels[i]);) {
        }
    }

    void prefetch(std::size_t ladder) const { __builtin_prefetch(&rows_[ladder]); }
    void prefetch_levels(std::size_t ladder) const {
        const Row &row = rows_[ladder];
        if (row.room) pages_.prefetch(row);
        else __builtin_prefetch(&lines_[row.first]);
    }

    std::size_t bytes() const {
        return rows_.size() * sizeof(Row) + lines_.size() * sizeof(Line) + pages_.bytes();
    }

  private:
    static constexpr std::uint32_t kInLine = 8;
    static constexpr std::size_t kMadeRoom = std::size_t{1} << 18;

    struct alignas(64) Line {
        Key keys[kInLine];
        Link levels[kInLine];

        // The number of keys not better than `key`.
        std::uint32_t place(std::uint32_t size, Key key) const {
            std::uint32_t place = 0;
            for (std::uint32_t i = 0; i < kInLine; ++i) place += (i < size) & (keys[i] <= key);
            return place;
        }

        Link find(std::uint32_t size, Key key) const {
            Link found = 0;
            for (std::uint32_t i = 0; i < kInLine; ++i) found |= levels[i] & every_bit((i < size) & (keys[i] == key));
            return found;
        }
    };

    // Where the level at a key is, or is to be put if 0 is there.
    [[gnu::noinline]] Link &slot_in_line(Row &row, Key key) {
        if (!row.first) row.first = make_line();
        Line &line = lines_[row.first];
        const std::uint32_t place = line.place(row.size, key);
        if (place && line.keys[place - 1] == key) return line.levels[place - 1];
        if (row.size == kInLine) return slot_after_move(row, key);
        for (std::uint32_t i = row.size++; i > place; --i) {
            line.keys[i] = line.keys[i - 1];
            line.levels[i] = line.levels[i - 1];
        }
        line.keys[place] = key;
        return line.levels[place] = 0;
    }

    std::uint32_t make_line() {
        lines_.emplace_back();
        return static_cast<std::uint32_t>(lines_.size() - 1);
    }

    Link &slot_after_move(Row &row, Key key) {
        const Line &line = lines_[row.first];
        row = {row.best};
        for (std::uint32_t i = 0; i < kInLine; ++i) pages_.slot(row, line.keys[i]) = line.levels[i];
        return pages_.slot(row, key);
    }

    [[gnu::noinline]] void clear_in_line(Row &row, Key key) {
        Line &line = lines_[row.first];
        std::uint32_t i = line.place(row.size, key) - 1;
        for (--row.size; i < row.size; ++i) {
            line.keys[i] = line.keys[i + 1];
            line.levels[i] = line.levels[i + 1];
        }
        row.best = row.size ? line.keys[row.size - 1] : kLowest;
    }

    Slab<Row> rows_;
    Slab<Line> lines_ = Slab<Line>(1);
    Pages pages_;
};

}  // namespace micromarket::matching
