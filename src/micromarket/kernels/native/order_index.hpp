// Where each order stands: a table for identifiers that count up, a hash table for all others. No Python inside.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "large_pages.hpp"

namespace micromarket::matching {

// A place in a slab; place 0 is never used, so 0 says "none".
using Link = std::uint32_t;

// All bits or none, to choose a link without a branch.
inline Link every_bit(bool wanted) { return -static_cast<Link>(wanted); }

template <class T> using Slab = std::vector<T, LargePages<T>>;

// The table grows while identifiers stay within a million of twice what it holds. It is never cleared: an order that is gone
// leaves its link behind, so a link is to be believed only if the order found there still bears the identifier.
class OrderIndex {
  public:
    Link find(std::int64_t id) const {
        if (static_cast<std::uint64_t>(id) < table_.size()) return table_[static_cast<std::size_t>(id)];
        return sparse_count_ ? find_sparse(id) : 0;
    }

    void put(std::int64_t id, Link link) {
        if (static_cast<std::uint64_t>(id) >= table_.size() && !grow(id)) put_sparse(id, link);
        else table_[static_cast<std::size_t>(id)] = link;
    }

    void drop(std::int64_t id) {
        if (static_cast<std::uint64_t>(id) >= table_.size() && sparse_count_) drop_sparse(id);
    }

    // Make room at once for `count` orders with identifiers up to `largest`, unless those are sparse.
    void expect(std::int64_t largest, std::size_t count) {
        const std::size_t wanted = static_cast<std::size_t>(largest);
        if (wanted < kFirst + 2 * table_.size() + 16 * count) grow_to(wanted + 1);
    }

    void prefetch(std::int64_t id) const {
        if (static_cast<std::uint64_t>(id) < table_.size()) __builtin_prefetch(&table_[static_cast<std::size_t>(id)]);
    }

    std::size_t bytes() const { return table_.size() * sizeof(Link) + sparse_.size() * sizeof(Cell); }

  private:
    struct Cell {
        std::int64_t id = 0;
        Link link = 0;  // 0 marks an empty cell
    };
    static constexpr std::size_t kFirst = std::size_t{1} << 20, kMost = std::size_t{1} << 30;

    bool grow(std::int64_t id) {
        const std::size_t wanted = static_cast<std::size_t>(id);
        if (wanted >= kMost || wanted >= 2 * table_.size() + kFirst) return false;
        grow_to(std::bit_ceil(wanted + 1));
        return true;
    }

    void grow_to(std::size_t size) {
        if (size <= table_.size() || size > kMost) return;
        table_.resize(size);
        if (!sparse_count_) return;
        std::vector<Cell> before;
        before.swap(sparse_);
        sparse_count_ = 0;
        for (const Cell &cell : before)
            if (cell.link) put(cell.id, cell.link);
    }

    std::size_t home(std::int64_t id) const {
        const std::uint64_t mixed = static_cast<std::uint64_t>(id) * 0x9E3779B97F4A7C15u;
        return static_cast<std::size_t>(mixed ^ mixed >> 32) & (sparse_.size() - 1);
    }

    std::size_t cell_of(std::int64_t id) const {
        std::size_t at = home(id);
        while (sparse_[at].link && sparse_[at].id != id) at = (at + 1) & (sparse_.size() - 1);
        return at;
    }

    Link find_sparse(std::int64_t id) const { return sparse_[cell_of(id)].link; }

    void put_sparse(std::int64_t id, Link link) {
        if (2 * (sparse_count_ + 1) > sparse_.size()) widen();
        Cell &cell = sparse_[cell_of(id)];
        sparse_count_ += cell.link == 0;
        cell = {id, link};
    }

    void widen() {
        std::vector<Cell> before(sparse_.empty() ? 64 : 2 * sparse_.size());
        before.swap(sparse_);
        for (const Cell &cell : before)
            if (cell.link) sparse_[cell_of(cell.id)] = cell;
    }

    // Cells behind the freed one move up, so that no search ends too early.
    void drop_sparse(std::int64_t id) {
        const std::size_t mask = sparse_.size() - 1;
        std::size_t gap = cell_of(id);
        if (!sparse_[gap].link) return;
        --sparse_count_;
        for (std::size_t at = (gap + 1) & mask; sparse_[at].link; at = (at + 1) & mask) {
            if (((at - home(sparse_[at].id)) & mask) < ((at - gap) & mask)) continue;
            sparse_[gap] = sparse_[at];
            gap = at;
        }
        sparse_[gap] = {};
    }

    Slab<Link> table_;
    std::vector<Cell> sparse_;
    std::size_t sparse_count_ = 0;
};

}  // namespace micromarket::matching
