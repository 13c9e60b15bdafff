// The yardstick of the matching benchmark: a book that knows its prices beforehand, one level for each tick of a window,
// with a bitmap to find the best. Nothing can be quicker in kind; it takes megabytes per instrument and no other price.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

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
struct Order {
    std::int32_t quantity;
    std::uint32_t next, before, level;
};

constexpr std::uint32_t kWindow = 1u << 14, kWords = kWindow / 64;

// Each side counts its ticks so that the best is the highest; orders are found by their identifiers.
struct Side {
    std::uint32_t first[kWindow]{}, last[kWindow]{};
    std::uint64_t used[kWords]{}, words[kWords / 64]{};
    std::uint64_t top = 0;

    std::int32_t best() const {
        if (!top) return -1;
        const int high = 63 - std::countl_zero(top), middle = high * 64 + 63 - std::countl_zero(words[high]);
        return middle * 64 + 63 - std::countl_zero(used[middle]);
    }
    void mark(std::uint32_t at) {
        used[at / 64] |= 1ull << at % 64;
        words[at / 4096] |= 1ull << at / 64 % 64;
        top |= 1ull << at / 4096;
    }
    void clear(std::uint32_t at) {
        if (used[at / 64] &= ~(1ull << at % 64)) return;
        if (words[at / 4096] &= ~(1ull << at / 64 % 64)) return;
        top &= ~(1ull << at / 4096);
    }
};

std::uint32_t tick(std::uint32_t side, std::int32_t price, std::int32_t low) {
    const auto up = static_cast<std::uint32_t>(price - low);
    return side ? kWindow - 1 - up : up;
}

std::vector<Side> sides;
std::vector<Order> orders;

}  // namespace

// Make an empty book; not part of what is timed.
extern "C" void bare_prepare(std::size_t count, std::uint32_t instruments) {
    sides.assign(2 * std::size_t{instruments}, Side{});
    orders.assign(count + 1, Order{});
}

// Kinds 0 (new) and 1 (cancel) only. Returns the number of trades.
extern "C" std::size_t bare_replay(const Event *events, std::size_t count, std::int32_t low, Trade *trades) {
    Trade *out = trades;
    for (const Event *event = events; event != events + count; ++event) {
        const std::size_t own = 2 * std::size_t{event->instrument} + event->side;
        const auto id = static_cast<std::uint32_t>(event->order_id);
        Order &order = orders[id];
        if (event->kind) {
            if (!order.quantity) continue;
            order.quantity = 0;
            Side &side = sides[own];
            (order.before ? orders[order.before].next : side.first[order.level]) = order.next;
            (order.next ? orders[order.next].before : side.last[order.level]) = order.before;
            if (!side.first[order.level]) side.clear(order.level);
            continue;
        }
        Side &others = sides[own ^ 1];
        const auto limit = static_cast<std::int32_t>(tick(event->side ^ 1u, event->price, low));
        std::int32_t left = event->quantity;
        for (std::int32_t best; left && (best = others.best()) >= limit;) {
            const std::uint32_t maker = others.first[best];
            Order &standing = orders[maker];
            const std::int32_t quantity = left < standing.quantity ? left : standing.quantity;
            const auto up = static_cast<std::int32_t>(tick(event->side ^ 1u, best, 0));
            *out++ = {event->order_id, maker, low + up, quantity};
            left -= quantity;
            if (standing.quantity -= quantity) break;
            others.first[best] = standing.next;
            if (standing.next) orders[standing.next].before = 0;
            else others.clear(static_cast<std::uint32_t>(best));
        }
        if (!left) continue;
        Side &side = sides[own];
        const std::uint32_t at = tick(event->side, event->price, low);
        const std::uint32_t last = side.first[at] ? side.last[at] : 0;
        order = {left, 0, last, at};
        (last ? orders[last].next : side.first[at]) = id;
        side.last[at] = id;
        if (!last) side.mark(at);
    }
    return static_cast<std::size_t>(out - trades);
}
