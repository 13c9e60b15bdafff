// A continuous order book over many instruments: sorted ladders of levels on flat slabs, integers only. No Python inside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "ladders.hpp"

namespace micromarket::matching {

enum Kind : std::uint8_t { kNew, kCancel, kImmediate, kAllOrNone, kReplace };
enum class Priority : std::uint8_t { time, volume, pro_rata };

struct Event {
    std::uint8_t kind, side;
    std::uint16_t flags;
    std::uint32_t instrument;
    std::int32_t price, quantity;
    std::int64_t order_id;
};
struct Trade {
    std::int64_t taker, maker;
    std::int32_t price, quantity;
};
struct Resting {
    std::uint32_t instrument, side;
    std::int32_t price, quantity;
    std::int64_t order_id;
};
static_assert(sizeof(Event) == 24 && sizeof(Trade) == 24 && sizeof(Resting) == 24);

// What the caller may not ask; nothing has changed.
struct Refusal : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline constexpr std::uint32_t kMostInstruments = std::uint32_t{1} << 24;

using Trades = Slab<Trade>;

class Book {
  public:
    explicit Book(Priority priority) : priority_(priority), orders_(1), levels_(1), heaps_(1) {}

    struct Depth {
        std::int32_t price;
        std::int64_t quantity;
        std::uint32_t orders;
    };

    Priority priority() const { return priority_; }
    std::size_t size() const { return size_; }

    // Say what is wrong with an event, or nothing.
    static const char *wrong(const Event &event) {
        if (event.kind > kReplace) return "a kind is one of 0 to 4";
        if (event.order_id <= 0) return "an order id is above 0";
        if (event.kind == kCancel) return nullptr;
        if (event.quantity <= 0) return "a quantity is above 0";
        if (event.kind == kReplace) return nullptr;
        if (event.side > 1) return "a side is 0 (buy) or 1 (sell)";
        if (event.instrument >= kMostInstruments) return "an instrument is below 16777216";
        return nullptr;
    }

    // Replay events in order, all or, if one of them is wrong, none.
    void replay(const Event *events, std::size_t count, Trades &trades) {
        prepare(events, count);
        std::size_t i = 0;
        for (; i + kFar < count; ++i) {
            if (ladders_.size() + size_ > kCached) look_ahead(events + i);
            apply(events[i], trades);
        }
        for (; i < count; ++i) apply(events[i], trades);
    }

    void apply(const Event &event, Trades &trades) {
        if (event.kind == kCancel) cancel(event.order_id);
        else if (event.kind == kReplace) replace(event.order_id, event.price, event.quantity, trades);
        else if (!standing(event.order_id)) enter(event, trades);
    }

    // The same for one event from outside, which may name a new instrument.
    void admit(const Event &event, Trades &trades) {
        if (const char *fault = wrong(event)) throw Refusal(fault);
        make_instruments(event.instrument);
        apply(event, trades);
    }

    std::int32_t cancel(std::int64_t id) {
        const Link at = standing(id);
        if (!at) return 0;
        const std::int32_t removed = orders_[at].quantity;
        const Link level = orders_[at].level;
        detach(at, level);
        release(at);
        if (!levels_[level].first) drop_level(level);
        return removed;
    }

    // Lower what is left of an order to `quantity`; its place stays.
    std::int32_t reduce(std::int64_t id, std::int32_t quantity) {
        const Link at = standing(id);
        if (!at || quantity >= orders_[at].quantity) return 0;
        if (quantity <= 0) return cancel(id);
        const std::int32_t removed = orders_[at].quantity - quantity;
        levels_[orders_[at].level].quantity -= removed;
        lower(at, quantity);
        return removed;
    }

    void replace(std::int64_t id, std::int32_t price, std::int32_t quantity, Trades &trades) {
        const Link at = standing(id);
        if (!at) return;
        const std::uint32_t ladder = levels_[orders_[at].level].ladder;
        const bool same_price = levels_[orders_[at].level].key == turned(ladder & 1, price);
        if (same_price && quantity <= orders_[at].quantity) {
            reduce(id, quantity);
            return;
        }
        cancel(id);
        enter({kNew, static_cast<std::uint8_t>(ladder & 1), 0, ladder >> 1, price, quantity, id}, trades);
    }

    // The place of a standing order, or 0.
    Link standing(std::int64_t id) const {
        const Link at = index_.find(id);
        return orders_[at].id == id ? at : 0;
    }

    std::int32_t remaining(std::int64_t id) const { return orders_[standing(id)].quantity; }

    // The order at a place, which is not 0.
    Resting described(Link at) const {
        const Order &order = orders_[at];
        const Level &level = levels_[order.level];
        const std::uint32_t side = level.ladder & 1;
        return {level.ladder >> 1, side, turned(side, level.key), order.quantity, order.id};
    }

    // Who trades next on a side, or 0.
    Link front(std::uint32_t instrument, std::uint32_t side) const {
        const std::size_t own = 2 * std::size_t{instrument} + side;
        if (own >= ladders_.size() || ladders_.empty(own)) return 0;
        const Link level = ladders_.best(own).level;
        return priority_ == Priority::volume ? heaps_[level].front().order : levels_[level].first;
    }

    // What an order of `side` could take at `price` or better.
    std::int64_t available(std::uint32_t instrument, std::uint32_t side, std::int32_t price) const {
        const std::size_t others = 2 * std::size_t{instrument} + (side ^ 1);
        return others < ladders_.size() ? reachable(others, turned(side ^ 1, price), INT64_MAX) : 0;
    }

    std::vector<Depth> depth(std::uint32_t instrument, std::uint32_t side, std::size_t most) const {
        std::vector<Depth> found;
        const std::size_t own = 2 * std::size_t{instrument} + side;
        if (own >= ladders_.size()) return found;
        for (const Rung *rung = ladders_.end(own); rung-- != ladders_.begin(own) && found.size() < most;) {
            const Level &level = levels_[rung->level];
            found.push_back({turned(side, rung->key), level.quantity, level.count});
        }
        return found;
    }

    // Standing orders by instrument, side, best price, arrival.
    void write(std::uint32_t first_instrument, std::uint32_t end_instrument, Slab<Resting> &found) const {
        const std::size_t end = std::min<std::size_t>(2 * std::size_t{end_instrument}, ladders_.size());
        for (std::size_t at = 2 * std::size_t{first_instrument}; at < end; ++at)
            for (const Rung *rung = ladders_.end(at); rung-- != ladders_.begin(at);) write_level(rung->level, found);
    }

    // Put orders, written as above, into an empty book.
    void read(const Resting *orders, std::size_t count) {
        std::int64_t largest = 0;
        for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, orders[i].order_id);
        index_.expect(largest, count);
        orders_.reserve(count + 1);
        std::uint64_t ladder = UINT64_MAX;
        for (std::size_t i = 0; i < count; ++i) {
            const Resting &order = orders[i];
            if (order.side > 1 || order.quantity <= 0 || order.order_id <= 0 || order.instrument >= kMostInstruments)
                throw Refusal("a snapshot holds an order that no book can hold");
            const std::uint64_t own = 2 * std::uint64_t{order.instrument} + order.side;
            const Key key = turned(order.side, order.price);
            make_instruments(order.instrument);
            const bool same = own == ladder && ladders_.best(own).key == key;
            const bool after = ladder == UINT64_MAX || own > ladder || (own == ladder && ladders_.best(own).key > key);
            if ((!same && !after) || standing(order.order_id)) throw Refusal("a snapshot's orders do not follow in order");
            if (!same) ladders_.push(own, {key, make_level(static_cast<std::uint32_t>(own), key)});
            stand(ladders_.best(own).level, order.quantity, order.order_id);
            ladder = own;
        }
        for (std::size_t at = 0; at < ladders_.size(); ++at) {
            std::reverse(ladders_.begin(at), ladders_.end(at));
            if (at & 1 && crossed(at - 1)) throw Refusal("a snapshot's book is crossed");
        }
    }

    std::size_t bytes() const {
        std::size_t sum = index_.bytes() + orders_.capacity() * sizeof(Order) + levels_.capacity() * sizeof(Level) + ladders_.bytes();
        for (const auto &heap : heaps_) sum += sizeof(heap) + heap.capacity() * sizeof(Claim);
        return sum;
    }

  private:
    // Orders of a level are linked by age. Under volume priority the level keeps a heap instead, and `before` is the place
    // in it. A freed order has the identifier 0 and is linked by `next`.
    struct Order {
        std::int64_t id = 0;
        std::int32_t quantity = 0;
        Link next = 0, before = 0, level = 0;
    };
    struct Level {
        std::int64_t quantity = 0;
        Link first = 0, last = 0;  // under volume priority `first` only says that the heap is not empty
        Key key = 0;
        std::uint32_t count = 0, ladder = 0;
    };
    struct Claim {
        std::uint64_t arrival;
        std::int32_t quantity;
        Link order;

        bool leads(const Claim &other) const {
            return quantity != other.quantity ? quantity > other.quantity : arrival < other.arrival;
        }
    };
    static constexpr std::size_t kFar = 24, kMiddle = 16, kNear = 8, kCached = 8192;

    void prepare(const Event *events, std::size_t count) {
        std::int64_t largest = 0;
        std::uint32_t instruments = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (const char *fault = wrong(events[i])) throw Refusal("event " + std::to_string(i) + ": " + fault);
            if (events[i].kind == kCancel || events[i].kind == kReplace) continue;
            largest = std::max(largest, events[i].order_id);
            instruments = std::max(instruments, events[i].instrument);
        }
        if (count) make_instruments(instruments);
        index_.expect(largest, count);
    }

    void make_instruments(std::uint32_t instrument) {
        const std::size_t wanted = 2 * (std::size_t{instrument} + 1);
        if (wanted > ladders_.size()) ladders_.resize(wanted);
    }

    static bool names_an_order(const Event &event) { return event.kind == kCancel || event.kind == kReplace; }

    // What events will touch is asked for early, step by step: a year of quarter-hours fits no cache.
    void look_ahead(const Event *events) const {
        const Event &far = events[kFar], &middle = events[kMiddle], &near = events[kNear];
        if (names_an_order(far)) index_.prefetch(far.order_id);
        else ladders_.prefetch(2 * std::size_t{far.instrument});
        if (names_an_order(middle)) {
            __builtin_prefetch(&orders_[index_.find(middle.order_id)]);
        } else {
            ladders_.prefetch_best(2 * std::size_t{middle.instrument});
            ladders_.prefetch_best(2 * std::size_t{middle.instrument} + 1);
        }
        if (names_an_order(near)) {
            __builtin_prefetch(&levels_[orders_[index_.find(near.order_id)].level]);
        } else {
            const std::size_t own = 2 * std::size_t{near.instrument} + near.side;
            if (!ladders_.empty(own)) __builtin_prefetch(&levels_[ladders_.best(own).level]);
        }
    }

    bool crossed(std::size_t buyers) const {
        if (ladders_.empty(buyers) || ladders_.empty(buyers + 1)) return false;
        return ladders_.best(buyers).key >= turned(1, ladders_.best(buyers + 1).key);
    }

    std::int64_t reachable(std::size_t ladder, Key limit, std::int64_t enough) const {
        std::int64_t sum = 0;
        for (const Rung *rung = ladders_.end(ladder); rung-- != ladders_.begin(ladder) && rung->key >= limit && sum < enough;)
            sum += levels_[rung->level].quantity;
        return sum;
    }

    void enter(const Event &event, Trades &trades) {
        const std::uint32_t own = 2 * event.instrument + event.side;
        const std::uint32_t others = own ^ 1;
        const Key limit = turned(event.side ^ 1u, event.price);
        std::int32_t left = event.quantity;
        if (!ladders_.empty(others) && ladders_.best(others).key >= limit) {
            if (event.kind == kAllOrNone && reachable(others, limit, left) < left) return;
            left = take(others, limit, left, event.order_id, trades);
        }
        if (left && event.kind == kNew) rest(own, turned(event.side, event.price), left, event.order_id);
    }

    std::int32_t take(std::uint32_t others, Key limit, std::int32_t left, std::int64_t taker, Trades &trades) {
        do {
            const Link at = ladders_.best(others).level;
            Level &level = levels_[at];
            const std::int32_t price = turned(level.ladder & 1, level.key);
            if (priority_ == Priority::time) left = take_oldest(level, {taker, 0, price, left}, trades);
            else if (priority_ == Priority::volume) left = take_largest(at, {taker, 0, price, left}, trades);
            else left = take_shares(level, {taker, 0, price, left}, trades);
            if (level.first) break;
            ladders_.pop(others);
            free_level(at);
        } while (left && !ladders_.empty(others) && ladders_.best(others).key >= limit);
        return left;
    }

    // `wanted` holds the taker, the price and what is left of it, as do the two below.
    std::int32_t take_oldest(Level &level, Trade wanted, Trades &trades) {
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
            const Link next = order.next;
            --level.count;
            release(at);
            at = next;
        } while (left && at);
        level.first = at;
        orders_[at].before = 0;
        return left;
    }

    std::int32_t take_largest(Link at, Trade wanted, Trades &trades) {
        Level &level = levels_[at];
        std::int32_t left = wanted.quantity;
        while (left && level.first) {
            const Claim largest = heaps_[at].front();
            const std::int32_t quantity = std::min(left, largest.quantity);
            trades.push_back({wanted.taker, orders_[largest.order].id, wanted.price, quantity});
            left -= quantity;
            level.quantity -= quantity;
            if (quantity < largest.quantity) {
                lower(largest.order, largest.quantity - quantity);
            } else {
                level.quantity += quantity;  // `detach` takes off all that the order still has
                detach(largest.order, at);
                release(largest.order);
            }
        }
        return left;
    }

    // Each order gets its share rounded down, in order of age; lots left over go one each to the oldest.
    std::int32_t take_shares(Level &level, Trade wanted, Trades &trades) {
        if (wanted.quantity >= level.quantity) return take_oldest(level, wanted, trades);
        const std::int64_t left = wanted.quantity, whole = level.quantity;
        std::int64_t over = left;
        for (Link at = level.first; at; at = orders_[at].next) over -= left * orders_[at].quantity / whole;
        for (Link at = level.first, next; at; at = next) {
            Order &order = orders_[at];
            next = order.next;
            const std::int64_t extra = over > 0;
            const auto quantity = static_cast<std::int32_t>(left * order.quantity / whole + extra);
            over -= extra;
            if (!quantity) continue;
            trades.push_back({wanted.taker, order.id, wanted.price, quantity});
            if (quantity == order.quantity) {
                unlink(at, level);
                release(at);
            } else {
                order.quantity -= quantity;
                level.quantity -= quantity;
            }
        }
        return 0;
    }

    void rest(std::uint32_t ladder, Key key, std::int32_t quantity, std::int64_t id) {
        const std::size_t above = ladders_.place(ladder, key);
        if (above) {
            const Rung &rung = ladders_.begin(ladder)[above - 1];
            if (rung.key == key) return stand(rung.level, quantity, id);
        }
        const Link level = make_level(ladder, key);
        ladders_.insert(ladder, above, {key, level});
        stand(level, quantity, id);
    }

    void stand(Link level_at, std::int32_t quantity, std::int64_t id) {
        const Link at = make_order();
        Level &level = levels_[level_at];
        level.quantity += quantity;
        ++level.count;
        ++size_;
        if (priority_ == Priority::volume) {
            orders_[at] = {id, quantity, 0, 0, level_at};
            level.first = at;
            heaps_[level_at].push_back({arrivals_++, quantity, at});
            rise(heaps_[level_at], heaps_[level_at].size() - 1);
        } else {
            const Link last = level.first ? level.last : 0;
            orders_[at] = {id, quantity, 0, last, level_at};
            (last ? orders_[last].next : level.first) = at;
            level.last = at;
        }
        index_.put(id, at);
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
        order.quantity = 0;
        order.next = free_order_;
        free_order_ = at;
        --size_;
    }

    Link make_level(std::uint32_t ladder, Key key) {
        Link at = free_level_;
        if (at) {
            free_level_ = levels_[at].last;
        } else {
            levels_.emplace_back();
            if (priority_ == Priority::volume) heaps_.emplace_back();
            at = static_cast<Link>(levels_.size() - 1);
        }
        levels_[at] = {0, 0, 0, key, 0, ladder};
        return at;
    }

    void free_level(Link at) {
        levels_[at].last = free_level_;
        free_level_ = at;
    }

    void drop_level(Link at) {
        const std::uint32_t ladder = levels_[at].ladder;
        ladders_.erase(ladder, ladders_.place(ladder, levels_[at].key) - 1);
        free_level(at);
    }

    void detach(Link at, Link level) {
        if (priority_ == Priority::volume) unheap(at, level);
        else unlink(at, levels_[level]);
    }

    void unlink(Link at, Level &level) {
        const Order &order = orders_[at];
        level.quantity -= order.quantity;
        --level.count;
        (order.before ? orders_[order.before].next : level.first) = order.next;
        (order.next ? orders_[order.next].before : level.last) = order.before;
    }

    // Everything below keeps the heaps of volume priority: the largest in front, of equals the oldest.
    void unheap(Link at, Link level_at) {
        std::vector<Claim> &heap = heaps_[level_at];
        Level &level = levels_[level_at];
        level.quantity -= orders_[at].quantity;
        --level.count;
        const std::size_t gap = orders_[at].before;
        const Claim last = heap.back();
        heap.pop_back();
        if (gap < heap.size()) {
            set(heap, gap, last);
            rise(heap, gap);
            sink(heap, orders_[last.order].before);
        }
        level.first = heap.empty() ? 0 : heap.front().order;
    }

    void lower(Link at, std::int32_t quantity) {
        orders_[at].quantity = quantity;
        if (priority_ != Priority::volume) return;
        std::vector<Claim> &heap = heaps_[orders_[at].level];
        heap[orders_[at].before].quantity = quantity;
        sink(heap, orders_[at].before);
    }

    void set(std::vector<Claim> &heap, std::size_t at, const Claim &claim) {
        heap[at] = claim;
        orders_[claim.order].before = static_cast<Link>(at);
    }

    void rise(std::vector<Claim> &heap, std::size_t at) {
        const Claim claim = heap[at];
        for (; at && claim.leads(heap[(at - 1) / 2]); at = (at - 1) / 2) set(heap, at, heap[(at - 1) / 2]);
        set(heap, at, claim);
    }

    void sink(std::vector<Claim> &heap, std::size_t at) {
        const Claim claim = heap[at];
        for (std::size_t child; (child = 2 * at + 1) < heap.size(); at = child) {
            if (child + 1 < heap.size() && heap[child + 1].leads(heap[child])) ++child;
            if (!heap[child].leads(claim)) break;
            set(heap, at, heap[child]);
        }
        set(heap, at, claim);
    }

    void write_level(Link level, Slab<Resting> &found) const {
        if (priority_ != Priority::volume) {
            for (Link at = levels_[level].first; at; at = orders_[at].next) found.push_back(described(at));
            return;
        }
        std::vector<Claim> claims = heaps_[level];
        std::sort(claims.begin(), claims.end(), [](auto &a, auto &b) { return a.arrival < b.arrival; });
        for (const Claim &claim : claims) found.push_back(described(claim.order));
    }

    Priority priority_;
    Ladders ladders_;  // two for each instrument: buyers, sellers
    Slab<Order> orders_;
    Slab<Level> levels_;
    std::vector<std::vector<Claim>> heaps_;
    OrderIndex index_;
    Link free_order_ = 0, free_level_ = 0;
    std::size_t size_ = 0;
    std::uint64_t arrivals_ = 0;
};

}  // namespace micromarket::matching
