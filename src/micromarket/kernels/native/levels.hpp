// Standing orders at their levels, and who of them trades first. No Python inside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "level_heaps.hpp"
#include "order_index.hpp"
#include "order_records.hpp"

namespace micromarket::matching {

using Trades = Slab<Trade>;

// Who stands at a price, and where the ladders keep it.
struct Level {
    std::int64_t quantity = 0;
    Link first = 0, last = 0;  // a freed level is linked by `last`
    std::uint32_t count = 0, ladder = 0;
    std::int32_t key = 0;
};

// All levels of a book and their orders. Place 0 of either slab is never used.
class Levels {
  public:
    explicit Levels(Priority priority) : priority_(priority) {}

    Priority priority() const { return priority_; }
    std::size_t size() const { return size_; }
    const Level &operator[](Link level) const { return levels_[level]; }
    const Order &order(Link at) const { return orders_[at]; }

    // The place of a standing order, or 0.
    Link find(std::int64_t id) const {
        const Link at = index_.find(id);
        return orders_[at].id == id ? at : 0;
    }

    // Who trades next at a level.
    Link front(Link level) const {
        return priority_ == Priority::volume ? heaps_.front(level).order : levels_[level].first;
    }

    // Make room at once for identifiers up to `largest`, of `count` orders at most, or for the orders and their levels too;
    // memory that nothing is put into is never touched.
    void expect(std::int64_t largest, std::size_t count) { index_.expect(largest, count); }
    void reserve(std::int64_t largest, std::size_t count) {
        expect(largest, count);
        widen(orders_, size_ + count + 1);
        widen(levels_, std::min(levels_.size() + count, orders_.capacity()));
    }

    Link make(std::uint32_t ladder, std::int32_t key) {
        Link at = free_level_;
        if (at) {
            free_level_ = levels_[at].last;
        } else {
            at = static_cast<Link>(levels_.size());
            levels_.emplace_back();
            if (priority_ == Priority::volume) heaps_.expect(levels_.size());
        }
        levels_[at] = {0, 0, 0, 0, ladder, key};
        return at;
    }

    void free(Link level) { levels_[level].last = std::exchange(free_level_, level); }

    // Put an order behind those that stand at a level.
    void stand(Link level_at, std::int32_t quantity, std::int64_t id) {
        const Link at = make_order();
        Level &level = levels_[level_at];
        orders_[at] = {id, quantity, 0, level.last, level_at};
        level.quantity += quantity;
        ++level.count;
        ++size_;
        index_.put(id, at);
        if (priority_ == Priority::volume) {
            heaps_.push(level_at, quantity, at, orders_);
            return;
        }
        *(level.last ? &orders_[level.last].next : &level.first) = at;
        level.last = at;
    }

    // Take an order from its level and forget it.
    void remove(Link at) {
        const Order &order = orders_[at];
        Level &level = levels_[order.level];
        level.quantity -= order.quantity;
        --level.count;
        if (priority_ == Priority::volume) {
            heaps_.remove(order.level, order.before, orders_);
        } else {
            *(order.before ? &orders_[order.before].next : &level.first) = order.next;
            *(order.next ? &orders_[order.next].before : &level.last) = order.before;
        }
        release(at);
    }

    // Lower what is left of an order; its place by age stays.
    void lower(Link at, std::int32_t quantity) {
        Order &order = orders_[at];
        levels_[order.level].quantity -= order.quantity - quantity;
        order.quantity = quantity;
        if (priority_ == Priority::volume) heaps_.lower(order.level, order.before, quantity, orders_);
    }

    // Trade with a level's orders; `wanted` holds the taker, the price and how much. Return what is left of it.
    std::int32_t take(Link level, const Trade &wanted, Trades &trades) {
        if (priority_ == Priority::time) return take_oldest(levels_[level], wanted, trades);
        if (priority_ == Priority::volume) return take_largest(level, wanted, trades);
        return take_shares(level, wanted, trades);
    }

    // Call `told` with each order of a level by age.
    template <class Told> void each(Link level, Told told) const {
        if (priority_ == Priority::volume) {
            for (const Claim &claim : heaps_.by_age(level)) told(orders_[claim.order]);
        } else {
            for (Link at = levels_[level].first; at; at = orders_[at].next) told(orders_[at]);
        }
    }

    void prefetch_index(std::int64_t id) const { index_.prefetch(id); }
    void prefetch_order(std::int64_t id) const { __builtin_prefetch(&orders_[index_.find(id)]); }
    // The level of a standing order, or 0; its neighbors there are asked for.
    Link look_around(std::int64_t id) const {
        const Order &order = orders_[index_.find(id)];
        __builtin_prefetch(&orders_[order.before]);
        __builtin_prefetch(&orders_[order.next]);
        return order.level & every_bit(order.id == id);
    }
    void prefetch(Link level) const { __builtin_prefetch(&levels_[level]); }
    void prefetch_ends(Link level) const {
        __builtin_prefetch(&orders_[levels_[level].first]);
        __builtin_prefetch(&orders_[levels_[level].last]);
    }

    std::size_t bytes() const {
        return index_.bytes() + orders_.size() * sizeof(Order) + levels_.size() * sizeof(Level) + heaps_.bytes();
    }

  private:
    template <class T> static void widen(Slab<T> &slab, std::size_t wanted) {
        if (wanted > slab.capacity()) slab.reserve(std::max(wanted, 2 * slab.capacity()));
    }

    Link make_order() {
        if (const Link at = free_order_) {
            free_order_ = orders_[at].next;
            return at;
        }
        if (orders_.size() == UINT32_MAX) throw Refusal("a book holds at most 4294967294 orders");
        orders_.emplace_back();
        return static_cast<Link>(orders_.size() - 1);
    }

    void release(Link at) {
        Order &order = orders_[at];
        index_.drop(order.id);
        order.id = 0;
        order.next = std::exchange(free_order_, at);
        --size_;
    }

    std::int32_t take_oldest(Level &level, const Trade &wanted, Trades &trades) {
        std::int32_t left = wanted.quantity;
        Link at = level.first;
        do {
            Order &order = orders_[at];
            const std::int32_t quantity = std::min(left, order.quantity);
            trades.push_back({wanted.taker, order.id, wanted.price, quantity});
            left -= quantity;
            level.quantity -= quantity;
            if (quantity < order.quantity) {
                order.quantity -= quantity;
                break;
            }
            --level.count;
            const Link next = order.next;
            release(at);
            at = next;
        } while (left && at);
        level.first = at;
        *(at ? &orders_[at].before : &level.last) = 0;
        return left;
    }

    std::int32_t take_largest(Link level, const Trade &wanted, Trades &trades) {
        std::int32_t left = wanted.quantity;
        while (left && levels_[level].count) {
            const Claim largest = heaps_.front(level);
            const std::int32_t quantity = std::min(left, largest.quantity);
            trades.push_back({wanted.taker, orders_[largest.order].id, wanted.price, quantity});
            left -= quantity;
            if (quantity < largest.quantity) lower(largest.order, largest.quantity - quantity);
            else remove(largest.order);
        }
        return left;
    }

    // Each order gets its share rounded down, in order of age; lots left over go one each to the oldest.
    std::int32_t take_shares(Link level, const Trade &wanted, Trades &trades) {
        const std::int64_t left = wanted.quantity, whole = levels_[level].quantity;
        if (left >= whole) return take_oldest(levels_[level], wanted, trades);
        std::int64_t over = left;
        for (Link at = levels_[level].first; at; at = orders_[at].next) over -= left * orders_[at].quantity / whole;
        for (Link at = levels_[level].first, next; at; at = next) {
            const Order &order = orders_[at];
            next = order.next;
            const std::int64_t extra = over > 0;
            const auto quantity = static_cast<std::int32_t>(left * order.quantity / whole + extra);
            over -= extra;
            if (!quantity) continue;
            trades.push_back({wanted.taker, order.id, wanted.price, quantity});
            if (quantity == order.quantity) remove(at);
            else lower(at, order.quantity - quantity);
        }
        return 0;
    }

    Priority priority_;
    Slab<Order> orders_ = Slab<Order>(1);
    Slab<Level> levels_ = Slab<Level>(1);
    LevelHeaps heaps_;
    OrderIndex index_;
    Link free_order_ = 0, free_level_ = 0;
    std::size_t size_ = 0;
};

}  // namespace micromarket::matching
