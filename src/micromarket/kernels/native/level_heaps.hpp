// For volume priority: at each level the largest order in front, of equals the oldest. No Python inside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "order_index.hpp"

namespace micromarket::matching {

// Orders of a level are linked by age. Under volume priority the level keeps a heap instead, and `before` is the place
// in it. A freed order has the identifier 0 and is linked by `next`.
struct Order {
    std::int64_t id = 0;
    std::int32_t quantity = 0;
    Link next = 0, before = 0, level = 0;
};

// One order's claim to trade first.
struct Claim {
    std::uint64_t arrival;
    std::int32_t quantity;
    Link order;

    bool leads(const Claim &other) const {
        return quantity != other.quantity ? quantity > other.quantity : arrival < other.arrival;
    }
};

// A binary heap for each level. Each order keeps its place in the heap in `before`.
class LevelHeaps {
  public:
    using Heap = std::vector<Claim>;

    void expect(std::size_t levels) { heaps_.resize(std::max(levels, heaps_.size())); }
    const Claim &front(Link level) const { return heaps_[level].front(); }

    void push(Link level, std::int32_t quantity, Link order, Slab<Order> &orders) {
        Heap &heap = heaps_[level];
        heap.push_back({arrivals_++, quantity, order});
        rise(heap, heap.size() - 1, orders);
    }

    void remove(Link level, std::size_t place, Slab<Order> &orders) {
        Heap &heap = heaps_[level];
        const Claim last = heap.back();
        heap.pop_back();
        if (place == heap.size()) return;
        heap[place] = last;
        sink(heap, rise(heap, place, orders), orders);
    }

    void lower(Link level, std::size_t place, std::int32_t quantity, Slab<Order> &orders) {
        heaps_[level][place].quantity = quantity;
        sink(heaps_[level], place, orders);
    }

    // The claims at a level by age.
    Heap by_age(Link level) const {
        Heap claims = heaps_[level];
        std::sort(claims.begin(), claims.end(), [](auto &a, auto &b) { return a.arrival < b.arrival; });
        return claims;
    }

    std::size_t bytes() const {
        std::size_t sum = 0;
        for (const Heap &heap : heaps_) sum += sizeof(heap) + heap.capacity() * sizeof(Claim);
        return sum;
    }

  private:
    static void set(Heap &heap, std::size_t at, const Claim &claim, Slab<Order> &orders) {
        heap[at] = claim;
        orders[claim.order].before = static_cast<Link>(at);
    }

    static std::size_t rise(Heap &heap, std::size_t at, Slab<Order> &orders) {
        const Claim claim = heap[at];
        for (; at && claim.leads(heap[(at - 1) / 2]); at = (at - 1) / 2) set(heap, at, heap[(at - 1) / 2], orders);
        set(heap, at, claim, orders);
        return at;
    }

    static void sink(Heap &heap, std::size_t at, Slab<Order> &orders) {
        const Claim claim = heap[at];
        for (std::size_t child; (child = 2 * at + 1) < heap.size(); at = child) {
            if (child + 1 < heap.size() && heap[child + 1].leads(heap[child])) ++child;
            if (!heap[child].leads(claim)) break;
            set(heap, at, heap[child], orders);
        }
        set(heap, at, claim, orders);
    }

    std::vector<Heap> heaps_;
    std::uint64_t arrivals_ = 0;
};

}  // namespace micromarket::matching
