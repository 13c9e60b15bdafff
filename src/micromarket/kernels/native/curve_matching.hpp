// Continuous matching of orders that are curves, in whole steps: one aggressive order against all standing ones.
//
// An order is a row of corners from its best price to its worst; level is the price for supply and minus the price for
// demand, so both sides rise. Between two corners the quantity rises on a straight line, rounded down to whole steps
// (or jumps whole at the second corner); `used` steps of it were matched before. Nothing is ever rounded twice: a
// standing order keeps its corners and only `used` grows, so quantity is conserved exactly.
//
// What a match does is defined level by level, from the best: at each level, in order of priority, every standing order
// gives what it newly offers there, as far as the aggressive order still takes it at that level; a segment that goes
// only whole and does not fit ends that order's part in the match. The levels are not walked: all offers below the
// first level at which they exceed the demand are taken at once, and that level is found by doubling and halving. Only
// orders that could trade are looked at, so the work grows with the orders that trade and the logarithm of the rest.
//
// Source of the task: Transactive Network Template v4 (PNNL, 2024), appendix C.
#pragma once

#include "curve_ladder.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace micromarket::curve_matching {

struct Trade {
    Steps aggressive, standing, price, quantity;
    Steps left;  // of the standing order, after this trade
};

// ---- the matcher ---------------------------------------------------------------------------------------------------

class Matcher {
public:
    explicit Matcher(bool volume_first) : volume_first_(volume_first) {}

    // Match an order, then let what is left stand if it is to; returns the number given to it, counted from 0.
    Steps add(Order order, bool persistent, std::vector<Trade> &trades) {
        const Steps number = order.arrival = count_++;
        match(order, trades);
        if (persistent && order.used < order.total()) keep(std::move(order));
        return number;
    }

    // Let an order stand that meets nobody, as when a book is made again; returns the number given to it.
    Steps stand(Order order) {
        const Steps number = order.arrival = count_++;
        keep(std::move(order));
        return number;
    }

    // Make what is left of a standing order of one single step smaller; by age, it keeps its place.
    void reduce(Steps number, Steps rest) {
        const Slot slot = slots_.at(number);
        Order &order = orders_[static_cast<std::size_t>(slot)];
        Ladder &side = ladder(order.sign);
        side.erase(key_of(slot));
        order.corners.back().quantity = order.used + rest;
        side.insert(key_of(slot));
    }

    // The first level at which a side offers anything; none if nothing stands there.
    std::optional<Steps> best(Steps sign) const {
        const auto &chunks = (sign > 0 ? supply_ : demand_).chunks();
        return chunks.empty() ? std::nullopt : std::optional(chunks.front().keys.front().level);
    }

    // Take a standing order away; returns what was left of it, 0 if it does not stand.
    Steps cancel(Steps number) {
        const Steps rest = left(number);
        if (rest == 0) return 0;
        const Slot slot = slots_.at(number);
        ladder(orders_[static_cast<std::size_t>(slot)].sign).erase(key_of(slot));
        release(slot);
        return rest;
    }

    // What is left of an order, 0 if it does not stand.
    Steps left(Steps number) const {
        const auto found = slots_.find(number);
        if (found == slots_.end()) return 0;
        const Order &order = orders_[static_cast<std::size_t>(found->second)];
        return order.total() - order.used;
    }

private:
    // A standing order within one match.
    struct Candidate {
        Key key;
        const Order *order;
        Steps most;  // it gives no more than up to this unit: the next segment goes only whole, and did not fit
        Steps got;
    };

    Ladder &ladder(Steps sign) { return sign > 0 ? supply_ : demand_; }

    Key key_of(Slot slot) const {
        const Order &order = orders_[static_cast<std::size_t>(slot)];
        const Corner &next = order.corners[segment_of(order.corners, order.used + 1)];
        return {level_of(order.corners, order.used + 1), volume_first_ ? order.used - order.total() : 0, order.arrival,
                next.whole ? next.quantity - order.used : 1, slot};
    }

    void keep(Order order) {
        Slot slot;
        if (free_.empty()) {
            slot = static_cast<Slot>(orders_.size());
            orders_.push_back(std::move(order));
        } else {
            slot = free_.back();
            free_.pop_back();
            orders_[static_cast<std::size_t>(slot)] = std::move(order);
        }
        slots_.emplace(orders_[static_cast<std::size_t>(slot)].arrival, slot);
        ladder(orders_[static_cast<std::size_t>(slot)].sign).insert(key_of(slot));
    }

    void release(Slot slot) {
        slots_.erase(orders_[static_cast<std::size_t>(slot)].arrival);
        free_.push_back(slot);
    }

    // The aggressive order may not end within a segment that goes only whole: then everything is tried again without
    // that segment and all after it.
    void match(Order &order, std::vector<Trade> &trades) {
        aggressive_ = &order;
        for (most_ = order.total(); most_ > order.used;) {
            walk();
            const Steps end = order.used + taken_;
            const std::size_t k = taken_ ? segment_of(order.corners, end) : 0;
            if (taken_ && order.corners[k].whole && order.corners[k].quantity != end) {
                most_ = k ? order.corners[k - 1].quantity : 0;
                continue;
            }
            // Nothing was found for the first segments, so there is nothing for fewer of them either.
            if (taken_) settle(trades);
            return;
        }
    }

    // What the aggressive order takes in all at a level of the other side.
    Steps accepted(Steps level) const {
        return std::min(most_, quantity_at(aggressive_->corners, -level)) - aggressive_->used;
    }

    // The next standing order that could trade at or above its own first level, up to `bound`; null if there is none.
    const Key *peek(Steps bound) {
        const auto &chunks = ladder(-aggressive_->sign).chunks();
        for (; chunk_ < chunks.size(); ++chunk_, place_ = 0) {
            const auto &chunk = chunks[chunk_];
            if (place_ == 0) {
                const Steps level = chunk.keys.front().level;
                if (level > bound) return nullptr;
                if (chunk.need > accepted(level) - taken_) continue;
            }
            for (; place_ < chunk.keys.size(); ++place_) {
                const Key &key = chunk.keys[place_];
                if (key.level > bound) return nullptr;
                if (key.need <= accepted(key.level) - taken_) return &key;
            }
        }
        return nullptr;
    }

    void pull(const Key *key) {
        const Order &order = orders_[static_cast<std::size_t>(key->slot)];
        candidates_.push_back({*key, &order, order.total(), 0});
        ++place_;
    }

    static Steps offered(const Candidate &candidate, Steps level) {
        return std::min(candidate.most, quantity_at(candidate.order->corners, level)) - candidate.order->used;
    }

    // Whether the candidates offer more at a level than the aggressive order takes there.
    bool exceeds(Steps level) const {
        Steps sum = -accepted(level);
        for (const Candidate &candidate : candidates_) {
            if (candidate.key.level > level) break;
            sum += offered(candidate, level);
            if (sum > 0) return true;
        }
        return sum > 0;
    }

    void take_all(Steps level) {
        taken_ = 0;
        for (Candidate &candidate : candidates_) {
            if (candidate.key.level > level) break;
            taken_ += candidate.got = offered(candidate, level);
        }
    }

    // Fill the plan: `got` of each candidate, and their sum in `taken_`.
    void walk() {
        candidates_.clear();
        taken_ = 0;
        chunk_ = place_ = 0;
        const Steps last = -level_of(aggressive_->corners, aggressive_->used + 1);
        const Key *first = peek(last);
        if (!first) return;
        for (Steps low = first->level - 1;;) {
            Steps high;
            for (std::size_t reach = candidates_.size() + 2;; reach *= 2) {
                const bool complete = !gather(reach, last);
                const Steps probe = complete ? last : candidates_.back().key.level;
                if (exceeds(probe)) {
                    high = probe;
                    break;
                }
                if (complete) {
                    take_all(last);
                    return;
                }
                low = std::max(low, probe - 1);  // others may still come in at this very level
            }
            while (high - low > 1) {
                const Steps middle = low + (high - low) / 2;
                (exceeds(middle) ? high : low) = middle;
            }
            take_all(low);
            if (!share(high)) return;
            low = high;
        }
    }

    // Let there be `reach` candidates, or all up to `last`; returns whether there are that many.
    bool gather(std::size_t reach, Steps last) {
        while (candidates_.size() < reach) {
            const Key *key = peek(last);
            if (!key) return false;
            pull(key);
        }
        return true;
    }

    // Give by priority what is taken at a level that offers more than is taken; returns whether more could be taken.
    bool share(Steps level) {
        Steps room = accepted(level) - taken_;
        if (room <= 0) return false;
        rivals_.clear();
        for (std::size_t i = 0; i < candidates_.size(); ++i)
            if (candidates_[i].key.level <= level) rivals_.push_back(i);
        std::sort(rivals_.begin(), rivals_.end(), [this](std::size_t a, std::size_t b) {
            return before(candidates_[a].key, candidates_[b].key);
        });
        for (std::size_t i = 0; room > 0;) {
            const Key *newcomer = peek(level);
            const bool older = newcomer && (i == rivals_.size() || before(*newcomer, candidates_[rivals_[i]].key));
            if (!older && i == rivals_.size()) break;
            if (older) pull(newcomer);
            take(older ? candidates_.back() : candidates_[rivals_[i++]], level, room);
        }
        return room > 0;
    }

    static bool before(const Key &one, const Key &other) {
        return std::tie(one.rank, one.arrival) < std::tie(other.rank, other.arrival);
    }

    // Take from one candidate what it offers at a level, segment by segment, as far as there is room.
    void take(Candidate &candidate, Steps level, Steps &room) {
        const auto &corners = candidate.order->corners;
        const Steps offer = std::min(candidate.most, quantity_at(corners, level));
        Steps at = candidate.order->used + candidate.got;
        while (at < offer && room > 0) {
            const Corner &end = corners[segment_of(corners, at + 1)];
            const Steps width = std::min(end.quantity, offer) - at;
            if (end.whole && width > room) {
                candidate.most = at;
                break;
            }
            const Steps part = std::min(width, room);
            at += part, room -= part, taken_ += part, candidate.got += part;
        }
    }

    // Carry the plan out: one trade for each segment of a standing order, at the price of its last unit.
    void settle(std::vector<Trade> &trades) {
        const std::size_t start = trades.size();
        rivals_.clear();
        for (std::size_t i = 0; i < candidates_.size(); ++i)
            if (candidates_[i].got > 0) rivals_.push_back(i);
        if (rivals_.size() > 1)
            std::sort(rivals_.begin(), rivals_.end(), [this](std::size_t a, std::size_t b) {
                return before(candidates_[a].key, candidates_[b].key);
            });
        for (const std::size_t i : rivals_) execute(candidates_[i], trades);
        const Steps sign = aggressive_->sign;
        std::stable_sort(trades.begin() + static_cast<std::ptrdiff_t>(start), trades.end(),
                         [sign](const Trade &a, const Trade &b) { return -sign * a.price < -sign * b.price; });
        aggressive_->used += taken_;
    }

    void execute(const Candidate &candidate, std::vector<Trade> &trades) {
        Order &order = orders_[static_cast<std::size_t>(candidate.key.slot)];
        Ladder &side = ladder(order.sign);
        side.erase(candidate.key);
        for (const Steps end = order.used + candidate.got; order.used < end;) {
            const Steps until = std::min(end, order.corners[segment_of(order.corners, order.used + 1)].quantity);
            const Steps price = order.sign * level_of(order.corners, until);
            const Steps from = std::exchange(order.used, until);
            trades.push_back({aggressive_->arrival, order.arrival, price, until - from, order.total() - until});
        }
        if (order.used < order.total())
            side.insert(key_of(candidate.key.slot));
        else
            release(candidate.key.slot);
    }

    bool volume_first_;
    std::vector<Order> orders_;
    std::unordered_map<Steps, Slot> slots_;  // by the number of the order, of those that stand
    std::vector<Slot> free_;
    Steps count_ = 0;  // numbers given
    Ladder supply_, demand_;

    // Of the match that is going on; kept to spare memory calls.
    Order *aggressive_ = nullptr;
    Steps most_ = 0, taken_ = 0;
    std::size_t chunk_ = 0, place_ = 0;
    std::vector<Candidate> candidates_;
    std::vector<std::size_t> rivals_;
};

}  // namespace micromarket::curve_matching
