// A continuous order book over many instruments: ladders of levels on flat slabs, integers only. No Python inside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ladders.hpp"
#include "levels.hpp"
#include "order_records.hpp"

namespace micromarket::matching {

class Book {
  public:
    explicit Book(Priority priority) : levels_(priority) {}

    struct Depth {
        std::int32_t price;
        std::int64_t quantity;
        std::uint32_t orders;
    };

    Priority priority() const { return levels_.priority(); }
    std::size_t size() const { return levels_.size(); }
    std::size_t bytes() const { return ladders_.bytes() + levels_.bytes(); }

    // Replay events in order, all or, if one of them is wrong, none. All that an event does lies in one loop: calls cost as
    // much as a twentieth of it.
    [[gnu::flatten]] void replay(const Event *events, std::size_t count, Trades &trades) {
        const Extent extent = checked(events, count);
        if (count) make_instruments(static_cast<std::uint32_t>(extent.largest_instrument));
        const bool many = ladders_.size() > kMany;
        if (many) levels_.reserve(extent.largest_id, count);
        else levels_.expect(extent.largest_id, count);
        Link likely[kRing] = {};
        std::size_t i = 0;
        for (; i + kAhead[0] < count; ++i) {
            levels_.prefetch_index(events[i + kAhead[1]].order_id);
            levels_.prefetch_order(events[i + kAhead[2]].order_id);
            if (many) look_ahead(events, i, likely);
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
        const std::int32_t removed = levels_.order(at).quantity;
        const Link level = levels_.order(at).level;
        levels_.remove(at);
        if (!levels_[level].count) drop(level);
        return removed;
    }

    // Lower what is left of an order to `quantity`; its place stays.
    std::int32_t reduce(std::int64_t id, std::int32_t quantity) {
        const Link at = standing(id);
        if (!at || quantity >= levels_.order(at).quantity) return 0;
        if (quantity <= 0) return cancel(id);
        const std::int32_t removed = levels_.order(at).quantity - quantity;
        levels_.lower(at, quantity);
        return removed;
    }

    void replace(std::int64_t id, std::int32_t price, std::int32_t quantity, Trades &trades) {
        const Link at = standing(id);
        if (!at) return;
        const Resting order = described(at);
        if (price == order.price && quantity <= order.quantity) {
            reduce(id, quantity);
            return;
        }
        cancel(id);
        enter({kNew, static_cast<std::uint8_t>(order.side), 0, order.instrument, price, quantity, id}, trades);
    }

    // The place of a standing order, or 0.
    Link standing(std::int64_t id) const { return levels_.find(id); }
    std::int32_t remaining(std::int64_t id) const { return levels_.order(standing(id)).quantity; }

    // The order at a place, which is not 0.
    Resting described(Link at) const {
        const Order &order = levels_.order(at);
        const Level &level = levels_[order.level];
        const std::uint32_t side = level.ladder & 1;
        return {level.ladder >> 1, side, turned(side, level.key), order.quantity, order.id};
    }

    // Who trades next on a side, or 0.
    Link front(std::uint32_t instrument, std::uint32_t side) const {
        const std::size_t own = 2 * std::size_t{instrument} + side;
        return own < ladders_.size() && !ladders_.empty(own) ? levels_.front(ladders_.best_level(own)) : 0;
    }

    // What an order of `side` could take at `price` or better.
    std::int64_t available(std::uint32_t instrument, std::uint32_t side, std::int32_t price) const {
        const std::size_t others = 2 * std::size_t{instrument} + (side ^ 1);
        return others < ladders_.size() ? reachable(others, turned(side ^ 1, price), INT64_MAX) : 0;
    }

    std::vector<Depth> depth(std::uint32_t instrument, std::uint32_t side, std::size_t most) const {
        std::vector<Depth> found;
        const std::size_t own = 2 * std::size_t{instrument} + side;
        if (own < ladders_.size())
            ladders_.each(own, [&](Key key, Link level) {
                found.push_back({turned(side, key), levels_[level].quantity, levels_[level].count});
                return found.size() < most;
            });
        return found;
    }

    // Standing orders by instrument, side, best price, arrival.
    void write(std::uint32_t first_instrument, std::uint32_t end_instrument, Slab<Resting> &found) const {
        const std::size_t end = std::min<std::size_t>(2 * std::size_t{end_instrument}, ladders_.size());
        for (std::size_t at = 2 * std::size_t{first_instrument}; at < end; ++at) {
            const auto instrument = static_cast<std::uint32_t>(at >> 1), side = static_cast<std::uint32_t>(at & 1);
            ladders_.each(at, [&](Key key, Link level) {
                const std::int32_t price = turned(side, key);
                levels_.each(level, [&](const Order &order) {
                    found.push_back({instrument, side, price, order.quantity, order.id});
                });
                return true;
            });
        }
    }

    // Put orders, written as above, into an empty book.
    void read(const Resting *orders, std::size_t count) {
        make_levels(orders, count);
        Link level = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (standing(orders[i].order_id)) throw Refusal("a snapshot's orders do not follow in order");
            if (!i || rank(orders[i - 1]) != rank(orders[i])) level = level_of(orders[i]);
            levels_.stand(level, orders[i].quantity, orders[i].order_id);
        }
        for (std::size_t buyers = 0; buyers < ladders_.size(); buyers += 2)
            if (crossed(buyers)) throw Refusal("a snapshot's book is crossed");
    }

  private:
    struct Place {
        std::size_t ladder;
        Key key;
    };

    static constexpr std::size_t kAhead[] = {60, 48, 36, 24, 12}, kMany = 4096, kRing = 16;

    // The ladder of an event or a resting order.
    template <class Record> static std::size_t ladder_of(const Record &record) {
        return 2 * std::size_t{record.instrument} + record.side;
    }

    // A snapshot's levels follow by this number: the ladder, then the best key first.
    static std::uint64_t rank(const Resting &order) {
        const auto key = static_cast<std::uint32_t>(turned(order.side, order.price)) ^ 0x80000000u;
        return std::uint64_t{ladder_of(order)} << 32 | ~key;
    }

    // From the last to the first, so that ladders grow at their best end.
    void make_levels(const Resting *orders, std::size_t count) {
        std::int64_t largest = 0;
        if (count) make_instruments(std::min(orders[count - 1].instrument, kMostInstruments - 1));
        for (std::size_t i = count; i--;) {
            const Resting &order = orders[i];
            if (order.side > 1 || order.quantity <= 0 || order.order_id <= 0 || order.instrument >= kMostInstruments)
                throw Refusal("a snapshot holds an order that no book can hold");
            largest = std::max(largest, order.order_id);
            const std::uint64_t next = i + 1 < count ? rank(orders[i + 1]) : UINT64_MAX;
            if (rank(order) > next) throw Refusal("a snapshot's orders do not follow in order");
            if (rank(order) < next) level_of(order);
        }
        levels_.reserve(largest, count);
    }

    Link level_of(const Resting &order) {
        return level_at(static_cast<std::uint32_t>(ladder_of(order)), turned(order.side, order.price));
    }

    bool crossed(std::size_t buyers) const {
        return !ladders_.empty(buyers + 1) && ladders_.reaches(buyers, turned(1, ladders_.best(buyers + 1)));
    }

    void make_instruments(std::uint32_t instrument) {
        const std::size_t wanted = 2 * (std::size_t{instrument} + 1);
        if (wanted > ladders_.size()) ladders_.resize(wanted);
    }

    // What events will touch is asked for early, step by step, where thousands of ladders fit no cache. The kind of an event
    // does not matter, so nothing branches on it. `likely` keeps the levels found from one step to the next.
    [[gnu::noinline]] void look_ahead(const Event *events, std::size_t i, Link *likely) const {
        const Event &near = events[i + kAhead[3]];
        ladders_.prefetch(known_ladder(events[i + kAhead[0]]));
        ladders_.prefetch_levels(met(events[i + kAhead[1]]).ladder);
        const Link stands_at = levels_.look_around(near.order_id), meets = found_at(met(near));
        levels_.prefetch(likely[(i + kAhead[3]) % kRing] = stands_at ? stands_at : meets);
        const Link level = likely[(i + kAhead[4]) % kRing];
        ladders_.prefetch(levels_[level].ladder);
        ladders_.prefetch_levels(levels_[level].ladder);
        levels_.prefetch_ends(level);
    }

    // The ladder that an event names, or any if there is none; a cancel need not name the right one.
    std::size_t known_ladder(const Event &event) const {
        const std::size_t named = 2 * std::size_t{event.instrument} + (event.side & 1u);
        return named < ladders_.size() ? named : 0;
    }

    // Where an event will trade or else stand, as things are.
    Place met(const Event &event) const {
        const std::size_t own = known_ladder(event), others = own ^ 1;
        const Key key = turned(event.side & 1u, event.price), best = ladders_.best(others);
        const bool trades = best >= ~key;
        return {own ^ trades, trades ? best : key};
    }

    Link found_at(const Place &place) const { return ladders_.find(place.ladder, place.key); }

    std::int64_t reachable(std::size_t ladder, Key limit, std::int64_t enough) const {
        std::int64_t sum = 0;
        ladders_.each(ladder, [&](Key key, Link level) {
            if (key < limit || sum >= enough) return false;
            sum += levels_[level].quantity;
            return true;
        });
        return sum;
    }

    void enter(const Event &event, Trades &trades) {
        const std::uint32_t own = 2 * event.instrument + event.side, others = own ^ 1;
        const Key limit = turned(event.side ^ 1u, event.price);
        std::int32_t left = event.quantity;
        if (ladders_.reaches(others, limit)) {
            if (event.kind == kAllOrNone && reachable(others, limit, left) < left) return;
            left = take(others, limit, left, event.order_id, trades);
        }
        if (left && event.kind == kNew) rest(own, turned(event.side, event.price), left, event.order_id);
    }

    std::int32_t take(std::uint32_t others, Key limit, std::int32_t left, std::int64_t taker, Trades &trades) {
        do {
            const Link level = ladders_.best_level(others);
            left = levels_.take(level, {taker, 0, turned(others & 1, ladders_.best(others)), left}, trades);
            if (levels_[level].count) break;
            drop(level);
        } while (left && ladders_.reaches(others, limit));
        return left;
    }

    void rest(std::uint32_t ladder, Key key, std::int32_t quantity, std::int64_t id) {
        levels_.stand(level_at(ladder, key), quantity, id);
    }

    Link level_at(std::uint32_t ladder, Key key) {
        return ladders_.level_at(ladder, key, [&] { return levels_.make(ladder, key); });
    }

    void drop(Link level) {
        ladders_.clear(levels_[level].ladder, levels_[level].key);
        levels_.free(level);
    }

    Ladders ladders_;  // two for each instrument: buyers, sellers
    Levels levels_;
};

}  // namespace micromarket::matching
